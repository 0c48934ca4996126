"""The layers of the library: an import goes only upwards in the list."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skae

ROOT = Path(skae.__file__).parent

# From the bottom to the top; modules in one row may not import one another.
LAYERS = [
    {"exceptions", "_notices", "_sklearn"},
    {"_arrays", "_finder", "_html", "files", "progress", "registry", "shapes"},
    {
        *{"information", "metrics", "datasets", "preprocessing", "model_selection"},
        "_tables",
    },
    {"networks", "schedules", "noise", "samplers"},
    {"bottlenecks"},
    {"objectives"},
    {"training"},
    {"stacking"},
    {"persistence"},
    {"autoencoders"},
    {"scorers"},
    {"search", "interpretation", "anomalies"},
    {"plugins", "testing"},
    {"plotting"},
    {"cli"},
    {"skae"},  # the package's own names: nothing inside it may ask for them
]
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}


def part_of(path):
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "skae" if part == "__init__" else part


def imports(path):
    """Yield all (module, name) that a module imports, name None for modules."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)


def imported(path):
    """Yield the parts of skae that a module imports."""
    for module, name in imports(path):
        package, _, inner = module.partition(".")
        if package == "skae":
            part = inner.split(".")[0] or name
            yield part if part in HEIGHT else "skae"


MODULES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_upwards(path):
    part = part_of(path)
    for name in imported(path):
        if name != part:
            assert HEIGHT[name] < HEIGHT[part], f"{part} must not import {name}"


def test_every_module_has_a_layer():
    assert {part_of(path) for path in MODULES} <= set(HEIGHT)


def uses(path, package):
    return any(module.split(".")[0] == package for module, _ in imports(path))


def test_skorch_is_known_where_training_happens_only():
    knowing = {part_of(path) for path in MODULES if uses(path, "skorch")}
    assert knowing <= {"training", "stacking", "autoencoders"}


def private_names(path, package):
    """Return what a module takes from another package that is private there."""
    tree = ast.parse(path.read_text())
    found = [".".join(filter(None, pair)) for pair in imports(path)]
    found += [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    return {
        name
        for name in found
        if name.split(".")[0] == package
        and any(re.match("_(?!_)", part) for part in name.split("."))
    }


def test_private_names_of_scikit_learn_come_through_one_module():
    using = [path for path in MODULES if private_names(path, "sklearn")]
    assert using == [ROOT / "_sklearn.py"]


def test_parts_of_your_own_need_no_private_names_of_scikit_learn():
    checkout = ROOT.parent
    examples = [p for p in checkout.glob("examples/**/*.py") if "build" not in p.parts]
    assert len(examples) > 10
    assert not [path for path in examples if private_names(path, "sklearn")]
    pages = [*checkout.glob("docs/*.md"), *checkout.glob("docs/*/*.md")]
    pages.append(checkout / "README.md")
    private = re.compile(r"\bsklearn(\.\w+)*(\.| import )_[a-z]")
    assert not [path for path in pages if private.search(path.read_text())]


@pytest.mark.parametrize("package", ["joblib", "skorch", "skopt"])
def test_private_names_of_other_libraries_are_not_used(package):
    assert not [path for path in MODULES if private_names(path, package)]


@pytest.mark.parametrize(
    "line",
    [
        "from sklearn.utils._tags import Tags",
        "from sklearn.base import _fit_context",
        "import sklearn.utils._tags",
        "sklearn.utils._tags.Tags",
    ],
)
def test_private_names_are_found_in_whatever_form(tmp_path, line):
    path = tmp_path / "module.py"
    path.write_text(f"import sklearn\n{line}\nprint(sklearn.__version__)\n")
    assert len(private_names(path, "sklearn")) >= 1
    path.write_text("import sklearn\nprint(sklearn.__version__)\n")
    assert not private_names(path, "sklearn")


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
