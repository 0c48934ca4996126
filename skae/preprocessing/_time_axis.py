"""Windows, and what was computed for each, back on the time axis of their series."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_array

from skae._arrays import as_vector
from skae._sklearn import Interval, StrOptions, validate_params

__all__ = ["check_starts", "overlaid", "window_scores_to_series"]


@validate_params(
    {
        "scores": ["array-like"],
        "starts": ["array-like"],
        "length": [Interval(Integral, 1, None, closed="left")],
        "n_timesteps": [Interval(Integral, 1, None, closed="left")],
        "how": [StrOptions({"mean", "max"})],
    },
    prefer_skip_nested_validation=True,
)
def window_scores_to_series(scores, starts, length, n_timesteps, *, how="mean"):
    """Lay scores of windows back on the time axis of the series.

    ::

        series[i] = mean (or max) of scores[k] over all k
                    with starts[k] <= i < starts[k] + length

    With reconstruction errors as scores this shows when a series is unusual: the mean
    smooths, and the maximum marks each time step that any unusual window covers.

    Parameters
    ----------
    scores : array-like of shape (n_windows,)
        One number for each window. NaN spreads to all time steps of its window.
    starts : array-like of int of shape (n_windows,)
        First time step of each window, from `SlidingWindow.window_starts`; all
        different, in any order.
    length : int
        Time steps in a window.
    n_timesteps : int
        Time steps of the series; of all of them together for a list of series.
    how : {"mean", "max"}, default="mean"
        What becomes of the scores of windows that overlap.

    Returns
    -------
    series : ndarray of shape (n_timesteps,)
        A score for each time step, in the float dtype of `scores`; NaN where no window
        covers it.

    Raises
    ------
    ValueError
        If scores and starts differ in number, or windows do not fit into
        `n_timesteps`.

    See Also
    --------
    SlidingWindow.window_starts : First time steps of windows.
    SlidingWindow.inverse_transform : The same for windows of values.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow, window_scores_to_series
    >>> series = np.array([0.0, 0, 0, 0, 6, 0, 0, 0]).reshape(-1, 1)
    >>> machines = ["a"] * 6 + ["b"] * 2
    >>> window = SlidingWindow(length=2, flatten=True)
    >>> scores = window.fit_transform(series, groups=machines).sum(axis=1)
    >>> scores
    array([0., 0., 0., 6., 6., 0.])
    >>> starts = window.window_starts(series, groups=machines)
    >>> starts
    array([0, 1, 2, 3, 4, 6])
    >>> window_scores_to_series(scores, starts, length=2, n_timesteps=8)
    array([0., 0., 0., 3., 6., 6., 0., 0.])
    >>> window_scores_to_series(scores[3:], starts[3:], 2, 8, how="max")
    array([nan, nan, nan,  6.,  6.,  6.,  0.,  0.])
    """
    scores = check_array(
        as_vector(scores, "scores"),
        ensure_2d=False,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
        input_name="scores",
    )
    starts = check_starts(starts, len(scores), length, n_timesteps)
    windows = np.broadcast_to(scores[:, None, None], (len(scores), length, 1))
    return overlaid(windows, starts, n_timesteps, how)[:, 0]


def check_starts(starts, n_windows, length, n_timesteps=None):
    """Return the first time steps of windows as whole numbers that fit.

    Parameters
    ----------
    starts : array-like of int of shape (n_windows,)
    n_windows, length : int
    n_timesteps : int or None, default=None
        None for a series that ends with the last window.

    Returns
    -------
    starts : ndarray of int of shape (n_windows,)

    Raises
    ------
    ValueError
        If they are not whole numbers, differ in number from the windows, are given
        twice, or lie outside of the series.

    Examples
    --------
    >>> from skae.preprocessing._time_axis import check_starts
    >>> check_starts([4, 0], n_windows=2, length=3, n_timesteps=7)
    array([4, 0])
    """
    starts = as_vector(starts, "starts")
    if starts.dtype.kind not in "iu":
        raise ValueError(
            f"starts has entries of type {starts.dtype}: pass the whole numbers that "
            "SlidingWindow.window_starts returns."
        )
    if len(starts) != n_windows:
        raise ValueError(f"There are {len(starts)} starts for {n_windows} windows.")
    starts = starts.astype(np.int64)
    stop = np.inf if n_timesteps is None else n_timesteps
    if starts.min() < 0 or starts.max() + length > stop:
        raise ValueError(
            f"Windows of length={length} that start at {starts.min()} to "
            f"{starts.max()} do not fit into time steps 0 to {stop - 1}: pass the "
            "`starts` and `length` of the windows, and the `n_timesteps` of the series "
            "that they were cut from."
        )
    if len(np.unique(starts)) < n_windows:
        raise ValueError("starts has the same time step twice: pass each window once.")
    return starts


def overlaid(windows, starts, n_timesteps, how="mean"):
    """Lay windows over one another.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, length, n_channels)
    starts : ndarray of int of shape (n_windows,)
        First time steps, all different.
    n_timesteps : int
    how : {"mean", "max"}, default="mean"

    Returns
    -------
    series : ndarray of shape (n_timesteps, n_channels)
        NaN where there is no window.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._time_axis import overlaid
    >>> overlaid(np.array([[[1.0], [2.0]], [[4.0], [5.0]]]), np.array([0, 1]), 3)[:, 0]
    array([1., 3., 5.])
    """
    series = np.zeros((n_timesteps, windows.shape[2]), windows.dtype)
    count = np.zeros((n_timesteps, 1), windows.dtype)
    for t in range(windows.shape[1]):
        at = starts + t  # no time step twice, so that each is updated
        count[at] += 1
        series[at] = _UPDATES[how](series[at], windows[:, t], count[at])
    return np.where(count > 0, series, np.asarray(np.nan, windows.dtype))


def _running_mean(mean, value, count):
    # Where all windows agree their value returns exactly, which a sum that is divided
    # at the end does not achieve.
    return mean + (value - mean) / count


def _running_max(maximum, value, count):
    return np.where(count == 1, value, np.maximum(maximum, value))


_UPDATES = {"mean": _running_mean, "max": _running_max}
