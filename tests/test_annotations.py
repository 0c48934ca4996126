"""Annotations stand only where a library reads them.

Those are typer, of the command's functions, and the fields of data classes and named
tuples.
"""

import ast
from pathlib import Path

import pytest

import skae

ROOT = Path(skae.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
READ = {"dataclass", "NamedTuple"}


def name_of(node):
    """Return the last part of a name, of that of a call too."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


def is_command(function):
    return any(ast.unparse(each).startswith("app.") for each in function.decorator_list)


def arguments(function):
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return [*named, *filter(None, (spec.vararg, spec.kwarg))]


def annotations(tree):
    """Yield what is annotated, and no library reads."""
    read = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            if READ & {name_of(each) for each in (*node.decorator_list, *node.bases)}:
                read |= {each for each in node.body if isinstance(each, ast.AnnAssign)}
        elif isinstance(node, ast.FunctionDef) and not is_command(node):
            yield from (arg.arg for arg in arguments(node) if arg.annotation)
            if node.returns:
                yield f"{node.name}()"
        elif isinstance(node, ast.AnnAssign) and node not in read:
            yield ast.unparse(node.target)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_annotated_that_no_library_reads(path):
    assert not list(annotations(ast.parse(path.read_text())))


def test_annotations_are_seen():
    code = """
@dataclass(frozen=True)
class Record:
    field: int

    def method(self, x: int) -> str: ...

class Pair(NamedTuple):
    first: int

class Plain:
    table: dict = {}

@app.command("run")
def run(data: str): ...

def function(*rows: list, **kwargs): ...
"""
    assert set(annotations(ast.parse(code))) == {"table", "rows", "x", "method()"}
