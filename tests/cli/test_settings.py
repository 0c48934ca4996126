import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from skae.cli import _app, app
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet
from skae.cli._settings import (
    N_ITER,
    Scale,
    Search,
    Settings,
    format_components,
    parse_components,
)

TABLE, SERIES = DataSet("wine", None, ["a"]), DataSet("sales", None, ["a"], window=7)

#: Each option with a value that is not its default.
CHANGED = Settings(
    "my data.csv",
    output=Path("my run"),
    components="1:3",
    estimator="VAE",
    scorer="mmd",
    rule="best",
    search=Search.evolution,
    n_iter=9,
    restarts=2,
    folds=3,
    window=5,
    stride=2,
    groups="g",
    time="h",
    max_gap=2.5,
    scale=Scale.none,
    column=["a b", "c"],
    exclude=["d"],
    target="e",
    index="f",
    decimal=",",
    encoding="cp1252",
    sheet="two",
    size="8x9",
    max_rows=99,
    max_epochs=4,
    hidden="8-4",
    clusters=3,
    seed=1,
    n_jobs=2,
    processes=3,
    cluster="tcp://a:1",
    device="cpu",
    resume=True,
    force=True,
    quiet=True,
    json=True,
)


@given(st.sets(st.integers(1, 50), min_size=1))
def test_components_there_and_back(values):
    values = sorted(values)
    assert parse_components(format_components(values)) == values


def test_components_may_be_left_to_the_data():
    assert parse_components("auto") == "auto"


@pytest.mark.parametrize("text", ["0:4", "5:2", "a", "1:2:3", "", "1,,2", "-1", "1.5"])
def test_components_that_do_not_read(text):
    with pytest.raises(InputError, match="Write a range") as info:
        parse_components(text)
    assert info.value.option == "--components"


def test_the_command_has_the_options_that_differ_from_the_defaults():
    assert Settings("wine").command() == "skae select wine"
    assert Settings("a b", seed=3).command() == "skae select 'a b' --seed 3"
    columns = Settings("wine", column=["a b", "c"]).command()
    assert columns == "skae select wine --column 'a b' --column c"


@pytest.fixture
def given_settings(monkeypatch):
    """Return a function that runs words and returns the settings they stand for."""

    def settings_of(words):
        found = []
        monkeypatch.setattr(_app, "read_data", lambda *args, **kwargs: TABLE)
        monkeypatch.setattr(_app, "_select", lambda data, settings: None)
        monkeypatch.setattr(_app, "Settings", lambda **c: found.append(Settings(**c)))
        CliRunner().invoke(app, words)
        return found[0]

    return settings_of


def test_every_option_is_changed_here():
    same = [f.name for f in fields(Settings) if getattr(CHANGED, f.name) == f.default]
    assert same == []


@pytest.mark.parametrize("resume", [False, True])
def test_the_command_repeats_the_run(given_settings, resume):
    words = shlex.split(CHANGED.command(resume))
    assert words[:2] == ["skae", "select"]
    found = given_settings(words[1:])
    of_one_run = dict.fromkeys(["force", "quiet", "json"], False)
    assert found == Settings(**vars(CHANGED) | of_one_run | {"resume": resume})


def test_options_that_are_not_given_have_their_defaults(given_settings):
    found = given_settings(["select", "wine"])
    assert found.command() == "skae select wine"
    assert found.completed(TABLE) == Settings("wine").completed(TABLE)


def test_what_is_left_open_is_completed_by_the_data():
    table, series = (Settings("data").completed(each) for each in (TABLE, SERIES))
    assert (table.estimator, table.window, str(table.output)) == (
        "dense",
        None,
        "skae-wine",
    )
    assert (series.estimator, series.window, str(series.output)) == (
        "lstm",
        7,
        "skae-sales",
    )
    mine = Settings("data", estimator="VAE", window=5, output=Path("out"))
    mine = mine.completed(SERIES)
    assert (mine.estimator, mine.window, str(mine.output)) == ("VAE", 5, "out")


@pytest.mark.parametrize(
    ("search", "scorer", "n_iter"),
    [
        ("curve", "reconstruction", None),
        ("bayes", "description_length", N_ITER["bayes"]),
        ("evolution", "reconstruction", N_ITER["evolution"]),
    ],
)
def test_what_is_left_open_is_completed_by_the_search(search, scorer, n_iter):
    found = Settings("data", search=search).completed(TABLE)
    assert (found.scorer, found.n_iter) == (scorer, n_iter)
    mine = Settings("data", search=search, scorer="mse", n_iter=3).completed(TABLE)
    assert (mine.scorer, mine.n_iter) == ("mse", 3)
