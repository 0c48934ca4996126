"""Autoencoders as scikit-learn transformers, with searches for their latent size."""

from importlib.metadata import version

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
    DimensionWarning,
    FitLimitError,
    IncompatiblePartsError,
    OutOfRangeWarning,
    UnknownNameError,
)
from skae.persistence import FileFormatError
from skae.scorers import (
    AdjustedRand,
    DescriptionLength,
    GenerationCoverage,
    GenerationKL,
    GenerationMMD,
    KernelMutualInformation,
    MeanSquaredError,
    NormalizedMutualInformation,
    Reconstruction,
    Silhouette,
    Trustworthiness,
    get_scorer,
    get_scorer_names,
    reconstruction_errors,
)
from skae.search import (
    Architecture,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    select_dimension,
)
from skae.stacking import fit_stack, stacked
from skae.training._checkpoint import Checkpoint

__all__ = [
    "MMDVAE",
    "VAE",
    "AdjustedRand",
    "Architecture",
    "Autoencoder",
    "Checkpoint",
    "CollapseWarning",
    "DenseAutoencoder",
    "DescriptionLength",
    "DimensionWarning",
    "EvolutionarySearchCV",
    "FileFormatError",
    "FitLimitError",
    "GenerationCoverage",
    "GenerationKL",
    "GenerationMMD",
    "IncompatiblePartsError",
    "KernelMutualInformation",
    "LSTMAutoencoder",
    "LatentDimensionSearchCV",
    "LearningRateRange",
    "MeanSquaredError",
    "NormalizedMutualInformation",
    "OutOfRangeWarning",
    "Reconstruction",
    "Silhouette",
    "Trustworthiness",
    "UnknownNameError",
    "fit_stack",
    "get_scorer",
    "get_scorer_names",
    "learning_rate_range_test",
    "load",
    "reconstruction_errors",
    "select_dimension",
    "stacked",
]

__version__ = version("skae")
