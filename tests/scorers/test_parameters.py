"""Parameters of scorers are checked before anything is scored."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError

from skae import MMDVAE
from skae.scorers import (
    AdjustedRand,
    DescriptionLength,
    GenerationCoverage,
    GenerationKL,
    GenerationMMD,
    KernelMutualInformation,
    NormalizedMutualInformation,
    Silhouette,
    Trustworthiness,
)

X = np.random.default_rng(0).normal(size=(40, 4))
y = np.arange(40) % 3
MODEL = MMDVAE(2, max_epochs=1, sampler="gaussian", random_state=0).fit(X)

WRONG = {
    AdjustedRand: {
        "n_clusters": [0, -1, 2.0, "3"],
        "space": [None, 1],
        "max_samples": [0, 1, -5, 2.5, None],
        "random_state": ["seed", -1],
    },
    Silhouette: {
        "n_clusters": [1, 0, -3, 2.5, "8"],
        "space": [None],
        "adjusted": ["no", 2, None],
        "n_draws": [0, -1, 1.5, None],
        "max_samples": [2, 0, -1],
        "random_state": ["seed"],
    },
    Trustworthiness: {
        "n_neighbors": [0, -5, 2.5, None],
        "max_samples": [0, 2, -1],
    },
    DescriptionLength: {"eps": [0, -1, np.nan, "small", None]},
    KernelMutualInformation: {
        "target": [None, 2],
        "alpha": [0, -1, np.nan, "two", None],
        "bandwidth": [0, -1, None],
        "adjusted": ["no", 2],
        "max_samples": [1, 0, -1],
        "random_state": ["seed"],
    },
    GenerationMMD: {
        "kernel": [None, 1],
        "bandwidth": [0, -1, None],
        "max_samples": [0, 1],
        "random_state": ["seed"],
    },
    GenerationKL: {"k": [0, -1, 1.5], "max_samples": [0, 1], "random_state": ["seed"]},
}
WRONG[NormalizedMutualInformation] = WRONG[AdjustedRand]
WRONG[GenerationCoverage] = WRONG[GenerationKL]
CASES = [
    (scorer, name, value)
    for scorer, params in WRONG.items()
    for name, values in params.items()
    for value in values
]


@pytest.mark.parametrize(("scorer", "name", "value"), CASES)
def test_wrong_parameters_are_named(scorer, name, value):
    message = rf"'{name}' parameter of {scorer.__name__} must be .* Got "
    with pytest.raises(InvalidParameterError, match=message):
        scorer(**{name: value})(MODEL, X, y)


@pytest.mark.parametrize("scorer", WRONG, ids=lambda scorer: scorer.__name__)
def test_every_parameter_is_checked(scorer):
    assert set(WRONG[scorer]) == set(scorer().get_params())


def test_numpy_numbers_are_numbers():
    scorer = Silhouette(np.int64(3), n_draws=np.int32(2), max_samples=np.int64(30))
    assert scorer(MODEL, X) == Silhouette(3, n_draws=2, max_samples=30)(MODEL, X)


def test_measures_check_them_too():
    with pytest.raises(InvalidParameterError, match="'adjusted' parameter"):
        KernelMutualInformation(adjusted="no").measure(MODEL, X)


def test_a_search_names_them():
    search = GridSearchCV(
        PCA(), {"n_components": [1]}, scoring=Silhouette(1), error_score="raise"
    )
    with pytest.raises(InvalidParameterError, match="'n_clusters' parameter"):
        search.fit(X)
