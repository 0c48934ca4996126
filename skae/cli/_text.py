"""Reader of tables in text files, whose form is detected."""

import gzip
import warnings
import zlib
from io import StringIO

import numpy as np

from skae.cli._errors import InputError
from skae.cli._form import Form

__all__ = ["read_text"]

# Cells without a value, beside those that pandas knows.
_NO_VALUE = ["?", "-", "na"]


def read_text(path, decimal=None, encoding=None):
    """Return the table in a text file as a data frame.

    Parameters
    ----------
    path : Path
        Of values with separators, packed by gzip where its name ends in ``.gz``.
    decimal : str or None, default=None
        What stands before decimals; None to detect it.
    encoding : str or None, default=None
        Encoding of the text; None for UTF-8 or UTF-16, or else Latin-1.

    Raises
    ------
    InputError
        When it is not a table in such a form.
    """
    import pandas as pd

    text = _decoded(_content(path), encoding)
    form = Form.of(text, decimal)
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
    return _without_row_numbers(frame)


def _content(path):
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix.lower() == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path.name!r} does not read as a file: {error}") from None


def _decoded(data, encoding):
    if encoding is not None:
        return _decoded_as(data, encoding)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _decoded_as(data, encoding):
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise InputError(
            f"There is no encoding {encoding!r}: use one as utf-8, latin-1, cp1252 or "
            "utf-16.",
            "--encoding",
        ) from None
    except UnicodeError as error:
        raise InputError(
            f"The text is not in that encoding ({error}): use another, or leave the "
            "option out.",
            "--encoding",
        ) from None


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
            na_values=_NO_VALUE,
            skipinitialspace=True,
            low_memory=False,  # which would guess types part by part
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
