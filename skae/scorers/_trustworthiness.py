"""Trustworthiness of neighbours among the codes."""

from numbers import Integral

import numpy as np

from skae._sklearn import Interval
from skae.scorers._base import SCORERS, Scorer, spaced_rows
from skae.scorers._gaps import filled_alike

__all__ = ["Trustworthiness"]


@SCORERS.register("trustworthiness")
class Trustworthiness(Scorer):
    """Share of the neighbours among the codes that are neighbours among the data.

    ``T = 1 - 2 / (n k (2 n - 3 k - 1)) sum_i sum_{j in U_i} (r(i, j) - k)`` with the
    k nearest codes U_i of row i and the rank r(i, j) of row j among the neighbours of
    row i in the data, counted where it is larger than k. In [0, 1]: 1 when no code has
    a false neighbour, about 0.5 for codes that have nothing to do with the data. A
    collapsed code, and fewer than three rows, score 0, the worst.

    It depends on the codes by their neighbourhoods alone, and on the number of rows:
    compare scores of folds of one size. It rises with the latent dimension and
    saturates, since more dimensions never force apart what is near: choose where it
    becomes flat. What it does not see are neighbours in the data that the codes tear
    apart. Missing values count as the mean of their feature, and time steps after the
    end of a shorter sequence as zeros.

    Parameters
    ----------
    n_neighbors : int, default=5
        k, for small neighbourhoods; less where there are not more than twice as many
        rows. Raising it asks for the shape at large.
    max_samples : int, default=2000
        At most this many rows, evenly spaced, are compared: the memory needed is
        quadratic.

    References
    ----------
    J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods: an
    experimental study", ICANN 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import Trustworthiness
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> Trustworthiness()(autoencoder, X) > 0.95
    True
    """

    selection_rule = "saturation"

    _parameter_constraints = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [Interval(Integral, 3, None, closed="left")],
    }

    def __init__(self, n_neighbors=5, *, max_samples=2000):
        self.n_neighbors = n_neighbors
        self.max_samples = max_samples

    def _score(self, located, y):
        from sklearn.manifold import trustworthiness

        located = located.few(self.max_samples)
        (X,), Z = filled_alike(located.X), located.codes()
        rows = spaced_rows(len(Z), self.max_samples)
        X = X[rows].reshape(len(rows), -1).astype(float)
        Z = Z[rows]
        n_neighbors = min(self.n_neighbors, (len(Z) - 1) // 2)
        if n_neighbors < 1 or not np.isfinite(Z).all() or not np.ptp(Z, axis=0).any():
            return self.worst
        return trustworthiness(X, Z, n_neighbors=n_neighbors)
