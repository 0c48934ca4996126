"""Scorers take what estimators take."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from skae import MMDVAE, LSTMAutoencoder, get_scorer, get_scorer_names
from skae.metrics import variance_explained
from skae.scorers import RootMeanSquaredError, reconstruction_errors

X = np.random.default_rng(0).normal(size=(40, 4)).round(3)
y = np.arange(40) % 3
FRAME = pd.DataFrame(X, columns=list("abcd"))
DECIMALS = FRAME.map(lambda value: Decimal(str(value)))
OF_CODES = sorted(set(get_scorer_names()) - {"coverage", "knn_kl", "mmd"})
MODEL = MMDVAE(2, max_epochs=2, sampler="gaussian", random_state=0).fit(X)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.from_numpy(X))


CLOTHES = {
    "list": X.tolist(),
    "objects": X.astype(object),
    "text": X.astype(str),
    "frame of objects": FRAME.astype(object),
    "nullable": FRAME.astype("Float64"),
    "one nullable column": FRAME.assign(a=FRAME["a"].astype("Float64")),
    "arrow": FRAME.astype("double[pyarrow]"),
    "decimals": DECIMALS,
    "arrow decimals": pa.Table.from_pandas(DECIMALS).to_pandas(
        types_mapper=pd.ArrowDtype
    ),
    "numeric categories": FRAME.astype("category"),
    "tensor": torch.from_numpy(X),
    "tensor with gradients": torch.from_numpy(X.copy()).requires_grad_(),
    "data set": TensorDataset(torch.from_numpy(X)),
    "stream": Stream(),
    "items": [(row,) for row in torch.from_numpy(X)],
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("data", CLOTHES.values(), ids=CLOTHES)
@pytest.mark.parametrize("name", get_scorer_names())
def test_the_same_numbers_in_other_clothes(name, data):
    scorer = get_scorer(name)
    assert scorer(MODEL, data, y) == pytest.approx(scorer(MODEL, X, y), abs=1e-6)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("data", CLOTHES.values(), ids=CLOTHES)
def test_errors_in_units_of_the_same_numbers(data):
    expected = RootMeanSquaredError()(MODEL, X)
    assert RootMeanSquaredError()(MODEL, data) == pytest.approx(expected)
    found = reconstruction_errors(MODEL, data)
    np.testing.assert_allclose(found, reconstruction_errors(MODEL, X), rtol=1e-6)


@pytest.mark.parametrize("clothes", ["nullable", "arrow", "arrow decimals"])
@pytest.mark.parametrize("name", OF_CODES)
def test_columns_in_a_search(name, clothes):
    scorer = get_scorer(name)
    pipeline = make_pipeline(StandardScaler(), PCA())
    grid = {"pca__n_components": [1, 2]}
    search = GridSearchCV(pipeline, grid, scoring=scorer, cv=2, error_score="raise")
    search.fit(CLOTHES[clothes], y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("name", OF_CODES)
def test_sequences_as_objects_and_tensors(name):
    series = X.reshape(40, 2, 2)
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=1, random_state=0).fit(series)
    scorer = get_scorer(name)
    expected = scorer(model, series, y)
    for data in (series.astype(object), torch.from_numpy(series), series.tolist()):
        assert scorer(model, data, y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DataLoader(TensorDataset(torch.from_numpy(X))), "not a DataLoader"),
        (FRAME.assign(d="u"), "No numbers in column 'd', as 'u'"),
        (FRAME.assign(d=pd.date_range("2020", periods=40)), "'d' holds dates"),
        (np.ma.masked_array(X, X > 1), "masked values"),
        ({"a": [1.0]}, "not a dict"),
    ],
)
def test_what_is_no_data_is_said(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        get_scorer("reconstruction")(MODEL, data)


def test_the_mean_of_many_rows_in_single_precision():
    X = np.full((20_000, 2), 1e4, dtype=np.float32)
    X[::2] += 2.0
    assert variance_explained(X, np.full(2, 1e4 + 1)) == pytest.approx(0, abs=1e-9)
