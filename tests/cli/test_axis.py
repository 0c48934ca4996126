"""Series of several machines with gaps, from files."""

from dataclasses import replace

import hypothesis
import joblib
import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from hypothesis import given
from hypothesis import strategies as st
from test_use import FAST, done, invoke, refused

from skae.cli._axis import TimeAxis, as_series
from skae.cli._cut import window_starts
from skae.cli._detect import detector_of
from skae.cli._errors import InputError
from skae.cli._inputs import read_data
from skae.cli._model import open_model
from skae.cli._plan import Plan
from skae.cli._settings import Settings
from skae.cli._table import Table
from skae.preprocessing import SlidingWindow

AXIS = TimeAxis("machine", "hour")


def fleet(hours, seed=0):
    """Return rows of machines, in a random order, given the hours of each."""
    frame = pd.DataFrame(
        [(name, hour) for name, of_one in hours.items() for hour in of_one],
        columns=["machine", "hour"],
    )
    frame["load"] = np.arange(len(frame), dtype=float)
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def windows_of_a_loop(frame, length):
    found = []
    for name in frame["machine"].unique():
        rows = frame[frame["machine"] == name].sort_values("hour")
        for start in range(len(rows) - length + 1):
            part = rows.iloc[start : start + length]
            if part["hour"].iloc[-1] - part["hour"].iloc[0] == length - 1:
                found.append(part["load"].tolist())
    return found


LACKING = st.sets(st.integers(1, 38), max_size=5)
HOURS = LACKING.map(lambda hours: sorted({*range(40)} - hours))


@hypothesis.settings(max_examples=15, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from("abc"), HOURS, min_size=1), st.integers(0, 9))
def test_no_window_mixes_machines_or_spans_a_gap(tmp_path_factory, hours, seed):
    frame = fleet(hours, seed)
    path = tmp_path_factory.mktemp("fleet") / "fleet.csv"
    frame.to_csv(path, index=False)
    settings = Settings(str(path), window=4, groups="machine", time="hour", folds=2)
    data = read_data(str(path), axis=AXIS, is_series=True)
    plan = Plan(data, settings.completed(data))
    expected = windows_of_a_loop(frame, 4)
    assert plan.X[..., 0].tolist() == expected
    names = dict(zip(frame["load"], frame["machine"], strict=True))
    assert [names[x[0]] for x in expected] == plan.metadata["groups"].tolist()


def test_rows_in_order_stay_as_they_are():
    table = Table.of(fleet({"a": range(5), "b": range(3)}).sort_values("load"))
    assert AXIS.in_order(table) is table
    assert TimeAxis().in_order(table) is table


def test_rows_keep_their_numbers():
    table = Table.of(fleet({"a": range(5), "b": range(3)}))
    ordered = AXIS.in_order(table)
    load = table.columns["load"].to_numpy()
    assert load[ordered.rows - 1].tolist() == ordered.columns["load"].tolist()
    assert "in the order of 'machine' and 'hour'" in ordered.notes[-1]


def test_without_times_rows_of_a_group_stay_in_their_order():
    frame = pd.DataFrame({"machine": ["a", "b", "a", "b"], "load": [4, 3, 2, 1]})
    ordered = TimeAxis("machine").in_order(Table.of(frame))
    assert ordered.columns["load"].tolist() == [4, 2, 3, 1]


def test_times_may_be_whole_numbers_beyond_those_of_floats():
    times = pd.Series([0, 100, 200, 400]) + 1_700_000_000_000_000_000
    frame = as_series(np.zeros((4, 1)), ["load"], times=times)
    steps = np.diff(frame.index.to_numpy()).astype(float)
    np.testing.assert_allclose(steps / steps[0], [1, 1, 2])


@pytest.mark.parametrize("unit", [1, 1e-3, 1e12])
def test_times_may_be_numbers_of_any_unit(unit):
    times = pd.Series([0.0, 1, 2, 4, 5]) * unit + 7
    frame = as_series(np.zeros((5, 1)), ["load"], times=times)
    steps = np.diff(frame.index.to_numpy()).astype(float)
    np.testing.assert_allclose(steps / steps[0], [1, 1, 2, 1], rtol=1e-6)


def test_of_two_forms_of_dates_the_evener_one_is_taken():
    days = pd.date_range("2024-01-01", periods=24, freq="MS")
    for form in ("%d/%m/%Y", "%m/%d/%Y"):
        columns = {"when": pd.Series(days.strftime(form), name="when")}
        axis = TimeAxis(time="when").informed(columns)
        assert axis.form == form
        assert axis.values(columns)[1].tolist() == days.tolist()


def test_times_of_a_zone_are_those_of_universal_time():
    times = pd.Series(pd.date_range("2024-03-31", periods=4, freq="h", tz="CET"))
    _, found = TimeAxis(time="when").values({"when": times})
    assert found.tolist() == [*pd.date_range("2024-03-30 23:00", periods=4, freq="h")]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_times_whose_zone_changes_in_summer_are_those_of_universal_time(zone):
    times = pd.date_range("2024-03-09", "2024-04-01", freq="h", tz=zone)
    text = pd.Series([time.isoformat() for time in times], name="when")
    assert text.str[-6:].nunique() == 2
    axis = TimeAxis(time="when").informed({"when": text})
    found = axis.values({"when": text})[1]
    assert (found.diff().dropna() == pd.Timedelta(1, "h")).all()
    assert found[0] == times[0].tz_convert(None)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([f"{1500 + year}-01-01" for year in range(4)], [0, 1, 2]),
        (["2024-01-01", "2024-01-02", "2024-01-03", "9999-12-31"], [0, 1]),
        ([0, *range(10**18, 10**18 + 3)], [1, 2]),
    ],
)
def test_times_may_lie_far_apart(times, expected):
    axis, columns = TimeAxis(time="when"), {"when": pd.Series(times, name="when")}
    series = as_series(np.zeros((len(times), 1)), ["load"], *axis.values(columns))
    window = SlidingWindow(2, max_gap=1.5)
    starts, _ = window_starts(window, series, np.arange(1, 1 + len(times)))
    assert starts.tolist() == expected


def test_blanks_around_names_of_groups_tell_nothing_apart():
    frame = fleet({"a": range(5), "b": range(3)}).sort_values("load")
    frame["machine"] += np.where(frame["hour"] % 2, " ", "")
    ordered = AXIS.in_order(Table.of(frame)).columns
    assert AXIS.groups_of(ordered).tolist() == ["a"] * 5 + ["b"] * 3
    assert ordered["hour"].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]


def test_what_counts_the_rows_of_the_file_is_no_feature(tmp_path):
    frame = fleet({"a": range(20), "b": range(20)})
    frame.insert(0, "id", np.arange(1, 41))
    frame.to_csv(tmp_path / "fleet.csv", index=False)
    data = read_data(str(tmp_path / "fleet.csv"), axis=AXIS, is_series=True)
    assert data.columns == ["load"]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"machine": ["a", None, "b"]}, "'machine' has no value in 1 of 3 rows"),
        ({"hour": [0, np.nan, 2]}, "'hour' has no value in 1 of 3 rows"),
        ({"hour": ["early", "late", "later"]}, "'hour' holds text, such as 'early'"),
        ({"hour": ["2024-01-01", "x", "2024-01-03"]}, "holds text, such as 'x'"),
        (
            {"hour": ["2024-01-01 00:00Z", "2024-01-01 01:00", "2024-01-01 02:00Z"]},
            "with a zone, such as '2024-01-01 00:00Z', and without, such as '.* 01:00'",
        ),
        ({"hour": [0.0, np.inf, 2.0]}, "'hour' holds times without end"),
        ({"hour": [5, 7, 5]}, "Rows 1 and 3 have the same time, 5 and the same group"),
        ({"machin": [1, 2, 3]}, "There is no column 'machine'.*mean 'machin'"),
    ],
)
def test_bad_columns_are_refused(changes, match):
    frame = pd.DataFrame({"machine": ["a"] * 3, "hour": [0, 1, 2], "load": [1, 2, 3]})
    if "machin" in changes:
        frame = frame.drop(columns="machine")
    with pytest.raises(InputError, match=match):
        AXIS.in_order(Table.of(frame.assign(**changes)))


def planned(path, frame, **choices):
    frame.to_csv(path, index=False)
    settings = {"groups": "machine", "time": "hour", "folds": 2} | choices
    settings = Settings(str(path), **settings)
    data = read_data(str(path), axis=settings.axis, is_series=True)
    return Plan(data, settings.completed(data))


def test_machines_may_be_measured_hourly_and_daily(tmp_path):
    hours = {"a": range(30), "b": range(0, 240, 24), "c": [0, 1]}
    plan = planned(tmp_path / "fleet.csv", fleet(hours), window=4)
    groups, counts = np.unique(plan.metadata["groups"], return_counts=True)
    assert dict(zip(groups, counts, strict=True)) == {"a": 27, "b": 7}


def test_groups_without_a_window_are_named(tmp_path):
    hours = {"a": range(30), "b": [0, 1, 2, 40, 41, 42], "c": [0, 1], "d": [5]}
    frame = fleet(hours)
    plan = planned(tmp_path / "fleet.csv", frame, window=4)
    rows = [
        1 + frame.query(f"machine == 'b' and hour == {hour}").index[0]
        for hour in (2, 40)
    ]
    told = " ".join(plan.notes)
    assert "2 of 4 groups have fewer rows than a window, which has 4, and so" in told
    short = told.partition("and so none: ")[2][:8]
    assert short in ("'c', 'd'", "'d', 'c'")
    assert f"the first is from row {rows[0]} to row {rows[1]}." in told
    assert "No window is left of 1 of 4 groups: 'b'." in told


@pytest.mark.parametrize(
    ("hours", "choices", "match"),
    [
        ({"a": range(9)}, {"window": 10}, "10 time steps .* a series of 9: lower it"),
        (
            {"a": range(9), "b": range(5)},
            {"window": 10},
            "does not fit into 2 groups of at most 9: lower it",
        ),
        (
            {"a": [0, 1, 2, 9, 10, 11, 20, 21, 22]},
            {"window": 4},
            r"All 6 windows span .* 1\.5 times .* row \d to row \d: .*--max-gap",
        ),
        ({"a": range(20)}, {"window": 5, "folds": 19}, "16 windows .* 19 folds, as 4"),
        ({"a": range(20)}, {"window": 12, "folds": 2}, "9 windows .* 2 folds, as 11"),
    ],
)
def test_errors_speak_of_the_options(tmp_path, hours, choices, match):
    with pytest.raises(InputError, match=match) as info:
        planned(tmp_path / "fleet.csv", fleet(hours), **choices)
    assert not {"`", "="} & {*str(info.value)}
    assert "SlidingWindow" not in str(info.value)


def test_rows_in_errors_are_those_of_the_file(tmp_path):
    frame = fleet({"a": range(10), "b": range(10)})
    frame.loc[[7, 12], "load"] = np.inf
    with pytest.raises(InputError, match="the first one in row 8 of column 'load'"):
        planned(tmp_path / "fleet.csv", frame, window=4)


@pytest.mark.parametrize("option", ["--groups", "--time"])
def test_a_column_of_the_axis_is_no_feature(tmp_path, option):
    path = write_fleet(tmp_path / "fleet.csv")
    words = ["select", path, "--window", 6, "--groups", "machine", "--time", "hour"]
    name = words[words.index(option) + 1]
    text = refused(*words, "--column", name, "--column", "load", *FAST)
    assert f"{name!r} is named by {option} too, whose column is no feature" in text


def test_one_column_tells_groups_or_times(tmp_path):
    path = write_fleet(tmp_path / "fleet.csv")
    words = ["select", path, "--window", 6, "--groups", "hour", "--time", "hour"]
    assert "'hour' is named by --groups, too" in refused(*words, *FAST)


def write_fleet(path, with_machines=True):
    hours = {"m1": range(40), "m2": [*range(20), *range(30, 50)]}
    frame = fleet(hours)
    start = pd.Timestamp("2024-01-01")
    frame["hour"] = start + pd.to_timedelta(frame["hour"], unit="h")
    frame["load"] = normal(len(frame)).round(2)
    if not with_machines:
        frame = frame.drop(columns="machine")
    frame.to_csv(path, index=False)
    return path


def test_from_a_file_to_the_codes_of_another(tmp_path):
    path, out = write_fleet(tmp_path / "fleet.csv"), tmp_path / "out"
    words = ["select", path, "--window", 6, "--groups", "machine", "--time", "hour"]
    told = invoke(*words, *FAST, "-o", out)
    assert told.exit_code == 0, told.output
    assert "Left out 5 of 70 windows" in " ".join(told.output.split())
    codes = pd.read_csv(out / "codes.csv")
    assert [*codes][:3] == ["machine", "first_hour", "last_hour"]
    assert codes["machine"].value_counts().to_dict() == {"m1": 35, "m2": 30}
    lasting = pd.to_datetime(codes["last_hour"]) - pd.to_datetime(codes["first_hour"])
    assert set(lasting) == {pd.Timedelta(5, "h")}
    model = joblib.load(out / "model.joblib")
    with pytest.warns(UserWarning, match="left out 5 of 70"):
        found = model.transform(pd.read_csv(path))
    np.testing.assert_allclose(found, codes.filter(like="unit"), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="pass `starts`, from window_starts"):
        model.inverse_transform(found)
    back = pd.read_csv(_made(tmp_path, "reconstruct", out, path))
    order = ["machine", "hour"]
    in_order = TimeAxis(*order).in_order(Table.of(pd.read_csv(path))).columns
    assert [back[name].tolist() for name in order] == [[*in_order[n]] for n in order]
    assert back["load"].notna().all()
    other = write_fleet(tmp_path / "other.csv", with_machines=False)
    assert "There is no column 'machine'" in refused("transform", out, other)


def _made(folder, command, model, file):
    path = folder / f"{command}.csv"
    done(command, model, file, "-o", path)
    return path


def test_columns_of_a_series_that_are_no_numbers_may_be_its_axis(tmp_path):
    path = write_fleet(tmp_path / "fleet.csv")
    text = refused("select", path, "--window", 6, *FAST)
    assert "by --groups, and their times by --time" in text


def test_a_table_has_no_axis(tmp_path):
    path = write_fleet(tmp_path / "fleet.csv")
    text = refused("select", path, "--groups", "machine", "--exclude", "hour", *FAST)
    assert "by --window" in text


def test_gaps_are_seen_in_times(tmp_path):
    path = write_fleet(tmp_path / "fleet.csv")
    words = ["select", path, "--window", 6, "--groups", "machine", "--max-gap", 3]
    assert "by --time" in refused(*words, "--exclude", "hour", *FAST)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Return the folder of a study of machines of other levels, and its file."""
    folder = tmp_path_factory.mktemp("states")
    frame = pd.concat(
        pd.DataFrame({"row": f"m{i}", "load": i + normal(60, seed=i) / 9})
        for i in range(4)
    )
    frame["state"] = np.where(np.arange(len(frame)) % 60 < 30, "on", "off")
    frame["load"] += np.where(frame["state"] == "on", 0.0, 50.0)
    frame.to_csv(folder / "states.csv", index=False)
    words = ["select", folder / "states.csv", "--window", 5, "--groups", "row"]
    words += ["--target", "state", "--estimator", "dense", "--max-epochs", 20]
    words += ["--folds", 2, "--components", "1:2"]
    told = invoke(*words, "-o", folder / "out")
    assert told.exit_code == 0, told.output
    return folder, told.output


def test_codes_of_windows_predict_the_target_of_their_last_step(states):
    folder, told = states
    assert "Codes predict 'state' with an accuracy of" in " ".join(told.split())
    codes = pd.read_csv(folder / "out" / "codes.csv")
    assert [*codes][:3] == ["row", "first_number", "last_number"]
    assert (codes["last_number"] - codes["first_number"] == 4).all()


def test_machines_are_told_from_models_that_know_them(states):
    folder, _ = states
    opened = open_model(folder / "out")
    groups = opened.groups_of(opened.rows(str(folder / "states.csv")))
    for train, test in detector_of(opened).cv:
        assert set(groups[train]) == set(groups[test]) == {"m0", "m1", "m2", "m3"}


def test_groups_that_get_no_error_are_named(states):
    folder, _ = states
    few = pd.DataFrame({"row": ["m8"] * 7 + ["m9"] * 3, "load": normal(10)})
    few.to_csv(folder / "few.csv", index=False)
    words = "score", folder / "out", folder / "few.csv", "-o", folder / "errors.csv"
    told = invoke(*words)
    assert told.exit_code == 0, told.output
    assert "1 of 2 groups have fewer rows than a window" in told.output
    assert "and so none: 'm9'." in told.output
    assert pd.read_csv(folder / "errors.csv")["row"].tolist() == ["m8"] * 3
    few[:3].to_csv(folder / "few.csv", index=False)
    assert "does not fit into a series of 3: pass longer ones" in refused(*words)


def test_names_of_rows_make_way_for_results(states):
    folder, _ = states
    opened = open_model(folder / "out")
    rows = opened.rows(str(folder / "states.csv"))
    rows = replace(rows, names=rows.names.rename(columns={"first_number": "error"}))
    assert [*opened.errors(rows)] == [
        *("row", "error (row)", "last_number", "error", "largest_in")
    ]


def test_any_step_may_be_taken(tmp_path):
    hours = {"a": [*range(9), *range(20, 29)]}
    choices = {"window": 4, "max_gap": float("inf")}
    plan = planned(tmp_path / "fleet.csv", fleet(hours), **choices)
    assert len(plan.X) == 15


@pytest.mark.parametrize("names", [["m8"], ["m8", "m9"]])
def test_too_few_usual_windows_are_told(states, names):
    folder, _ = states
    few = pd.DataFrame({"row": np.repeat(names, 7), "load": normal(7 * len(names))})
    few.to_csv(folder / "few.csv", index=False)
    words = "detect", folder / "few.csv", "--model", folder / "out"
    text = refused(*words, "--reference", folder / "few.csv")
    assert f"{3 * len(names)} windows are too few for 5 folds, as 4 on either" in text


def test_what_a_model_knows_of_its_rows(states):
    folder, _ = states
    assert "Rows are ordered by: row" in done("info", folder / "out")
