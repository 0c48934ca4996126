"""Searches whose candidates have given parameters and scores."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, KFold

from skae.search import EvolutionarySearchCV


class Candidate(BaseEstimator):
    """Scores on each fold what it is told to."""

    def __init__(
        self, scores=(0.0, 0.0), k=None, kind=None, layers=None, random_state=None
    ):
        self.scores = scores
        self.k = k
        self.kind = kind
        self.layers = layers
        self.random_state = random_state

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return self.scores[int(X[0, 0]) // 2]


def labels(display):
    """Return the labels in the legend of a display."""
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def tried(params, scores, **settings):
    """Return a grid search that has tried candidates with these scores.

    A score is one number for all folds, or one for each of two folds.
    """
    grid = [
        {
            "scores": [np.broadcast_to(each, 2).tolist()],
            **{k: [v] for k, v in of.items()},
        }
        for of, each in zip(params, scores, strict=True)
    ]
    search = GridSearchCV(Candidate(), grid, cv=KFold(2), refit=False, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scores that are not finite
        search.fit(np.arange(4.0)[:, None])
    return without_scores(search)


def without_scores(search):
    """Take back what made the scores: it is no parameter of the search."""
    for of in search.cv_results_["params"]:
        del of["scores"]
    del search.cv_results_["param_scores"]
    return search


class Layers(BaseEstimator):
    """Scores best with two layers; fails to score without any."""

    def __init__(self, layers=(4,), rate=1.0, n_layers=None):
        self.layers = layers
        self.rate = rate
        self.n_layers = n_layers

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        n = len(self.layers) if self.n_layers is None else self.n_layers
        return self.rate - 0.1 * abs(n - 2) if n else np.nan


def evolved(space, **settings):
    """Return a small evolution of `Layers`."""
    settings = {"population_size": 5, "n_generations": 3, **settings}
    search = EvolutionarySearchCV(Layers(), space, cv=2, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scores that are not finite
        return search.fit(np.zeros((4, 1)))
