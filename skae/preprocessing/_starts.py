"""First time steps of windows: none across two groups or a gap in time."""

import numpy as np

from skae.preprocessing._stamps import long_steps, one_for_each

__all__ = ["find_starts", "first_rows", "regular_starts", "spanning"]


def find_starts(window, X, series, groups, timestamps):
    """Return the first rows of a transformer's windows, and remarks for its user.

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
    starts : ndarray of int of shape (n_windows,)
    remarks : list of str
        On groups without a window and windows that were left out.

    Raises
    ------
    ValueError
        As `SlidingWindow.transform`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow
    >>> from skae.preprocessing._starts import find_starts
    >>> X = np.zeros((4, 1))
    >>> find_starts(SlidingWindow(2), X, X, [1, 1, 2, 2], None)
    (array([0, 2]), [])
    """
    n_timesteps = len(series)
    firsts = first_rows(groups, n_timesteps)
    starts = regular_starts(firsts, n_timesteps, window.length, window.stride)
    remarks = _on_short_groups(firsts, n_timesteps, window.length)
    stamps = _needed_stamps(window, X, timestamps)
    if stamps is not None:
        is_long = long_steps(stamps, firsts, n_timesteps, window.max_gap)
        starts, left_out = _without_gaps(window, starts, is_long)
        remarks += left_out
    starts, left_out = _without_missing(window, starts, np.isnan(series))
    return starts, remarks + left_out


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

    Raises
    ------
    ValueError
        If no group has as many time steps as a window.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._starts import regular_starts
    >>> regular_starts(np.array([0, 5]), 9, length=3, stride=2)
    array([0, 2, 5])
    """
    stops = np.append(firsts[1:], n_timesteps)
    longest = (stops - firsts).max()
    if longest < length:
        got = "a series of" if len(firsts) == 1 else f"{len(firsts)} groups of at most"
        raise ValueError(
            f"SlidingWindow got {got} {longest} time steps, which is shorter than one "
            f"window of length={length}: pass at least {length} time steps, or lower "
            "`length`."
        )
    last = stops - length + 1
    pairs = zip(firsts, last, strict=True)
    return np.concatenate([np.arange(a, b, stride) for a, b in pairs])


def spanning(starts, length, is_long):
    """Tell which windows hold both sides of a long step.

    Parameters
    ----------
    starts : ndarray of int of shape (n_windows,)
    length : int
    is_long : ndarray of bool of shape (n_timesteps - 1,)

    Returns
    -------
    spans : ndarray of bool of shape (n_windows,)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._starts import spanning
    >>> spanning(np.arange(4), 2, np.array([False, False, True, False]))
    array([False, False,  True, False])
    """
    n_before = np.append(0, np.cumsum(is_long))
    return n_before[starts + length - 1] > n_before[starts]


def _is_missing(label):
    is_itself = label == label
    # pandas.NA is neither
    return label is None or not isinstance(is_itself, bool | np.bool) or not is_itself


def _on_short_groups(firsts, n_timesteps, length):
    n_short = (np.diff(np.append(firsts, n_timesteps)) < length).sum()
    if n_short == 0:
        return []
    return [
        f"SlidingWindow got {n_short} of {len(firsts)} groups with fewer time steps "
        f"than one window of length={length}: they have no window."
    ]


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


def _without_gaps(window, starts, is_long):
    spans = spanning(starts, window.length, is_long)
    if not spans.any():
        return starts, []
    what = (
        f"{spans.sum()} of {len(starts)} windows, which span a step that is longer "
        f"than max_gap={window.max_gap} times the usual step; the first such step "
        f"follows row {int(np.argmax(is_long))}"
    )
    if window.gaps == "raise":
        raise ValueError(
            f"SlidingWindow refuses {what}. Raise `max_gap`, lower `length`, or leave "
            "such windows out by gaps='drop'."
        )
    if spans.all():
        raise ValueError(
            f"SlidingWindow would leave out {what}. Raise `max_gap` or lower `length`."
        )
    return starts[~spans], [f"SlidingWindow left out {what}."]


def _without_missing(window, starts, missing):
    """Leave out windows by the entries that are missing in the series."""
    if not missing.any():
        return starts, []
    if window.missing == "drop":
        n_before = np.append(0, np.cumsum(missing.any(axis=1)))
        is_out = n_before[starts + window.length] > n_before[starts]
        which = "have missing values"
    else:
        is_out = missing[starts + window.length - 1].all(axis=1)
        which = "end in a time step without any value"
    if not is_out.any():
        return starts, []
    what = f"{is_out.sum()} of {len(starts)} windows, which {which}"
    if is_out.all():
        raise ValueError(
            f"SlidingWindow would leave out {what}: fill the series, or lower `length`."
        )
    return starts[~is_out], [f"SlidingWindow left out {what}."]
