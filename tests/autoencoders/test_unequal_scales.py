"""Features on scales so different that the loss sees the largest only."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from helpers import models
from helpers.data import normal
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skae import (
    VAE,
    LSTMAutoencoder,
    fit_stack,
    stacked,
)
from skae.autoencoders._scales import warn_unequal_scales
from skae.datasets import make_cube_surface, manifold_suite
from skae.exceptions import ScaleWarning
from skae.preprocessing import SequenceScaler

TABLES = {
    "wine": load_wine().data,
    "iris": load_iris().data,
    "cancer": load_breast_cancer().data,
    "digits": load_digits().data,
    "diabetes": load_diabetes().data,
}
SCALERS = [
    StandardScaler(),
    MinMaxScaler(),
    MaxAbsScaler(),
    RobustScaler(),
    PowerTransformer(),
    QuantileTransformer(n_quantiles=50),
]


dense = partial(models.dense, hidden_layer_sizes=(4,), max_epochs=1)


def said(X):
    """Return what is said of the scales of some data."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn_unequal_scales(X, ())
    return [str(warning.message) for warning in seen]


@pytest.mark.parametrize("name", ["wine", "cancer"])
def test_units_that_differ_are_said(name):
    X = TABLES[name]
    with pytest.warns(ScaleWarning, match="StandardScaler") as seen:
        dense().fit(X)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    widest, least = np.argmax(X.var(axis=0)), np.argmin(X.var(axis=0))
    assert f"feature {widest} " in str(seen[0].message)
    assert f"feature {least}," in str(seen[0].message)


@pytest.mark.parametrize("name", ["iris", "digits", "diabetes"])
def test_tables_in_one_unit_are_not(name):
    dense().fit(TABLES[name])


@pytest.mark.parametrize("X", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("scaler", SCALERS, ids=lambda scaler: type(scaler).__name__)
def test_scaled_tables_are_not(X, scaler):
    assert not said(scaler.fit_transform(X))


def test_the_bundled_data_are_not():
    assert not said(make_cube_surface(200, random_state=0)[0])
    for manifold in manifold_suite(n_samples=200):
        # whose features are polynomials of many degrees
        assert not said(manifold.X) or "paraboloid" in manifold.name


def test_names_of_columns_are_used():
    X = pd.DataFrame(normal(50, 3) * [1, 1e4, 1], columns=["a", "salary", "b"])
    with pytest.warns(ScaleWarning, match="feature salary is more than 1e[78] times"):
        dense().fit(X)


HEAVY = np.exp(4 * normal(300, 5))
RARE = (np.random.default_rng(0).random((400, 30)) < 0.01).astype(float)
COUNTS = np.where(normal(400, 6, seed=1) > 1.3, 5, 0)
PIXELS = np.round(np.abs(normal(300, 20)) * 80).clip(0, 255) / 255
PIXELS[:, 0] = np.arange(300) == 7
PIXELS[:, 0] /= 255
ALIKE = {
    "one feature": normal(50, 1) * 1e5,
    "constants": np.c_[normal(50, 2), np.full(50, 1e9)],
    "all constant": np.full((50, 3), 7.0),
    "few rows": normal(5, 2) * [1, 1e9],
    "rare events": RARE,
    "counts": COUNTS,
    "a pixel at the edge": PIXELS,
    "tails, within their quartiles": RobustScaler().fit_transform(HEAVY),
    "tails, within their range": MinMaxScaler().fit_transform(HEAVY),
    "a hundred times": normal(90, 3) * [1, 1, 30],
    "huge": 1e200 * normal(40, 3),
    "all ended": np.full((20, 3, 2), np.nan),
    "sequences": np.where(np.arange(9)[:, None] > 6, np.nan, normal(20, 9, 2)),
    "images": normal(20, 3, 4, 4),
}
UNLIKE = {
    "a wide one": normal(90, 3) * [1, 1e4, 1],
    "a small one": normal(90, 5) * [1, 1, 1e-3, 1, 1],
    "times and flags": np.c_[1.7e9 + 1e7 * normal(400, 1), RARE[:, :3]],
    "a wide one, mostly zero": np.c_[RARE[:, :1] * 1e5, normal(400, 2)],
    "single precision": (normal(90, 2) * [1, 1e15]).astype(np.float32),
    "channels": normal(30, 8, 2) * [1, 1e3],
    "channels of images": normal(30, 2, 5, 5) * np.reshape([1, 1e3], (2, 1, 1)),
}


@pytest.mark.parametrize("X", ALIKE.values(), ids=ALIKE)
def test_what_is_alike(X):
    assert not said(X)


@pytest.mark.parametrize("X", UNLIKE.values(), ids=UNLIKE)
def test_what_is_not(X):
    (text,) = said(X)
    assert ("channel" in text) == (X.ndim > 2)
    assert "StandardScaler" in text


def test_channels_of_sequences():
    X = normal(40, 5, 2) * [1, 100] + 3
    lstm = LSTMAutoencoder(2, hidden_size=4, max_epochs=1, random_state=0)
    with pytest.warns(ScaleWarning, match="channel 1 .* channel 0.*SequenceScaler"):
        lstm.fit(X)
    make_pipeline(SequenceScaler(), lstm).fit(X)


def test_probabilities_have_one_scale_anyway():
    X = np.abs(np.sin(normal(60, 3))) * [1, 1, 1e-4]
    with pytest.warns(ScaleWarning):
        dense(output_activation="sigmoid").fit(X)
    VAE(
        reconstruction="bernoulli_cross_entropy",
        output_activation="sigmoid",
        max_epochs=1,
        random_state=0,
    ).fit(X)


def test_each_search_says_it_once():
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3]}, cv=3)
    for context in (warnings.catch_warnings, stacked):
        with warnings.catch_warnings(record=True) as seen, context():
            warnings.simplefilter("default")
            clone(search).fit(TABLES["wine"])
        assert [w.category for w in seen].count(ScaleWarning) == 1


def test_members_of_a_stack_are_told_as_alone():
    models = [dense(), VAE(2, hidden_layer_sizes=(4,), max_epochs=1, random_state=0)]
    with pytest.warns(ScaleWarning) as seen:
        fit_stack(models, [TABLES["wine"]] * 2)
    assert len(seen) == 2
