"""Parts for skae: a transformer for sequences, a penalty, a sampler, and a scorer."""

from skae_transformer.estimator import TransformerAutoencoder
from skae_transformer.network import TransformerNetwork
from skae_transformer.penalty import SlicedWasserstein
from skae_transformer.sampler import SmoothedCodes
from skae_transformer.scorer import Continuity

__all__ = [
    "Continuity",
    "SlicedWasserstein",
    "SmoothedCodes",
    "TransformerAutoencoder",
    "TransformerNetwork",
]
