"""The README's lines and the lessons run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))


def run(command, folder, **environment):
    environment = {
        **os.environ,
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
    } | environment
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_lessons_run(path, tmp_path):
    lesson = run([sys.executable, path], tmp_path, SKAE_EXAMPLES_FAST="1")
    assert lesson.returncode == 0, lesson.stderr


def test_the_readme_runs(tmp_path):
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 4
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    readme = run([sys.executable, script], tmp_path)
    assert readme.returncode == 0, readme.stderr
    assert "explained variance" in readme.stdout


def test_links_of_the_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"
