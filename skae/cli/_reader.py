"""Columns of a table as a saved model knows them, its first step."""

from os import PathLike

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skae.cli._axis import AS_THEY_STAND, as_series
from skae.cli._cells import settled
from skae.cli._columns import as_floats, shortened
from skae.cli._errors import InputError
from skae.cli._files import AS_IT_LOOKS
from skae.cli._inputs import read_source
from skae.cli._numbers import as_matrix
from skae.cli._table import Table

__all__ = ["TableReader"]

# Most characters of a value that an error shows.
_MAX_SAMPLE = 40
# Most characters of a list of columns, of which an error may show two.
_MAX_NAMES = 120


class TableReader(TransformerMixin, BaseEstimator):
    """Reader of the columns that a model knows, from a file, a data frame or an array.

    Parameters
    ----------
    columns : list of str
        Names of the columns, in the order of the model.
    kinds : dict
        ``"number"``, ``"date"``, ``"text"`` or ``"other"``, by columns.
    others : tuple of str, default=()
        Columns that the model's table had and the model does not use.
    index : str or None, default=None
        Column with what the rows are called.
    axis : TimeAxis, default=AS_THEY_STAND
        Columns that order the rows of a series.
    forms : dict or None, default=None
        Forms of dates that are text, by columns; see `date_form`.
    reading : Reading, default=AS_IT_LOOKS
        Options of reading files.
    as_frame : bool, default=False
        Whether numbers are a data frame, too.

    Attributes
    ----------
    facts_ : dict
        What else is known of the study that the model comes from.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._reader import TableReader
    >>> reader = TableReader(["a", "b"], {"a": "number", "b": "number"}, ("id",))
    >>> reader.transform(pd.DataFrame({"b": [1, 2], "id": ["x", "y"], "a": [3, 4]}))
    array([[3., 1.],
           [4., 2.]], dtype=float32)
    """

    def __init__(
        self,
        columns,
        kinds,
        others=(),
        index=None,
        axis=AS_THEY_STAND,
        forms=None,
        reading=AS_IT_LOOKS,
        as_frame=False,
    ):
        self.columns = columns
        self.kinds = kinds
        self.others = others
        self.index = index
        self.axis = axis
        self.forms = forms
        self.reading = reading
        self.as_frame = as_frame

    @classmethod
    def of(cls, data, index=None, reading=AS_IT_LOOKS):
        """Return the reader of tables like that of a `DataSet`."""
        kinds = dict.fromkeys(data.columns, "number")
        if data.is_mixed:
            kinds = {name: _kind_of(data.X[name]) for name in data.columns}
        known = data.others, index, data.axis, data.forms, reading
        return cls(data.columns, kinds, *known)

    @property
    def is_mixed(self):
        """Whether some columns are no numbers."""
        return set(self.kinds.values()) != {"number"}

    def fit(self, X, y=None):
        """Learn nothing: what there is to know are parameters."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        """Return the columns of a table as the model takes them.

        Parameters
        ----------
        X : str, path-like, data frame or array-like
            A file or any other source that ``skae select`` reads, a data frame of
            pandas with these columns, or an array of the columns in their order.

        Returns
        -------
        X : ndarray of shape (n_rows, n_columns), or pandas.DataFrame
            Numbers in float32, NaN where one is missing; a data frame where some
            columns are no numbers. Of a series with an axis, what `as_series` returns.

        Raises
        ------
        InputError
            When columns are missing, or are of another kind than the model's.
        """
        if isinstance(X, str | PathLike):
            table = read_source(str(X), self.reading)[1]
        else:
            X = X if hasattr(X, "columns") else self._named(np.asarray(X))
            table = Table({str(name): X[name] for name in X})
        return self.series(self.axis.in_order(table))

    def inverse_transform(self, X):
        """Return columns as they are: in the order of the model."""
        return X

    def features(self, table, dropped=()):
        """Return the columns of a table as the model takes them.

        Parameters
        ----------
        table : Table
        dropped : sequence of str, default=()
            Columns of the table to leave out.
        """
        import pandas as pd

        known = table.columns
        self._check_names(known, dropped)
        columns = {name: self._typed(name, known[name]) for name in self.columns}
        is_frame = self.is_mixed or self.as_frame
        return pd.DataFrame(columns) if is_frame else as_matrix(columns, table.numbers)

    def series(self, table, dropped=()):
        """Return the same columns, of rows in order, as the next step takes them."""
        X = self.features(table, dropped)
        return as_series(X, self.columns, *self.axis.values(table.columns))

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns."""
        return np.array(self.columns, dtype=object)

    def _named(self, X):
        import pandas as pd

        X = X.reshape(len(X), -1) if X.ndim > 2 else X
        if X.ndim != 2 or X.shape[1] != len(self.columns):
            raise InputError(
                f"The array has the shape {X.shape}, and the model takes "
                f"{len(self.columns)} columns: {shortened(', '.join(self.columns))}."
            )
        return pd.DataFrame(X, columns=self.columns)

    def _check_names(self, table, dropped):
        needed = [name for name in dropped if name in self.columns]
        if needed:
            raise InputError(
                f"The model needs {shortened(', '.join(map(repr, needed)))}: leave out "
                "columns that it does not know only.",
                "--drop",
            )
        missing = [name for name in self.columns if name not in table]
        known = {*self.columns, *self.others, self.index, *dropped}
        extra = [name for name in table if name not in known]
        if not missing and not extra:
            return
        faults = [("missing", missing), ("not known to it", extra)]
        listed = "; ".join(
            f"{fault}: {shortened(', '.join(map(repr, names)), _MAX_NAMES)}"
            for fault, names in faults
            if names
        )
        way_on = "rename or add what is missing" if missing else ""
        if extra:
            way_on += " and " * bool(missing) + "leave others out by --drop NAME"
        raise InputError(
            f"The columns differ from those of the model; {listed}. To go on, {way_on}."
        )

    def _typed(self, name, values):
        """Return a column as the kind that it has in the model."""
        kind = self.kinds[name]
        values = settled(values, (self.forms or {}).get(name))
        if kind == "number":
            floats = as_floats(values)
            if floats is None:
                raise self._of_another_kind(name, values, "numbers")
            return floats
        if values.isna().all():
            return values.astype("datetime64[ns]" if kind == "date" else object)
        if kind == "date" and values.dtype.kind != "M":
            raise self._of_another_kind(name, values, "dates")
        if kind == "text":
            return values.map(_as_text, na_action="ignore").astype("str")
        return values

    @staticmethod
    def _of_another_kind(name, values, known):
        sample = str(values.dropna().iloc[0])[:_MAX_SAMPLE]
        return InputError(
            f"Column {name!r} holds other values, such as {sample!r}, and the model "
            f"knows {known} there: mend them, or leave their cells empty."
        )


def _kind_of(values):
    if values.dtype.kind in "iuf":
        return "number"
    if values.dtype.kind == "M":
        return "date"
    return "text" if values.dtype in ("str", object) else "other"


def _as_text(cell):
    """Return a cell as text, whole numbers without the decimals of gaps."""
    is_whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if is_whole else cell)
