"""Columns of a table as numbers, or what is in the way and how to mend it."""

import numpy as np

from skae.cli._columns import as_floats, shortened
from skae.cli._errors import InputError

__all__ = ["as_matrix", "check_decimals", "check_finite", "check_numbers"]

# Most characters of a value that an error shows.
_MAX_SAMPLE = 40


def check_decimals(table):
    """Raise an error where text is numbers with another sign before decimals."""
    for name, values in table.items():
        present = values.dropna()
        if values.dtype != "str" or not len(present):
            continue
        if present.str.fullmatch(r"[+-]?\d*,\d+").all():
            raise InputError(
                f"Column {name!r} holds numbers with decimal commas, such as "
                f"{present.iloc[0]!r}: pass --decimal ,",
                "--decimal",
            )


def as_matrix(table, numbers=None):
    """Return the columns as a float32 matrix, or raise where it is infinite.

    Parameters
    ----------
    table : dict of ndarray
    numbers : ndarray of int or None, default=None
        Numbers of the rows in the file; from 1 by default.
    """
    with np.errstate(over="ignore"):
        X = np.column_stack(list(table.values())).astype(np.float32)
    if np.isinf(X).any():
        raise _infinite(np.isinf(X), list(table), numbers)
    return X


def check_finite(frame, columns, numbers):
    is_infinite = [
        np.zeros(len(frame), bool) if values is None else np.isinf(values)
        for values in columns.values()
    ]
    if np.any(is_infinite):
        raise _infinite(np.transpose(is_infinite), list(frame), numbers)


def _infinite(is_infinite, names, numbers=None):
    numbers = np.arange(1, 1 + len(is_infinite)) if numbers is None else numbers
    rows = np.flatnonzero(is_infinite.any(axis=1))
    row = rows[np.argmin(numbers[rows])]
    column = np.argmax(is_infinite[row])
    named = [names[j] for j in np.flatnonzero(is_infinite.any(axis=0))]
    hint = ""
    if len(named) < len(names):
        hint = f", or leave their columns out by {_excluding(named)}"
    return InputError(
        f"{np.sum(is_infinite)} of {is_infinite.size} values are infinite or beyond "
        f"float32, the first one in row {numbers[row]} of column {names[column]!r}: "
        f"remove them, or leave their cells empty{hint}."
    )


def check_numbers(data, who, is_series=False):
    """Raise an error, with a way on, for a table with columns that are no numbers.

    Parameters
    ----------
    data : DataSet
    who : str
        What takes numbers only.
    is_series : bool, default=False
        Whether other columns may tell what rows of a series belong to, or when they
        were measured.

    Raises
    ------
    InputError
    """
    if not data.is_mixed:
        return
    others = [name for name in data.columns if as_floats(data.X[name]) is None]
    sample = str(data.X[others[0]].dropna().iloc[0])[:_MAX_SAMPLE]
    hint = f"leave {'it' if len(others) == 1 else 'them'} out by {_excluding(others)}"
    if len(others) == len(data.columns):
        hint = "encode them as numbers"
    if is_series:
        hint += ", or name what rows belong to by --groups, and their times by --time"
    raise InputError(
        f"Column {others[0]!r} holds text, such as {sample!r}, and {who} takes "
        f"numbers: {hint}."
    )


def _excluding(names):
    """Return the options that leave columns out, shortened for a message."""
    return shortened(" ".join(f"--exclude {name!r}" for name in names))
