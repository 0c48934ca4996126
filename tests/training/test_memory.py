"""What fits and predictions take beyond the data; `benchmarks/memory.py` has more."""

import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import models
from helpers.data import normal
from scipy import sparse
from torch.utils.data import TensorDataset

from skae import TabularAutoencoder, get_scorer
from skae.autoencoders._suitability import _share_outside
from skae.scorers import Reconstruction

linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells anonymous memory"
)


def anonymous():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return 1024 * int(line.split()[1])


def growth(function):
    """Return the most bytes of anonymous memory that a call took in between."""
    before, seen, done = anonymous(), [0], threading.Event()

    def watch():
        while not done.is_set():
            seen.append(anonymous())
            time.sleep(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        function()
    finally:
        done.set()
        thread.join()
    return max(seen) - before


def data(n_samples, n_features, dtype=np.float32):
    """Return an array none of whose rows needs to be drawn on its own."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, size=(1000, n_features)).astype(dtype)
    return np.tile(X, (n_samples // 1000, 1))


dense = partial(models.dense, max_epochs=1, batch_size=2**14, hidden_layer_sizes=(4,))


@linux_only
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_needs_no_memory_for_each_row(early_stopping):
    X = data(400_000, 8)
    dense().fit(X[:5000])
    model = dense(early_stopping=early_stopping)
    assert growth(lambda: model.fit(X)) < 2 * X.nbytes


@linux_only
def test_what_is_kept_of_batches_does_not_keep_their_memory():
    X = data(150_000, 64)
    model = dense(batch_size=4096)
    model.fit(X[:5000])
    assert growth(lambda: model.fit(X)) < 0.7 * X.nbytes


@linux_only
def test_the_range_of_data_is_checked_in_parts():
    X = data(1_000_000, 32)
    assert growth(lambda: _share_outside(X, 0, 150)) < 0.3 * X.nbytes
    assert _share_outside(X, 0, 150) == np.mean(X[:1000] > 150)


@linux_only
def test_sparse_rows_become_dense_batch_by_batch():
    X = sparse.random_array((100_000, 1000), density=0.02, format="csr", rng=0)
    X = X.ceil().astype(np.float32)
    model = dense(batch_size=2**10)
    model.fit(X[:1100])
    n_bytes = 4 * np.prod(X.shape)
    assert growth(lambda: model.fit(X).score(X)) < 0.6 * n_bytes


@linux_only
def test_one_hot_columns_of_tables_are_made_batch_by_batch():
    rng = np.random.default_rng(0)
    levels = np.array([f"level {i}" for i in range(90)], dtype=object)
    X = pd.DataFrame({name: levels[rng.integers(90, size=400_000)] for name in "abc"})
    model = TabularAutoencoder(
        2, hidden_layer_sizes=(4,), max_epochs=1, batch_size=2**12, random_state=0
    )
    model.fit(X[:20_000]).score(X[:20_000])
    n_bytes = 4 * 270 * len(X)
    assert growth(lambda: model.fit(X)) < 0.3 * n_bytes
    assert growth(lambda: model.score(X)) < 0.3 * n_bytes


PREDICTIONS = {
    "score": lambda model, X: model.score(X),
    "score_samples": lambda model, X: model.score_samples(X),
    "transform": lambda model, X: model.transform(X),
    "reconstruction": lambda model, X: get_scorer("reconstruction")(model, X),
    "mse": lambda model, X: get_scorer("mse")(model, X),
    "description_length": lambda model, X: get_scorer("description_length")(model, X),
}


@linux_only
@pytest.mark.parametrize(
    ("name", "order"), [*((name, "C") for name in PREDICTIONS), ("score", "F")]
)
def test_predictions_take_some_rows_at_a_time(name, order):
    X = np.asarray(data(250_000, 64), order=order)
    model = dense().fit(X[:5000])
    PREDICTIONS[name](model, X[:5000])
    assert growth(lambda: PREDICTIONS[name](model, X)) < 0.9 * X.nbytes


def test_parts_give_what_the_whole_does(monkeypatch):
    X = normal(300, 6) * [1, 2, 3, 4, 5, 6] + 100
    model = dense(batch_size=50).fit(X)
    scorers = [get_scorer(name) for name in ("reconstruction", "mse")]

    def found():
        return (
            model.score(X),
            *model.score_samples(X),
            *model.transform(X).ravel(),
            *model.reconstruct(X).ravel(),
            *(scorer(model, X) for scorer in scorers),
        )

    whole = found()
    for module in ("training._inference.CHUNK_BYTES", "metrics.PART_BYTES"):
        monkeypatch.setattr(f"skae.{module}", 1000)
    monkeypatch.setattr("skae.scorers._locate.PART_BYTES", 1000)
    np.testing.assert_allclose(found(), whole, rtol=1e-9)


def test_data_sets_are_predicted_in_parts(monkeypatch):
    import torch

    X = normal(300, 6)
    model, dataset = dense(batch_size=50).fit(X), TensorDataset(torch.from_numpy(X))
    monkeypatch.setattr("skae.autoencoders._data.READ_ROWS", 37)
    monkeypatch.setattr(np, "concatenate", None)  # which would hold all rows at once
    out = np.empty((300, 2), dtype=np.float32)
    assert model.transform(dataset, out=out) is out
    np.testing.assert_allclose(out, model.transform(X), rtol=1e-6)
    assert model.score(dataset) == pytest.approx(model.score(X))


# Codes written into an array


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_codes_are_written_into_a_memory_map(tmp_path, dtype):
    X = data(3000, 6).astype(dtype)
    model = dense().fit(X)
    out = np.lib.format.open_memmap(tmp_path / "Z", "w+", np.float32, (3000, 2))
    assert model.transform(X, out=out) is out
    out.flush()
    np.testing.assert_allclose(np.load(tmp_path / "Z"), model.transform(X), rtol=1e-6)


def read_only(shape):
    array = np.zeros(shape)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error", "match"),
    [
        (np.zeros((3000, 3)), ValueError, r"\(3000, 3\): give one of \(3000, 2\)"),
        (np.zeros((10, 2)), ValueError, r"\(10, 2\): give one of \(3000, 2\)"),
        (np.zeros((3000, 2), dtype=int), TypeError, "dtype int64"),
        ([[0.0, 0.0]], TypeError, "out is a list"),
        (read_only((3000, 2)), ValueError, r"mode='r\+'"),
    ],
)
def test_what_cannot_take_the_codes_is_refused(out, error, match):
    X = data(3000, 6)
    with pytest.raises(error, match=match):
        dense().fit(X).transform(X, out=out)


def test_what_cannot_take_the_codes_of_a_data_set_is_refused():
    import torch

    X = data(3000, 6)
    model, dataset = dense().fit(X), TensorDataset(torch.from_numpy(X))
    for n_rows in (2000, 4000):
        with pytest.raises(ValueError, match=f"out has {n_rows} rows"):
            model.transform(dataset, out=np.zeros((n_rows, 2)))


def test_codes_are_not_written_where_a_frame_is_asked_for():
    X = data(3000, 6)
    model = dense().fit(X).set_output(transform="pandas")
    with pytest.raises(ValueError, match="set_output"):
        model.transform(X, out=np.zeros((3000, 2)))


# Whole numbers


@pytest.mark.filterwarnings("ignore::skae.exceptions.ScaleWarning")
@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "int64"]
)
def test_whole_numbers_train_as_they_do_in_single_precision(dtype):
    X = (data(3000, 6) % 100).astype(dtype)
    model, same = (dense(batch_size=500).fit(Y) for Y in (X, X.astype(np.float32)))
    assert model.net_.dtype == same.net_.dtype
    codes = model.transform(X)
    assert codes.dtype == model.reconstruct(X).dtype == np.float32
    np.testing.assert_array_equal(codes, same.transform(X.astype(np.float32)))
    np.testing.assert_allclose(
        model.score_samples(X), same.score_samples(X.astype(np.float32)), rtol=1e-5
    )
    assert Reconstruction()(model, X) == pytest.approx(same.score(X))


def test_half_precision_trains_in_single_precision():
    X = data(3000, 6, np.float16)
    codes = [dense().fit(Y).transform(Y) for Y in (X, X.astype(np.float32))]
    assert codes[0].dtype == np.float32
    np.testing.assert_array_equal(*codes)


@pytest.mark.filterwarnings("ignore:Training diverged")  # so far from zero
def test_large_whole_numbers_keep_double_precision():
    X = data(3000, 6, np.int64) + 2**40
    assert dense().fit(X).transform(X).dtype == np.float64


def test_whole_numbers_go_on_in_the_dtype_of_the_fit():
    X = data(3000, 6)
    model = dense().partial_fit(X).partial_fit(X.astype(np.int64) + 2**30)
    assert model.transform(X.astype(np.int64)).dtype == np.float32


@linux_only
def test_images_of_bytes_are_never_converted_as_a_whole():
    # beside so many bytes, what allocators keep to themselves is little
    X = data(1_000_000, 64, np.uint8)
    model = dense().fit(X[:25_000])
    assert growth(lambda: dense().fit(X)) < 3 * X.nbytes
    assert growth(lambda: model.score(X)) < 3 * X.nbytes
