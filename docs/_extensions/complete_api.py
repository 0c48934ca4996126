"""Warn of public classes and functions that no page of the API describes."""

import importlib
import inspect

from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

PUBLIC = [
    "skae",
    "skae.autoencoders",
    "skae.bottlenecks",
    "skae.datasets",
    "skae.exceptions",
    "skae.information",
    "skae.interpretation",
    "skae.metrics",
    "skae.model_selection",
    "skae.networks",
    "skae.noise",
    "skae.objectives",
    "skae.plotting",
    "skae.plugins",
    "skae.preprocessing",
    "skae.samplers",
    "skae.schedules",
    "skae.scorers",
    "skae.search",
    "skae.stacking",
    "skae.testing",
]

# Public for other modules of the library only.
INTERNAL = {
    "skae.stacking.Cancelled",
    "skae.stacking.StackedBackend",
    "skae.stacking.train",
}


def public_objects():
    """Yield the name of every public class and function, and itself."""
    for module_name in PUBLIC:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) or inspect.isroutine(found):
                yield f"{module_name}.{name}", found


def named(name):
    """Return what a full name of a class or function stands for."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def check(app, env):
    """Warn of what is public and has no page."""
    kinds = {"class", "exception", "function"}
    objects = env.domains["py"].objects
    described = {id(named(name)) for name in objects if objects[name].objtype in kinds}
    for name, found in public_objects():
        if name not in INTERNAL and id(found) not in described:
            LOGGER.warning("%s is public: add it to a page in docs/api", name)


def setup(app):
    """Check when all pages are read."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
