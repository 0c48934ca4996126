"""Alarms of windows on the time axis of their series."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skae.preprocessing import window_scores_to_series
from skae.preprocessing._time_axis import overlaid

__all__ = ["Episode", "find_episodes"]


@dataclass(frozen=True)
class Episode:
    """Stretch of a series that a detector has alarmed.

    Attributes
    ----------
    begin, end : int
        Its first time step, and the one after its last: ``series[begin:end]``.
    peak : int
        Time step of the largest error.
    channel : str or int
        Name or number of the channel with the largest error.
    error : float
        Standardised squared error at the peak, the mean over channels; about 1 for
        usual time steps.
    p_value : float
        The smallest of the windows that were alarmed.

    Examples
    --------
    >>> from skae.anomalies import Episode
    >>> episode = Episode(10, 14, 11, "pressure", 40.0, 0.002)
    >>> episode.end - episode.begin
    4
    """

    begin: int
    end: int
    peak: int
    channel: Any
    error: float
    p_value: float


def find_episodes(
    detector, windows, starts, *, length=None, channels=None, alarms=None
):
    """Return the episodes of a series, given windows of it and a detector of windows.

    Time steps that alarmed windows cover without a gap are one stretch. Of it, the
    episode reaches from the first to the last time step whose error is at least half of
    the largest: windows reach beyond what is abnormal in them, and so does their error,
    a little. The error of a time step is the mean over the windows that cover it.

    Parameters
    ----------
    detector : ReconstructionDetector
        Fitted to such windows.
    windows : array-like of shape (n_windows, length, n_channels), or \
(n_windows, length * n_channels)
        Windows of the series, from `skae.preprocessing.SlidingWindow`.
    starts : array-like of int of shape (n_windows,)
        First time step of each, from `SlidingWindow.window_starts`.
    length : int or None, default=None
        Time steps in a window, needed for flattened ones.
    channels : list of str or None, default=None
        Names of the channels; numbers by default.
    alarms : array-like of bool of shape (n_windows,) or None, default=None
        Which windows are alarmed, as `ReconstructionDetector.alarms` says; by default
        what `predict` says.

    Returns
    -------
    episodes : list of Episode
        In the order of time.

    Raises
    ------
    ValueError
        When flattened windows come without their length, or are no multiple of it, when
        there are not as many names as channels, or alarms are neither true nor false.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae import ReconstructionDetector
    >>> from skae.anomalies import find_episodes
    >>> from skae.model_selection import ContiguousKFold
    >>> from skae.preprocessing import SlidingWindow
    >>> rng = np.random.default_rng(0)
    >>> series = np.sin(np.arange(600) / 5)[:, None] + 0.1 * rng.normal(size=(600, 1))
    >>> window = SlidingWindow(length=10, flatten=True)
    >>> cv = ContiguousKFold(5, gap=window.gap)
    >>> detector = ReconstructionDetector(PCA(2), level=0.01, cv=cv, random_state=0)
    >>> detector = detector.fit(window.fit_transform(series[:400]))
    >>> new = series[400:].copy()
    >>> new[100:104] += 2
    >>> windows, starts = window.transform(new), window.window_starts(new)
    >>> episodes = find_episodes(detector, windows, starts, length=10)
    >>> worst = max(episodes, key=lambda episode: episode.error)
    >>> worst.begin, worst.end
    (98, 105)
    """
    errors = _by_time(detector.errors(windows), length)
    length = errors.shape[1]
    _check_channels(channels, errors.shape[2])
    starts, p_values = np.asarray(starts), detector.p_values(windows)
    alarms = detector.predict(windows) < 0 if alarms is None else _as_bool(alarms)
    n_timesteps = int(starts.max()) + length
    covered = window_scores_to_series(
        alarms.astype(float), starts, length, n_timesteps, how="max"
    )
    of_steps = np.nan_to_num(overlaid(errors, starts, n_timesteps))
    found = []
    for begin, end in _runs(covered > 0):
        inside = alarms & (starts >= begin) & (starts + length <= end)
        episode = _episode(of_steps, begin, end, p_values[inside].min(), channels)
        found.append(episode)
    return found


def _as_bool(alarms):
    alarms = np.asarray(alarms)
    others = alarms[~np.isin(alarms, (0, 1))]
    if others.size:
        raise ValueError(
            f"alarms holds values such as {others[0]!r}: pass true for an alarm and "
            "false for none, as `predict(windows) == -1`."
        )
    return alarms.astype(bool)


def _check_channels(channels, n_channels):
    if channels is not None and len(channels) != n_channels:
        raise ValueError(
            f"channels has {len(channels)} names, and there are {n_channels} channels: "
            "pass one for each."
        )


def _by_time(errors, length):
    """Return errors by window, time step and channel."""
    if errors.ndim == 3:
        return errors
    if not length or errors.shape[1] % length:
        raise ValueError(
            f"Flattened windows of {errors.shape[1]} values and length={length!r}: "
            "pass the number of time steps in a window, SlidingWindow's length."
        )
    return errors.reshape(len(errors), length, -1)


def _runs(is_inside):
    """Yield begin and end of every stretch of true values."""
    edges = np.flatnonzero(np.diff(np.r_[False, is_inside, False].astype(int)))
    yield from edges.reshape(-1, 2).tolist()


def _episode(errors, begin, end, p_value, channels):
    of_steps = errors[begin:end].mean(axis=1)
    peak = int(of_steps.argmax())
    largest = float(of_steps[peak])
    high = np.flatnonzero(of_steps >= largest / 2)
    end, begin = begin + int(high[-1]) + 1, begin + int(high[0])
    channel = int(errors[begin:end].sum(axis=0).argmax())
    name = channel if channels is None else channels[channel]
    return Episode(
        begin, end, begin - int(high[0]) + peak, name, largest, float(p_value)
    )
