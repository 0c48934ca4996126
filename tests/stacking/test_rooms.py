"""The three rooms of stacked training, and how little they know of other folders."""

import ast
from pathlib import Path

import pytest

import skae.stacking

ROOT = Path(skae.stacking.__file__).parent
#: From the bottom to the top: a room knows itself and those before it.
ROOMS = ["layers", "training", "meeting"]
MODULES = sorted(ROOT.rglob("*.py"))


def imports(path):
    """Yield the module and the name of each import from this library."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "skae":
            for alias in node.names:
                yield node.module, alias.name


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    known = ROOMS[: ROOMS.index(room) + 1]
    for path in (ROOT / room).glob("*.py"):
        for module, name in imports(path):
            if module == "skae.stacking":
                raise AssertionError(f"{path} imports {name} from the front door")
            if module.startswith("skae.stacking."):
                assert module.split(".")[2] in known, f"{path} imports {module}"


def test_private_names_of_other_folders_are_few():
    """Networks are known by their classes; all else says of itself how it stacks."""
    found = {
        f"{module}.{name}"
        for path in MODULES
        for module, name in imports(path)
        if name.startswith("_") and not module.startswith("skae.stacking")
    }
    assert len(found) <= 5, sorted(found)
    assert all(name.startswith("skae.networks.") for name in found)


@pytest.mark.parametrize("room", ROOMS)
def test_the_door_of_a_room_names_all_that_is_in_it(room):
    modules = [p for p in (ROOT / room).glob("*.py") if p.name != "__init__.py"]
    doc = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
    assert [p.name for p in modules if p.name not in doc] == []
