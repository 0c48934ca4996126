"""Every name of the reference on its front page, with one line each.

The names are those of the summaries on the other pages of the folder, so that a new one
is written down once.
"""

import re
from pathlib import Path

MARK = ".. every-name::"


def names(text):
    """Yield the full names in the summaries of a page."""
    module, in_summary = None, False
    for line in text.splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = found[1]
        if line.strip() and not line.startswith(" "):
            in_summary = line.startswith(".. autosummary::")
        elif in_summary and (found := re.fullmatch(r" {3}(\w+)", line)):
            yield f"{module}.{found[1]}"


def section(page):
    """Return a heading that leads to a page, and a table of its names."""
    text = page.read_text()
    title = text.partition("\n")[0]
    listed = "\n".join(f"   ~{name}" for name in names(text))
    return (
        f"{title}\n{'-' * len(title)}\n\n:doc:`By kind, with notes <{page.stem}>`.\n\n"
        f".. autosummary::\n   :nosignatures:\n\n{listed}\n"
    )


def fill(app, docname, source):
    """Put the tables in place of the mark, in the order of the table of contents."""
    if MARK in source[0]:
        folder = Path(app.env.doc2path(docname)).parent
        pages = re.findall(r"^   (\w+)$", source[0], flags=re.M)
        tables = [section(folder / f"{page}.rst") for page in pages]
        source[0] = source[0].replace(MARK, "\n".join(tables))


def setup(app):
    """Run when pages are read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
