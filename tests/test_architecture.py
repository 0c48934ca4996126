"""The layers of the library: an import goes only upwards in the list."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skae

ROOT = Path(skae.__file__).parent

# From the bottom to the top; modules in one row may not import one another.
LAYERS = [
    {"exceptions"},
    {"_arrays", "files", "registry", "shapes"},
    {"information", "metrics", "datasets", "preprocessing", "model_selection"},
    {"networks", "schedules", "noise", "samplers"},
    {"bottlenecks"},
    {"objectives"},
    {"training"},
    {"stacking"},
    {"persistence"},
    {"autoencoders"},
    {"scorers"},
    {"search", "interpretation"},
    {"plugins", "testing"},
    {"plotting"},
    {"cli"},
]
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path):
    """Yield the parts of skae that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
            if node.module == "skae":
                names = [f"skae.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("skae."))


MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT)
MODULES += sorted(path for path in ROOT.glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_upwards(path):
    part = part_of(path)
    for name in imported(path):
        if name in HEIGHT and name != part:
            assert HEIGHT[name] < HEIGHT[part], f"{part} must not import {name}"


def test_every_module_has_a_layer():
    assert {part_of(path) for path in MODULES} <= set(HEIGHT)


def uses(path, package):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        if any((name or "").split(".")[0] == package for name in names):
            return True
    return False


def test_skorch_is_known_where_training_happens_only():
    knowing = {part_of(path) for path in MODULES if uses(path, "skorch")}
    assert knowing <= {"training", "stacking", "autoencoders"}


def test_distances_are_computed_in_one_place_only():
    for path in MODULES:
        if path != ROOT / "information" / "_kernels.py":
            assert "cdist" not in path.read_text(), path


def test_imports_are_light():
    """The kit of checks needs neither pytest nor pandas."""
    code = (
        "import sys, skae; "
        "heavy = {'skopt', 'matplotlib', 'typer', 'jinja2'}; "
        "print(sorted(heavy & set(sys.modules))); "
        "before = set(sys.modules); import skae.testing; "
        "new = set(sys.modules) - before; "
        "print(sorted({'pytest', '_pytest', 'pandas', 'matplotlib'} & new))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["[]", "[]"]
