"""Draw the pictures of the user guide: ``python docs/guide_pictures.py``.

The page's own blocks are run, in a temporary folder, and the pictures that they save
are kept.
"""

import contextlib
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = ["autoencoders.md", "searching.md"]


def run(page):
    """Run the blocks of a page, in the current folder, as this script's own."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.M)
    namespace = vars(sys.modules["__main__"])
    for block in blocks:
        exec(compile(block, page.name, "exec"), namespace)


with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    warnings.simplefilter("ignore")  # of which the page shows some on purpose
    for name in PAGES:
        run(DOCS / name)
    for picture in Path(folder).glob("guide-*.png"):
        shutil.copy(picture, DOCS / "images")
