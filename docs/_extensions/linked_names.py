"""Link names in code to their pages, wherever text says `Name` or `module.name`.

So a page of Markdown needs no markup that other readers of it would show as it is.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

KINDS = {"class", "exception", "function"}


def tells_itself(name, text):
    """Return whether a bare name can be no ordinary word, argument or variable."""
    return not name.islower() or "_" in name or text.endswith(")")


def full_name(text, env):
    """Return the documented name that a piece of code is, or None.

    What is called by its last part only has to be the one of that name.
    """
    name = text.partition("(")[0]
    module, _, last = name.rpartition(".")
    if not last.isidentifier() or (module and not module.startswith("skae")):
        return None
    if not module and not tells_itself(last, text):
        return None
    found = {
        full
        for full, entry in env.domains["py"].objects.items()
        if entry.objtype in KINDS
        and not entry.aliased
        and full.rpartition(".")[2] == last
    }
    return found.pop() if len(found) == 1 else None


def reference(builder, env, page, name, content):
    """Return a link from a page to the description of a name."""
    entry = env.domains["py"].objects[name]
    return make_refnode(builder, page, entry.docname, entry.node_id, content, name)


def resolve(app, env, node, content):
    """Find what a docstring refers to by less than its full name."""
    if node.get("refdomain") == "py":
        name = full_name(node["reftarget"], env)
        if name is not None:
            return reference(app.builder, env, node["refdoc"], name, content)
    return None


class LinkedNames(SphinxPostTransform):
    """Make links of the names in a page's text."""

    default_priority = 20

    def run(self, **kwargs):
        """Replace pieces of code, but for those in headings and in links."""
        for literal in list(self.document.findall(nodes.literal)):
            name = full_name(literal.astext(), self.env)
            inside = isinstance(literal.parent, nodes.title | nodes.reference)
            if name is not None and not inside:
                page = self.env.docname
                literal.replace_self(
                    reference(
                        self.app.builder, self.env, page, name, literal.deepcopy()
                    )
                )


def setup(app):
    """Resolve after Sphinx has tried."""
    app.connect("missing-reference", resolve)
    app.add_post_transform(LinkedNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
