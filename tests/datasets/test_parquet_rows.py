"""Rows of Parquet files, by row groups."""

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers import models
from helpers.data import low_rank
from pyarrow import parquet
from sklearn.model_selection import cross_val_score

from skae.datasets import ParquetRows
from skae.datasets._parquet import _Cursor
from skae.training._sources import ChunkedSource

X = low_rank(n_samples=5000, dtype=np.float32)
NAMES = list("abcdef")
WINDOW = 2**14  # 682 rows


def written(path, X=X, names=NAMES, row_group_size=150, **columns):
    table = pa.table({**dict(zip(names, X.T, strict=False)), **columns})
    parquet.write_table(table, path, row_group_size=row_group_size)
    return path


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr("skae._arrays._chunked.PIECE_BYTES", 2**11)
    monkeypatch.setattr("skae._arrays._chunked.SAMPLE_ROWS", 1500)
    monkeypatch.setattr("skae.datasets._parquet.BATCH_BYTES", 2**11)  # 85 rows


@pytest.fixture(params=[150, 5000], ids=["small row groups", "a large one"])
def rows(request, tmp_path):
    path = written(tmp_path / "X.parquet", row_group_size=request.param)
    return ParquetRows(path, window_bytes=WINDOW)


def test_rows_are_those_that_were_written(rows):
    assert rows.dtype == np.float32
    assert rows.columns == NAMES
    for part in (slice(None), slice(5, 9), slice(149, 151), slice(4000, 200, -7)):
        np.testing.assert_array_equal(rows[part], X[part])
    numbers = np.random.default_rng(0).permutation(5000)[:3000]
    np.testing.assert_array_equal(rows[numbers][:], X[numbers])
    copy = pickle.loads(pickle.dumps(rows))
    np.testing.assert_array_equal(copy[700:800], X[700:800])


def test_a_model_and_folds_read_them(rows):
    model = models.dense(max_epochs=2, batch_size=256).fit(rows)
    np.testing.assert_array_equal(model.transform(rows), model.transform(X))
    assert cross_val_score(model, rows, cv=3) == pytest.approx(
        cross_val_score(model, X, cv=3), abs=0.02
    )


@pytest.mark.parametrize("is_shuffled", [False, True])
def test_a_large_row_group_is_unpacked_once_an_epoch(
    tmp_path, monkeypatch, is_shuffled
):
    path = written(tmp_path / "X.parquet", row_group_size=1100)
    rows = ParquetRows(path, window_bytes=WINDOW)
    n_unpacked, unpacked = [], _Cursor._next

    def counting(cursor):
        found = unpacked(cursor)
        n_unpacked.append(len(found))
        return found

    monkeypatch.setattr(_Cursor, "_next", counting)
    order = None
    if is_shuffled:
        order = ChunkedSource(rows, np.asarray).shuffled(None, 0, 0).numpy()
    assert sum(map(len, rows.in_order(order))) == 5000
    assert sum(n_unpacked) <= 5000 + 4 * 85  # a batch more, at most, in each row group
    assert max(n_unpacked) <= 85


def test_files_of_a_folder_in_the_order_of_their_names(tmp_path):
    (tmp_path / "inner").mkdir()
    written(tmp_path / "b.parquet", X[100:])
    written(tmp_path / "a.parquet", X[:100])
    written(tmp_path / "inner" / "c.parquet", X[:7])
    rows = ParquetRows(tmp_path, ["f", "a"])
    np.testing.assert_array_equal(rows[:], np.vstack([X, X[:7]])[:, [5, 0]])


def test_numbers_of_all_kinds(tmp_path):
    columns = {
        "flag": pa.array([True, None, False]),
        "byte": pa.array([1, 2, None], pa.uint8()),
        "half": pa.array(np.array([0.5, 1, 2], np.float16)),
    }
    path = written(tmp_path / "X.parquet", names=(), **columns)
    rows = ParquetRows(path)
    assert rows.dtype == np.float32
    expected = [[1, 1, 0.5], [np.nan, 2, 1], [0, np.nan, 2]]
    np.testing.assert_array_equal(rows[:], expected)
    columns["long"] = pa.array([2**40, 1, None])
    columns["price"] = pa.array([Decimal("1.25"), None, Decimal(3)])
    rows = ParquetRows(written(tmp_path / "X.parquet", names=(), **columns))
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows[:][:, 3], [2**40, 1, np.nan])
    np.testing.assert_array_equal(rows[:][:, 4], [1.25, np.nan, 3])


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_nulls_among_floats_of_one_kind_are_nan(tmp_path, kind):
    columns = [pa.array([0.5, None, 2], kind), pa.array([None, 1, -3], kind)]
    path = written(tmp_path / "X.parquet", names=(), a=columns[0], b=columns[1])
    expected = np.array([[0.5, np.nan], [np.nan, 1], [2, -3]], kind.to_pandas_dtype())
    found = ParquetRows(path)[:]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_the_end_of_a_file_is_read_once_until_it_is_written_anew(tmp_path, monkeypatch):
    path, n_read, read = tmp_path / "X.parquet", [], parquet.read_metadata

    def counting(file):
        n_read.append(file)
        return read(file)

    monkeypatch.setattr(parquet, "read_metadata", counting)
    rows = ParquetRows(written(path))  # of 34 row groups
    np.testing.assert_array_equal(rows[:], X)
    assert n_read == [path]
    rows = ParquetRows(written(path, 2 * X[:700]))
    np.testing.assert_array_equal(rows[:], 2 * X[:700])
    assert n_read == [path, path]


# Bad input


def test_columns_without_numbers_are_named(tmp_path):
    text = pa.array(["x"] * 5000)
    days = pa.array(pd.date_range("2020-01-01", periods=5000))
    path = written(tmp_path / "X.parquet", city=text, day=days)
    with pytest.raises(ValueError, match=r"columns 'city', 'day' .*columns=\[...\]"):
        ParquetRows(path)
    assert ParquetRows(path, NAMES).shape == (5000, 6)
    with pytest.raises(ValueError, match=r"no column 'g': it has 'a', 'b'"):
        ParquetRows(path, ["a", "g"])
    with pytest.raises(ValueError, match=r"no column to take: columns=\[\]"):
        ParquetRows(path, [])


def test_files_that_are_not_there_or_differ(tmp_path):
    with pytest.raises(ValueError, match="neither a Parquet file nor a folder"):
        ParquetRows(tmp_path / "none.parquet")
    with pytest.raises(ValueError, match="neither a Parquet file nor a folder"):
        ParquetRows(tmp_path)
    written(tmp_path / "a.parquet")
    written(tmp_path / "b.parquet", names="abcdeg")
    with pytest.raises(ValueError, match=r"b.parquet has other columns .*'f'"):
        ParquetRows(tmp_path)
    assert ParquetRows(tmp_path, ["a"]).shape == (10000, 1)


def test_no_rows(tmp_path):
    with pytest.raises(ValueError, match="0 sample"):
        ParquetRows(written(tmp_path / "X.parquet", X[:0]))


def test_a_truncated_file_is_told(tmp_path):
    path = written(tmp_path / "X.parquet")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"X.parquet cannot be read .*truncated"):
        ParquetRows(path)


def test_a_file_that_is_damaged_or_rewritten_while_it_is_read(tmp_path):
    path = written(tmp_path / "X.parquet")
    rows = ParquetRows(path, window_bytes=WINDOW)
    model = models.dense(max_epochs=1, batch_size=256).fit(rows)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"X.parquet cannot be read .*truncated"):
        model.fit(rows)
    written(path, X[:2000])
    with pytest.raises(ValueError, match=r"had 5000 rows|cannot be read"):
        model.fit(rows)
