"""What is to be said of a fitted variational autoencoder, in words."""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA, FactorAnalysis

from skae.networks._incomplete import linear_gaussian_of_present

__all__ = ["Diagnosis", "log_likelihood_of_linear"]

# Squared errors so many times the decoder's variance, or the inverse, are worth a word.
FAR_FROM_ONE = 1.5
# Rows that the linear model is fitted to, where entries are missing.
N_ROWS = 5000


class Diagnosis(NamedTuple):
    """Diagnosis of a variational autoencoder on some rows; its text is in words.

    Attributes
    ----------
    bound : float
        Evidence lower bound of the rows, a mean, in nats.
    linear : float
        Log-likelihood of the linear model of as many units, probabilistic PCA or, with
        a variance for each feature, factor analysis, fitted to these very rows.
    active : int
        Units whose mean varies with the rows.
    n_components : int
    nats : float
        Divergence of the codes from the prior, all units together: what a code says of
        its row.
    dispersion : float
        Squared errors of draws over the decoder's variance: 1 where it is right.
    """

    bound: float
    linear: float
    active: int
    n_components: int
    nats: float
    dispersion: float

    def __str__(self):
        """Return the diagnosis in words."""
        return "\n".join(filter(None, [self._bound(), self._units(), self._spread()]))

    def _bound(self):
        beside = "above" if self.bound >= self.linear else "BELOW"
        return (
            f"Evidence lower bound: {self.bound:.2f} nats per row, {beside} the "
            f"{self.linear:.2f} of a linear model of as many units (probabilistic PCA)."
        )

    def _units(self):
        if not self.active:
            return "Collapsed: no unit varies with the rows; lower beta."
        return (
            f"{self.active} of {self.n_components} units are active; a code says "
            f"{self.nats:.1f} nats of its row."
        )

    def _spread(self):
        if np.isnan(self.dispersion):
            return None
        text = f"Squared errors are {self.dispersion:.2f} times the decoder's variance"
        if self.dispersion > FAR_FROM_ONE:
            return f"{text}: these rows vary more than the model says."
        if self.dispersion < 1 / FAR_FROM_ONE:
            return f"{text}: these rows vary less than the model says."
        return f"{text}: it is right about how much rows vary."


def log_likelihood_of_linear(X, n_components, per_feature):
    """Return the mean log-likelihood of rows under the linear model fitted to them."""
    X = X.reshape(len(X), -1).astype(np.float64)
    n_components = min(n_components, X.shape[1] - 1, len(X) - 1)
    if np.isnan(X).any():
        X = X[:: -(-len(X) // N_ROWS)]
        found = linear_gaussian_of_present(X, n_components, per_feature)
        return found.log_likelihood
    model = FactorAnalysis if per_feature else PCA
    return float(model(n_components).fit(X).score(X))
