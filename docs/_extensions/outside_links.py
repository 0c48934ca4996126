"""Keep the text of links to what is in the repository and not in the site.

On a code host such links lead to folders, and to pages beside the site's.
"""

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
            if link["reftype"] == "myst" and path and (folder / path).exists():
                link.replace_self(nodes.inline("", "", *link.children))


def setup(app):
    """Run when pages are written."""
    app.add_post_transform(OutsideLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
