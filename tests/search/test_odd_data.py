"""What searches say of estimators and data that are none."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import models
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from skae.search import (
    BayesSearchCV,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    select_dimension,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(40, 5))
FRAME = pd.DataFrame(X, columns=list("abcde"))


def by_dimension(estimator):
    return LatentDimensionSearchCV(estimator, n_components=2, cv=2, random_state=0)


def bayes(estimator):
    return BayesSearchCV(
        estimator, {"n_components": (1, 2)}, n_iter=2, cv=2, random_state=0
    )


def evolution(estimator):
    return EvolutionarySearchCV(
        estimator,
        {"n_components": (1, 2)},
        population_size=2,
        n_generations=0,
        cv=2,
        random_state=0,
    )


every_search = pytest.mark.parametrize("search", [by_dimension, bayes, evolution])


dense = partial(models.dense, hidden_layer_sizes=(4,), max_epochs=1)


@every_search
@pytest.mark.parametrize("estimator", ["pca", None, 3, [PCA()], lambda X: X])
def test_what_is_no_estimator(search, estimator):
    with pytest.raises(ValueError, match=r"'estimator' parameter of .* Got "):
        search(estimator).fit(X)


@every_search
def test_a_class_is_no_estimator(search):
    with pytest.raises(TypeError, match=r"instance \(PCA\(\)\), got estimator class"):
        search(PCA).fit(X)


@pytest.mark.parametrize("estimator", [StandardScaler(), KMeans(2)])
def test_estimators_without_a_dimension(estimator):
    name = type(estimator).__name__
    with pytest.raises(TypeError, match=rf"{name} has no .*n_components"):
        select_dimension(X, estimator)


NO_DATA = {
    "None": (None, "not None"),
    "dict": ({"a": [1.0]}, r"not a dict: .*pandas.DataFrame\(X\)"),
    "generator": ((row for row in X), "not a generator"),
    "path": ("data.csv", "not a str: read the file first"),
    "DataLoader": (
        DataLoader(TensorDataset(torch.from_numpy(X))),
        "not a DataLoader: pass its data set",
    ),
    "class": (TensorDataset, "not the class TensorDataset"),
    "masked": (np.ma.masked_array(X, X > 1), "masked values"),
}


@every_search
@pytest.mark.parametrize(("data", "message"), NO_DATA.values(), ids=NO_DATA)
def test_what_are_no_data(search, data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        search(dense()).fit(data)


NO_NUMBERS = {
    "text": (FRAME.assign(e="u"), "No numbers in column 'e', as 'u'"),
    "dates": (FRAME.assign(e=pd.date_range("2020", periods=40)), "'e' holds dates"),
    "complex": (X + 0j, "Complex data not supported"),
    "ragged": ([[1.0, 2.0], [3.0]], "unequal length"),
    "same names": (FRAME.set_axis(list("abcda"), axis=1), "'a' occurs more than once"),
    "a vector": (X[:, 0], "Expected 2D array"),
    "no rows": (X[:0], r"0, 5\)"),
    "no columns": (X[:, :0], r"40, 0\)"),
    "one column": (X[:, :1], "one feature.*pass data of two features or more"),
}


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(("data", "message"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_are_no_numbers(data, message, scaled):
    estimator = make_pipeline(StandardScaler(), PCA()) if scaled else dense()
    with pytest.raises((TypeError, ValueError), match=message):
        select_dimension(data, estimator, n_components=2, random_state=0)


@every_search
def test_torch_data_sets_are_cut_into_folds(search):
    tensor = torch.from_numpy(X.copy()).requires_grad_()
    for make in (dense, PCA):
        expected = search(make()).fit(X).cv_results_["mean_test_score"]
        for data in (TensorDataset(torch.from_numpy(X)), tensor):
            found = search(make()).fit(data).cv_results_["mean_test_score"]
            np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_data_sets_behind_a_scaler():
    pipeline = make_pipeline(StandardScaler(), PCA())
    data = TensorDataset(torch.from_numpy(X))
    settings = {"n_components": 3, "random_state": 0}
    found = select_dimension(data, pipeline, **settings)
    assert found.value == select_dimension(X, pipeline, **settings).value


@pytest.mark.parametrize("values", [["a"], [1.5, 2], [1, None]])
def test_dimensions_are_integers(values):
    with pytest.raises(ValueError, match=r"n_components=\[.*dimensions"):
        select_dimension(X, PCA(), n_components=values)
