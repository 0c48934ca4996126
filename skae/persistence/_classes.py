"""Classes that a file may name: registered ones, and a short list of others."""

import torch

from skae._tables import CategoryColumn, NumberColumn, TableEncoder
from skae.bottlenecks import BOTTLENECKS
from skae.networks import NETWORKS
from skae.noise import NOISES
from skae.objectives import PENALTIES, RECONSTRUCTIONS, GaussianPrior, Objective
from skae.persistence._steps import STEPS
from skae.registry import Registry
from skae.samplers import SAMPLERS
from skae.schedules import SCHEDULES

__all__ = [
    "ESTIMATORS",
    "class_named",
    "is_autoencoder",
    "name_of",
    "named_in_files",
    "optimizer_name",
    "optimizer_named",
]

# Filled from above, by the modules of autoencoders.
ESTIMATORS = Registry("estimator", "skae.estimators")
_REGISTRIES = {
    registry.kind: registry
    for registry in (
        BOTTLENECKS,
        ESTIMATORS,
        NETWORKS,
        NOISES,
        PENALTIES,
        RECONSTRUCTIONS,
        SAMPLERS,
        SCHEDULES,
    )
}
_OTHERS = {
    **STEPS,
    **{cls.__name__: cls for cls in (TableEncoder, NumberColumn, CategoryColumn)},
    "GaussianPrior": GaussianPrior,
    "Objective": Objective,
}


def named_in_files(cls):
    """Let files name an estimator of a layer above, and return its class."""
    _OTHERS[cls.__name__] = cls
    return cls


def name_of(cls):
    """Return kind and name of a class, or None where it has none."""
    if _OTHERS.get(cls.__name__) is cls:
        return ["class", cls.__name__]
    for kind, registry in _REGISTRIES.items():
        for name in registry.names():
            if registry.get(name) is cls:
                return [kind, name]
    return None


def class_named(kind, name):
    """Return the class of a kind and name.

    Raises
    ------
    KeyError
        When there is no such kind.
    UnknownNameError
        When nothing of that kind is registered under the name.
    """
    return _OTHERS[name] if kind == "class" else _REGISTRIES[kind].get(name)


def is_autoencoder(cls):
    """Return whether a class is a registered estimator, which has a net once fitted."""
    return issubclass(cls, ESTIMATORS.base)


def optimizer_name(cls):
    """Return the name of a class in `torch.optim`, or None for any other class."""
    name = cls.__name__
    return name if vars(torch.optim).get(name) is cls and _optimizes(cls) else None


def optimizer_named(name):
    """Return the optimiser in `torch.optim` called `name`, or raise `KeyError`."""
    cls = vars(torch.optim)[name]
    if not _optimizes(cls):
        raise KeyError(name)
    return cls


def _optimizes(cls):
    return isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer)
