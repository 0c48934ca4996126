"""Checks of scorers."""

import warnings
from math import isfinite

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.autoencoders import MMDVAE
from skae.exceptions import CollapseWarning
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, untouched_randomness
from skae.testing._tensors import pickled

__all__ = ["SCORER_CHECKS"]


def _data(n_samples=60):
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(3, 5))
    return centres[np.arange(n_samples) % 3] + rng.normal(size=(n_samples, 5))


def _classes(X):
    return np.arange(len(X)) % 3


def _autoencoder():
    return MMDVAE(2, max_epochs=3, random_state=0)


def _fitted(estimator, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        return estimator.fit(X)


class _Codes(TransformerMixin, BaseEstimator):
    """A reducer all of whose codes, reconstructions and draws have one value."""

    def __init__(self, value, n_components=2):
        self.value = value
        self.n_components = n_components

    def transform(self, X):
        return np.full((len(X), self.n_components), self.value)

    def reconstruct(self, X):
        return np.full(np.shape(X), self.value)

    def inverse_transform(self, Z):
        return np.full((len(Z), 5), self.value)

    def sample(self, n_samples=1, random_state=None):
        return np.full((n_samples, 5), self.value)


@promise(
    "a scorer returns a finite number, not below its `worst`, of few rows too.",
    mend="return a float from _score; a Scorer gives `worst` for what is not finite.",
)
def check_scorer_is_finite(scorer):
    """Check scores of many rows and of few."""
    X = _data()
    model = _fitted(_autoencoder(), X)
    require(isfinite(scorer.worst), f"worst={scorer.worst!r}")
    for n_samples in (60, 7, 3, 2, 1):
        _check_score(
            scorer,
            scorer(model, X[:n_samples], _classes(X)[:n_samples]),
            f"{n_samples} rows",
        )


def _check_score(scorer, score, of_what):
    require(isinstance(score, float), f"{score!r} of {of_what} is no float")
    require(isfinite(score), f"{score!r} of {of_what}")
    require(score >= scorer.worst, f"{score} of {of_what}, below {scorer.worst}")


@promise(
    "a scorer takes the data as the reducing step sees them, in a pipeline with steps "
    "before and after it as well as alone, and a search for its best estimator.",
    mend="derive from skae.scorers.Scorer and use located.X, located.codes() and "
    "located.reconstruct().",
)
def check_scorer_in_pipelines(scorer):
    """Check that lone autoencoders, pipelines and searches agree."""
    X = _data()
    y = _classes(X)
    scaled = StandardScaler().fit_transform(X)
    alone = scorer(_fitted(_autoencoder(), scaled), scaled, y)
    pipeline = make_pipeline(StandardScaler(), _autoencoder())
    piped = scorer(_fitted(pipeline, X), X, y)
    require(np.isclose(piped, alone), f"{alone} alone and {piped} in a pipeline")
    with_steps_after = make_pipeline(*clone(pipeline), KMeans(3, random_state=0))
    _check_score(scorer, scorer(_fitted(with_steps_after, X), X, y), "steps after it")
    search = _fitted(GridSearchCV(_autoencoder(), {"n_components": [2]}, cv=2), X)
    best = search.best_estimator_
    found = scorer(search, X, y), scorer(best, X, y)
    require(found[0] == found[1], f"{found} of a search and of its best estimator")


@promise(
    "codes, reconstructions and draws that are not finite, and autoencoders that have "
    "diverged in training, score `worst`; collapsed ones have a finite score.",
    mend="derive from skae.scorers.Scorer, and return `self.worst` from _score where "
    "there is nothing to score.",
)
def check_scorer_of_failures(scorer):
    """Check scores of models that have diverged or collapsed."""
    X = _data()
    for value in (np.nan, np.inf):
        score = scorer(_Codes(value), X, _classes(X))
        require(score == scorer.worst, f"{score} of codes that are {value}")
    _check_score(scorer, scorer(_Codes(0.0), X, _classes(X)), "codes that are 0")
    model = _fitted(_autoencoder(), X)
    model.diverged_ = True
    score = scorer(model, X, _classes(X))
    require(score == scorer.worst, f"{score} of a model that has diverged")


@promise(
    "a score is deterministic: the same again, after pickling and of a clone, whatever "
    "the global random state is, which it leaves alone.",
    mend="draw from check_random_state(self.random_state), with a number by default, "
    "and keep no state between calls.",
)
def check_scorer_is_deterministic(scorer):
    """Check scores of one model."""
    X = _data()
    model = _fitted(_autoencoder(), X)
    with untouched_randomness("the scorer"):
        score = scorer(model, X, _classes(X))
    others = {"again": scorer, "pickled": pickled(scorer), "cloned": clone(scorer)}
    for how, other in others.items():
        found = other(model, X, _classes(X))
        require(found == score, f"{score}, and {found} {how}")


@promise(
    "a scorer can be one of several metrics in scikit-learn's cross_validate.",
    mend="take (estimator, X, y=None), and data that the model was not fitted to.",
)
def check_scorer_in_cross_validation(scorer):
    """Check scores of held-out folds."""
    scoring = {"one": scorer, "other": clone(scorer)}
    X = _data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        scores = cross_validate(_autoencoder(), X, _classes(X), scoring=scoring, cv=2)
    for name in scoring:
        found = scores[f"test_{name}"]
        require(np.isfinite(found).all(), f"scores {found}")
    same = np.array_equal(scores["test_one"], scores["test_other"])
    require(same, "two equal scorers give different scores")


SCORER_CHECKS = (
    *PART_CHECKS,
    check_scorer_is_finite,
    check_scorer_in_pipelines,
    check_scorer_of_failures,
    check_scorer_is_deterministic,
    check_scorer_in_cross_validation,
)
