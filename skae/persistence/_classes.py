"""Which classes a file may name: registered ones, and a short list of others."""

import torch
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from skae.bottlenecks import BOTTLENECKS
from skae.networks import NETWORKS
from skae.noise import NOISES
from skae.objectives import PENALTIES, RECONSTRUCTIONS, GaussianPrior, Objective
from skae.samplers import SAMPLERS
from skae.schedules import SCHEDULES

__all__ = ["ClassNames", "optimizer_name", "optimizer_named"]

REGISTRIES = (
    BOTTLENECKS,
    NETWORKS,
    NOISES,
    PENALTIES,
    RECONSTRUCTIONS,
    SAMPLERS,
    SCHEDULES,
)
OTHERS = {
    cls.__name__: cls
    for cls in (BayesianGaussianMixture, GaussianMixture, GaussianPrior, Objective)
}


class ClassNames:
    """Classes by kind and name, and back.

    Parameters
    ----------
    estimators : Registry
        Of the estimators, which this layer does not know.
    """

    def __init__(self, estimators):
        self.registries = {r.kind: r for r in (*REGISTRIES, estimators)}

    def name(self, cls):
        """Return kind and name of a class, or None where it has none."""
        if OTHERS.get(cls.__name__) is cls:
            return ["class", cls.__name__]
        for kind, registry in self.registries.items():
            for name in registry.names():
                if registry.get(name) is cls:
                    return [kind, name]
        return None

    def get(self, kind, name):
        """Return the class of a kind and name.

        Raises
        ------
        KeyError
            When there is no such kind.
        UnknownNameError
            When nothing of that kind is registered under the name.
        """
        return OTHERS[name] if kind == "class" else self.registries[kind].get(name)


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
