import threading
import time
from abc import ABC, abstractmethod
from importlib.metadata import EntryPoint

import pytest

from skae.exceptions import UnknownNameError
from skae.registry import Plugin, Registry, unknown_name


class Statistic(ABC):
    @abstractmethod
    def compute(self, x): ...


class Mean(Statistic):
    def compute(self, x): ...


class Median(Statistic):
    def compute(self, x): ...


class Quantile(Statistic):
    def __init__(self, p): ...

    def compute(self, x): ...


class Half(Statistic): ...


class Stranger: ...


HERE = __name__


def other(name, cls):
    """Return a class as if another module had it."""
    return type(name, (cls,), {"__module__": "other_package.parts"})


@pytest.fixture
def registry():
    registry = Registry("statistic", "skae.statistics")
    registry.register("mean")(Mean)
    registry.register("median")(Median)
    return registry


@pytest.fixture
def declare(monkeypatch):
    """A function that declares entry points, as if other packages had."""

    def declare(**targets):
        found = [EntryPoint(*pair, "skae.statistics") for pair in targets.items()]
        monkeypatch.setattr("skae.registry.entry_points", lambda group: found)

    declare()
    return declare


def test_lookup_by_name(registry):
    assert registry.names() == ["mean", "median"]
    assert registry.get("mean") is Mean
    assert isinstance(registry.resolve("median"), Median)


def test_instances_pass_through(registry):
    mean = Mean()
    assert registry.resolve(mean) is mean
    assert registry.resolve(None) is None


def test_unknown_name_lists_the_known_and_the_closest(registry):
    with pytest.raises(UnknownNameError, match=r"'mean', 'median'.*mean 'median'\?"):
        registry.get("medain")


def test_the_beginning_of_a_name_is_understood():
    known = ["airline-passengers", "iris"]
    assert "mean 'airline-passengers'?" in str(unknown_name("data set", "air", known))
    assert "mean" not in str(unknown_name("data set", "", known))


def test_a_name_alone_may_not_do(registry):
    registry.register("quantile")(Quantile)
    with pytest.raises(TypeError, match=r"'quantile' cannot .*'p'.* of Quantile"):
        registry.resolve("quantile")


# The decorator


def test_the_first_class_tells_the_kind(registry):
    assert Registry("statistic", "skae.statistics").base is object
    assert registry.base is Statistic


@pytest.mark.parametrize(
    ("cls", "match"),
    [
        (Stranger, r"Stranger is no statistic: it does not derive from .*\.Statistic"),
        (Half, "Half is no statistic: it does not define compute"),
        (Mean.compute, "it is no class, but <function"),
    ],
)
def test_what_is_not_of_the_kind_is_refused(registry, cls, match):
    with pytest.raises(TypeError, match=match):
        registry.register("new")(cls)
    assert registry.names() == ["mean", "median"]


def test_a_taken_name_is_refused(registry):
    taken = f"'mean' is that of the statistic {HERE}:Mean of {HERE}.*other_package"
    with pytest.raises(ValueError, match=taken):
        registry.register("mean")(other("Mean", Median))
    assert registry.get("mean") is Mean


def test_a_module_may_register_its_class_again(registry):
    again = type("Mean", (Median,), {"__module__": HERE})
    registry.register("mean")(again)
    assert registry.get("mean") is again


# Plugins


def test_plugins_are_found(registry, declare):
    declare(range=f"{HERE}:Quantile")
    assert registry.names() == ["mean", "median", "range"]
    assert registry.get("range") is Quantile


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_package:Thing", "ModuleNotFoundError: No module named 'no_such"),
        (f"{HERE}:Nothing", "AttributeError: .*Nothing"),
        (f"{HERE}:Stranger", r"it does not derive from .*\.Statistic"),
        (f"{HERE}:Half", "it does not define compute"),
        (f"{HERE}:HERE", "it is no class, but "),
        ("not a target", "AttributeError"),
    ],
)
def test_a_broken_plugin_is_reported_and_left_out(registry, declare, target, reason):
    declare(broken=target)
    said = rf"The statistic 'broken' of .* \({target}\) could not be loaded: {reason}"
    with pytest.warns(RuntimeWarning, match=said):
        assert registry.names() == ["mean", "median"]
    assert registry.names() == ["mean", "median"]  # it has been said once
    with pytest.raises(UnknownNameError, match=said):
        registry.get("broken")


def test_where_warnings_are_errors_nothing_is_lost(registry, declare):
    declare(broken=f"{HERE}:Nothing", quantile=f"{HERE}:Quantile")
    with pytest.raises(RuntimeWarning, match="broken"):
        registry.names()
    assert registry.names() == ["mean", "median", "quantile"]


def test_a_module_that_exits_breaks_nothing(registry, declare, tmp_path, monkeypatch):
    (tmp_path / "skae_exits.py").write_text("import sys\nsys.exit('good bye')\n")
    monkeypatch.syspath_prepend(tmp_path)
    declare(exits="skae_exits:Thing")
    with pytest.warns(RuntimeWarning, match="SystemExit: good bye"):
        assert registry.names() == ["mean", "median"]


def test_a_plugin_does_not_replace_a_part_of_the_library(registry, declare):
    registry._classes["mean"] = other("Mean", Median)
    declare(mean=f"{HERE}:Mean")
    whose = "'mean' is that of the statistic other_package.parts:Mean of other_package"
    with pytest.warns(RuntimeWarning, match=f"of {HERE} .*: the name {whose}"):
        assert registry.names() == ["mean", "median"]
    assert registry.get("mean") is not Mean


def test_a_class_with_a_decorator_and_an_entry_point_is_one(registry, declare):
    declare(median=f"{HERE}:Median")
    assert registry.names() == ["mean", "median"]


def test_plugins_tell_what_there_is(registry, declare):
    declare(quantile=f"{HERE}:Quantile", mean=f"{HERE}:Nothing")
    with pytest.warns(RuntimeWarning, match="Nothing"):
        *loaded, broken = registry.plugins()
    assert loaded == [
        Plugin("statistics", name, f"{HERE}:{name.capitalize()}", HERE)
        for name in ("mean", "median", "quantile")
    ]
    assert (broken.name, broken.target) == ("mean", f"{HERE}:Nothing")
    assert broken.error.startswith("AttributeError")


def test_threads_wait_for_what_one_of_them_loads(registry, monkeypatch):
    class Slow(EntryPoint):
        def load(self):
            time.sleep(0.2)
            return Quantile

    found = [Slow("quantile", f"{HERE}:Quantile", "skae.statistics")]
    monkeypatch.setattr("skae.registry.entry_points", lambda group: found)
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(registry.get("quantile")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Quantile] * 3


def test_a_module_may_ask_while_it_is_loaded(registry, monkeypatch):
    class Asking(EntryPoint):
        def load(self):
            assert registry.names() == ["mean", "median"]
            return Quantile

    found = [Asking("quantile", f"{HERE}:Quantile", "skae.statistics")]
    monkeypatch.setattr("skae.registry.entry_points", lambda group: found)
    assert registry.names() == ["mean", "median", "quantile"]
