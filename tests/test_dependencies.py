"""What is imported is what is declared."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import skae

ROOT = Path(skae.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
}


def declared(requirements):
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def imported(statements):
    """Return the distributions that statements import, but for Python's and skae's."""
    names = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names} - {"skae"}
    tops -= sys.stdlib_module_names
    return {DISTRIBUTIONS.get(top, top) for top in tops}


def trees():
    return [ast.parse(path.read_text()) for path in ROOT.rglob("*.py")]


def test_what_modules_need_is_declared():
    # the figures have a requirement of their own
    plot = declared(PROJECT["optional-dependencies"]["plot"])
    needed = set().union(*(imported(tree.body) for tree in trees())) - plot
    assert needed <= declared(PROJECT["dependencies"])


def test_what_functions_need_is_declared_somewhere():
    extras = PROJECT["optional-dependencies"].values()
    known = declared(PROJECT["dependencies"]).union(*map(declared, extras))
    assert set().union(*(imported(ast.walk(tree)) for tree in trees())) <= known


def lowest(requirements):
    """Return the lowest versions by name that requirements allow."""
    found = (
        re.match(r"([\w-]+)>=([\d.]+)", requirement) for requirement in requirements
    )
    return {match[1].lower(): match[2] for match in found if match}


def pinned(name):
    lines = (ROOT.parent / name).read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {package.lower(): version for package, version in pairs}


def test_the_lowest_versions_that_are_tested_are_those_declared():
    extras = PROJECT["optional-dependencies"]
    bounds = lowest([*PROJECT["dependencies"], *extras["plot"], *extras["test"]])
    pins = pinned("constraints-lowest.txt")
    del pins["torch"]  # see there
    assert pins
    for name, version in pins.items():
        assert as_numbers(version) == as_numbers(bounds[name]), name


def as_numbers(version):
    numbers = [int(part) for part in version.split(".")]
    return numbers + [0] * (3 - len(numbers))


def test_the_citation_is_of_this_version():
    citation = (ROOT.parent / "CITATION.cff").read_text()
    assert f"version: {PROJECT['version']}\n" in citation
