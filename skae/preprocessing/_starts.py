"""First time steps of windows: none across two groups or a gap in time."""

from typing import NamedTuple

import numpy as np

from skae.preprocessing._stamps import long_steps, one_for_each

__all__ = ["Found", "LeftOut", "find_starts", "first_rows", "regular_starts"]


class LeftOut(NamedTuple):
    """What has no window, for one reason.

    Attributes
    ----------
    reason : {"short", "gap", "missing", "end"}
        Groups are shorter than a window; or windows span a gap in time, have missing
        values, or end in a time step without any value.
    n, of : int
        How many groups or windows, of how many that were left so far.
    row : int or None
        The row before the first gap.
    """

    reason: str
    n: int
    of: int
    row: int | None = None


class Found(NamedTuple):
    """First rows of the windows of a series, and what has none.

    Attributes
    ----------
    starts : ndarray of int of shape (n_windows,)
    firsts : ndarray of int of shape (n_groups,)
        Row at which each group begins.
    sizes : ndarray of int of shape (n_groups,)
        Time steps of each group.
    left_out : list of LeftOut
        In the order in which they were.
    """

    starts: np.ndarray
    firsts: np.ndarray
    sizes: np.ndarray
    left_out: list

    @property
    def is_empty_group(self):
        """Which groups have no window, ndarray of bool of shape (n_groups,)."""
        groups = np.searchsorted(self.firsts, self.starts, side="right") - 1
        return np.bincount(groups, minlength=len(self.firsts)) == 0


def find_starts(window, X, series, groups, timestamps):
    """Return the first rows of a transformer's windows, and what has none.

    Parameters
    ----------
    window : SlidingWindow
        Whose parameters count.
    X : array-like of shape (n_timesteps, n_channels)
        Whose index may hold time stamps.
    series : ndarray of shape (n_timesteps, n_channels)
        Its values, with NaN only if the transformer allows that.
    groups, timestamps : array-like of shape (n_timesteps,), or None

    Returns
    -------
    found : Found
        Possibly without any window.

    Raises
    ------
    ValueError
        If groups or time stamps are not as `SlidingWindow.transform` asks for.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow
    >>> from skae.preprocessing._starts import find_starts
    >>> X = np.zeros((5, 1))
    >>> found = find_starts(SlidingWindow(2), X, X, [1, 1, 2, 2, 3], None)
    >>> found.starts
    array([0, 2])
    >>> found.is_empty_group
    array([False, False,  True])
    >>> found.left_out
    [LeftOut(reason='short', n=1, of=3, row=None)]
    """
    n_timesteps = len(series)
    firsts = first_rows(groups, n_timesteps)
    sizes = np.diff(np.append(firsts, n_timesteps))
    starts = regular_starts(firsts, n_timesteps, window.length, window.stride)
    n_short = int((sizes < window.length).sum())
    left_out = [LeftOut("short", n_short, len(sizes))] if n_short else []
    stamps = _needed_stamps(window, X, timestamps)
    if stamps is not None:
        is_long = long_steps(stamps, firsts, n_timesteps, window.max_gap)
        row = int(np.argmax(is_long)) if is_long.any() else None
        spans = _holding(starts, window.length - 1, is_long)
        starts = _without(spans, starts, left_out, "gap", row)
    lacking, reason = _lacking(window, starts, np.isnan(series))
    starts = _without(lacking, starts, left_out, reason)
    return Found(starts, firsts, sizes, left_out)


def first_rows(groups, n_timesteps):
    """Return the row at which each group begins.

    Parameters
    ----------
    groups : array-like of shape (n_timesteps,), or None
        Labels; equal ones stand together. None is one group.
    n_timesteps : int

    Returns
    -------
    firsts : ndarray of int of shape (n_groups,)

    Raises
    ------
    ValueError
        If there is not one label for each time step, one is missing, or a group goes
        on after another one began.

    Examples
    --------
    >>> from skae.preprocessing._starts import first_rows
    >>> first_rows(["a", "a", "b", "b", "b"], 5)
    array([0, 2])
    """
    if groups is None:
        return np.zeros(1, int)
    groups = one_for_each(groups, n_timesteps, "groups")
    if groups.dtype.kind in "fO" and any(map(_is_missing, groups)):
        raise ValueError(
            "groups has NaN or None among its labels: name the group of each row."
        )
    firsts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    seen = set()
    for row, label in zip(firsts, groups[firsts].tolist(), strict=True):
        if label in seen:
            raise ValueError(
                f"groups has the label {label!r} again in row {row}, after another "
                "group began: sort the rows by group, and by time within each, so "
                "that the time steps of a group follow one another."
            )
        seen.add(label)
    return firsts


def regular_starts(firsts, n_timesteps, length, stride):
    """Return the first rows of the windows of each group, every `stride` rows.

    Parameters
    ----------
    firsts : ndarray of int of shape (n_groups,)
        Row at which each group begins.
    n_timesteps, length, stride : int

    Returns
    -------
    starts : ndarray of int of shape (n_windows,)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._starts import regular_starts
    >>> regular_starts(np.array([0, 5]), 9, length=3, stride=2)
    array([0, 2, 5])
    """
    last = np.append(firsts[1:], n_timesteps) - length + 1
    pairs = zip(firsts, last, strict=True)
    return np.concatenate([np.arange(a, b, stride) for a, b in pairs])


def _is_missing(label):
    is_itself = label == label
    # pandas.NA is neither
    return label is None or not isinstance(is_itself, bool | np.bool) or not is_itself


def _needed_stamps(window, X, timestamps):
    if timestamps is not None or window.max_gap is None:
        return timestamps
    index = getattr(X, "index", None)
    if getattr(index, "inferred_type", None) in {"datetime64", "period"}:
        return index
    raise ValueError(
        f"SlidingWindow looks for gaps with max_gap={window.max_gap}, and X has no "
        "time stamps: pass `timestamps`, one for each time step, or a data frame with "
        "a DatetimeIndex or a PeriodIndex; or set max_gap=None."
    )


def _holding(starts, length, is_wrong):
    """Tell which stretches of so many entries hold one that is wrong."""
    n_before = np.append(0, np.cumsum(is_wrong))
    return n_before[starts + length] > n_before[starts]


def _lacking(window, starts, missing):
    """Tell which windows are out by what is missing in the series, and why."""
    if window.missing == "drop":
        return _holding(starts, window.length, missing.any(axis=1)), "missing"
    return missing[starts + window.length - 1].all(axis=1), "end"


def _without(is_out, starts, left_out, reason, row=None):
    """Return the starts that stay, and note in a list how many do not."""
    if not is_out.any():
        return starts
    left_out.append(LeftOut(reason, int(is_out.sum()), len(starts), row))
    return starts[~is_out]
