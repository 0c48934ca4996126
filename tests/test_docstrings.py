"""What the reference lists has an example; that they run is tested as doctests."""

import importlib
import inspect
import re
import runpy
from pathlib import Path

import pytest

API = Path(__file__).parents[1] / "docs" / "api"


# What fills the reference's front page.
listed = runpy.run_path(API.parent / "_extensions" / "front_page.py")["names"]
NAMES = [name for page in API.glob("*.rst") for name in listed(page.read_text())]


def test_the_pages_are_read():
    assert len(NAMES) > 100
    assert {"skae.DenseAutoencoder", "skae.objectives.Huber"} <= set(NAMES)
    text = (
        ".. currentmodule:: a\n.. autosummary::\n   :toctree: g\n\n   B\n\nText\n   C"
    )
    assert list(listed(text)) == ["a.B"]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_an_example(name):
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    doc = inspect.cleandoc(found.__doc__)
    assert re.search(r"^Examples\n--------\n", doc, flags=re.MULTILINE)
    _, _, example = doc.partition("\nExamples\n")
    assert ">>> " in example or "::\n" in example
