"""Windows of series with missing values, and of the least that can be cut."""

import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from sklearn.pipeline import make_pipeline

from skae import LSTMAutoencoder
from skae.preprocessing import SequenceScaler, SlidingWindow, window_scores_to_series


def series_with_holes(n_timesteps=40, n_channels=2):
    """Return a series with single values missing, and three whole time steps."""
    series = normal(n_timesteps, n_channels)
    series[[3, 11, 30], 0] = np.nan
    series[20:23] = np.nan
    return series


def cut(series, length, stride, keeps):
    """Return windows and where they begin, by a loop."""
    starts = range(0, len(series) - length + 1, stride)
    kept = [start for start in starts if keeps(series[start : start + length])]
    return np.stack([series[start : start + length] for start in kept]), kept


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize(
    ("missing", "keeps"),
    [
        ("keep", lambda window: not np.isnan(window[-1]).all()),
        ("drop", lambda window: not np.isnan(window).any()),
    ],
)
def test_windows_with_holes_are_those_of_a_loop(missing, keeps, stride):
    series = series_with_holes()
    expected, starts = cut(series, 5, stride, keeps)
    window = SlidingWindow(5, stride, missing=missing)
    n_all = (len(series) - 5) // stride + 1
    with pytest.warns(UserWarning, match=f"left out {n_all - len(starts)} of {n_all}"):
        windows = window.fit_transform(series)
    np.testing.assert_array_equal(windows, expected)
    np.testing.assert_array_equal(window.window_starts(series), starts)


def test_holes_are_refused_by_default():
    window = SlidingWindow(5)
    message = r"NaN in 6 of 40 time steps, the first in row 3: .*missing='keep'"
    with pytest.raises(ValueError, match=message):
        window.fit(series_with_holes())
    window.fit(normal(40, 2))
    with pytest.raises(ValueError, match=message):
        window.transform(series_with_holes())


@pytest.mark.parametrize("missing", ["keep", "drop"])
def test_series_without_any_value(missing):
    series = np.full((8, 1), np.nan)
    with pytest.raises(ValueError, match="would leave out 6 of 6 windows, which"):
        SlidingWindow(3, missing=missing).fit_transform(series)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.filterwarnings("ignore:SlidingWindow left out")
def test_windows_with_holes_are_what_autoencoders_take(n_channels):
    series = series_with_holes(n_channels=n_channels)
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    window = SlidingWindow(6, missing="keep").fit(series)
    pipeline = make_pipeline(window, SequenceScaler(), model).fit(series)
    windows = pipeline[:-1].transform(series)
    assert model._network_of_fit().has_linear_path  # no window has ended
    scores = -model.score_samples(windows)
    starts = window.window_starts(series)
    on_axis = window_scores_to_series(scores, starts, 6, len(series))
    assert np.isfinite(on_axis[: starts[-1] + 6]).all()


PERIODS = pd.PeriodIndex(
    ["2000-01", "2000-02", "2000-03", "2000-04", "2000-07", "2000-08", "2000-09"],
    freq="M",
)


@pytest.mark.parametrize("as_argument", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_periods_are_time_stamps(as_argument, as_list):
    frame = pd.DataFrame({"air": normal(7)}, index=None if as_argument else PERIODS)
    given = {"timestamps": PERIODS} if as_argument else {}
    if as_list:
        frame, given = [frame], {name: [part] for name, part in given.items()}
    window = SlidingWindow(2, max_gap=1, flatten=True).fit(frame)
    with pytest.warns(UserWarning, match="left out 1 of 6 .* follows row 3"):
        windows = window.transform(frame, **given)
    assert windows.shape == (5, 2)


def test_periods_out_of_order():
    with pytest.raises(ValueError, match=r"rows 6 and 7 are out of order.*2000-01"):
        SlidingWindow(2).fit_transform(
            normal(9, 1), timestamps=[*PERIODS, *PERIODS[:2]]
        )


def test_a_frame_of_periods_as_windows_has_their_index():
    frame = pd.DataFrame({"air": normal(7)}, index=PERIODS)
    window = SlidingWindow(3, flatten=True).set_output(transform="pandas")
    assert list(window.fit_transform(frame).index) == list(PERIODS[:5])


# The least


@pytest.mark.parametrize("n_channels", [1, 3])
def test_windows_of_one_time_step(n_channels, few_steps):
    windows = SlidingWindow(1).fit_transform(normal(30, n_channels))
    model = LSTMAutoencoder(1, hidden_size=4, random_state=0).fit(windows)
    assert model.reconstruct(windows).shape == (30, 1, n_channels)
    assert model.score(windows) > 1 / n_channels - 0.2


def test_a_series_of_one_time_step():
    with pytest.raises(ValueError, match=r"a series of 1 time steps.*length=2"):
        SlidingWindow(2).fit_transform(normal(1, 1))
    windows = SlidingWindow(1).fit_transform(normal(1, 1))
    model = LSTMAutoencoder(1, hidden_size=4, max_epochs=2, random_state=0)
    assert model.fit_transform(windows).shape == (1, 1)


@pytest.mark.filterwarnings("ignore:n_components=7 is above the number of features")
@pytest.mark.parametrize("linear_path", ["pca", None])
def test_more_units_than_values(linear_path):
    windows = SlidingWindow(3).fit_transform(normal(40, 1))
    model = LSTMAutoencoder(7, hidden_size=4, linear_path=linear_path, random_state=0)
    model.set_params(max_epochs=5).fit(windows)
    assert model.transform(windows).shape == (38, 7)
    if linear_path:  # nothing is lost
        assert model.score(windows) > 0.99
