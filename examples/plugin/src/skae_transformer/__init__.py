"""Parts for skae: a transformer for sequences, and small parts of other kinds."""

from skae_transformer.estimator import TransformerAutoencoder
from skae_transformer.network import TransformerNetwork
from skae_transformer.noise import StepMasking
from skae_transformer.penalty import SlicedWasserstein
from skae_transformer.reconstruction import LogCosh
from skae_transformer.sampler import SmoothedCodes
from skae_transformer.scorer import Continuity

__all__ = [
    "Continuity",
    "LogCosh",
    "SlicedWasserstein",
    "SmoothedCodes",
    "StepMasking",
    "TransformerAutoencoder",
    "TransformerNetwork",
]
