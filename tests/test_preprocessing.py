import pickle

import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skae.preprocessing import SequenceScaler, SlidingWindow

few = settings(max_examples=60, deadline=None, derandomize=True)
dtypes = st.sampled_from([np.float64, np.float32])


@st.composite
def windowings(draw, max_stride=12):
    """Draw a window transformer and a series that it fits into."""
    length, stride = draw(st.integers(1, 9)), draw(st.integers(1, max_stride))
    n_timesteps = draw(st.integers(length, 60))
    series = normal(n_timesteps, draw(st.integers(1, 3)), dtype=draw(dtypes))
    return SlidingWindow(length, stride=stride, flatten=draw(st.booleans())), series


# --- SlidingWindow -------------------------------------------------------------------

ROWS = "It expects one output row for each input row, and windows are fewer."
ONE_ROW = "It transforms single rows, and a series of one time step holds no window."
ROW_CHECKS = {
    "check_transformer_general": ROWS,
    "check_transformer_data_not_an_array": ROWS,
    "check_methods_sample_order_invariance": "It permutes rows, whose order is time.",
    "check_methods_subset_invariance": ONE_ROW,
}


def expected_failures(window):
    return {} if window.length == 1 else ROW_CHECKS


@pytest.mark.usefixtures("numpy_state_restored")
@parametrize_with_checks(
    [
        SlidingWindow(length=1),
        SlidingWindow(length=1, flatten=True),
        SlidingWindow(),
        SlidingWindow(length=3, stride=2, flatten=True),
    ],
    expected_failed_checks=expected_failures,
)
def test_window_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


@few
@given(windowings())
def test_windows_are_those_of_a_loop(case):
    window, series = case
    starts = range(0, len(series) - window.length + 1, window.stride)
    expected = np.stack([series[i : i + window.length] for i in starts])
    windows = window.set_params(flatten=False).fit_transform(series)
    np.testing.assert_array_equal(windows, expected)
    assert len(windows) == (len(series) - window.length) // window.stride + 1
    assert windows.dtype == series.dtype


@few
@given(windowings())
def test_flat_windows_are_reshaped_windows(case):
    window, series = case
    flat = window.set_params(flatten=True).fit_transform(series)
    windows = window.set_params(flatten=False).fit_transform(series)
    np.testing.assert_array_equal(flat, windows.reshape(len(windows), -1))


@few
@given(windowings())
def test_windows_return_to_the_series_exactly(case):
    window, series = case
    windows = window.fit_transform(series)
    back = window.inverse_transform(windows)
    n_covered = (len(windows) - 1) * window.stride + window.length
    covered = np.arange(n_covered) % window.stride < window.length
    assert back.shape == (n_covered, series.shape[1])
    assert back.dtype == series.dtype
    np.testing.assert_array_equal(back[covered], series[:n_covered][covered])
    assert np.isnan(back[~covered]).all()


@few
@given(windowings(max_stride=4))
def test_overlaps_are_averaged(case):
    window, series = case
    shape = window.set_params(flatten=False).fit_transform(series).shape
    windows = normal(*shape, seed=1)
    values = [[] for _ in range((shape[0] - 1) * window.stride + window.length)]
    for k, t in np.ndindex(shape[:2]):
        values[k * window.stride + t].append(windows[k, t])
    for value, back in zip(values, window.inverse_transform(windows), strict=True):
        expected = np.mean(value, axis=0) if value else np.full(shape[2], np.nan)
        np.testing.assert_allclose(back, expected, atol=1e-12)


@few
@given(windowings())
def test_gap_is_the_reach_of_overlap(case):
    window, _ = case
    length, stride = window.length, window.stride
    assert window.gap == int(np.ceil(length / stride)) - 1
    assert window.gap * stride < length <= (window.gap + 1) * stride


def test_windows_are_a_copy():
    series = normal(20, 1)
    windows = SlidingWindow(length=5).fit_transform(series)
    windows[:] = 0
    assert (series != 0).all()


def test_short_series():
    window = SlidingWindow(length=10).fit(normal(20, 1))
    with pytest.raises(ValueError, match=r"9 time steps.*length=10.*lower `length`"):
        window.transform(normal(9, 1))


def test_series_without_a_channel_axis():
    with pytest.raises(ValueError, match=r"[Rr]eshape"):
        SlidingWindow().fit(normal(20))


@pytest.mark.parametrize("shape", [(3, 5, 1), (3, 4, 2), (3, 5), (3, 4, 1, 1)])
def test_windows_of_another_shape(shape):
    window = SlidingWindow(length=4).fit(normal(20, 1))
    with pytest.raises(ValueError, match=r"\(n_windows, 4, 1\) or \(n_windows, 4\)"):
        window.inverse_transform(normal(*shape))


@pytest.mark.parametrize("params", [{"length": 0}, {"stride": 0}, {"length": 2.5}])
def test_window_parameters_out_of_range(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        SlidingWindow().set_params(**params).fit(normal(20, 1))


def test_inverse_needs_fit():
    with pytest.raises(NotFittedError):
        SlidingWindow().inverse_transform(normal(3, 10, 1))


def test_names_of_flat_windows():
    window = SlidingWindow(length=2, flatten=True).fit(normal(9, 2))
    assert list(window.get_feature_names_out()) == ["x0_t0", "x1_t0", "x0_t1", "x1_t1"]
    assert list(window.get_feature_names_out(["a", "b"]))[:2] == ["a_t0", "b_t0"]
    with pytest.raises(ValueError, match="input_features should have length"):
        window.get_feature_names_out(["a"])


def test_frames_carry_channel_names_and_first_time_steps():
    months = pd.date_range("1949-01", periods=9, freq="MS")
    frame = pd.DataFrame({"air": normal(9), "sea": normal(9)}, index=months)
    window = SlidingWindow(length=3, stride=2, flatten=True)
    out = window.set_output(transform="pandas").fit_transform(frame)
    assert list(out.columns[:3]) == ["air_t0", "sea_t0", "air_t1"]
    assert list(out.index) == list(months[[0, 2, 4, 6]])
    np.testing.assert_array_equal(
        out, window.set_output(transform="default").transform(frame)
    )
    assert window.transform(frame.set_index(months)).shape == (4, 6)


def test_three_dimensional_windows_stay_arrays_among_frames():
    window = SlidingWindow(length=3).set_output(transform="pandas")
    assert isinstance(window.fit_transform(normal(9, 2)), np.ndarray)
    assert not hasattr(window, "get_feature_names_out")
    scaler = SequenceScaler()
    pipe = make_pipeline(SlidingWindow(length=3), scaler).set_output(transform="pandas")
    assert pipe.fit_transform(normal(9, 2)).shape == (7, 3, 2)


def test_window_in_a_pipeline():
    series = normal(40, 2)
    pipe = make_pipeline(
        SlidingWindow(length=4, flatten=True),
        SequenceScaler(n_channels=2),
        PCA(8),
    )
    codes = pipe.fit_transform(series)
    assert codes.shape == (37, 8)
    np.testing.assert_allclose(pipe.inverse_transform(codes), series)


# --- SequenceScaler ------------------------------------------------------------------


@pytest.mark.usefixtures("numpy_state_restored")
@parametrize_with_checks(
    [SequenceScaler(), SequenceScaler("minmax", feature_range=(-1, 1))]
)
def test_scaler_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


@st.composite
def sequences(draw):
    shape = [draw(st.integers(low, 8)) for low in (2, 1, 1)]
    return 5 + 3 * normal(*shape, dtype=draw(dtypes), seed=draw(st.integers(0, 99)))


def tolerance(X):
    return {"atol": 1e-4 if X.dtype == np.float32 else 1e-10}


@few
@given(sequences())
def test_standard_channels(X):
    scaled = SequenceScaler().fit_transform(X)
    for c in range(X.shape[2]):
        channel = X[..., c].astype(np.float64)
        expected = (channel - channel.mean()) / channel.std()
        np.testing.assert_allclose(scaled[..., c], expected, **tolerance(X))
    assert scaled.dtype == X.dtype


@few
@given(sequences(), st.floats(-2, 0), st.floats(1, 3))
def test_minmax_channels(X, low, high):
    scaled = SequenceScaler("minmax", feature_range=(low, high)).fit_transform(X)
    for c in range(X.shape[2]):
        channel = X[..., c].astype(np.float64)
        share = (channel - channel.min()) / np.ptp(channel)
        expected = low + (high - low) * share
        np.testing.assert_allclose(scaled[..., c], expected, **tolerance(X))


@few
@given(sequences(), st.sampled_from(["standard", "minmax"]))
def test_scaling_is_undone(X, method):
    scaler = SequenceScaler(method).fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(back, X, **tolerance(X))
    assert back.dtype == X.dtype


@few
@given(sequences(), st.sampled_from(["standard", "minmax"]))
def test_flat_sequences_scale_as_sequences(X, method):
    flat = X.reshape(len(X), -1)
    scaler = SequenceScaler(method, n_channels=X.shape[2])
    scaled = clone(scaler).fit_transform(X)
    scaled_flat = scaler.fit_transform(flat)
    np.testing.assert_array_equal(scaled_flat, scaled.reshape(flat.shape))
    assert scaler.inverse_transform(scaled_flat).shape == flat.shape


@pytest.mark.parametrize(
    ("method", "reference"),
    [("standard", StandardScaler()), ("minmax", MinMaxScaler())],
)
def test_one_time_step_is_scikit_learns_scaler(method, reference):
    X = normal(30, 4)
    scaled = SequenceScaler(method).fit_transform(X[:, np.newaxis])
    np.testing.assert_array_equal(scaled[:, 0], reference.fit_transform(X))


def test_statistics_come_from_fit_and_lengths_may_differ():
    X, longer = normal(10, 5, 2), normal(3, 9, 2, seed=1)
    scaler = SequenceScaler().fit(X)
    expected = (longer - X.mean((0, 1))) / X.std((0, 1))
    np.testing.assert_allclose(scaler.transform(longer), expected)
    assert scaler.n_features_in_ == scaler.n_channels_ == 2


@pytest.mark.parametrize("method", ["standard", "minmax"])
def test_missing_ends_stay_missing(method):
    X = normal(6, 5, 2)
    X[2, 3:] = X[4, 1:] = np.nan
    scaler = SequenceScaler(method)
    scaled = scaler.fit_transform(X)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(X))
    np.testing.assert_allclose(scaler.inverse_transform(scaled), X)
    if method == "standard":
        np.testing.assert_allclose(np.nanstd(scaled, axis=(0, 1)), 1)
        np.testing.assert_allclose(np.nanmean(scaled, axis=(0, 1)), 0, atol=1e-12)


@pytest.mark.parametrize("method", ["standard", "minmax"])
def test_constant_channel(method):
    X = np.stack([np.full((4, 3), 7.0), normal(4, 3)], axis=-1)
    scaled = SequenceScaler(method).fit_transform(X)
    np.testing.assert_array_equal(scaled[..., 0], 0)


def test_lists_and_infinity():
    X = normal(3, 4, 2)
    scaled = SequenceScaler().fit_transform(X.tolist())
    np.testing.assert_array_equal(scaled, SequenceScaler().fit_transform(X))
    X[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        SequenceScaler().fit(X)


def test_width_is_no_multiple_of_the_channels():
    with pytest.raises(ValueError, match=r"7 columns.*n_channels=2.*set n_channels"):
        SequenceScaler(n_channels=2).fit(normal(5, 7))


def test_other_channels_or_dimensions_than_in_fit():
    scaler = SequenceScaler().fit(normal(5, 4, 2))
    with pytest.raises(ValueError, match=r"3 features.*expecting 2"):
        scaler.transform(normal(5, 4, 3))
    with pytest.raises(ValueError, match=r"3 channels.*fitted on 2"):
        scaler.inverse_transform(normal(5, 4, 3))
    for method in (scaler.transform, scaler.inverse_transform):
        with pytest.raises(ValueError, match=r"array of 2 dimensions.*one of 3"):
            method(normal(5, 2))
    flat = SequenceScaler().fit(normal(5, 3))
    with pytest.raises(ValueError, match=r"array of 3 dimensions.*one of 2"):
        flat.transform(normal(5, 1, 3))
    with pytest.raises(ValueError, match=r"4 columns.*fitted on 3"):
        flat.inverse_transform(normal(5, 4))
    with pytest.raises(ValueError, match="dim 4"):
        SequenceScaler().fit(normal(2, 2, 2, 2))


def test_unknown_method():
    with pytest.raises(ValueError, match="'minmax'"):
        SequenceScaler("robust").fit(normal(5, 3))


def test_frames_of_flat_sequences():
    frame = pd.DataFrame(normal(5, 3), columns=list("abc"), index=list("vwxyz"))
    scaler = SequenceScaler().set_output(transform="pandas")
    out = scaler.fit_transform(frame)
    assert list(out.columns) == list("abc")
    assert list(out.index) == list("vwxyz")
    np.testing.assert_allclose(scaler.inverse_transform(out), frame)


def test_refit_forgets_the_other_kind():
    scaler = SequenceScaler().fit(pd.DataFrame(normal(5, 3), columns=list("abc")))
    scaler.fit(normal(5, 4, 2))
    assert not hasattr(scaler, "feature_names_in_")
    assert not hasattr(scaler, "get_feature_names_out")
    scaler.fit(normal(5, 3))
    assert list(scaler.get_feature_names_out()) == ["x0", "x1", "x2"]


@pytest.mark.parametrize("estimator", [SlidingWindow(2), SequenceScaler()])
def test_pickle(estimator):
    X = normal(6, 2)
    estimator = clone(estimator).fit(X)
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.transform(X), estimator.transform(X))
