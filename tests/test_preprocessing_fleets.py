"""Windows of several series, with gaps in time."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skae.preprocessing import SlidingWindow, window_scores_to_series

few = settings(max_examples=150, deadline=None, derandomize=True)
dtypes = st.sampled_from([np.float64, np.float32])


@st.composite
def fleets(draw):
    """Draw machines' time stamps: runs of usual steps with gaps between them."""
    groups, stamps = [], []
    for name in draw(st.permutations("abcd"))[: draw(st.integers(1, 4))]:
        steps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 1, 2, 5]), max_size=25))
        groups += [name] * (len(steps) + 1)
        stamps += np.cumsum([draw(st.integers(-9, 9)), *steps]).tolist()
    return groups, stamps


def starts_of_a_loop(groups, stamps, length, stride, max_gap):
    """Return first rows of windows, and how many span a gap, by a plain loop."""
    n = len(groups)
    steps_of = {name: [] for name in groups}
    for i in range(n - 1):
        if groups[i] == groups[i + 1]:
            steps_of[groups[i]].append(stamps[i + 1] - stamps[i])
    every = [step for steps in steps_of.values() for step in steps]
    starts, n_dropped = [], 0
    for name in dict.fromkeys(groups):
        first = groups.index(name)
        usual = np.median(steps_of[name] if len(steps_of[name]) > 2 else every or [1])
        for start in range(first, n - length + 1, stride):
            rows = range(start, start + length)
            if any(groups[row] != name for row in rows):
                break
            steps = [stamps[row + 1] - stamps[row] for row in rows[:-1]]
            if max_gap is not None and any(step > max_gap * usual for step in steps):
                n_dropped += 1
            else:
                starts.append(start)
    return starts, n_dropped


@few
@given(
    fleet=fleets(),
    length=st.integers(1, 6),
    stride=st.integers(1, 4),
    max_gap=st.sampled_from([None, 1, 1.5, 3]),
)
def test_no_window_spans_a_gap_or_two_groups(fleet, length, stride, max_gap):
    groups, stamps = fleet
    starts, n_dropped = starts_of_a_loop(groups, stamps, length, stride, max_gap)
    series = np.arange(2.0 * len(groups)).reshape(-1, 2)
    window = SlidingWindow(length, stride, max_gap=max_gap).fit(series)
    if not starts:
        silence = warnings.catch_warnings(action="ignore")
        with silence, pytest.raises(ValueError, match="lower `length`"):
            window.transform(series, groups=groups, timestamps=stamps)
        return
    with warnings.catch_warnings(record=True, action="always") as caught:
        windows = window.transform(series, groups=groups, timestamps=stamps)
    np.testing.assert_array_equal(
        windows, [series[start : start + length] for start in starts]
    )
    found = window.window_starts(series, groups=groups, timestamps=stamps)
    np.testing.assert_array_equal(found, starts)
    told = [str(w.message) for w in caught if "left out" in str(w.message)]
    assert len(told) == (n_dropped > 0)
    if told:
        assert f"left out {n_dropped} of {len(starts) + n_dropped} windows" in told[0]


@few
@given(fleet=fleets(), length=st.integers(1, 6), stride=st.integers(1, 4))
def test_a_group_has_the_windows_it_has_alone(fleet, length, stride):
    groups = np.array(fleet[0])
    series = normal(len(groups), 2)
    parts = [series[groups == name] for name in dict.fromkeys(groups.tolist())]
    parts = [part for part in parts if len(part) >= length]
    if not parts:
        return
    window = SlidingWindow(length, stride)
    with warnings.catch_warnings(action="ignore"):
        windows = window.fit_transform(series, groups=groups)
    alone = np.concatenate([window.fit_transform(part) for part in parts])
    np.testing.assert_array_equal(windows, alone)


def test_short_groups_are_counted():
    window = SlidingWindow(length=3)
    with pytest.warns(UserWarning, match="2 of 3 groups .* length=3"):
        windows = window.fit_transform(normal(7, 1), groups=[1, 1, 2, 2, 2, 2, 3])
    assert len(windows) == 2


def test_groups_without_a_window_are_named():
    window = SlidingWindow(3, max_gap=1.5).fit(normal(4, 1))
    groups, stamps = np.repeat(["a", "b", "c", "d"], [4, 2, 3, 4]), np.arange(13.0)
    stamps[7:9] += [4, 8]
    given = {"groups": groups, "timestamps": stamps}
    with pytest.warns(UserWarning, match="SlidingWindow") as told:
        window.transform(normal(13, 1), **given)
    assert [str(one.message).rsplit("they", 1)[-1] for one in told] == [
        " have no window: 'b'.",
        "SlidingWindow left out 1 of 5 windows, which span a step that is longer than "
        "max_gap=1.5 times the usual step; the first such step follows row 6.",
        "SlidingWindow left no window in 1 of 4 groups: 'c'.",
    ]
    with pytest.warns(
        UserWarning, match=r"they have no window: 0, 2, 3, 4, 5 and 1 more\."
    ):
        window.set_params(max_gap=None).transform(
            [normal(n, 1) for n in [2, 3, 2, 1, 2, 1, 2]]
        )


def test_all_groups_are_short():
    with pytest.raises(ValueError, match=r"2 groups of at most 3 time steps.*length=4"):
        SlidingWindow(4).fit_transform(normal(5, 1), groups=[1, 1, 2, 2, 2])


def test_groups_that_do_not_stand_together():
    with pytest.raises(ValueError, match=r"'a' again in row 3.*sort the rows by group"):
        SlidingWindow(2).fit_transform(normal(4, 1), groups=["a", "a", "b", "a"])


@pytest.mark.parametrize("label", [np.nan, None, pd.NA])
def test_group_without_a_name(label):
    for groups in ([1, 1, label, label], pd.Series(["a", "b", label, label])):
        with pytest.raises(ValueError, match="groups has NaN"):
            SlidingWindow(2).fit_transform(normal(4, 1), groups=groups)


@pytest.mark.parametrize("dtype", [object, "category", "string", "Int64", "bool"])
def test_kinds_of_groups(dtype):
    groups = pd.Series([0, 0, 0, 1, 1]).astype(dtype)
    assert len(SlidingWindow(2).fit_transform(normal(5, 1), groups=groups)) == 3


@pytest.mark.parametrize("name", ["groups", "timestamps"])
def test_metadata_of_two_columns(name):
    with pytest.raises(ValueError, match=rf"{name} has the shape \(4, 2\)"):
        SlidingWindow(2).fit_transform(normal(4, 1), **{name: np.ones((4, 2))})


@pytest.mark.parametrize("name", ["groups", "timestamps"])
def test_metadata_of_another_length(name):
    with pytest.raises(ValueError, match=f"{name} has 5 entries .* 4 time steps"):
        SlidingWindow(2).fit_transform(normal(4, 1), **{name: np.arange(5)})


@pytest.mark.parametrize("max_gap", [None, 2])
@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        ([1, 2, 4, 3], r"rows 2 and 3 are out of order \(4, then 3\)"),
        ([1, 2, 2, 3], r"rows 1 and 2 are twice \(2, then 2\), the first of 1"),
        (np.array([3, 2, 1, 0], np.uint8), "rows 0 and 1 are out of order"),
        (["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-03"], "2024-01-04, then"),
        ([0.0, np.nan, 1.0, 2.0], "1 entries that are NaN"),
        (["2024-01-01", "NaT", "2024-01-03", "2024-01-04"], "1 entries that are NaN"),
        (["Monday", "Tuesday", "Wednesday", "Thursday"], "are no dates"),
        ([1j, 2j, 3j, 4j], "numbers or dates"),
    ],
)
def test_unusable_time_stamps(stamps, message, max_gap):
    window = SlidingWindow(2, max_gap=max_gap)
    with pytest.raises(ValueError, match=message):
        window.fit_transform(normal(4, 1), timestamps=stamps)


def test_each_group_has_its_own_clock():
    window = SlidingWindow(2, max_gap=1)
    stamps, groups = [5, 6, 7, 1, 2, 3], ["a"] * 3 + ["b"] * 3
    assert (
        len(window.fit_transform(normal(6, 1), groups=groups, timestamps=stamps)) == 4
    )
    with pytest.raises(ValueError, match="name them by `groups`"):
        window.fit_transform(normal(6, 1), timestamps=stamps)


def test_hourly_and_daily_machines_go_together():
    hours, days = np.arange(60), np.arange(7) * 24
    window = SlidingWindow(3, max_gap=1.5).fit(normal(5, 1))
    series, groups = normal(67, 1), ["hours"] * 60 + ["days"] * 7
    given = {"groups": groups, "timestamps": np.append(hours, days)}
    assert len(window.transform(series, **given)) == 58 + 5
    given["timestamps"][-2:] += 24
    with pytest.warns(UserWarning, match="left out 2 of 63 windows"):
        window.transform(series, **given)


@pytest.mark.parametrize("steps", [[24], [1, 24], [24, 24]])
def test_the_steps_of_all_tell_what_is_usual_where_a_group_has_few(steps):
    groups = ["hours"] * 9 + ["few"] * (1 + len(steps))
    stamps = np.append(np.arange(9), np.cumsum([0, *steps]))
    window = SlidingWindow(2, max_gap=1.5).fit(normal(5, 1))
    starts = window.window_starts(
        normal(len(stamps), 1), groups=groups, timestamps=stamps
    )
    assert (starts > 8).sum() == steps.count(1)


DAYS = pd.date_range("2024-03-01", periods=12, freq="D").delete([4, 5])


@pytest.mark.parametrize(
    "stamps",
    [
        DAYS,
        DAYS.tz_localize("Europe/Berlin"),
        pd.Series(DAYS),
        DAYS.to_numpy(),
        DAYS.strftime("%Y-%m-%d").tolist(),
        DAYS.to_pydatetime(),
        DAYS.date.tolist(),
        DAYS.tolist(),
        [day.replace(year=day.year - 900) for day in DAYS.date],
        DAYS - DAYS[0],
        DAYS.day_of_year * 0.1 + 1e3,
    ],
    ids=[
        "index",
        "zone",
        "series",
        "datetime64",
        "text",
        "datetime",
        "date",
        "timestamp",
        "long ago",
        "timedelta",
        "float",
    ],
)
def test_kinds_of_time_stamps(stamps):
    window = SlidingWindow(3, max_gap=1, flatten=True)
    series = np.arange(10.0).reshape(-1, 1)
    with pytest.warns(UserWarning, match="left out 2 of 8 .* follows row 3"):
        windows = window.fit_transform(series, timestamps=stamps)
    np.testing.assert_array_equal(windows[:, 0], [0, 1, 4, 5, 6, 7])


def test_rounding_of_time_stamps_is_no_gap():
    stamps = np.arange(20) * 0.1
    assert len(set(np.diff(stamps))) > 1
    window = SlidingWindow(2, max_gap=1)
    assert len(window.fit_transform(normal(20, 1), timestamps=stamps)) == 19


def test_dates_with_time_zones_in_a_list():
    zone = dt.timezone(dt.timedelta(hours=1))
    stamps = [dt.datetime(2024, 1, day, tzinfo=zone) for day in (1, 2, 3, 9)]
    window = SlidingWindow(2, max_gap=1)
    with pytest.warns(UserWarning, match="left out 1 of 3"):
        window.fit_transform(normal(4, 1), timestamps=stamps)


def test_a_step_of_months_is_no_gap():
    months = pd.date_range("2000-01", periods=48, freq="MS")
    frame = pd.DataFrame({"air": normal(48)}, index=months)
    window = SlidingWindow(12, max_gap=1.5)
    assert len(window.fit_transform(frame)) == 37


def test_dates_of_a_frame_are_read_where_gaps_matter():
    frame = pd.DataFrame({"air": normal(10)}, index=DAYS)
    window = SlidingWindow(3, max_gap=1.5, flatten=True).set_output(transform="pandas")
    with pytest.warns(UserWarning, match="left out 2 of 8 windows"):
        out = window.fit_transform(frame)
    assert list(out.index) == list(DAYS[[0, 1, 4, 5, 6, 7]])
    assert len(SlidingWindow(3).fit_transform(frame)) == 8


def test_gaps_may_be_refused():
    window = SlidingWindow(3, max_gap=1.5, gaps="raise")
    frame = pd.DataFrame({"air": normal(10)}, index=DAYS)
    with pytest.raises(ValueError, match=r"refuses 2 of 8 windows.*max_gap=1\.5"):
        window.fit_transform(frame)


def test_every_window_spans_a_gap():
    window = SlidingWindow(4, max_gap=2)
    with pytest.raises(ValueError, match=r"leave out 2 of 2 windows.*Raise `max_gap`"):
        window.fit_transform(normal(5, 1), timestamps=[0, 1, 9, 10, 11])


def test_gaps_without_time_stamps():
    with pytest.raises(ValueError, match=r"no time stamps: pass `timestamps`"):
        SlidingWindow(3, max_gap=2).fit_transform(normal(10, 1))


@pytest.mark.parametrize("params", [{"max_gap": 0.5}, {"gaps": "fill"}])
def test_fleet_parameters_out_of_range(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        SlidingWindow().set_params(**params).fit(normal(20, 1))


def test_a_pipeline_passes_groups_on():
    series, groups = normal(40, 2), np.repeat([1, 2], 20)
    window = SlidingWindow(4, flatten=True)
    codes = make_pipeline(window, PCA(2)).fit_transform(
        series, slidingwindow__groups=groups
    )
    assert codes.shape == (34, 2)
    with config_context(enable_metadata_routing=True):
        window.set_transform_request(groups=True)
        pipe = make_pipeline(window, PCA(2)).fit(series, groups=groups)
        np.testing.assert_allclose(pipe.transform(series, groups=groups), codes)


# --- lists of series -----------------------------------------------------------------


@few
@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    length=st.integers(1, 6),
    stride=st.integers(1, 4),
    as_frames=st.booleans(),
)
def test_windows_of_a_list_are_those_of_its_series(lengths, length, stride, as_frames):
    series = [normal(n, 2, seed=i) for i, n in enumerate(lengths)]
    given_series = series
    if as_frames:
        given_series = [pd.DataFrame(s, columns=["a", "b"]) for s in series]
    window = SlidingWindow(length, stride).fit(given_series)
    long = [s for s in series if len(s) >= length]
    if not long:
        with pytest.raises(ValueError, match="lower `length`"):
            window.transform(given_series)
        return
    with warnings.catch_warnings(action="ignore"):
        windows = window.transform(given_series)
        grouped = window.fit_transform(
            np.concatenate(series), groups=np.repeat(np.arange(len(lengths)), lengths)
        )
    alone = np.concatenate([window.fit_transform(s) for s in long])
    np.testing.assert_array_equal(windows, alone)
    np.testing.assert_array_equal(windows, grouped)
    assert window.n_features_in_ == 2


def test_array_of_arrays():
    series = [normal(5, 1), normal(4, 1)]
    array = np.empty(2, object)
    array[:] = series
    window = SlidingWindow(2)
    np.testing.assert_array_equal(
        window.fit_transform(array), window.fit_transform(series)
    )


def test_lists_of_lists():
    series = [[[1.0], [2.0], [3.0]], [[4.0], [5.0]]]
    windows = SlidingWindow(2, flatten=True).fit_transform(series)
    np.testing.assert_array_equal(windows, [[1, 2], [2, 3], [4, 5]])
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    np.testing.assert_array_equal(
        SlidingWindow(2).fit_transform(rows), [rows[:2], rows[1:]]
    )


def test_time_stamps_of_a_list():
    series = [normal(3, 1), normal(4, 1)]
    window = SlidingWindow(2, max_gap=1).fit(series)
    with pytest.warns(UserWarning, match="left out 1 of 5"):
        windows = window.transform(series, timestamps=[[7, 8, 9], [1, 2, 4, 5]])
    assert len(windows) == 4
    with pytest.raises(ValueError, match=r"rows 4 and 5 are twice"):
        window.transform(series, timestamps=[[7, 8, 9], [1, 2, 2, 5]])
    for stamps in ([1, 2, 3, 4, 5, 6, 7], [[1, 2, 3], [1, 2, 3]], [[1, 2, 3]]):
        with pytest.raises(ValueError, match="an array for each series, of its length"):
            window.transform(series, timestamps=stamps)


def test_frames_of_a_list_bring_their_dates():
    other = pd.date_range("2001-01-01", periods=4, freq="D")
    frames = [
        pd.DataFrame({"air": normal(10)}, index=DAYS),
        pd.DataFrame({"air": normal(4)}, index=other),
    ]
    window = SlidingWindow(3, max_gap=1.5, flatten=True).set_output(transform="pandas")
    with pytest.warns(UserWarning, match="left out 2 of 10 windows"):
        out = window.fit_transform(frames)
    assert list(out.columns) == ["air_t0", "air_t1", "air_t2"]
    assert list(out.index) == [*DAYS[[0, 1, 4, 5, 6, 7]], *other[:2]]


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([np.zeros(5), np.zeros(7)], r"Item 0 .* 1 dimensions.*reshape\(-1, 1\)"),
        ([np.zeros((5, 1)), np.zeros(5)], "Item 1 .* 1 dimensions"),
        ([np.zeros((5, 1, 1))], "Item 0 .* 3 dimensions"),
        ([np.zeros((5, 1)), np.zeros((5, 2))], "item 0 has channels 1, item 1 has 2"),
        (
            [pd.DataFrame({"a": [0.0]}), pd.DataFrame({"b": [0.0]})],
            r"item 0 has columns \['a'\], item 1 has \['b'\]",
        ),
    ],
)
def test_lists_that_are_no_series(series, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2).fit(series)


def test_other_channels_than_in_fit():
    window = SlidingWindow(2).fit([normal(5, 2), normal(4, 2)])
    with pytest.raises(ValueError, match=r"3 features.*expecting 2"):
        window.transform([normal(5, 3), normal(4, 3)])


def test_groups_beside_a_list():
    series = [normal(5, 1), normal(4, 1)]
    with pytest.raises(ValueError, match="leave out `groups`"):
        SlidingWindow(2).fit_transform(series, groups=[1] * 9)


# --- back on the time axis -----------------------------------------------------------


@st.composite
def scored_windows(draw):
    length, n_timesteps = draw(st.integers(1, 6)), draw(st.integers(6, 30))
    every = st.integers(0, n_timesteps - length)
    starts = draw(st.lists(every, unique=True, min_size=1))
    return normal(len(starts), dtype=draw(dtypes)), starts, length, n_timesteps


@few
@given(case=scored_windows(), how=st.sampled_from(["mean", "max"]))
def test_scores_of_windows_on_the_time_axis_are_those_of_a_loop(case, how):
    scores, starts, length, n_timesteps = case
    series = window_scores_to_series(*case, how=how)
    assert series.dtype == scores.dtype
    for i in range(n_timesteps):
        over = [
            score
            for score, start in zip(scores, starts, strict=True)
            if start <= i < start + length
        ]
        expected = getattr(np, how)(over) if over else np.nan
        np.testing.assert_allclose(series[i], expected, atol=1e-6)


def test_a_missing_score_spreads_over_its_window():
    for how in ("mean", "max"):
        series = window_scores_to_series([1, np.nan, 3], [0, 1, 4], 2, 6, how=how)
        np.testing.assert_array_equal(series, [1, np.nan, np.nan, np.nan, 3, 3])


@few
@given(fleet=fleets(), length=st.integers(1, 6), stride=st.integers(1, 4))
def test_windows_of_a_fleet_return_to_their_places(fleet, length, stride):
    groups, stamps = fleet
    starts, _ = starts_of_a_loop(groups, stamps, length, stride, 1.5)
    if not starts:
        return
    series = normal(len(groups), 2)
    window = SlidingWindow(length, stride, max_gap=1.5).fit(series)
    with warnings.catch_warnings(action="ignore"):
        windows = window.transform(series, groups=groups, timestamps=stamps)
    back = window.inverse_transform(windows, starts=starts)
    covered = np.unique(np.add.outer(starts, np.arange(length)))
    np.testing.assert_array_equal(back[covered], series[covered])
    assert len(back) == starts[-1] + length
    assert np.isnan(np.delete(back, covered, axis=0)).all()


def test_starts_in_a_list_are_counted_through():
    window = SlidingWindow(2, stride=2).fit(normal(5, 1))
    starts = window.window_starts([normal(5, 1), normal(4, 1)])
    np.testing.assert_array_equal(starts, [0, 2, 5, 7])


def test_windows_of_several_series_are_not_laid_over_one_another():
    series, groups = normal(9, 1), [1, 1, 1, 1, 1, 2, 2, 2, 2]
    window = SlidingWindow(3)
    windows = window.fit_transform(series, groups=groups)
    for pieces in ([series[:5], series[5:]], [series[:5]]):
        window.fit(pieces)
        assert window.needs_starts_ == (len(pieces) == 2)
    for fit in (
        lambda: window.fit([series[:5], series[5:]]),
        lambda: window.fit_transform(series, groups=groups),
    ):
        fit()
        with pytest.raises(ValueError, match=r"several series .* pass `starts`, from"):
            window.inverse_transform(windows)
    starts = window.window_starts(series, groups=groups)
    np.testing.assert_array_equal(
        window.inverse_transform(windows, starts=starts), series
    )
    assert len(window.fit(series).inverse_transform(windows)) == 7


def test_windows_beside_a_gap_are_not_laid_over_one_another():
    window, series = SlidingWindow(2, max_gap=1), normal(6, 1)
    with pytest.warns(UserWarning, match="left out 1 of 5"):
        windows = window.fit_transform(series, timestamps=[1, 2, 3, 5, 6, 7])
    with pytest.raises(ValueError, match="gaps have left some out"):
        window.inverse_transform(windows)
    windows = window.fit_transform(series, timestamps=[1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(window.inverse_transform(windows), series)


def test_a_pipeline_passes_starts_back():
    series, groups = normal(40, 2), np.repeat([1, 2], 20)
    with config_context(enable_metadata_routing=True):
        window = SlidingWindow(4, flatten=True).set_transform_request(groups=True)
        window.set_inverse_transform_request(starts=True)
        pipe = make_pipeline(window, PCA(8)).fit(series, groups=groups)
        codes = pipe.transform(series, groups=groups)
        with pytest.raises(ValueError, match="pass `starts`"):
            pipe.inverse_transform(codes)
        starts = pipe[0].window_starts(series, groups=groups)
        np.testing.assert_allclose(pipe.inverse_transform(codes, starts=starts), series)


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([0, 1], "2 starts for 3 windows"),
        ([0, 1, 1], "same time step twice"),
        ([0, 1, 7], r"length=2 that start at 0 to 7 .* time steps 0 to 7"),
        ([-1, 0, 1], "start at -1 to 1 "),
        ([0.0, 1.0, 2.0], "starts has entries of type float64"),
    ],
)
def test_starts_that_do_not_fit(starts, message):
    with pytest.raises(ValueError, match=message):
        window_scores_to_series([1, 2, 3], starts, 2, 8)


def test_starts_that_do_not_fit_the_windows():
    window = SlidingWindow(2).fit(normal(5, 1))
    with pytest.raises(ValueError, match="2 starts for 3 windows"):
        window.inverse_transform(normal(3, 2, 1), starts=[0, 1])


def test_unknown_way_to_combine_scores():
    with pytest.raises(ValueError, match="'how' parameter"):
        window_scores_to_series([1, 2, 3], [0, 1, 2], 2, 8, how="median")
