"""Episodes: alarms of windows on the time axis."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skae import LSTMAutoencoder, ReconstructionDetector
from skae.anomalies import find_episodes
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SlidingWindow


def waves(n, seed):
    t, rng = np.arange(n), np.random.default_rng(seed)
    clean = np.c_[np.sin(t / 4), np.cos(t / 4), np.sin(t / 7)]
    return clean + 0.05 * rng.normal(size=(n, 3))


@pytest.fixture(scope="module", params=[1, 3])
def window(request):
    return SlidingWindow(length=12, stride=request.param, flatten=True)


@pytest.fixture(scope="module")
def detector(window):
    cv = ContiguousKFold(5, gap=window.gap)
    detector = ReconstructionDetector(PCA(6), level=0.02, cv=cv, random_state=0)
    return detector.fit(window.fit_transform(waves(1500, 0)))


def episodes(detector, window, series, **options):
    window = window.fit(series)
    windows, starts = window.transform(series), window.window_starts(series)
    return find_episodes(detector, windows, starts, length=12, **options)


def test_an_episode_is_where_and_in_what_the_series_is_abnormal(detector, window):
    series = waves(400, 1)
    series[150:156, 1] += 3
    series[300, 2] -= 5
    found = episodes(detector, window, series, channels=["x", "y", "z"])
    first, second = sorted(found, key=lambda episode: -episode.error)[:2][::-1]
    by_begin = sorted((first, second), key=lambda episode: episode.begin)
    places = [(each.begin, each.end, each.channel) for each in by_begin]
    assert places == [(150, 156, "y"), (300, 301, "z")]
    assert all(each.begin <= each.peak < each.end for each in found)
    assert all(each.p_value <= 0.02 for each in found)
    begins = [each.begin for each in found]
    assert begins == sorted(begins)


def test_usual_series_have_few_episodes(detector, window):
    series = waves(1500, 2)
    n_windows = len(window.fit_transform(series))
    n_steps = sum(each.end - each.begin for each in episodes(detector, window, series))
    assert n_steps < 0.1 * n_windows * window.stride


def test_windows_that_are_alarmed_can_be_given(detector, window):
    series = waves(200, 3)
    n_windows = len(window.fit_transform(series))
    alarms = np.zeros(n_windows, dtype=bool)
    assert episodes(detector, window, series, alarms=alarms) == []
    alarms[5] = True
    (one,) = episodes(detector, window, series, alarms=alarms)
    start = 5 * window.stride
    assert start <= one.begin < one.end <= start + 12


def test_sequences_know_their_length():
    window = SlidingWindow(length=6, stride=3)
    windows = window.fit_transform(waves(150, 0)[:, :2])
    cv = ContiguousKFold(2, gap=window.gap)
    model = LSTMAutoencoder(2, max_epochs=2, random_state=0)
    detector = ReconstructionDetector(model, cv=cv, trim=0, random_state=0).fit(windows)
    new = waves(60, 1)[:, :2]
    new[30, 0] += 50
    found = find_episodes(detector, window.transform(new), window.window_starts(new))
    worst = max(found, key=lambda episode: episode.error)
    assert (worst.peak, worst.channel) == (30, 0)


def test_flattened_windows_need_their_length(detector, window):
    windows = window.fit_transform(waves(100, 1))
    starts = window.window_starts(waves(100, 1))
    with pytest.raises(ValueError, match="36 values and length=None"):
        find_episodes(detector, windows, starts)
    with pytest.raises(ValueError, match="36 values and length=7"):
        find_episodes(detector, windows, starts, length=7)
