"""Reader of files of tables: columns by name, not yet converted to numbers."""

import warnings
from io import StringIO

import numpy as np

from skae.cli._errors import InputError
from skae.cli._form import Form
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

    text = _decoded(path.read_bytes())
    form = Form.of(text)
    try:
        frame = _parsed(text, form)
    except pd.errors.ParserWarning:
        raise InputError(
            f"{path.name!r} has rows with more values than its header has names: "
            "complete the header."
        ) from None
    except ValueError as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"{path.name!r} does not read as a table: {error}") from None
    if not form.has_header:
        frame.columns = [f"x{i}" for i in range(frame.shape[1])]
    return _as_table(_without_row_numbers(frame))


def _decoded(data):
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parsed(text, form):
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            StringIO(text),
            sep=form.separator,
            decimal=form.decimal,
            header=0 if form.has_header else None,
            index_col=False,
            na_values=["?"],
            skipinitialspace=True,
        )
    frame = frame.dropna(how="all")  # lines of separators
    empty = frame.columns[frame.isna().all()]
    nameless = [name for name in empty if str(name).startswith("Unnamed: ")]
    return frame.drop(columns=nameless if form.has_header else empty)


def _without_row_numbers(frame):
    """Drop a first column without a name that counts the rows, as pandas saves it."""
    counts = frame.columns[:1] == "Unnamed: 0" and np.array_equal(
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


def _as_table(frame):
    return {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}


_READERS = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".npy": _read_npy,
    ".parquet": _read_parquet,
}
