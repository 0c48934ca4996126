"""Autoencoders as scikit-learn transformers, with searches for their latent size.

Here are the names that most programs begin with. Everything else is in the subpackage
of its kind: scorers in `skae.scorers`, errors and warnings in `skae.exceptions`, the
parts of autoencoders in `skae.networks`, `skae.objectives` and so on.
"""

import importlib
import pkgutil
import sys
from contextlib import suppress
from importlib.metadata import version

from skae.anomalies import ReconstructionDetector
from skae.autoencoders import (
    MMDVAE,
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    TabularVAE,
    load,
)
from skae.scorers import get_scorer, get_scorer_names
from skae.search import (
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    select_dimension,
)
from skae.stacking import fit_stack, stacked
from skae.training._checkpoint import Checkpoint

__all__ = [
    "MMDVAE",
    "VAE",
    "Autoencoder",
    "BayesSearchCV",
    "Checkpoint",
    "DenseAutoencoder",
    "EvolutionarySearchCV",
    "LSTMAutoencoder",
    "LatentDimensionSearchCV",
    "ReconstructionDetector",
    "TabularAutoencoder",
    "TabularVAE",
    "fit_stack",
    "get_scorer",
    "get_scorer_names",
    "load",
    "select_dimension",
    "stacked",
]

__version__ = version("skae")


def __getattr__(name):
    """Import what needs scikit-optimize when it is asked for; say where others are."""
    if name == "BayesSearchCV":
        from skae.search import BayesSearchCV

        return BayesSearchCV
    message = f"skae has no attribute {name!r}"
    if home := next(_homes(name), None):
        message += f": it is in {home}"
    raise AttributeError(message, name=name, obj=sys.modules[__name__])


def __dir__():
    modules = {name for name in globals() if f"skae.{name}" in sys.modules}
    return sorted({"__version__", *__all__, *modules})


def _homes(name):
    """Yield the subpackages in which a name is public, those in use first."""
    found = {f"skae.{module.name}" for module in pkgutil.iter_modules(__path__)}
    public = [module for module in found if not module.startswith("skae._")]
    if name.startswith("_") or f"skae.{name}" in public:
        return
    for module in sorted(public, key=lambda each: (each not in sys.modules, each)):
        with suppress(ImportError):  # such as those that want an extra
            if name in getattr(importlib.import_module(module), "__all__", ()):
                yield module
