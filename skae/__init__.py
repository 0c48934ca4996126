"""Autoencoders as scikit-learn transformers, with searches for their latent size."""

from skae.autoencoders import (
    MMDVAE,
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LearningRateRange,
    LSTMAutoencoder,
    learning_rate_range_test,
    load,
)
from skae.exceptions import (
    CollapseWarning,
    IncompatiblePartsError,
    OutOfRangeWarning,
    UnknownNameError,
)
from skae.persistence import FileFormatError
from skae.scorers import (
    GenerationCoverage,
    GenerationKL,
    GenerationMMD,
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
    Trustworthiness,
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
    "FileFormatError",
    "GenerationCoverage",
    "GenerationKL",
    "GenerationMMD",
    "IncompatiblePartsError",
    "KernelMutualInformation",
    "LSTMAutoencoder",
    "LearningRateRange",
    "OutOfRangeWarning",
    "Reconstruction",
    "Silhouette",
    "Trustworthiness",
    "UnknownNameError",
    "get_scorer",
    "get_scorer_names",
    "learning_rate_range_test",
    "load",
]

__version__ = "0.1.0"
