"""Describe the methods that skae defines, and name those that it inherits.

What other libraries define is described on their own sites, to which their docstrings
refer.
"""

import inspect


def function_of(member):
    """Return the function behind a member of a class, or None if it is a value."""
    if isinstance(member, property):
        return member.fget
    member = inspect.unwrap(member) if callable(member) else None
    return member if inspect.isroutine(member) else None


def is_own(member):
    """Return whether a member is a method or property that skae defines."""
    module = getattr(function_of(member), "__module__", None) or ""
    return module.startswith("skae")


def skip(app, what, name, member, skipped, options):
    """Leave out class attributes, and what other libraries define."""
    return None if what == "module" or is_own(member) else True


def from_sklearn(cls):
    """Return the names of the public methods that scikit-learn defines for a class."""
    names = []
    for name in dir(cls):
        function = None if name[0] == "_" else function_of(getattr(cls, name, None))
        module = getattr(function, "__module__", None) or ""
        if module.startswith("sklearn") and not name.endswith("_request"):
            names.append(name)
    return names


def name_inherited(app, what, name, found, options, lines):
    """Add a paragraph with the names of scikit-learn's methods."""
    names = from_sklearn(found) if what == "class" else []
    if names:
        listed = ", ".join(f"``{name}``" for name in names)
        lines += ["", f"Inherited from scikit-learn: {listed}.", ""]


def setup(app):
    """Add after numpydoc has read the docstring."""
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", name_inherited, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
