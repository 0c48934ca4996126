"""Data for the command line: files and bundled data sets, validated."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skae.cli._errors import InputError
from skae.cli._files import read_file
from skae.datasets import dataset_names, load_dataset
from skae.exceptions import UnknownNameError

__all__ = ["DataSet", "read_data"]

#: What is known of bundled data sets beyond their numbers.
_KNOWN = {
    "airline-passengers": {"unit": "thousand passengers", "window": 10},
    "digits": {"unit": "grey levels", "image_shape": (8, 8)},
    "iris": {"unit": "cm"},
}


# Most characters of what an error lists, and of a value that it shows.
_MAX_HINT = 300
_MAX_SAMPLE = 40


@dataclass(frozen=True, eq=False)
class DataSet:
    """Table or series, with its metadata.

    Attributes
    ----------
    name : str
        Name to show.
    X : ndarray of shape (n_rows, n_columns)
        Values, float32.
    columns : list of str
        Names of the columns.
    labels : ndarray of shape (n_rows,) or None
        Classes of the rows, for colours only.
    dates : ndarray of shape (n_rows,) or None
        When the rows were measured.
    unit : str or None
        Unit of all values, None where it is unknown or differs between columns.
    window : int or None
        Length of the windows to cut by default; None for a table.
    image_shape : tuple of int or None
        Height and width of a row that is an image.
    """

    name: str
    X: np.ndarray
    columns: list
    labels: np.ndarray | None = None
    dates: np.ndarray | None = None
    unit: str | None = None
    window: int | None = None
    image_shape: tuple | None = None


def read_data(source, columns=()):
    """Return the `DataSet` at a path or of a name.

    Parameters
    ----------
    source : str
        A bundled data set, or a ``.csv``, ``.tsv``, ``.npy`` or ``.parquet`` file.
    columns : sequence of str, default=()
        The columns to use, by name; all of them if empty.

    Raises
    ------
    InputError
        When there is no such data set, or it is not a finite table of numbers.
    """
    if source in dataset_names():
        return _bundled(source, columns)
    path = Path(source)
    if path.is_file():
        return _from_file(path, columns)
    if path.suffix or len(path.parts) > 1:
        raise InputError(f"There is no file {source!r}: check the path.")
    try:
        load_dataset(source)
    except UnknownNameError as error:
        raise InputError(f"{error} There is no file of that name either.") from None


def _bundled(name, columns):
    bunch = load_dataset(name)
    table = dict(zip(map(str, bunch.feature_names), bunch.data.T, strict=True))
    table = _select(table, columns)
    classes = bunch.target
    known = _KNOWN.get(name, {})
    if columns and "image_shape" in known:
        known = {key: known[key] for key in known if key != "image_shape"}
    return DataSet(
        name=name,
        X=_finite(table),
        columns=list(table),
        labels=None if classes is None else np.asarray(bunch.target_names)[classes],
        dates=bunch.get("dates"),
        **known,
    )


def _from_file(path, columns):
    table = _select(read_file(path), columns)
    numbers = {name: _numbers(name, values, table) for name, values in table.items()}
    if not numbers or not len(next(iter(numbers.values()))):
        raise InputError(f"{path.name!r} has no rows of data.")
    return DataSet(name=path.stem, X=_finite(numbers), columns=list(numbers))


def _select(table, columns):
    for column in columns:
        if column not in table:
            known = ", ".join(map(repr, table))
            raise InputError(
                f"There is no column {column!r}: use one of {_shortened(known)}.",
                "--column",
            )
    return {name: table[name] for name in columns} if columns else table


def _numbers(name, values, table):
    try:
        return _as_floats(values)
    except (TypeError, ValueError):
        sample = _first_text(values)
    usable = [other for other in table if _reads(table[other])]
    hint = f"leave it out by {_columns(usable)}" if usable else "encode it as numbers"
    raise InputError(
        f"Column {name!r} holds text, such as {sample!r}, and an autoencoder takes "
        f"numbers: {hint}."
    )


def _columns(names):
    """Return the options that choose columns, shortened for a message."""
    return _shortened(" ".join(f"--column {name!r}" for name in names))


def _shortened(text):
    return (
        text if len(text) <= _MAX_HINT else f"{text[:_MAX_HINT].rsplit(' ', 1)[0]} ..."
    )


def _as_floats(values):
    values = np.asarray(values)
    if values.dtype.kind not in "biufO":  # dates would turn into nanoseconds
        raise TypeError(values.dtype)
    return values.astype(np.float64)


def _reads(values):
    try:
        _as_floats(values)
    except (TypeError, ValueError):
        return False
    return True


def _first_text(values):
    for value in np.asarray(values).ravel().tolist():
        try:
            float(value)
        except (TypeError, ValueError):
            return str(value)[:_MAX_SAMPLE]
    return str(values[0])[:_MAX_SAMPLE]


def _finite(table):
    """Return the columns as a float32 matrix, or raise where it is not finite."""
    with np.errstate(over="ignore"):
        X = np.column_stack(list(table.values())).astype(np.float32)
    finite = np.isfinite(X)
    if finite.all():
        return X
    names = np.array(list(table))
    row, column = np.argwhere(~finite)[0]
    complete = names[finite.all(axis=0)]
    hint = f", or leave their columns out by {_columns(complete.tolist())}"
    raise InputError(
        f"{np.sum(~finite)} of {X.size} values are missing, infinite or beyond "
        f"float32, the first one in row {row + 1} of column {str(names[column])!r}: "
        f"remove or fill them{hint if len(complete) else ''}."
    )
