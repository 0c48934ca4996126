"""What rows would have been: on the manifold, nearest, and in units of users."""

import numpy as np
import pandas as pd
import pytest
from helpers.models import dense
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder, TabularAutoencoder
from skae.interpretation import nearest_normal
from skae.preprocessing import SlidingWindow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)) @ RNG.normal(size=(2, 6)) * 10 + 50
X += 0.1 * RNG.normal(size=X.shape)
NAMES = list("abcdef")
FRAME = pd.DataFrame(X, columns=NAMES, index=range(100, 160))
SHORT = {"max_epochs": 20, "random_state": 0}
MODEL = make_pipeline(StandardScaler(), DenseAutoencoder(2, **SHORT)).fit(FRAME)


def test_a_fault_is_undone():
    faults = FRAME[:6].copy()
    for row in range(6):
        faults.iloc[row, row] += 60
    nearest = nearest_normal(MODEL, faults)
    assert nearest.expected.index.equals(faults.index)
    assert list(nearest.expected) == NAMES
    np.testing.assert_allclose(nearest.expected, FRAME[:6], atol=4)
    assert list(nearest.deviations.abs().idxmax(axis=1)) == NAMES
    spreads = (faults - nearest.expected) / MODEL[0].scale_
    np.testing.assert_allclose(nearest.deviations, spreads, atol=1e-6)
    table = nearest.table(2)
    assert table.index[0] == "c"
    assert table["observed"].iloc[0] == faults["c"].iloc[2]
    assert list(table) == ["observed", "expected", "deviation"]


def test_expected_rows_are_decoded_from_the_codes():
    nearest = nearest_normal(MODEL, FRAME)
    decoded = MODEL[0].inverse_transform(MODEL[-1].inverse_transform(nearest.codes))
    np.testing.assert_allclose(nearest.expected, decoded, rtol=1e-5)


@pytest.fixture
def whole_rows(monkeypatch):
    """Leave no column out."""
    monkeypatch.setattr("skae.interpretation._cleaning.N_REPLACED", 0)


@pytest.mark.usefixtures("whole_rows")
def test_the_search_comes_nearer():
    model = dense(linear_path=None).fit(X / 50)
    start, end = (nearest_normal(model, X / 50, n_iter=n).errors for n in (0, 50))
    np.testing.assert_allclose(start, -model.score_samples(X / 50))
    assert (end < start).all()


@pytest.mark.usefixtures("whole_rows")
def test_nearest_points_of_a_plane_are_projections():
    model = dense(2, hidden_layer_sizes=(), max_epochs=1).fit(X)
    expected = np.asarray(nearest_normal(model, X, n_iter=100).expected)
    plane = expected - expected.mean(axis=0)
    assert np.linalg.matrix_rank(plane, tol=1e-3) == 2
    along = np.linalg.svd(plane, full_matrices=False)[2][:2]
    np.testing.assert_allclose((X - expected) @ along.T, 0, atol=0.01)


def test_tables_come_back_in_their_form():
    frame = FRAME[["a", "b", "c"]].assign(
        kind=np.where(FRAME["a"] > 50, "high", "low"),
    )
    frame.loc[100, "b"] = np.nan
    before = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["c", "b", "a"]),
        (OneHotEncoder(sparse_output=False), ["kind"]),
    )
    models = [
        make_pipeline(before, DenseAutoencoder(2, **SHORT)),
        TabularAutoencoder(2, **SHORT),
    ]
    for model in models:
        nearest = nearest_normal(model.fit(frame), frame)
        assert list(nearest.expected) == list(frame)
        assert nearest.expected.dtypes.equals(frame.dtypes)
        assert (nearest.expected["kind"] == frame["kind"]).mean() > 0.9
        difference = (nearest.expected["a"] - frame["a"]).abs()
        assert difference.median() < 0.3 * frame["a"].std()
        wrong = nearest.expected["kind"] != frame["kind"]
        assert (nearest.deviations["kind"] >= -1e-9).all()
        assert (nearest.deviations["kind"][wrong] > 0.4).all()


def test_missing_entries_are_expected_and_do_not_deviate():
    holes = FRAME.copy()
    holes.iloc[::2, 1] = np.nan
    model = make_pipeline(StandardScaler(), DenseAutoencoder(2, **SHORT))
    nearest = nearest_normal(model.fit(holes), holes)
    assert nearest.deviations["b"][::2].isna().all()
    assert nearest.expected.notna().all(axis=None)


@pytest.mark.parametrize("flatten", [False, True])
def test_windows_are_in_units_of_the_series(flatten):
    series = FRAME[["a", "b"]]
    reducer = dense() if flatten else LSTMAutoencoder(2, max_epochs=2, random_state=0)
    model = make_pipeline(
        StandardScaler(), SlidingWindow(5, flatten=flatten), reducer
    ).fit(series)
    nearest = nearest_normal(model, series, n_iter=5)
    assert nearest.expected.shape == (56, 5, 2)
    means = nearest.expected.mean(axis=(0, 1))
    np.testing.assert_allclose(means, series.mean(), atol=series.std().max())


def test_steps_without_inverse_are_refused():
    model = make_pipeline(FunctionTransformer(np.log1p), dense()).fit(X)
    with pytest.raises(TypeError, match=r"has no inverse_func \(for np.log1p"):
        nearest_normal(model, X)


def test_rows_of_sequences_have_no_table():
    model = LSTMAutoencoder(2, max_epochs=2, random_state=0).fit(X.reshape(60, 3, 2))
    nearest = nearest_normal(model, X[:2].reshape(2, 3, 2))
    assert nearest.expected.shape == nearest.deviations.shape == (2, 3, 2)
    with pytest.raises(TypeError, match="table is for rows of a table"):
        nearest.table()
