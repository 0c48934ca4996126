"""Parts by name: the library's own, and those of other packages."""

from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import BOTTLENECKS
from skae.networks import NETWORKS
from skae.noise import NOISES
from skae.objectives import PENALTIES, RECONSTRUCTIONS
from skae.registry import Plugin, unknown_name
from skae.samplers import SAMPLERS
from skae.schedules import SCHEDULES
from skae.scorers import SCORERS
from skae.search import RULES, STRATEGIES

__all__ = ["KINDS", "Plugin", "list_plugins"]

#: The registries, by what is behind the dot in their groups of entry points.
KINDS = {
    registry.group.removeprefix("skae."): registry
    for registry in (
        NETWORKS,
        BOTTLENECKS,
        NOISES,
        RECONSTRUCTIONS,
        PENALTIES,
        SCHEDULES,
        SAMPLERS,
        RULES,
        STRATEGIES,
        ESTIMATORS,
        SCORERS,
    )
}


def list_plugins(kind=None):
    """Return all parts that have a name, and those that should have one.

    Parameters
    ----------
    kind : str or None, default=None
        One of the keys of `KINDS`, such as ``"penalties"``; None for all kinds.

    Returns
    -------
    plugins : list of Plugin
        Kind by kind; within a kind the parts by name, then what is left out, with the
        reason as its `error`.

    Raises
    ------
    UnknownNameError
        When there is no such kind.

    Warns
    -----
    RuntimeWarning
        When something is left out, once for each in a process.

    Examples
    --------
    >>> from skae.plugins import list_plugins
    >>> for plugin in list_plugins("bottlenecks"):
    ...     print(plugin.name, plugin.target, plugin.origin)
    gaussian skae.bottlenecks:GaussianBottleneck skae 0...
    point skae.bottlenecks:PointBottleneck skae 0...
    """
    if kind is not None and kind not in KINDS:
        raise unknown_name("kind of part", kind, KINDS)
    registries = KINDS.values() if kind is None else [KINDS[kind]]
    return [plugin for registry in registries for plugin in registry.plugins()]
