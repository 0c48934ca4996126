"""Columns of a table: which are features, which is the target, and what is left out."""

import difflib

import numpy as np

from skae.cli._errors import InputError

__all__ = [
    "as_floats",
    "check_known",
    "chosen",
    "counts_rows",
    "left_out",
    "reduced",
    "shortened",
]

# Most characters of what an error lists.
_MAX_HINT = 300
# Text that is another one in so large a share of at least so many rows names them.
_OF_ROWS, _FEWEST = 0.9, 20


def chosen(table, columns=(), exclude=(), target=None, index=None):
    """Return the features of a table, and the target, or None.

    Parameters
    ----------
    table : dict
        Columns by name.
    columns, exclude : sequence of str, default=()
        Names of the columns to use, all if there are none, and of those to leave out.
    target, index : str or None, default=None
        Names of columns that are no features.

    Raises
    ------
    InputError
        When there is no column of such a name, or none is left.
    """
    named = [("--column", name) for name in columns]
    named += [("--exclude", name) for name in exclude]
    others = ("--target", target), ("--index", index)
    named += [(option, name) for option, name in others if name is not None]
    for option, name in named:
        check_known(name, table, option)
    left_out = {*exclude, target, index}
    features = {n: table[n] for n in (columns or table) if n not in left_out}
    if table and not features:
        option = "--target" if target else "--index"
        raise InputError(
            "No column is left to learn from: exclude fewer of them, or name fewer for "
            "other ends.",
            "--exclude" if exclude else option,
        )
    return features, None if target is None else table[target]


def check_known(name, table, option):
    """Refuse a column that a table does not have, with the one that may be meant."""
    if name in table:
        return
    known = shortened(f"{', '.join(map(repr, table))}.")
    close = difflib.get_close_matches(name, table, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InputError(
        f"There is no column {name!r}: use one of {known}{hint}",
        option,
    )


def shortened(text, length=_MAX_HINT):
    """Return a list that is part of a message, as far as there is room for it."""
    return text if len(text) <= length else f"{text[:length].rsplit(' ', 1)[0]} ..."


def as_floats(values):
    """Return a column as floats, NaN where a value is missing; None if it is not."""
    if hasattr(values.dtype, "na_value") and values.dtype.kind in "biuf":
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(values)
    if values.dtype.kind not in "biufO":  # dates would turn into nanoseconds
        return None
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return None


def counts_rows(values):
    """Return whether whole numbers go up by one from each row to the next.

    Parameters
    ----------
    values : ndarray of float
    """
    return len(values) >= _FEWEST and bool((np.diff(values) == 1).all())


def left_out(reason, names):
    """Return a note on columns that are left out, in a list; none without any."""
    if not names:
        return []
    listed = shortened(", ".join(map(repr, names)))
    return [f"Left out ({reason}): {listed}."]


def reduced(frame, kept=(), is_series=False):
    """Return what of a frame has something to learn from.

    Text that is another one in nearly every row names the rows: it is left out, unless
    it is asked for. So are rows and columns without any value.

    Parameters
    ----------
    frame : pandas.DataFrame
    kept : sequence of str, default=()
        Columns that are asked for.
    is_series : bool, default=False
        Whether all rows stay.

    Returns
    -------
    frame : pandas.DataFrame
    rows : ndarray of bool
        Which rows of the frame these are.
    notes : list of str
        What was left out.
    """
    ids = [name for name in frame if name not in kept and _names_rows(frame[name])]
    ids = ids if len(ids) < frame.shape[1] else []
    frame = frame.drop(columns=ids)
    has_value = frame.notna().to_numpy()
    columns, rows = has_value.any(axis=0), has_value.any(axis=1) | is_series
    empty = frame.columns[~columns].tolist()
    notes = [*left_out("text that names the rows", ids), *left_out("empty", empty)]
    if not rows.all():
        notes.append(f"Rows without any value are left out: {np.sum(~rows):,}.")
    if not has_value.any():
        raise InputError("The table has no value in any of the columns to use.")
    return frame.loc[rows, columns], rows, notes


def _names_rows(values):
    present = values.dropna()
    if len(present) < _FEWEST or values.dtype not in ("str", object):
        return False
    return present.nunique() > _OF_ROWS * len(present)
