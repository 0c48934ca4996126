"""Tables in Parquet files, read some row groups at a time."""

from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from threading import Lock

import numpy as np

from skae._arrays import ChunkedRows

__all__ = ["ParquetRows"]

# Of row groups that are larger, parts are unpacked.
BATCH_BYTES = 2**22
# Of each column, so many bytes of the file are there at a time.
BUFFER_BYTES = 2**16


class ParquetRows(ChunkedRows):
    """Numbers of a Parquet file, or of a folder of such files, as rows to train on.

    Row groups are the chunks of `ChunkedRows`, which says how they are read. Large ones
    are unpacked in parts. Missing values (nulls) are NaN. It needs pyarrow.

    Parameters
    ----------
    path : path-like
        A file, or a folder whose files ``*.parquet`` are taken in the order of their
        names, those of inner folders too. All have the same columns.
    columns : list of str or None, default=None
        The columns to take, in this order; all by default.
    window_bytes : int, default=2**26
        See `ChunkedRows`.

    Attributes
    ----------
    columns : list of str
        Names of the columns.
    dtype : dtype
        float32 where all columns fit into it (float32, float16, and whole numbers of at
        most 16 bits), else float64.

    Raises
    ------
    ValueError
        When columns hold no numbers, which it names, or some are not there; when files
        have other columns than the first; when there is no file or no row; when a file
        is truncated or damaged, or changes while it is read.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> from skae import DenseAutoencoder
    >>> from skae.datasets import ParquetRows, make_linear_manifold
    >>> X = make_linear_manifold(500, 2, 8, random_state=0).X
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/rows.parquet"
    ...     pd.DataFrame(X, columns=list("abcdefgh")).to_parquet(path)
    ...     rows = ParquetRows(path, columns=["a", "b", "c"])
    ...     model = DenseAutoencoder(2, max_epochs=5, random_state=0).fit(rows)
    ...     codes = model.transform(rows)
    >>> rows.shape, codes.shape
    ((500, 3), (500, 2))
    """

    resumes = True

    def __init__(self, path, columns=None, *, window_bytes=2**26):
        table = _Table(path, columns)
        super().__init__(table, window_bytes=window_bytes)
        self.columns = table.columns


class _Table:
    """Parquet files as an array with a shape, a dtype, chunks and slices."""

    def __init__(self, path, columns):
        self.path = Path(path)
        self.files = _files(self.path)
        schema = _opened(self.files[0]).schema_arrow
        self.columns = _checked_columns(schema, columns, self.files[0])
        self.dtype = _dtype([schema.field(name).type for name in self.columns])
        groups = [self._groups(file, schema) for file in self.files]
        #: File, number in it, and rows of each row group.
        self.groups = [group for of_file in groups for group in of_file]
        sizes = [n_rows for _, _, n_rows in self.groups]
        self.chunks = tuple(sizes), (len(self.columns),)
        self.ends = [*accumulate(sizes)]
        self._ends = frozenset(self.ends)
        self.shape = sum(sizes), len(self.columns)
        self._lock, self._cursor = Lock(), None

    def __getstate__(self):
        return {**vars(self), "_lock": None, "_cursor": None}

    def __setstate__(self, state):
        vars(self).update(state, _lock=Lock())

    def __repr__(self):
        return f"{str(self.path)!r}"

    def _groups(self, file, schema):
        found = _opened(file)
        own = found.schema_arrow
        if any(
            name not in own.names or own.field(name).type != schema.field(name).type
            for name in self.columns
        ):
            raise ValueError(
                f"{file} has other columns than {self.files[0]}: of all files the "
                f"columns {_listed(self.columns)} have to be there, of the same types. "
                "Pass a folder of one table, or `columns` that all files have."
            )
        about = found.metadata
        return [
            (file, i, about.row_group(i).num_rows) for i in range(about.num_row_groups)
        ]

    def __getitem__(self, rows):
        """Return consecutive rows, an array."""
        with self._lock:
            cursor, self._cursor = self._cursor, None  # none that fails is gone on with
            if cursor is None or cursor.place != rows.start:
                del cursor  # which holds a page of each column
                cursor = self._cursor_at(rows.start)
            found = cursor.read(rows.stop)
            if cursor.place not in self._ends:
                self._cursor = cursor
        return found

    def _cursor_at(self, start):
        """Return a cursor at a row, having read those of its row group before it."""
        group = int(np.searchsorted(self.ends, start, side="right"))
        cursor = _Cursor(self, group)
        while cursor.place < start:
            cursor.read(min(start, cursor.place + self.batch_rows))
        return cursor

    @property
    def batch_rows(self):
        """Number of rows that are unpacked at once."""
        return max(1, BATCH_BYTES // (self.dtype.itemsize * self.shape[1]))

    def batches(self, group):
        """Yield batches of the rows of a row group, and of those after it."""
        size = self.batch_rows
        for file, number, _ in self.groups[group:]:
            for batch in _batches(file, number, size, self.columns):
                yield _values(batch, self.dtype)


class _Cursor:
    """A place among the rows of a table, from which reading goes on.

    Parameters
    ----------
    table : _Table
    group : int
        The row group to begin with.
    """

    def __init__(self, table, group):
        self.table = table
        self.place = table.ends[group] - table.groups[group][2]
        self.batches = table.batches(group)
        self.rest = np.empty((0, table.shape[1]), table.dtype)

    def read(self, stop):
        """Return the rows up to another one, an array."""
        out = np.empty((stop - self.place, self.table.shape[1]), self.table.dtype)
        end = 0
        while end < len(out):
            if not len(self.rest):
                self.rest = self._next()
            part, self.rest = np.split(self.rest, [len(out) - end])
            out[end : end + len(part)] = part
            self.place += len(part)
            end += len(part)
        return out

    def _next(self):
        for values in self.batches:
            return values
        raise ValueError(
            f"{self.table.path} ends after {self.place} rows, and had "
            f"{self.table.shape[0]} when it was opened: files must not change while "
            "they are read. Pass the path anew."
        )


def _batches(file, group, size, columns):
    found = _opened(file)
    try:
        yield from found.iter_batches(size, [group], columns, use_threads=False)
    except (OSError, ValueError, IndexError) as error:
        raise _damaged(file, error) from error


def _files(path):
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise ValueError(
            f"{path} is neither a Parquet file nor a folder of files *.parquet."
        )
    return files


def _opened(file):
    from pyarrow.parquet import ParquetFile

    try:
        state = file.stat()
        footer = _footer(file, state.st_mtime_ns, state.st_size)
        return ParquetFile(
            file, metadata=footer, pre_buffer=False, buffer_size=BUFFER_BYTES
        )
    except (OSError, ValueError) as error:
        raise _damaged(file, error) from error


@lru_cache(maxsize=1)
def _footer(file, *state):
    """Return the description of a file's row groups and columns, at its end.

    Of many columns it takes long to read, and each row group is opened by itself. That
    of a file in another state is read anew.

    Parameters
    ----------
    file : Path
    *state : int
        Time and size of the file as it was written last.
    """
    from pyarrow.parquet import read_metadata

    return read_metadata(file)


def _damaged(file, error):
    return ValueError(
        f"{file} cannot be read as Parquet: it is truncated, damaged, or no Parquet "
        f"file. Write it anew. (pyarrow: {str(error).splitlines()[0][:100]})"
    )


def _checked_columns(schema, columns, file):
    """Return the names of columns that are there, and hold numbers."""
    names = schema.names if columns is None else list(columns)
    missing = [name for name in names if name not in schema.names]
    if missing:
        raise ValueError(
            f"{file} has no column {_listed(missing)}: it has {_listed(schema.names)}."
        )
    text = [name for name in names if not _is_number(schema.field(name).type)]
    if text:
        kinds = _listed([str(schema.field(name).type) for name in text], "")
        raise ValueError(
            f"No numbers in column{'s' * (len(text) > 1)} {_listed(text)} of {file} "
            f"({kinds}): leave them out, by columns=[...], or encode them before they "
            "are stored."
        )
    if not names:
        raise ValueError(f"{file} has no column to take: columns={columns!r}.")
    return names


def _is_number(kind):
    from pyarrow import types

    checks = types.is_integer, types.is_floating, types.is_boolean, types.is_decimal
    return any(check(kind) for check in checks)


def _dtype(kinds):
    """Return the dtype of rows: float32 where that holds all values, else float64."""
    return np.dtype(np.float32 if all(map(_fits_single, kinds)) else np.float64)


def _fits_single(kind):
    from pyarrow import types

    if types.is_floating(kind):
        return kind.bit_width <= 32
    return types.is_boolean(kind) or (types.is_integer(kind) and kind.bit_width <= 16)


def _values(batch, dtype):
    """Return the values of a record batch, NaN where there are none."""
    from pyarrow import from_numpy_dtype

    if set(batch.schema.types) == {from_numpy_dtype(dtype)}:
        return batch.to_tensor(null_to_nan=True, row_major=False).to_numpy()
    values = np.empty((batch.num_columns, batch.num_rows), dtype)
    for row, column in zip(values, batch.columns, strict=True):
        row[:] = column.to_numpy(zero_copy_only=False)
    return values.T


def _listed(names, quote="'"):
    shown = ", ".join(f"{quote}{name}{quote}" for name in names[:8])
    return f"{shown}, ..." if len(names) > 8 else shown
