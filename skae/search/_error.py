"""Reconstruction error in the units of the data, as they were before scaling."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skae.scorers import locate

__all__ = ["NegativeRMSE", "reconstruct_in_units"]


class NegativeRMSE(BaseEstimator):
    """Negative root mean squared reconstruction error, in the units of the data.

    ``-sqrt(mean((X - X_hat)**2))`` over all values, where the steps before the
    autoencoder are undone on its reconstruction. Always finite; what cannot be scored
    scores `worst`.
    """

    worst = -float(np.finfo(np.float32).max)

    def __call__(self, estimator, X, y=None):
        """Return the score of a fitted autoencoder or pipeline, at most 0."""
        with np.errstate(all="ignore"):
            X_hat = np.asarray(reconstruct_in_units(estimator, X), dtype=np.float64)
            score = -np.sqrt(np.mean((np.asarray(X, dtype=np.float64) - X_hat) ** 2))
        return max(float(score), self.worst) if np.isfinite(score) else self.worst


def reconstruct_in_units(estimator, X):
    """Return the reconstruction of `X` by a fitted pipeline, in the units of `X`.

    All NaN where the reconstruction is not finite, which scalers refuse to undo.
    """
    located = locate(estimator, X)
    X_hat = located.reconstruct()
    if not np.isfinite(X_hat).all():
        return np.full(np.shape(X), np.nan)
    for step in reversed(_steps_before(located.reducer, estimator)):
        X_hat = step.inverse_transform(X_hat)
    return X_hat


def _steps_before(reducer, estimator):
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        return []
    steps = [step for _, step in estimator.steps]
    index = next(i for i, step in enumerate(steps) if step is reducer)
    return [step for step in steps[:index] if hasattr(step, "inverse_transform")]
