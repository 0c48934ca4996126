"""Rows in chunks of zarr, HDF5 and Dask, which are never read as a whole."""

import pickle

import h5py
import numpy as np
import pytest
import torch
import zarr
from dask import array as dask_array
from helpers import models
from helpers.data import low_rank
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skae import (
    VAE,
    Autoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    get_scorer,
    select_dimension,
)
from skae.datasets import ChunkedRows
from skae.model_selection import ContiguousKFold
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import ByChunks
from skae.scorers._base import SCORERS
from skae.search.fits._identity import fingerprint
from skae.training._sources import ChunkedSource

X = low_rank(n_samples=6000, dtype=np.float32)  # 24 bytes a row
DRAWS = [(0, 0), (0, 0), (0, 1), (1, 0)]
WINDOW = 2**14  # 682 rows of 144,000 bytes


def of_zarr(X, tmp_path):
    store = zarr.create_array(
        tmp_path / "X.zarr", shape=X.shape, chunks=(97, *X.shape[1:]), dtype=X.dtype
    )
    store[:] = X
    return store


def of_hdf5(X, tmp_path):
    file = h5py.File(tmp_path / "X.h5", "w")
    return file.create_dataset("X", data=X, chunks=(97, *X.shape[1:]))


def of_dask(X, tmp_path):
    return dask_array.from_array(
        X, chunks=((100, 1, 2000, len(X) - 2101), *X.shape[1:])
    )


def of_memory_map(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


STORES = [of_zarr, of_hdf5, of_dask, of_memory_map]


@pytest.fixture(autouse=True)
def small_pieces_and_samples(monkeypatch):
    monkeypatch.setattr("skae._arrays._chunked.PIECE_BYTES", 2**11)
    monkeypatch.setattr("skae._arrays._chunked.SAMPLE_ROWS", 1500)


@pytest.fixture(params=STORES, ids=lambda store: store.__name__)
def rows(request, tmp_path):
    return ChunkedRows(request.param(X, tmp_path), window_bytes=WINDOW)


def dense(**params):
    return models.dense(**{"max_epochs": 2, "batch_size": 256, **params})


class Watched:
    """An array that knows the most rows that were read at once, and how many."""

    def __init__(self, X, chunk=100):
        self.X, self.shape, self.dtype = X, X.shape, X.dtype
        self.chunks = chunk, *X.shape[1:]
        self.most = self.n_read = 0

    def __getitem__(self, rows):
        found = self.X[rows]
        self.most = max(self.most, len(found))
        self.n_read += len(found)
        return found


# Rows


def test_slices_are_arrays(rows):
    for part in (slice(None), slice(5, 9), slice(1000, 3000), slice(7, 5000, 3)):
        np.testing.assert_array_equal(rows[part], X[part])
    np.testing.assert_array_equal(rows[-1], X[-1])
    parts = [rows[start : start + 37] for start in range(0, len(X), 37)]
    np.testing.assert_array_equal(np.concatenate(parts), X)


@pytest.mark.parametrize("is_sorted", [True, False])
def test_rows_by_number_are_read_when_needed(rows, is_sorted):
    numbers = np.random.default_rng(0).permutation(len(X))[:4000]
    numbers = np.sort(numbers) if is_sorted else numbers
    view = rows[numbers, ...]
    assert view.shape == (4000, 6)
    assert isinstance(view, ChunkedRows)
    np.testing.assert_array_equal(view[:], X[numbers])
    np.testing.assert_array_equal(view[10:900], X[numbers][10:900])
    again = view[np.arange(4000)[::-3]]
    np.testing.assert_array_equal(again[:], X[numbers[::-3]])
    np.testing.assert_array_equal(np.concatenate([*view.in_order()]), X[numbers])
    order = np.random.default_rng(1).permutation(4000)
    np.testing.assert_array_equal(
        np.concatenate([*view.in_order(order)]), X[numbers][order]
    )


def test_going_through_rows_reads_each_once():
    store = Watched(X)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    for start in range(0, len(X), 13):
        rows[start : start + 13]
    assert store.n_read == len(X)
    store.n_read = 0
    fold = rows[np.flatnonzero(np.arange(len(X)) % 3)]
    for start in range(0, len(fold), 13):
        fold[start : start + 13]
    assert store.n_read < 1.1 * len(X)


@pytest.mark.parametrize("store", [of_zarr, of_hdf5, of_memory_map])
def test_other_processes_open_the_store_by_its_path(store, tmp_path):
    rows = ChunkedRows(store(X, tmp_path), window_bytes=WINDOW)
    pickled = pickle.dumps(rows[np.arange(0, 6000, 60)])
    assert len(pickled) < 10_000
    np.testing.assert_array_equal(pickle.loads(pickled)[:], X[::60])
    del rows


def test_a_part_of_a_memory_map_travels_as_its_values(tmp_path):
    rows = ChunkedRows(of_memory_map(X, tmp_path)[1000:], window_bytes=WINDOW)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(rows))[:], X[1000:])


def test_a_fingerprint_is_that_of_the_values(tmp_path):
    (tmp_path / "other").mkdir()
    rows, same, other = (
        ChunkedRows(store, window_bytes=WINDOW)
        for store in (X, of_zarr(X, tmp_path), of_zarr(X + 1, tmp_path / "other"))
    )
    before = fingerprint(rows)
    rows.look()
    assert fingerprint(rows) == before == fingerprint(same)
    assert fingerprint(other) != before != fingerprint(rows[np.arange(9)])


# Training


def test_rows_train_nearly_as_in_memory(rows):
    model = dense().fit(rows)
    plain = dense().fit(X)
    assert model.score(X) == pytest.approx(plain.score(X), abs=0.01)
    np.testing.assert_array_equal(model.transform(rows), model.transform(X))
    assert model.score(rows) == pytest.approx(model.score(X))


def test_what_fits_into_a_window_trains_as_the_array(tmp_path):
    store = of_zarr(X, tmp_path)
    codes = [dense().fit(data).transform(data) for data in (store, X)]
    np.testing.assert_array_equal(*codes)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_no_more_than_a_window_is_read(early_stopping):
    store = Watched(X)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    model = dense(early_stopping=early_stopping).fit(rows)
    model.score(rows)
    model.score_samples(rows)
    model.partial_fit(rows)
    assert store.most <= rows.window_rows
    # one look, epochs, their held-out rows, and three passes besides
    assert store.n_read < (1 + 2 * (1 + early_stopping) + 3) * 1.2 * len(X)


def test_an_epoch_shuffles_chunks_and_the_rows_of_a_window(tmp_path):
    source = ChunkedSource(ChunkedRows(X, window_bytes=WINDOW), np.asarray)
    orders = [source.shuffled(None, seed, epoch).numpy() for seed, epoch in DRAWS]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(len(X)))
        window = order[: source.X.window_rows]
        pieces = np.unique(np.searchsorted(source.X.bounds, window, side="right"))
        assert 682 / 85 < len(pieces) <= 682 / 85 + 2  # of 85 rows each
        assert (np.diff(window) < 0).mean() > 0.4
    np.testing.assert_array_equal(orders[0], orders[1])
    assert not any(np.array_equal(orders[0], other) for other in orders[2:])


def test_some_of_the_rows_are_shuffled_among_themselves():
    numbers = torch.from_numpy(np.random.default_rng(0).permutation(len(X))[:3000])
    source = ChunkedSource(ChunkedRows(X, window_bytes=WINDOW), np.asarray)
    order = source.shuffled(numbers, 0, 0)
    assert sorted(order.tolist()) == sorted(numbers.tolist())
    batches = torch.cat([*source.chunks(order, 50)])
    np.testing.assert_array_equal(batches, X[order])


def test_chunks_of_a_source_have_the_size_that_is_asked_for():
    source = ChunkedSource(ChunkedRows(X, window_bytes=WINDOW), np.asarray)
    for size in (1, 100, 682, 683, 5000, 7000):
        sizes = [len(chunk) for chunk in source.chunks(None, size)]
        assert sizes[:-1] == [size] * ((len(X) - 1) // size)
        assert sum(sizes) == len(X)


def test_missing_values_are_seen_and_filled():
    gaps = X.copy()
    gaps[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    gaps[np.isnan(gaps).all(axis=1)] = 0
    rows = ChunkedRows(gaps, window_bytes=WINDOW)
    model = dense().fit(rows)
    assert model.score(rows) == pytest.approx(dense().fit(gaps).score(gaps), abs=0.01)


def test_weights_and_conditions_come_beside():
    rows = ChunkedRows(Watched(X), window_bytes=WINDOW)
    half = np.arange(len(X)) < 3000
    weighted = dense().fit(rows, sample_weight=half)
    fold = dense().fit(rows[half])
    assert weighted.score(X) == pytest.approx(fold.score(X), abs=0.01)
    batch = np.where(half, "a", "b")
    moved = ChunkedRows(X + 5 * half[:, None].astype(np.float32), window_bytes=WINDOW)
    freed = dense().fit(moved, condition=batch)
    Z = freed.transform(moved, condition=batch)
    assert abs(Z[half].mean(axis=0) - Z[~half].mean(axis=0)).max() < 0.2
    assert freed.score(moved, condition=batch) == pytest.approx(
        freed.score(moved[:], condition=batch)
    )


def test_clean_rows_may_be_in_chunks_too():
    noisy = X + np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    both = [ChunkedRows(part, window_bytes=WINDOW) for part in (noisy, X)]
    model = dense(max_epochs=5).fit(*both)
    assert model.score(*both) == pytest.approx(model.score(noisy, X))
    assert model.score(noisy, X) > dense(max_epochs=5).fit(noisy).score(noisy, X)
    with pytest.raises(ValueError, match="data set of 10 rows, and X has 6000"):
        model.fit(both[0], ChunkedRows(X[:10], window_bytes=100))


def test_sequences_and_images():
    sequences = X.reshape(-1, 6, 2)
    rows = ChunkedRows(Watched(sequences), window_bytes=WINDOW)
    model = LSTMAutoencoder(2, max_epochs=1, random_state=0).fit(rows)
    assert model.transform(rows).shape == (3000, 2)
    np.testing.assert_allclose(model.score(rows), model.score(sequences))
    network = ConvolutionalNetwork((4,), image_shape=(1, 6, 2))
    images = Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(rows)
    assert images.reconstruct(rows).shape == sequences.shape


def test_codes_are_written_into_an_array(tmp_path):
    rows = ChunkedRows(Watched(X), window_bytes=WINDOW)
    model = dense().fit(rows)
    out = zarr.create_array(
        tmp_path / "Z.zarr", shape=(6000, 2), chunks=(500, 2), dtype="float32"
    )
    model.transform(rows, out=out)
    np.testing.assert_array_equal(out[:], model.transform(X))


# Folds


@pytest.mark.parametrize(
    "cv",
    [
        3,
        KFold(3, shuffle=True, random_state=0),
        ContiguousKFold(3),
        ShuffleSplit(2, random_state=0),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_folds_are_not_copied(cv):
    store = Watched(X)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    search = GridSearchCV(dense(), {"n_components": [1, 3]}, cv=cv).fit(rows)
    plain = GridSearchCV(dense(), {"n_components": [1, 3]}, cv=cv).fit(X)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"],
        plain.cv_results_["mean_test_score"],
        atol=0.02,
    )
    assert store.most <= rows.window_rows


def test_the_rows_are_looked_at_once_for_all_folds():
    store = Watched(X)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    cross_val_score(dense(max_epochs=1), rows, cv=3)
    # one look, an epoch over two thirds and a score on one third in each fold
    assert store.n_read < (1 + 3) * 1.2 * len(X)


@pytest.mark.parametrize("cv", [3, KFold(3, shuffle=True, random_state=0)])
def test_the_dimension_of_rows_in_chunks(cv):
    store = Watched(X)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    selection = select_dimension(rows, dense(), random_state=0, cv=cv)
    assert selection.value == select_dimension(X, dense(), random_state=0, cv=cv).value
    assert store.most <= rows.window_rows


def test_a_scaler_in_a_pipeline():
    store = Watched(100 * X + 1)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    scaled = ByChunks().fit(rows).transform(rows)
    np.testing.assert_allclose(
        scaled[:], StandardScaler().fit_transform(store.X), atol=1e-5
    )
    search = GridSearchCV(
        make_pipeline(ByChunks(), dense()),
        {"denseautoencoder__n_components": [1, 3]},
        cv=KFold(3, shuffle=True, random_state=0),
    )
    scores = search.fit(rows).cv_results_["mean_test_score"]
    plain = search.fit(store.X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(scores, plain, atol=0.02)
    assert store.most <= rows.window_rows


def test_the_dimension_of_rows_in_chunks_without_an_estimator():
    store = Watched(100 * X + 1)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    selection = select_dimension(rows, random_state=0)
    assert selection.value == select_dimension(store.X, random_state=0).value
    assert store.most <= rows.window_rows


@pytest.mark.usefixtures("numpy_state_restored")
@parametrize_with_checks([ByChunks()])
def test_scaler_is_one_of_scikit_learn(estimator, check):
    check(estimator)


# Scorers


@pytest.mark.parametrize("name", SCORERS.names())
def test_scorers_score_as_on_the_array(name):
    store = Watched(X)
    rows, scorer = ChunkedRows(store, window_bytes=WINDOW), get_scorer(name)
    model = VAE(2, max_epochs=1, batch_size=256, random_state=0).fit(X)
    y = X[:, 0] > 0
    assert scorer(model, rows, y) == pytest.approx(scorer(model, X, y))
    assert store.most <= rows.window_rows


# Bad input


def of_shape(*shape, dtype=np.float32):
    return Watched(np.zeros(shape, dtype))


@pytest.mark.parametrize(
    ("store", "message"),
    [
        (of_shape(0, 3), "0 sample"),
        (of_shape(3), "at least two dimensions"),
        (of_shape(3, 2, dtype=complex), "Complex data"),
        (of_shape(3, 2, dtype="M8[s]"), "dates"),
        (of_shape(3, 2, dtype="U3"), "take numbers: encode text"),
        (of_shape(3, 2, dtype=[("a", "f4")]), "fields .*one table of numbers"),
    ],
)
def test_what_holds_no_rows_of_numbers_is_refused(store, message):
    with pytest.raises(ValueError, match=message):
        ChunkedRows(store)


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match=r"shape, dtype, __getitem__.*not a list"):
        ChunkedRows([[1.0, 2.0]])


def test_infinite_values_and_empty_rows_are_named():
    for value, message in [(np.inf, "infinity .* row 4321"), (np.nan, "number 4321:")]:
        bad = X.copy()
        bad[4321] = value
        rows = ChunkedRows(bad, window_bytes=WINDOW)
        with pytest.raises(ValueError, match=message):
            dense().fit(rows)
        with pytest.raises(ValueError, match=r"infinity|number 4321:"):
            dense().fit(X).transform(rows)


def test_other_dimensions_than_those_of_the_fit_are_refused():
    model = dense().fit(X)
    wide = ChunkedRows(np.ones((6000, 7), np.float32), window_bytes=WINDOW)
    with pytest.raises(ValueError, match=r"7 features.*expecting 6"):
        model.score(wide)
    deep = ChunkedRows(X.reshape(-1, 3, 4), window_bytes=WINDOW)
    with pytest.raises(ValueError, match=r"dim 3.*takes tables"):
        dense().fit(deep)


def test_a_store_that_changes_its_length_is_told(tmp_path):
    store = of_zarr(X, tmp_path)
    rows = ChunkedRows(store, window_bytes=WINDOW)
    model = dense().fit(rows)
    store.append(X[:10])
    with pytest.raises(ValueError, match=r"6000 rows .*has 6010 now"):
        model.fit(rows)
    with pytest.raises(ValueError, match=r"6000 rows .*has 6010 now"):
        model.transform(rows)


def test_what_needs_all_rows_at_once_says_what_to_do():
    rows = ChunkedRows(X, window_bytes=WINDOW)
    with pytest.raises(ValueError, match=r"all of them at once.*X\[numbers\]"):
        StandardScaler().fit(rows)
    with pytest.raises(ValueError, match="all of them at once"):
        VAE(2, max_epochs=1, random_state=0).fit(X).elbo(rows)
    with pytest.raises(TypeError, match="data set or chunks: pass the table"):
        TabularAutoencoder(2).fit(rows)
    with pytest.raises(IndexError, match="by rows, not by columns"):
        rows[:, 0]
    with pytest.raises(IndexError, match="6000 rows, 0 to 5999"):
        rows[[6000]]
    with pytest.raises(IndexError, match="mask of 3 values"):
        rows[np.array([True, False, True])]
