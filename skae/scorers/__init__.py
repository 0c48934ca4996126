"""Scorers for searches: `get_scorer`, and the classes behind the names."""

from difflib import get_close_matches

import sklearn.metrics

from skae.exceptions import UnknownNameError
from skae.scorers._base import SCORERS, Scorer
from skae.scorers._clustering import AdjustedRand, NormalizedMutualInformation
from skae.scorers._description_length import DescriptionLength
from skae.scorers._generation import GenerationCoverage, GenerationKL, GenerationMMD
from skae.scorers._kernel_mi import KernelMutualInformation
from skae.scorers._locate import locate
from skae.scorers._nested import prefix_scores
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
    "prefix_scores",
    "reconstruct_in_units",
    "reconstruction_errors",
]


def get_scorer(scorer):
    """Return a scorer by its name.

    Parameters
    ----------
    scorer : str or callable
        A name among `get_scorer_names`, which gives the scorer with its default
        parameters, or else one of scikit-learn's names, such as ``"accuracy"``. What
        is no string is returned as it is.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y=None) -> float``, higher is better; for `scoring` in
        any search.

    Raises
    ------
    UnknownNameError
        When there is no such scorer; the message lists the names.

    Notes
    -----
    The searches of skae take the names themselves: ``scoring="kernel_mi"``. Those of
    scikit-learn and skopt, and `sklearn.model_selection.cross_validate`, know
    scikit-learn's names only, and have no place where others could be made known to
    them: pass ``scoring=get_scorer("kernel_mi")``. For the name alone they raise
    ``The 'scoring' parameter of GridSearchCV must be a str among {...}, a callable, ...
    Got 'kernel_mi' instead.``

    Examples
    --------
    >>> from skae import get_scorer
    >>> get_scorer("kernel_mi")
    KernelMutualInformation()
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> search = GridSearchCV(
    ...     PCA(),
    ...     {"n_components": [1, 2, 3]},
    ...     scoring=get_scorer("kernel_mi"),
    ...     cv=KFold(5, shuffle=True, random_state=0),  # rows are sorted by class
    ... )
    >>> search.fit(load_iris().data).best_params_
    {'n_components': 3}
    """
    try:
        return SCORERS.resolve(scorer)
    except UnknownNameError as error:
        names = sklearn.metrics.get_scorer_names()
        if scorer in names:
            return sklearn.metrics.get_scorer(scorer)
        like = next(iter(get_close_matches(scorer, names, n=1)), "accuracy")
        raise UnknownNameError(
            f"{error} The names of scikit-learn's scorers, such as {like!r}, are known "
            "too."
        ) from None


def get_scorer_names():
    """Return the names of skae's scorers, those of plugins included.

    `get_scorer` also knows those of `sklearn.metrics.get_scorer_names`.

    Examples
    --------
    >>> from skae import get_scorer_names
    >>> get_scorer_names()
    ['ari', 'coverage', 'description_length', 'kernel_mi', 'knn_kl', 'mmd', 'mse',
     'nmi', 'reconstruction', 'silhouette', 'trustworthiness']
    """
    return SCORERS.names()
