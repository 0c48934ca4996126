"""Data for the command line: files and bundled data sets, validated."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skae.cli._axis import AS_THEY_STAND, TimeAxis, as_series
from skae.cli._cells import date_form, settled
from skae.cli._columns import (
    as_floats,
    chosen,
    counts_rows,
    left_out,
    reduced,
)
from skae.cli._errors import InputError
from skae.cli._files import AS_IT_LOOKS, read_file
from skae.cli._numbers import as_matrix, check_decimals, check_finite
from skae.cli._table import Table
from skae.datasets import dataset_names, load_dataset
from skae.exceptions import UnknownNameError

__all__ = ["DataSet", "read_data", "read_source"]

#: What is known of bundled data sets beyond their numbers.
_KNOWN = {
    "airline-passengers": {"unit": "thousand passengers", "window": 10},
    "digits": {"unit": "grey levels", "image_shape": (8, 8)},
    "iris": {"unit": "cm"},
}


@dataclass(frozen=True, eq=False)
class DataSet:
    """Table or series, with its metadata.

    Attributes
    ----------
    name : str
        Name to show.
    X : ndarray or pandas.DataFrame of shape (n_rows, n_columns)
        Values: float32, NaN where one is missing, or a frame where some columns are no
        numbers.
    columns : list of str
        Names of the columns.
    labels : array-like of shape (n_rows,) or None
        Classes of the rows, or the target, for colours.
    dates : ndarray of shape (n_rows,) or None
        When the rows were measured.
    axis : TimeAxis
        Columns that order the rows of a series.
    groups, times : pandas.Series of shape (n_rows,), or None
        What the rows of a series belong to, and when they were measured, where columns
        of the source tell.
    unit : str or None
        Unit of all values, None where it is unknown or differs between columns.
    window : int or None
        Length of the windows to cut by default; None for a table.
    image_shape : tuple of int or None
        Height and width of a row that is an image.
    n_channels : int or None
        Channels of a row that is a sequence, flattened; None for other rows.
    target : str or None
        What the labels are, where a column of the table was chosen for them.
    index : pandas.Series or None
        What the rows are called.
    others : tuple of str
        Names of the columns of the source that are no features.
    forms : dict
        Forms of dates that are text in the source, by columns.
    notes : tuple of str
        What the user should know of the reading.
    rows : ndarray of int of shape (n_rows,) or None
        Numbers of the rows in the file, from 1; None where they are all in order.
    """

    name: str
    X: object
    columns: list
    labels: object = None
    dates: np.ndarray | None = None
    axis: TimeAxis = AS_THEY_STAND
    groups: object = None
    times: object = None
    unit: str | None = None
    window: int | None = None
    image_shape: tuple | None = None
    n_channels: int | None = None
    target: str | None = None
    index: object = None
    others: tuple = ()
    forms: dict = field(default_factory=dict)
    notes: tuple = ()
    rows: object = None

    @property
    def numbers(self):
        """Numbers of the rows in the file, from 1."""
        return np.arange(1, 1 + len(self.X)) if self.rows is None else self.rows

    @property
    def is_mixed(self):
        """Whether some columns are no numbers."""
        return hasattr(self.X, "columns")

    @property
    def series(self):
        """Its rows as `SlidingWindow` takes them."""
        return as_series(self.X, self.columns, self.groups, self.times)

    @property
    def n_missing(self):
        """Number of values that are missing."""
        missing = self.X.isna().to_numpy() if self.is_mixed else np.isnan(self.X)
        return int(missing.sum())


def read_data(
    source,
    columns=(),
    exclude=(),
    target=None,
    *,
    index=None,
    axis=AS_THEY_STAND,
    reading=AS_IT_LOOKS,
    is_series=False,
):
    """Return the `DataSet` at a path or of a name.

    Parameters
    ----------
    source : str
        A bundled data set, a file, a folder of images, or a table of SQLite; see
        `read_file`.
    columns, exclude : sequence of str, default=()
        The columns to use, by name, all of them if empty, and those to leave out.
    target : str or None, default=None
        A column that is no feature, but what the rows are coloured by.
    index : str or None, default=None
        A column that is no feature, but what the rows are called.
    axis : TimeAxis, default=AS_THEY_STAND
        Columns that are no features, but order the rows of a series.
    reading : Reading, default=AS_IT_LOOKS
        Options of reading.
    is_series : bool, default=False
        Whether rows follow one another, so that those without any value stay.

    Raises
    ------
    InputError
        When there is no such data set, or no such column, or values are infinite, or a
        column to use is one of the axis, too.
    """
    _check_axis(axis, columns)
    choice = columns, [*exclude, *axis.names], target, index
    if source in dataset_names() and not axis.names:
        return _bundled(source, *choice)
    name, table = read_source(source, reading)
    axis = axis.informed(table.columns)
    return _from_file(name, axis.in_order(table), *choice, axis, is_series)


def _check_axis(axis, columns):
    if axis.names and axis.groups == axis.time:
        raise InputError(
            f"{axis.time!r} is named by --groups, too, and what rows belong to is not "
            "when they were: leave out one of the two options.",
            "--time",
        )
    for option, name in zip(("--groups", "--time"), axis, strict=False):
        if name in columns:
            raise InputError(
                f"{name!r} is named by {option} too, whose column is no feature: leave "
                "out one of the two options.",
                "--column",
            )


def read_source(source, reading=AS_IT_LOOKS):
    """Return the name and the `Table` of a bundled data set, a file or a folder.

    Parameters
    ----------
    source : str
    reading : Reading, default=AS_IT_LOOKS
    """
    if source in dataset_names():
        return source, Table(_columns_of(load_dataset(source)))
    path = Path(source)
    if path.exists() or source.startswith("sqlite:"):
        return path.name.split("::")[-1], read_file(source, reading)
    if path.suffix or len(path.parts) > 1:
        raise InputError(f"There is no file {source!r}: check the path.")
    try:
        load_dataset(source)
    except UnknownNameError as error:
        raise InputError(f"{error} There is no file of that name either.") from None


def _columns_of(bunch):
    import pandas as pd

    columns = zip(map(str, bunch.feature_names), bunch.data.T, strict=True)
    return {name: pd.Series(values) for name, values in columns}


def _bundled(name, columns, exclude, target, index):
    bunch = load_dataset(name)
    table = _columns_of(bunch)
    features, labels = chosen(table, columns, exclude, target, index)
    classes = bunch.target
    if labels is None and classes is not None:
        labels = np.asarray(bunch.target_names)[classes]
    known = _KNOWN.get(name, {})
    if len(features) < len(table) and "image_shape" in known:
        known = {key: known[key] for key in known if key != "image_shape"}
    return DataSet(
        name=name,
        X=as_matrix(features),
        columns=list(features),
        labels=labels,
        dates=bunch.get("dates"),
        target=target,
        index=None if index is None else table[index],
        others=_others(table, features),
        **known,
    )


def _others(table, features):
    return tuple(name for name in table if name not in features)


def _from_file(name, table, columns, exclude, target, index, axis, is_series):
    everything = table.columns
    groups, times = axis.values(everything)
    features, labels = chosen(everything, columns, exclude, target, index)
    if not features or not len(next(iter(features.values()))):
        raise InputError(f"{name!r} has no rows of data.")
    features = {name: settled(values) for name, values in features.items()}
    check_decimals(features)
    X, names, rows, notes = _features(features, columns, is_series, table.numbers)
    if len(names) < len(everything):
        table = replace(table, image_shape=None, n_channels=None)
    return DataSet(
        name=name.split(".")[0],
        X=X,
        columns=names,
        labels=None if labels is None else settled(labels)[rows],
        dates=None if times is None else times.to_numpy(),
        axis=axis,
        groups=groups,
        times=times,
        target=target,
        index=_index(table, index, rows),
        others=_others(everything, names),
        forms=_forms(everything, X),
        notes=(*table.notes, *notes),
        image_shape=table.image_shape,
        n_channels=table.n_channels,
        rows=table.numbers[rows],
    )


def _forms(table, X):
    if not hasattr(X, "columns"):
        return {}
    dates = [name for name in X if X[name].dtype.kind == "M"]
    return {n: date_form(table[n]) for n in dates if table[n].dtype.kind != "M"}


def _index(table, index, rows):
    names = table.names if index is None else table.columns[index]
    return None if names is None else names[rows]


def _features(table, kept, is_series, numbers_of_rows):
    """Return the features of a file, their names, which rows they are, and notes.

    They are a matrix where all columns are numbers, and else a data frame.
    """
    import pandas as pd

    numbers = {name: as_floats(values) for name, values in table.items()}
    order = np.argsort(numbers_of_rows)
    counters = [
        name
        for name, x in numbers.items()
        if name not in kept and x is not None and counts_rows(x[order])
    ]
    counters = counters if len(counters) < len(table) else []
    for name in counters:
        del table[name], numbers[name]
    rows, notes = slice(None), left_out("counts the rows", counters)
    if not all(map(_is_complete, numbers.values())):
        frame, rows, more = reduced(pd.DataFrame(table), kept, is_series)
        notes += more
        numbers = {name: as_floats(frame[name]) for name in frame}
    numbers_of_rows = numbers_of_rows[rows]
    if any(values is None for values in numbers.values()):
        check_finite(frame, numbers, numbers_of_rows)
        return frame, list(frame), rows, notes
    return as_matrix(numbers, numbers_of_rows), list(numbers), rows, notes


def _is_complete(values):
    return values is not None and not np.isnan(values).any()
