import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skae.cli._errors import InputError
from skae.cli._settings import Settings, format_components, parse_components


@given(st.sets(st.integers(1, 50), min_size=1))
def test_components_there_and_back(values):
    values = tuple(sorted(values))
    assert parse_components(format_components(values)) == values


@pytest.mark.parametrize("text", ["0:4", "5:2", "a", "1:2:3", "", "1,,2", "-1", "1.5"])
def test_components_that_do_not_read(text):
    with pytest.raises(InputError, match="Write a range") as info:
        parse_components(text)
    assert info.value.option == "--components"


def test_the_command_names_all_that_matters():
    settings = Settings(
        "my data.csv",
        "out",
        "dense",
        (1, 2, 3),
        search="grid",
        hidden="8-4",
        columns=("a b",),
    )
    words = shlex.split(settings.command())
    assert words[:3] == ["skae", "select", "my data.csv"]
    assert words[words.index("--components") + 1] == "1:3"
    assert words[words.index("--hidden") + 1] == "8-4"
    assert words[words.index("--column") + 1] == "a b"
    assert "--n-iter" not in words
    assert "--window" not in words


@pytest.mark.parametrize(
    ("search", "n_iter", "n_candidates", "echo"),
    [
        ("grid", None, 3, None),
        ("grid", 2, 3, None),
        ("bayes", None, 3, "10"),
        ("bayes", 2, 2, "2"),
        ("evolution", None, 50, "50"),
        ("evolution", 7, 7, "7"),
    ],
)
def test_the_budget(search, n_iter, n_candidates, echo):
    choices = {"search": search, "n_iter": n_iter}
    settings = Settings("wine", "out", "dense", (1, 2, 3), **choices)
    assert settings.n_candidates == n_candidates
    words = [*shlex.split(settings.command()), None]
    found = words.index("--n-iter") + 1 if "--n-iter" in words else -1
    assert words[found] == echo


def test_the_command_that_goes_on_is_the_same_but_for_one_option():
    settings = Settings("wine", "out", "dense", (1, 2, 3), columns=("a",))
    words = shlex.split(settings.command(resume=True))
    assert words == [*shlex.split(settings.command()), "--resume"]
