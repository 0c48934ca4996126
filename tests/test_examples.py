"""The lessons run as they stand."""

import re
import runpy
from pathlib import Path

import pytest

from skae.datasets import fetch_fashion_mnist
from skae.plugins import KINDS

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
# Those that need data which do not ship with the package, and would download them.
FETCHED = {"plot_02_fashion_mnist": fetch_fashion_mnist}
# Those that take more than a few seconds in their fast mode, too.
SLOW = set()
LESSONS = [
    pytest.param(
        path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else []
    )
    for path in EXAMPLES
]


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Run in a folder of its own; forget what is drawn and registered there."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    for registry in KINDS.values():
        for name in ("_classes", "_origins"):
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    with plt.rc_context():
        plt.switch_backend("agg")
        monkeypatch.setattr(plt, "show", lambda: None)
        yield tmp_path
        plt.close("all")


def skip_without_data(fetch):
    """Skip a test whose data set is not on this machine."""
    try:
        if fetch is not None:
            fetch(n_samples=1, download_if_missing=False)
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.filterwarnings("ignore:The fit ended worse than the mean")  # too few
@pytest.mark.documents
@pytest.mark.parametrize("path", LESSONS)
def test_lessons_run(path, scratch, monkeypatch):
    import matplotlib.pyplot as plt

    skip_without_data(FETCHED.get(path.stem))
    monkeypatch.setenv("SKAE_FAST", "1")
    runpy.run_path(str(path), run_name="__main__")
    assert plt.get_fignums(), "a lesson shows something"
    for number in plt.get_fignums():
        plt.figure(number).draw_without_rendering()


def test_links_of_the_documents_lead_somewhere():
    guides = [
        path
        for kind in ("", "guide/", "howto/")
        for path in (ROOT / "docs").glob(f"{kind}*.md")
    ]
    for page in [*ROOT.glob("*.md"), *guides]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"
