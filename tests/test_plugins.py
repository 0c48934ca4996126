"""Plugins as strangers write them: those that work, and those that do not."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

import skae
from skae.bottlenecks import PointBottleneck
from skae.exceptions import UnknownNameError
from skae.objectives import Objective
from skae.plugins import KINDS, list_plugins
from skae.registry import Registry
from skae.search import get_rule
from skae.testing import checks_of

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "plugin"
X = np.sin(np.arange(8) / 2 + np.linspace(0, 6, 40)[:, None])
each_kind = pytest.mark.parametrize("kind", KINDS)


# Packages that are installed for the time of a test


def install(site, name, entry_points, version="1.0"):
    """Write what an installer writes of a package into a folder on the path."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata)
    lines = []
    for group, targets in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {to}" for key, to in targets.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def forget_plugins(monkeypatch):
    """Let every registry look for plugins again, now and after the test."""
    for registry in KINDS.values():
        own = {
            name: cls
            for name, cls in registry._classes.items()
            if cls.__module__.startswith("skae.")
        }
        monkeypatch.setattr(registry, "_classes", own)
        monkeypatch.setattr(registry, "_origins", {})
        monkeypatch.setattr(registry, "_left_out", [])
        monkeypatch.setattr(registry, "_plugins_are_loaded", False)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    forget_plugins(monkeypatch)
    return site


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The package in examples/plugin, and what its pyproject.toml says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    site = tmp_path_factory.mktemp("site")
    install(site, project["name"], project["entry-points"], project["version"])
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(site)
        monkeypatch.syspath_prepend(EXAMPLE / "src")
        forget_plugins(monkeypatch)
        yield project
        for name in [name for name in sys.modules if name.startswith("skae_transf")]:
            monkeypatch.delitem(sys.modules, name)


# What there is


def test_every_registry_is_listed():
    text = "\n".join(path.read_text() for path in (ROOT / "skae").rglob("*.py"))
    groups = re.findall(r'= Registry\("[^"]*", "skae\.(\w+)"\)', text)
    assert sorted(groups) == sorted(KINDS)
    assert all(KINDS[group].group == f"skae.{group}" for group in groups)


@each_kind
def test_own_parts_are_listed(kind):
    own = [p for p in list_plugins(kind) if p.origin == f"skae {skae.__version__}"]
    assert {plugin.kind for plugin in own} == {kind}
    for plugin in own:
        module, name = plugin.target.split(":")
        cls = getattr(importlib.import_module(module), name)
        assert KINDS[kind].get(plugin.name) is cls
        assert issubclass(cls, KINDS[kind].base)
        assert plugin.error is None
    assert len(own) > 1


def test_all_kinds_are_listed_in_order():
    plugins = list_plugins()
    assert list(dict.fromkeys(plugin.kind for plugin in plugins)) == list(KINDS)
    assert len(plugins) == sum(len(list_plugins(kind)) for kind in KINDS)


def test_unknown_kind():
    with pytest.raises(UnknownNameError, match="mean 'penalties'"):
        list_plugins("penalty")


# What strangers get wrong


@each_kind
def test_a_broken_plugin_of_any_kind(kind, site):
    install(site, "Broken-Thing", {f"skae.{kind}": {"new": "skae_no_such:Thing"}})
    said = r"'new' of Broken-Thing 1.0 \(skae_no_such:Thing\) could not be loaded: Mod"
    with pytest.warns(RuntimeWarning, match=said):
        *own, broken = list_plugins(kind)
    assert all(plugin.error is None for plugin in own)
    assert (broken.kind, broken.name, broken.origin) == (
        kind,
        "new",
        "Broken-Thing 1.0",
    )
    assert broken.error == "ModuleNotFoundError: No module named 'skae_no_such'"
    with pytest.raises(UnknownNameError, match=said):
        KINDS[kind].get("new")


@each_kind
def test_a_plugin_of_the_wrong_kind(kind, site):
    cls = "collections:Counter"
    install(site, "wrong", {f"skae.{kind}": {"new": cls}})
    base = KINDS[kind].base.__name__
    said = rf"'new' of wrong 1.0 \({cls}\) .*: it does not derive from skae.*\.{base}\."
    with pytest.warns(RuntimeWarning, match=said):
        KINDS[kind].names()


@each_kind
def test_the_librarys_name_stays_the_librarys(kind, site):
    plugin = list_plugins(kind)[0]
    module, name = plugin.target.split(":")
    code = f"from {module} import {name}\nclass Mine({name}): ...\n"
    (site / f"skae_taker_{kind}.py").write_text(code)
    target = f"skae_taker_{kind}:Mine"
    install(site, "taker", {f"skae.{kind}": {plugin.name: target}})
    KINDS[kind]._plugins_are_loaded = False
    said = rf"of taker 1.0 \({target}\).*{plugin.target} of {plugin.origin}"
    with pytest.warns(RuntimeWarning, match=said):
        left_out = list_plugins(kind)[-1]
    assert (left_out.name, left_out.origin) == (plugin.name, "taker 1.0")
    assert KINDS[kind].get(plugin.name).__module__.startswith("skae.")


def test_of_two_strangers_the_first_by_name_wins(site):
    for package in ("zebra", "ape"):
        (site / f"skae_{package}.py").write_text(
            "from skae.schedules import LinearWarmup\nclass Own(LinearWarmup): ...\n"
        )
        install(site, package, {"skae.schedules": {"own": f"skae_{package}:Own"}})
    said = r"of zebra 1.0 .*: the name 'own' is that of the schedule .* of ape 1.0"
    with pytest.warns(RuntimeWarning, match=said):
        *_, taken, left_out = list_plugins("schedules")
    assert (taken.name, taken.origin, left_out.origin) == (
        "own",
        "ape 1.0",
        "zebra 1.0",
    )


def test_broken_plugins_do_not_break_the_import(tmp_path):
    (tmp_path / "skae_boom.py").write_text("raise RuntimeError('boom')\n")
    target = {"boom": "skae_boom:Thing"}
    install(tmp_path, "boom", {f"skae.{kind}": target for kind in KINDS})
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import skae\n"
        "assert 'skae_boom' not in sys.modules\n"
        "assert 'kernel_mi' in skae.get_scorer_names()\n"
        "from skae.plugins import list_plugins\n"
        "print(*(plugin.error for plugin in list_plugins() if plugin.error), sep='\\n')"
    )
    command = [sys.executable, "-c", code, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["RuntimeError: boom"] * len(KINDS)
    assert run.stderr.count("RuntimeWarning: The ") == len(KINDS)


# Names as strings where parts are given


def fit(**parts):
    return skae.Autoencoder(1, max_epochs=1, random_state=0, **parts).fit(X)


def penalised(penalty):
    return fit(objective=Objective(penalties=[("penalty", penalty)]))


def searched(**settings):
    model = skae.DenseAutoencoder(max_epochs=1, random_state=0)
    search = skae.LatentDimensionSearchCV(
        model, n_components=2, cv=2, random_state=0, **settings
    )
    return search.fit(X)


def evolved(strategy):
    space = {"n_components": (1, 2), "whiten": [False, True]}
    settings = {"population_size": 2, "n_generations": 1, "cv": 2, "random_state": 0}
    search = skae.EvolutionarySearchCV(PCA(), space, strategy=strategy, **settings)
    return search.fit(np.random.default_rng(0).normal(size=(20, 4)))


TAKES_NAMES = {
    "network": ("dnse", "dense", lambda name: fit(network=name)),
    "bottleneck": ("pont", "point", lambda name: fit(bottleneck=name)),
    "input noise": ("gausian", "gaussian", lambda name: fit(input_noise=name)),
    "code noise": (
        "snrr",
        "snr",
        lambda name: fit(bottleneck=PointBottleneck(noise=name)),
    ),
    "sampler": ("gausian", "gaussian", lambda name: fit(sampler=name)),
    "objective": ("hubr", "huber", lambda name: fit(objective=name)),
    "reconstruction": ("hubr", "huber", lambda name: fit(objective=Objective(name))),
    "penalty": ("momens", "moments", penalised),
    "scorer": ("kernel", "kernel_mi", skae.get_scorer),
    "scoring": ("reconstr", "reconstruction", lambda name: searched(scoring=name)),
    "strategy": ("keep_if_beter", "keep_if_better", evolved),
    "rule": ("bst", "best", get_rule),
    "rule of a search": ("kne", "knee", lambda name: searched(rule=name)),
}


@pytest.mark.parametrize("case", TAKES_NAMES)
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_names_stand_for_parts_and_wrong_ones_are_understood(case):
    wrong, right, use = TAKES_NAMES[case]
    use(right)
    with pytest.raises(UnknownNameError, match=rf"{wrong}.* Did you mean '{right}'\?"):
        use(wrong)


# The example


def test_the_example_is_found_by_its_names(example):
    found = {
        plugin.name: plugin
        for plugin in list_plugins()
        if plugin.origin == f"{example['name']} {example['version']}"
    }
    declared = {
        name: group
        for group, targets in example["entry-points"].items()
        for name in targets
    }
    assert {name: f"skae.{plugin.kind}" for name, plugin in found.items()} == declared
    assert [plugin.error for plugin in found.values()] == [None] * len(found)


def test_the_parts_of_the_example_keep_their_promises(example):
    parts = [
        (KINDS["networks"].get("transformer")(8, n_heads=2), (5, 2)),
        KINDS["penalties"].resolve("sliced_wasserstein"),
        KINDS["samplers"].resolve("smoothed"),
        skae.get_scorer("continuity"),
    ]
    for part in parts:
        for instance, check in checks_of(part):
            check(instance)


def test_the_example_works_by_name(example, tmp_path):
    objective = Objective(penalties=[("prior", "sliced_wasserstein")])
    model = fit(network="transformer", objective=objective, sampler="smoothed")
    assert model.sample(2, random_state=0).shape == (2, 8)
    assert 0 <= skae.get_scorer("continuity")(model, X) <= 1
    model.save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), model.transform(X))


def test_the_estimator_of_the_example_is_saved_under_its_name(example, tmp_path):
    model = (
        KINDS["estimators"]
        .get("TransformerAutoencoder")(1, width=8, max_epochs=1, random_state=0)
        .fit(X)
    )
    model.save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    assert type(same) is type(model)
    np.testing.assert_array_equal(same.transform(X), model.transform(X))


def test_a_file_says_what_is_not_installed(example, tmp_path, monkeypatch):
    fit(network="transformer").save(tmp_path / "by-name")
    network = KINDS["networks"].resolve("transformer")
    fit(network=network).save(tmp_path / "by-class")
    forget_plugins(monkeypatch)
    monkeypatch.setattr(Registry, "_load_plugins", lambda self: None)
    for name in ("by-name", "by-class"):
        with pytest.raises(skae.exceptions.FileFormatError, match="'transformer'"):
            skae.load(tmp_path / name)


@pytest.mark.slow
def test_the_tests_of_the_example(example):
    path = [str(EXAMPLE / "src"), *sys.path]
    code = f"import sys, pytest; sys.path[:0] = {path}; sys.exit(pytest.main(['-q']))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLE, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout
