"""The usages of the README as a notebook: ``python docs/usages_notebook.py FILE``.

Text and code are the README's; each cell ends with what it has made, so that notebooks
show the card of it.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

README = Path(__file__).parents[1] / "README.md"
USAGES = re.compile(r"^## Four usages\n(.*?)^## ", flags=re.DOTALL | re.MULTILINE)
# What each block makes, and how it is looked at.
SHOWN = ["pipeline", "search", "selection", "autoencoder"]


def usages_notebook():
    """Return the notebook, not yet run."""
    usages = USAGES.search(README.read_text())[1]
    texts = re.split(r"```python\n(.*?)```", usages, flags=re.DOTALL)
    cells = [new_markdown_cell("# Four usages of skae")]
    shown = iter(SHOWN)
    for number, text in enumerate(map(str.strip, texts)):
        if number % 2:
            cells.append(new_code_cell(f"{text}\n{next(shown)}"))
        elif text:
            cells.append(new_markdown_cell(text))
    return new_notebook(cells=cells)


if __name__ == "__main__":
    nbformat.write(usages_notebook(), sys.argv[1])
