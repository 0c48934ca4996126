from importlib.metadata import EntryPoint

import pytest

from skae.exceptions import UnknownNameError
from skae.registry import Registry, unknown_name


class Mean: ...


class Median: ...


@pytest.fixture
def registry():
    registry = Registry("statistic", "skae.tests.statistics")
    registry.register("mean")(Mean)
    registry.register("median")(Median)
    return registry


def test_lookup_by_name(registry):
    assert registry.names() == ["mean", "median"]
    assert registry.get("mean") is Mean
    assert isinstance(registry.resolve("median"), Median)


def test_instances_pass_through(registry):
    mean = Mean()
    assert registry.resolve(mean) is mean


def test_unknown_name_lists_the_known_and_the_closest(registry):
    with pytest.raises(UnknownNameError, match=r"'mean', 'median'.*mean 'median'\?"):
        registry.get("medain")


def test_the_beginning_of_a_name_is_understood():
    known = ["airline-passengers", "iris"]
    assert "mean 'airline-passengers'?" in str(unknown_name("data set", "air", known))
    assert "mean" not in str(unknown_name("data set", "", known))


def test_plugins_are_found_and_broken_ones_reported(registry, monkeypatch):
    found = [
        EntryPoint("counter", "collections:Counter", registry.group),
        EntryPoint("broken", "no_such_package:Thing", registry.group),
    ]
    monkeypatch.setattr("skae.registry.entry_points", lambda group: found)
    with pytest.warns(RuntimeWarning, match="'broken'"):
        assert registry.names() == ["counter", "mean", "median"]


def test_a_plugin_does_not_replace_a_part_of_the_library(registry, monkeypatch):
    found = [EntryPoint("mean", "collections:Counter", registry.group)]
    monkeypatch.setattr("skae.registry.entry_points", lambda group: found)
    assert registry.names() == ["mean", "median"]
    assert registry.get("mean") is Mean
