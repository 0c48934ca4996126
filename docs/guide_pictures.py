"""Draw the pictures of the user guide: ``python docs/guide_pictures.py``.

The blocks of the pages that save pictures are run, in a temporary folder, and the
pictures are kept. Names of pages, as ``explain``, choose some of them.
"""

import contextlib
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = [
    page
    for page in sorted([*DOCS.glob("*.md"), *DOCS.glob("guide/*.md")])
    if "savefig(" in page.read_text() and page.stem in (sys.argv[1:] or [page.stem])
]


def run(page):
    """Run the blocks of a page, in the current folder, as this script's own."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.M)
    namespace = vars(sys.modules["__main__"])
    for block in blocks:
        exec(compile(block, page.name, "exec"), namespace)


with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    warnings.simplefilter("ignore")  # of which the page shows some on purpose
    for page in PAGES:
        run(page)
    for picture in Path().glob("guide-*.png"):
        shutil.copy(picture, DOCS / "images")
