"""Autoencoders as scikit-learn transformers, with searches for their latent size."""

from skae.autoencoders import (
    MMDVAE,
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
)
from skae.exceptions import (
    CollapseWarning,
    IncompatiblePartsError,
    OutOfRangeWarning,
    UnknownNameError,
)
from skae.scorers import (
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
    get_scorer,
    get_scorer_names,
)
from skae.training.checkpoint import Checkpoint

__all__ = [
    "MMDVAE",
    "VAE",
    "Autoencoder",
    "Checkpoint",
    "CollapseWarning",
    "DenseAutoencoder",
    "IncompatiblePartsError",
    "KernelMutualInformation",
    "LSTMAutoencoder",
    "OutOfRangeWarning",
    "Reconstruction",
    "Silhouette",
    "UnknownNameError",
    "get_scorer",
    "get_scorer_names",
]

__version__ = "0.1.0"
