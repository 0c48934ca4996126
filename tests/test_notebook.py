"""The README's usages in a notebook, and what it shows."""

import re
import runpy
from collections import Counter
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[1]
PROGRESS = """
from sklearn.model_selection import GridSearchCV
from skae.progress import ProgressLine
quick = DenseAutoencoder(max_epochs=2, random_state=0)
watched = GridSearchCV(quick, {"n_components": [1, 2]}, cv=3)
watched.set_callbacks(ProgressLine()).fit(surface)
"""


def made_notebook():
    return runpy.run_path(ROOT / "docs" / "usages_notebook.py")["usages_notebook"]()


def texts(cell):
    """Return all texts that the outputs of a cell show, in their order."""
    found = []
    for output in cell.get("outputs", ()):
        found.append(output.get("text", ""))
        found += output.get("data", {}).values()
    return [text for text in found if isinstance(text, str)]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    notebook = made_notebook()
    notebook.cells.append(nbformat.v4.new_code_cell(PROGRESS.strip()))
    resources = {"metadata": {"path": str(folder)}}
    settings = {"timeout": 600, "coalesce_streams": True, "resources": resources}
    nbclient.NotebookClient(notebook, **settings).execute()
    return notebook


@pytest.fixture(scope="module")
def code(executed):
    return [cell for cell in executed.cells if cell.cell_type == "code"]


def test_the_notebook_has_all_usages_of_the_readme():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    sources = [c.source for c in made_notebook().cells if c.cell_type == "code"]
    assert len(sources) == len(blocks) == 4
    for source, block in zip(sources, blocks, strict=True):
        assert source.startswith(block.strip())


@pytest.mark.documents
def test_all_usages_show_a_card(code):
    cards = ["Pipeline", "BayesSearchCV", "Latent dimension: 2", "DenseAutoencoder"]
    for cell, card in zip(code, cards, strict=False):
        (page,) = [o["data"]["text/html"] for o in cell.outputs if "data" in o]
        assert card in page


@pytest.mark.documents
def test_what_is_printed_is_for_people(code):
    shown = "\n".join(text for cell in code for text in texts(cell))
    assert not re.search(r"\w+\(\w+=array|<[\w.]+ object at 0x", shown)
    assert "Selection(value" not in shown
    printed = [o["text"] for cell in code for o in cell.outputs if "text" in o]
    assert any(re.search("n_components': [2-7]", text) for text in printed)  # no bound
    assert any(re.search(r"explained variance: 0\.\d\d", text) for text in printed)


@pytest.mark.documents
def test_no_warning_comes_twice_or_from_a_library(code):
    warned = Counter()
    for cell in code:
        for text in texts(cell):
            warned.update(re.findall(r"^(\S+):\d+: (\w*Warning): (.*)", text, re.M))
    assert not [one for one, n in warned.items() if n > 1]
    assert not [place for place, *_ in warned if "site-packages" in place]


@pytest.mark.documents
def test_progress_needs_no_widgets(code):
    (written,) = [output["text"] for output in code[-1].outputs if "text" in output]
    assert re.fullmatch(r"GridSearchCV: 7 fits in \d+ s\s*", written)
