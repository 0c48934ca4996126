"""Scorers for searches: `get_scorer`, and the classes behind the names."""

from skae.scorers._base import SCORERS, Scorer
from skae.scorers._clustering import AdjustedRand, NormalizedMutualInformation
from skae.scorers._description_length import DescriptionLength
from skae.scorers._generation import GenerationCoverage, GenerationKL, GenerationMMD
from skae.scorers._kernel_mi import KernelMutualInformation
from skae.scorers._locate import locate
from skae.scorers._reconstruction import (
    MeanSquaredError,
    Reconstruction,
    RootMeanSquaredError,
    reconstruct_in_units,
    reconstruction_errors,
)
from skae.scorers._silhouette import Silhouette
from skae.scorers._trustworthiness import Trustworthiness

__all__ = [
    "SCORERS",
    "AdjustedRand",
    "DescriptionLength",
    "GenerationCoverage",
    "GenerationKL",
    "GenerationMMD",
    "KernelMutualInformation",
    "MeanSquaredError",
    "NormalizedMutualInformation",
    "Reconstruction",
    "RootMeanSquaredError",
    "Scorer",
    "Silhouette",
    "Trustworthiness",
    "get_scorer",
    "get_scorer_names",
    "locate",
    "reconstruct_in_units",
    "reconstruction_errors",
]


def get_scorer(scorer):
    """Return a scorer by its name.

    Parameters
    ----------
    scorer : str or callable
        A name among `get_scorer_names`, which gives the scorer with its default
        parameters. A callable is returned as it is.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y=None) -> float``, higher is better; for `scoring` in
        scikit-learn's and skopt's searches.

    Raises
    ------
    UnknownNameError
        When there is no such scorer; the message lists the names.

    Examples
    --------
    >>> from skae import get_scorer
    >>> get_scorer("kernel_mi")
    KernelMutualInformation()
    """
    return SCORERS.resolve(scorer)


def get_scorer_names():
    """Return the names that `get_scorer` knows, those of plugins included.

    Examples
    --------
    >>> from skae import get_scorer_names
    >>> get_scorer_names()
    ['ari', 'coverage', 'description_length', 'kernel_mi', 'knn_kl', 'mmd', 'mse',
     'nmi', 'reconstruction', 'silhouette', 'trustworthiness']
    """
    return SCORERS.names()
