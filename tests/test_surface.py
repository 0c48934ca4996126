"""What is public: names at the door, modules without underscore, names in texts."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_docstrings import API, NAMES

import skae
from skae.plugins import KINDS

PACKAGE = Path(skae.__file__).parent
ROOT = Path(__file__).parents[1]

# Where other packages declare parts: groups of entry points, and no modules.
GROUPS = {registry.group for registry in KINDS.values()}


def run(code):
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


# The door


def test_the_door_has_the_names_that_a_user_needs_first():
    assert set(skae.__all__) == {
        *("Autoencoder", "DenseAutoencoder", "LSTMAutoencoder", "VAE", "MMDVAE"),
        *("TabularAutoencoder", "TabularVAE"),
        *("load", "select_dimension", "LatentDimensionSearchCV"),
        *("BayesSearchCV", "EvolutionarySearchCV", "get_scorer", "get_scorer_names"),
        *("stacked", "fit_stack", "Checkpoint", "ReconstructionDetector"),
    }
    assert set(skae.__all__) <= set(dir(skae))
    assert "importlib" not in dir(skae)


def test_scikit_optimize_is_imported_for_its_search_only():
    code = (
        "import sys, skae; print('BayesSearchCV' in dir(skae), 'skopt' in sys.modules);"
        "from skae import BayesSearchCV; print(BayesSearchCV.__name__)"
    )
    assert run(code).splitlines() == ["True False", "BayesSearchCV"]


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("Silhouette", "skae.scorers"),
        ("CollapseWarning", "skae.exceptions"),
        ("Architecture", "skae.search"),
        ("LossCurveDisplay", "skae.plotting"),
        ("learning_rate_range_test", "skae.autoencoders"),
    ],
)
def test_names_inside_are_said_to_be_there(name, home):
    message = f"skae has no attribute {name!r}: it is in {home}$"
    with pytest.raises(AttributeError, match=message):
        getattr(skae, name)


@pytest.mark.parametrize("name", ["Silhouete", "_private", "__wrapped__"])
def test_names_of_nothing_are_in_no_place(name):
    with pytest.raises(AttributeError, match=f"skae has no attribute '{name}'$"):
        getattr(skae, name)


def test_modules_are_found_without_importing_others():
    code = "import sys; from skae import plugins; print('skae.cli' in sys.modules)"
    assert run(code) == "False"


# Underscores


def documented_modules():
    pages = "\n".join(page.read_text() for page in API.glob("*.rst"))
    return set(re.findall(r"^\.\. currentmodule:: (\S+)", pages, flags=re.MULTILINE))


def modules_without_underscore():
    for path in PACKAGE.rglob("*.py"):
        if not path.name.startswith("_"):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            yield ".".join(parts)


def test_a_module_is_private_unless_it_is_documented():
    assert set(modules_without_underscore()) <= documented_modules()


@pytest.mark.parametrize("name", sorted(documented_modules()))
def test_documented_modules_exist_and_have_public_names(name):
    module = importlib.import_module(name)
    documented = {full for full in NAMES if full.rpartition(".")[0] == name}
    assert documented <= {f"{name}.{each}" for each in module.__all__}


def test_what_is_public_is_on_a_page():
    """What several modules have is described once, under one of its names."""
    described = {id(resolve(name)) for name in NAMES}
    public = {
        f"{module}.{name}"
        for module in documented_modules()
        for name in importlib.import_module(module).__all__
    }
    for name in public:
        found = resolve(name)
        if inspect.isclass(found) or inspect.isroutine(found):
            assert id(found) in described, f"add {name} to a page in docs/api"


# What is written


def pages():
    docs = ROOT / "docs"
    for folder in (ROOT, docs, docs / "guide", docs / "howto"):
        yield from folder.glob("*.md")
    yield from API.glob("*.rst")
    yield from (ROOT / "examples").glob("*.py")
    yield from (ROOT / "examples" / "plugin" / "src").rglob("*.py")


def docstrings():
    """Yield the docstrings of what is documented, methods included, by their names."""
    for full in NAMES:
        module, _, name = full.rpartition(".")
        found = getattr(importlib.import_module(module), name)
        yield full, inspect.getdoc(found)
        if inspect.isclass(found):
            for method, function in inspect.getmembers(found, inspect.isroutine):
                if not method.startswith("_") and function.__doc__:
                    yield f"{full}.{method}", function.__doc__


TEXTS = {
    **{str(page.relative_to(ROOT)): page.read_text() for page in pages()},
    **dict(docstrings()),
}
# The history of changes names what there was.
TEXTS.pop("docs/changes.md")


def named(text):
    return set(re.findall(r"\bskae(?:\.[^\W\d]\w*)+", text)) - GROUPS


def resolve(name):
    """Return what a dotted name stands for, modules of any depth included."""
    parent, _, last = name.rpartition(".")
    if not parent:
        return importlib.import_module(last)
    parent = resolve(parent)
    return getattr(parent, last, None) or importlib.import_module(name)


def test_texts_name_no_private_module():
    private = {
        where: names
        for where, text in TEXTS.items()
        if (names := [name for name in named(text) if "._" in name])
    }
    assert not private


IMPORT = re.compile(r"^(?:[ ]*>>> )?\s*(?:from|import) (skae(?:\.\w+)*)", re.MULTILINE)


def test_texts_import_from_documented_modules():
    others = {
        where: names
        for where, text in TEXTS.items()
        if (names := {*IMPORT.findall(text)} - documented_modules())
    }
    assert not others


@pytest.mark.parametrize("name", sorted(set().union(*map(named, TEXTS.values()))))
def test_what_texts_name_exists(name):
    assert resolve(name) is not None
