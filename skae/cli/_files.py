"""Files of tables, read as they are: columns by name, not yet known to be numbers."""

import warnings

import numpy as np

from skae.cli._errors import InputError
from skae.datasets import dataset_names

__all__ = ["read_file"]


def read_file(path):
    """Return the columns of a file by name, as they are.

    Parameters
    ----------
    path : Path
        A ``.csv``, ``.tsv``, ``.npy`` or ``.parquet`` file.

    Raises
    ------
    InputError
        When the file is of another kind, empty, or not what its name says.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(
            f"{path.name!r} is of a kind that is not read: pass one of "
            f"{', '.join(_READERS)}, or a bundled data set: "
            f"{', '.join(dataset_names())}."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path.name!r} is empty: it has no bytes in it.")
    return read(path)


def _read_csv(path):
    import pandas as pd

    separator = _separator(path)
    try:
        frame = _parsed(path, separator)
        if _is_numbers(frame.columns):
            frame = _parsed(path, separator, header=None)
    except pd.errors.ParserWarning:
        raise InputError(
            f"{path.name!r} has rows with more values than its header has names: "
            "complete the header."
        ) from None
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"{path.name!r} does not read as a table: {error}") from None
    return _as_table(_without_row_numbers(frame))


def _parsed(path, separator, **options):
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(path, sep=separator, index_col=False, **options)


def _without_row_numbers(frame):
    """Drop a first column without a name that counts the rows, as pandas saves it."""
    counts = frame.columns[0] == "Unnamed: 0" and np.array_equal(
        frame.iloc[:, 0], np.arange(len(frame))
    )
    return frame.iloc[:, 1:] if counts else frame


def _read_parquet(path):
    import pandas as pd

    try:
        return _as_table(pd.read_parquet(path))
    except (ValueError, OSError) as error:
        raise InputError(f"{path.name!r} does not read as Parquet: {error}") from None


def _read_npy(path):
    try:
        X = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path.name!r} does not read as an array: {error}") from None
    if getattr(X, "ndim", None) != 2:
        hint = (
            " Turn a series into a column by x.reshape(-1, 1)." if X.ndim == 1 else ""
        )
        raise InputError(
            f"{path.name!r} holds an array of shape {X.shape}: pass one of two "
            f"dimensions, (n_samples, n_features).{hint}"
        )
    return {f"x{i}": column for i, column in enumerate(X.T)}


def _separator(path):
    """Return the separator of the first line; most files have commas."""
    with path.open(encoding="utf-8", errors="replace") as file:
        line = file.readline()
    return max(",;\t", key=line.count)


def _is_numbers(names):
    """Return whether names are numbers: the header is a row of data, then."""
    try:
        np.array([str(name) for name in names], dtype=float)
    except ValueError:
        return False
    return True


def _as_table(frame):
    return {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}


_READERS = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".npy": _read_npy,
    ".parquet": _read_parquet,
}
