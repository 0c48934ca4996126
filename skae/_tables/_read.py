"""Frames and arrays as columns of cells, each with what restores its dtype."""

from collections.abc import Callable
from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array

from skae._arrays import array_like

__all__ = ["Cells", "Table", "is_pandas", "read"]

_MISSING = {"NoneType", "NAType", "NaTType"}


class Cells(NamedTuple):
    """One column of a table.

    Attributes
    ----------
    name : object
    dtype : str
        As the table names it.
    values : ndarray of shape (n_rows,)
        Numbers, dates, durations, or objects.
    missing : ndarray of bool of shape (n_rows,)
    levels : ndarray or None
        Of a dtype that lists its categories, in their order.
    is_ordered : bool
        Whether that order has a meaning.
    stored : str or None
        The numpy dtype of numbers and dates, where it is another than that of `values`.
    """

    name: object
    dtype: str
    values: np.ndarray
    missing: np.ndarray
    levels: np.ndarray | None = None
    is_ordered: bool = False
    stored: str | None = None

    @property
    def present(self):
        """The values that are not missing."""
        return self.values[~self.missing]


class Table(NamedTuple):
    """Columns of a table, and what it is made of.

    Attributes
    ----------
    form : str
        ``"array"``, ``"pandas"``, or what `narwhals` calls the library.
    dtype : str or None
        That of an array.
    names : list
        Of the columns.
    n_rows : int
    column : callable
        From the number of a column to its `Cells`, which may take more memory than it.
    """

    form: str
    dtype: str | None
    names: list
    n_rows: int
    column: Callable

    @property
    def cells(self):
        """The `Cells` of the columns, read one after the other."""
        return map(self.column, range(len(self.names)))


def is_pandas(X):
    """Return whether something is a data frame of pandas."""
    return hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2


def read(X, name):
    """Return the `Table` of a frame or an array, or raise an error.

    Parameters
    ----------
    X : array-like or data frame of shape (n_rows, n_columns)
    name : str
        Who takes it, as it reads in messages.

    Raises
    ------
    TypeError, ValueError
        When it is no table, or column names occur twice.
    """
    if is_pandas(X):
        names = X.columns.tolist()
        _check_names(names)
        table = Table(
            "pandas",
            None,
            names,
            len(X),
            lambda j: _cells_of_series(X.iloc[:, j])._replace(name=names[j]),
        )
    elif not isinstance(X, np.ndarray) and hasattr(X, "__arrow_c_stream__"):
        table = _table_of_narwhals(X)
    else:
        table = _table_of_array(X, name)
    _check_shape(table.n_rows, len(table.names))
    return table


def _check_shape(n_rows, n_columns):
    for n, what in ((n_rows, "sample"), (n_columns, "feature")):
        if not n:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape=({n_rows}, {n_columns})) while a "
                "minimum of 1 is required."
            )


def _check_names(names):
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(
            "Column names have to differ, and "
            f"{', '.join(map(repr, dict.fromkeys(twice)))} occurs more than once: "
            "rename columns, or pass an array, X.to_numpy()."
        )


# pandas


def _cells_of_series(series):
    dtype, missing = series.dtype, series.isna().to_numpy(dtype=bool)
    cells = Cells(series.name, str(dtype), None, missing)
    if str(dtype) == "category":
        levels = dtype.categories
        values = _objects(series.astype(object))
        return cells._replace(
            dtype=f"category[{levels.dtype}]",
            values=values,
            levels=np.asarray(levels),
            is_ordered=bool(dtype.ordered),
        )
    dtype = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype))
    stored = dtype.str if getattr(dtype, "kind", "O") in "iu" else None
    return cells._replace(values=_values_of_series(series, missing), stored=stored)


def _values_of_series(series, missing):
    match getattr(series.dtype, "kind", "O"):
        case "c":
            raise ValueError(
                f"Complex data not supported: column {series.name!r} holds some."
            )
        case "i" | "u" as kind if not missing.any():
            return series.to_numpy(dtype=f"{kind}8")
        case "i" | "u" | "f":
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
        case "M":
            naive = series if series.dt.tz is None else series.dt.tz_convert(None)
            return naive.to_numpy(dtype=f"datetime64[{series.dt.unit}]")
        case "m":
            return series.to_numpy(dtype=f"timedelta64[{series.dt.unit}]")
    return _objects(series)


def _objects(series):
    return series.to_numpy(dtype=object, na_value=None)


# Other libraries' frames


def _table_of_narwhals(X):
    import narwhals as nw

    frame = nw.from_native(X, eager_only=True)
    return Table(
        frame.implementation.value,
        None,
        frame.columns,
        len(frame),
        lambda j: _cells_of_narwhals(frame[:, j]),
    )


def _cells_of_narwhals(column):
    import narwhals as nw

    dtype, missing = column.dtype, column.is_null().to_numpy()
    cells = Cells(column.name, repr(dtype), None, missing)
    if isinstance(dtype, nw.Categorical | nw.Enum):
        levels = getattr(dtype, "categories", None)
        values = _listed(column.cast(nw.String))
        levels = None if levels is None else np.array(levels, dtype=object)
        return cells._replace(values=values, levels=levels)
    if dtype.is_numeric():
        is_whole = dtype.is_integer() and not missing.any()
        numbers = column if is_whole else column.cast(nw.Float64)
        stored = column.head(0).to_numpy().dtype.str if dtype.is_integer() else None
        return cells._replace(values=numbers.to_numpy(), stored=stored)
    if dtype.is_temporal() and not isinstance(dtype, nw.Time):
        if getattr(dtype, "time_zone", None):
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return cells._replace(values=column.to_numpy())
    return cells._replace(values=_listed(column))


def _listed(column):
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_list()
    return values


# Arrays


def _table_of_array(X, name):
    X = _checked_array(X, name)
    names = [f"x{j}" for j in range(X.shape[1])]
    return Table(
        "array",
        X.dtype.str,
        names,
        len(X),
        lambda j: _cells_of_array(names[j], X[:, j]),
    )


def _checked_array(X, name):
    if isinstance(X, list | tuple) and _holds_text(X):
        X = np.array(X, dtype=object)
    if isinstance(X, np.ndarray) and X.dtype.kind in "OUS":
        X = check_array(X.astype(object), dtype=None, ensure_all_finite=False)
        return X
    return check_array(array_like(X, name), ensure_all_finite=False)


def _holds_text(rows):
    return any(
        isinstance(value, str)
        for row in rows
        if isinstance(row, list | tuple)
        for value in row
    )


def _cells_of_array(name, values):
    if values.dtype.kind == "O":
        missing = np.array([_is_missing(value) for value in values], dtype=bool)
    else:
        missing = np.isnan(values)
    return Cells(name, values.dtype.str, values, missing)


def _is_missing(value):
    if type(value).__name__ in _MISSING:
        return True
    return isinstance(value, Real) and value != value
