"""Base class of scorers."""

from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest

from skae.registry import Registry
from skae.scorers._locate import locate

__all__ = ["SCORERS", "ConditionRequester", "Scorer", "spaced_rows"]

SCORERS = Registry("scorer", "skae.scorers")


class ConditionRequester(BaseEstimator):
    """Scorers that searches give the condition of rows, where metadata are routed."""

    def get_metadata_routing(self):
        """Return what the scorer asks for: `condition`, if there is one."""
        request = MetadataRequest(owner=self)
        request.score.add_request(param="condition", alias=True)
        return request


class Scorer(ConditionRequester, ABC):
    """A callable ``scorer(estimator, X, y=None) -> float``; higher is better.

    It works on an autoencoder and on a pipeline with steps before and after it, on
    other reducers such as `PCA`, and on a fitted search, which stands for its best
    estimator. It takes the data as the reducing step sees them. The result is always
    finite: what cannot be scored, or has diverged in training, scores `worst`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skae.scorers import Scorer
    >>> class Sparsity(Scorer):
    ...     def _score(self, located, y):
    ...         return np.mean(np.abs(located.codes()) < 0.1)
    >>> X = load_iris().data
    >>> 0 < Sparsity()(PCA(2).fit(X), X) < 1
    True
    """

    #: The lowest score, given to codes that are collapsed or not finite.
    worst = 0.0

    #: Whether there is no score without `y`.
    requires_y = False

    #: Name of the rule that chooses on a curve of this score, unless told otherwise.
    selection_rule = "best"

    # Those of scikit-learn, by parameter; checked before anything is scored.
    _parameter_constraints = {}

    def __call__(self, estimator, X, y=None, *, condition=None):
        """Return the score.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, pipeline or search.
        X : array-like
            Data as `estimator` takes them.
        y : array-like of shape (n_samples,), default=None
            Labels, where the scorer makes use of them.
        condition : array-like or scalar, default=None
            Of the rows, where the autoencoder was fitted with one. Searches pass it on
            with metadata routing.

        Returns
        -------
        score : float

        Raises
        ------
        ValueError
            When a parameter of the scorer is out of its range.
        """
        self._validate_params()
        located = locate(estimator, X, condition)
        if getattr(located.reducer, "diverged_", False):
            return self.worst
        with np.errstate(all="ignore"):
            score = float(self._score(located, y))
        return max(score, self.worst) if np.isfinite(score) else self.worst

    @abstractmethod
    def _score(self, located, y):
        """Return the score of a `Located` reducer; it need not be finite."""


def spaced_rows(n_samples, max_samples):
    """Return the numbers of evenly spaced rows, at most so many."""
    n_rows = min(n_samples, max_samples)
    return np.linspace(0, n_samples - 1, n_rows).astype(int)
