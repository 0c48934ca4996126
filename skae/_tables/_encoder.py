"""Transformer of tables with columns of any kind into matrices, and back."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skae._tables._categories import CategoryColumn
from skae._tables._encoded import EncodedRows
from skae._tables._kinds import KINDS, kind_of, settled
from skae._tables._numbers import NumberColumn
from skae._tables._read import read
from skae._tables._write import written

__all__ = ["HANDLE_UNKNOWN", "Columns", "TableEncoder"]

#: What is to be done with categories that were not in the fit.
HANDLE_UNKNOWN = {"missing", "error"}


class Columns(tuple):
    """Columns of a table as a fit has seen them; its text is a table of them."""

    __slots__ = ()

    def __repr__(self):
        heads = ["column", "kind", "dtype", "levels", "missing"]
        rows = [heads, *map(_described, self)]
        widths = [max(map(len, parts)) for parts in zip(*rows, strict=True)]
        lines = (
            "  ".join(
                part.ljust(width) for part, width in zip(row, widths, strict=True)
            )
            for row in rows
        )
        return "\n".join(line.rstrip() for line in lines)


def _described(column):
    levels = column.levels or ()
    n_seen = sum(count > 0 for count in getattr(column, "counts", ())) or len(levels)
    listed = [str((len(levels) and n_seen) or ""), str(column.n_missing or "")]
    return [str(column.name), column.kind, column.dtype, *listed]


class TableEncoder(TransformerMixin, BaseEstimator):
    """Matrix of a table: standardised numbers first, then one-hot columns.

    Each column of the table is a `NumberColumn`, or a `CategoryColumn`, whose columns
    of the matrix are all NaN where its value is missing.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns that are categories whatever their values: names, numbers or a mask.
    column_types : dict or None, default=None
        Kinds of columns, one of `KINDS`, by their names or numbers.
    max_categories : int or None, default=100
        One-hot columns of a column at most; the last is that of its rare levels.
    handle_unknown : {"missing", "error"}, default="missing"
        What to do with levels that were not in the fit.
    robust : bool, default=False
        Whether numbers are standardised by their quartiles.

    Attributes
    ----------
    columns_ : list of NumberColumn and CategoryColumn
    form_, dtype_ : str
        What tables are made of; see `Table`.
    n_rows_ : int
        Rows of the fit.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae._tables import Columns, TableEncoder
    >>> X = pd.DataFrame({"kind": ["b", "a"], "size": [1.0, 3.0]})
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.transform(X)
    array([[-1.,  0.,  1.],
           [ 1.,  1.,  0.]], dtype=float32)
    >>> bool(encoder.inverse_transform(encoder.transform(X)).equals(X))
    True
    >>> Columns(encoder.columns_)
    column  kind         dtype    levels  missing
    kind    categorical  str      2
    size    numeric      float64
    """

    def __init__(
        self,
        categorical_features="from_dtype",
        column_types=None,
        max_categories=100,
        handle_unknown="missing",
        robust=False,
    ):
        self.categorical_features = categorical_features
        self.column_types = column_types
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.robust = robust

    def fit(self, X, y=None):
        """Learn kinds, levels and scales of the columns."""
        table = read(X, type(self).__name__)
        kinds = self._kinds_given(table)
        pairs = zip(table.cells, kinds, strict=True)
        is_array = table.form == "array" and np.dtype(table.dtype).kind != "O"
        self.columns_ = [self._column(cells, kind, is_array) for cells, kind in pairs]
        self.form_, self.dtype_, self.n_rows_ = table.form, table.dtype, table.n_rows
        self.n_features_in_ = len(self.columns_)
        if not sum(self.sizes):
            raise ValueError(
                "No column varies: each has one category in all rows, or no value. "
                "There is nothing to encode."
            )
        return self

    def transform(self, X):
        """Return the matrix of a table, in float32, or float64 as an array is."""
        return self.encoded(X)[:]

    def encoded(self, X):
        """Return the `EncodedRows` of a table, of which `transform` makes a matrix."""
        table = self._read(X)
        is_double = table.form == "array" and table.dtype == np.dtype(float).str
        dtype = np.float64 if is_double else np.float32
        rows = EncodedRows.empty(table.n_rows, self.sizes, dtype)
        placed = [j for j in self._order() if self.columns_[j].width]
        for j, cells in enumerate(table.cells):
            column = self.columns_[j]
            given = column.encode(_as(cells, column), self.handle_unknown)
            if column.width:
                rows.put(placed.index(j), given, column.name)
        return rows

    def surprise(self, X):
        """Return the surprise of rows of a table by levels that the fit did not have.

        Returns
        -------
        surprise : ndarray of shape (n_samples,)
            In nats, the sum over columns of categories; see
            `CategoryColumn.surprise_of_unknown`.
        """
        table = self._read(X)
        total = np.zeros(table.n_rows)
        for column, cells in zip(self.columns_, table.cells, strict=True):
            if isinstance(column, CategoryColumn):
                total += column.surprises(_as(cells, column))
        return total

    def _read(self, X):
        check_is_fitted(self)
        table = read(X, type(self).__name__)
        if len(table.names) != len(self.columns_):
            raise ValueError(
                f"X has {len(table.names)} features, but {type(self).__name__} is "
                f"expecting {len(self.columns_)} features as input."
            )
        return table

    def inverse_transform(self, rows):
        """Return the table that a matrix stands for, in the form of the fit's."""
        return self.decoded([rows])

    def decoded(self, parts, as_seen=False):
        """Return the table of the rows in some matrices, one after the other.

        Numbers of rows that were drawn are to be rounded as those of the fit are,
        `as_seen`.
        """
        values = [
            [
                column.decode(rows[:, place])
                for column, place in zip(self.columns_, self.places, strict=True)
            ]
            for rows in parts
        ]
        values = [np.concatenate(of_column) for of_column in zip(*values, strict=True)]
        if as_seen:
            pairs = zip(self.columns_, values, strict=True)
            values = [
                column.as_seen(own) if isinstance(column, NumberColumn) else own
                for column, own in pairs
            ]
        return written(self.form_, self.dtype_, self.columns_, values)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of the matrix."""
        names = np.empty(sum(self.sizes), dtype=object)
        for column, place in zip(self.columns_, self.places, strict=True):
            width = place.stop - place.start
            one_hot = [f"{column.name}_{number}" for number in range(width)]
            names[place] = [str(column.name)] if width == 1 else one_hot
        return names

    @property
    def columns_of_features(self):
        """Names of the table's columns that those of the matrix stand for, an array."""
        names = np.empty(sum(self.sizes), dtype=object)
        for column, place in zip(self.columns_, self.places, strict=True):
            names[place] = str(column.name)
        return names

    @property
    def share_missing(self):
        """Share of the cells that are missing in the fit, of columns that vary."""
        missing = [column.n_missing for column in self.columns_ if column.width]
        return sum(missing) / (len(missing) * self.n_rows_)

    @property
    def sizes(self):
        """Widths of the table's columns in the matrix, 1 for those of numbers."""
        return tuple(self.columns_[j].width for j in self._order())

    @property
    def places(self):
        """Slices of the matrix, by the column of the table."""
        ends = np.cumsum([0, *self.sizes]).tolist()
        of_order = {j: slice(*ends[i : i + 2]) for i, j in enumerate(self._order())}
        return [of_order[j] for j in range(len(self.columns_))]

    def _order(self):
        """Return the numbers of the columns, those of numbers first."""
        are_numbers = [isinstance(column, NumberColumn) for column in self.columns_]
        return np.argsort(np.logical_not(are_numbers), kind="stable").tolist()

    def _column(self, cells, kind, is_array):
        if kind in {"numeric", "count"}:  # of categories that are numbers
            cells = cells._replace(levels=None)
        cells = settled(cells)
        if cells.missing.all():
            kind = "empty"
        elif kind is None:
            kind = "numeric" if is_array else kind_of(cells)
        if kind in {"boolean", "categorical", "empty"}:
            return CategoryColumn.of(cells, kind, self.max_categories)
        return NumberColumn.of(cells, kind, self.robust)

    def _kinds_given(self, table):
        """Return the kinds that parameters give columns, None for others."""
        names = table.names
        kinds = dict.fromkeys(range(len(names)))
        kinds |= dict.fromkeys(self._categorical(names), "categorical")
        for key, kind in (self.column_types or {}).items():
            if kind not in KINDS:
                raise ValueError(
                    f"column_types has {kind!r} for {key!r}: it takes "
                    f"{', '.join(map(repr, KINDS))}."
                )
            kinds[_number_of(key, names, "column_types")] = kind
        return list(kinds.values())

    def _categorical(self, names):
        given = self.categorical_features
        if given is None or (isinstance(given, str) and given == "from_dtype"):
            return []
        given = np.asarray(given, dtype=object).tolist()
        if given and all(isinstance(each, bool | np.bool_) for each in given):
            if len(given) != len(names):
                raise ValueError(
                    f"categorical_features is a mask of {len(given)}, and X has "
                    f"{len(names)} columns."
                )
            return np.flatnonzero(given).tolist()
        return [_number_of(key, names, "categorical_features") for key in given]


def _as(cells, column):
    """Return cells as a column of the fit takes them."""
    return cells if getattr(column, "levels", None) else settled(cells)


def _number_of(key, names, parameter):
    if key in names:
        return names.index(key)
    if isinstance(key, int | np.integer) and -len(names) <= key < len(names):
        return int(key) % len(names)
    listed = ", ".join(map(repr, names[:8])) + ", ..." * (len(names) > 8)
    raise ValueError(f"{parameter} names {key!r}, and X has the columns {listed}.")
