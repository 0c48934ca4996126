"""Windows of a series in a file: their length, first rows, and what has none."""

import warnings

import numpy as np

from skae.cli._errors import InputError
from skae.cli._settings import MAX_GAP
from skae.preprocessing import SlidingWindow
from skae.preprocessing._lists import joined
from skae.preprocessing._remarks import few
from skae.preprocessing._starts import find_starts

__all__ = ["cut_rows", "too_few", "window_of", "window_starts"]

_END = "end in a row without any value"


def window_of(data, settings, flatten):
    """Return the `SlidingWindow` of a run, None where its data are no series.

    Parameters
    ----------
    data : DataSet
    settings : Settings
        Completed.
    flatten : bool
        Whether windows become rows.

    Raises
    ------
    InputError
        When options of series are given without what they need.
    """
    length = settings.window
    if not length:
        _check_no_axis(settings)
        return None
    gaps = {"missing": "keep"} if data.n_missing else {}
    if data.times is not None:
        is_any = np.isinf(settings.max_gap)
        gaps["max_gap"] = None if is_any else settings.max_gap
    elif settings.max_gap != MAX_GAP:
        raise InputError(
            "Gaps are seen in times: name their column by --time.", "--max-gap"
        )
    return SlidingWindow(length, stride=settings.stride, flatten=flatten, **gaps)


def cut_rows(data, window):
    """Return the rows to learn, starts of windows, and notes on what has none.

    Parameters
    ----------
    data : DataSet
    window : SlidingWindow or None
        Fitted here. Rows of a table are as they are.
    """
    if window is None:
        return data.X, None, []
    series = data.series
    starts, notes = window_starts(window, series, data.numbers, data.groups)
    with warnings.catch_warnings(action="ignore"):  # the notes say it
        X = window.fit_transform(series)
    return X, starts, notes


def window_starts(window, series, rows, groups=None, option="--window"):
    """Return the first rows of windows, and notes on what has none.

    Parameters
    ----------
    window : SlidingWindow
    series : ndarray, data frame or list of data frames
        As `as_series` returns it.
    rows : ndarray of int of shape (n_timesteps,)
        Numbers of the rows in the file.
    groups : pandas.Series of shape (n_timesteps,), or None
        What the rows belong to.
    option : str, default="--window"
        What is at fault where there is no window at all: the length, which may be
        lowered, or the ``"FILE"``, where a model says how long windows are.

    Returns
    -------
    starts : ndarray of int of shape (n_windows,)
    notes : list of str

    Raises
    ------
    InputError
        When there is no window.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.cli._cut import window_starts
    >>> from skae.preprocessing import SlidingWindow
    >>> X = np.array([[1.0], [2.0], [np.nan]])
    >>> window = SlidingWindow(2, missing="keep")
    >>> window_starts(window, X, rows=np.array([1, 2, 3]))
    (array([0]), ['Left out 1 of 2 windows, which end in a row without any value.'])
    """
    joint, numbers = joined(series)
    try:
        found = find_starts(window, joint, np.asarray(joint), numbers, None)
    except ValueError as error:
        raise InputError(str(error), option) from None
    if not len(found.starts):
        raise _nothing(window, found, rows, option)
    notes = [_note(window, found, rows, groups, one) for one in found.left_out]
    is_bare = found.is_empty_group & (found.sizes >= window.length)
    if is_bare.any():
        notes.append(
            f"No window is left of {is_bare.sum()} of {len(is_bare)} groups: "
            f"{_names(groups, found.firsts[is_bare])}."
        )
    return found.starts, notes


def too_few(windows, n_folds, gap):
    """Return what an error says of windows that cannot be cut into folds.

    Parameters
    ----------
    windows : array of shape (n_windows, ...)
    n_folds, gap : int
        As of `ContiguousKFold`.
    """
    return (
        f"{len(windows)} windows are too few for {n_folds} folds, as {gap} on either "
        "side of each are left out of training"
    )


def _check_no_axis(settings):
    for option, name in zip(("--groups", "--time"), settings.axis, strict=False):
        if name is not None:
            raise InputError(
                "Rows of a table have no order: pass the length of windows of a series "
                "by --window, or leave the option out.",
                option,
            )


def _note(window, found, rows, groups, one):
    if one.reason != "short":
        which = _span(window, rows, one) if one.reason == "gap" else _END
        return f"Left out {one.n} of {one.of} windows, which {which}."
    names = _names(groups, found.firsts[found.sizes < window.length])
    return (
        f"{one.n} of {one.of} groups have fewer rows than a window, which has "
        f"{window.length}, and so none: {names}."
    )


def _span(window, rows, one):
    return (
        f"span a gap, a step of more than {window.max_gap:g} times the usual one; the "
        f"first is from row {rows[one.row]} to row {rows[one.row + 1]}"
    )


def _nothing(window, found, rows, option):
    """Return the error that says why there is no window, and what to do about it."""
    is_study, last = option == "--window", found.left_out[-1]
    if last.reason == "short":
        n_rows, n_groups = found.sizes.max(), len(found.sizes)
        which = "a series of" if n_groups == 1 else f"{n_groups} groups of at most"
        text = f"A window of {window.length} time steps does not fit into {which} "
        text += f"{n_rows}: {'lower it' if is_study else 'pass longer ones'}."
    elif last.reason == "gap":
        text = f"All {last.of} windows {_span(window, rows, last)}: "
        way_on = "lower the length, or raise --max-gap."
        text += way_on if is_study else "pass longer stretches without gaps."
    else:
        text = f"All {last.of} windows {_END}: fill the series"
        text += ", or lower the length." if is_study else "."
    return InputError(text, option)


def _names(groups, rows):
    return few([str(name) for name in groups.iloc[rows]])
