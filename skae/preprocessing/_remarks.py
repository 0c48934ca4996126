"""What `SlidingWindow` says of windows that it leaves out."""

import numpy as np

__all__ = ["check_found", "few", "remarks_on"]

_WHY = {"missing": "have missing values", "end": "end in a time step without any value"}


def check_found(window, found):
    """Refuse series without any window, or with gaps that are to be refused.

    Parameters
    ----------
    window : SlidingWindow
    found : Found

    Raises
    ------
    ValueError
    """
    for one in found.left_out:
        if one.reason == "gap" and window.gaps == "raise":
            raise ValueError(
                f"SlidingWindow refuses {_what(window, one)}. Raise `max_gap`, lower "
                "`length`, or leave such windows out by gaps='drop'."
            )
    if not len(found.starts):
        raise ValueError(_nothing(window, found))


def remarks_on(window, found, groups=None):
    """Return sentences on groups without a window and windows that were left out.

    Parameters
    ----------
    window : SlidingWindow
    found : Found
        With windows.
    groups : array-like of shape (n_timesteps,), or None

    Returns
    -------
    remarks : list of str

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow
    >>> from skae.preprocessing._remarks import remarks_on
    >>> from skae.preprocessing._starts import find_starts
    >>> window, X, groups = SlidingWindow(2), np.zeros((4, 1)), [1, 1, 7, 8]
    >>> remarks_on(window, find_starts(window, X, X, groups, None), groups)[0][-26:]
    'they have no window: 7, 8.'
    """
    remarks = [_remark(window, found, groups, one) for one in found.left_out]
    is_bare = found.is_empty_group & (found.sizes >= window.length)
    if is_bare.any():
        remarks.append(
            f"SlidingWindow left no window in {is_bare.sum()} of {len(is_bare)} "
            f"groups: {_labels(found, groups, is_bare)}."
        )
    return remarks


def few(values, most=5):
    """Return values as a list for a message, the first of many.

    Parameters
    ----------
    values : list
    most : int, default=5

    Examples
    --------
    >>> from skae.preprocessing._remarks import few
    >>> few(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(map(repr, values[:most])) + more


def _remark(window, found, groups, one):
    if one.reason != "short":
        return f"SlidingWindow left out {_what(window, one)}."
    which = _labels(found, groups, found.sizes < window.length)
    return (
        f"SlidingWindow got {one.n} of {one.of} groups with fewer time steps than one "
        f"window of length={window.length}: they have no window: {which}."
    )


def _what(window, one):
    what = f"{one.n} of {one.of} windows, which "
    if one.reason != "gap":
        return what + _WHY[one.reason]
    return (
        f"{what}span a step that is longer than max_gap={window.max_gap} times the "
        f"usual step; the first such step follows row {one.row}"
    )


def _nothing(window, found):
    """Return why no window is left, and what to do about it."""
    last = found.left_out[-1]
    if last.reason == "short":
        longest, n_groups = found.sizes.max(), len(found.sizes)
        got = "a series of" if n_groups == 1 else f"{n_groups} groups of at most"
        return (
            f"SlidingWindow got {got} {longest} time steps, which is shorter than one "
            f"window of length={window.length}: pass at least {window.length} time "
            "steps, or lower `length`."
        )
    what = f"SlidingWindow would leave out {_what(window, last)}"
    if last.reason == "gap":
        return f"{what}. Raise `max_gap` or lower `length`."
    return f"{what}: fill the series, or lower `length`."


def _labels(found, groups, is_meant):
    return few(np.asarray(groups)[found.firsts[is_meant]].tolist())
