"""Reconstruction error in the units of the data, as they were before scaling."""

import numpy as np
from sklearn.base import BaseEstimator

from skae.metrics import mean_squared_error
from skae.scorers import reconstruct_in_units

__all__ = ["NegativeRMSE"]


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
            score = -np.sqrt(mean_squared_error(np.asarray(X, float), X_hat))
        return max(float(score), self.worst) if np.isfinite(score) else self.worst
