"""Links to what is in the repository, which work on a code host.

In the site, those to the lessons' scripts lead to their pages, and of those to what is
not in the site, as folders, the text is kept.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class OutsideLinks(SphinxPostTransform):
    """Replace links to existing paths that are no pages of the site by their text."""

    default_priority = 5  # before myst_parser looks for what they lead to

    def run(self, **kwargs):
        """Look at what myst_parser has found to be neither page nor download."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        for link in list(self.document.findall(addnodes.pending_xref)):
            path = link["reftarget"].partition("#")[0]
            is_page = link.get("refdomain") == "doc"
            if link["reftype"] != "myst" or is_page or not path:
                continue
            if (folder / path).exists():
                link.replace_self(nodes.inline("", "", *link.children))


def lead_to_lessons(app, docname, source):
    """Let links to the scripts of lessons lead to their pages."""
    source[0] = re.sub(
        r"\]\((?:\.\./)+examples/(plot_\w+)\.py\)", r"](/lessons/\1.rst)", source[0]
    )


def setup(app):
    """Run when pages are read, and when they are written."""
    app.connect("source-read", lead_to_lessons)
    app.add_post_transform(OutsideLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
