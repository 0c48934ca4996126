"""Kernel mutual information between data and codes."""

import numpy as np

from skae.information import MutualInformation, mutual_information
from skae.scorers._base import SCORERS, Scorer
from skae.scorers._locate import locate

__all__ = ["KernelMutualInformation"]


@SCORERS.register("kernel_mi")
class KernelMutualInformation(Scorer):
    """Matrix-based Renyi mutual information ``I(X; Z)`` of data and codes, in nats.

    ``I = S(A) + S(B) - S(A o B / tr(A o B))`` with the Gram matrices A of the data and
    B of the codes under radial basis functions, normalised to trace 1, and the Renyi
    entropy S of their eigenvalues; see `skae.information.mutual_information`. In
    [0, log n]: it depends on the number of rows, so compare scores of folds of one
    size. Its worst, for a constant code, is 0; the estimate can be negative, which
    is given as 0.

    It is information *at the resolution of the bandwidth*. With the default, each
    variable's own median distance, it neither changes when the codes are rescaled nor
    grows when noise is appended. It saturates with the latent dimension, at about
    the number of factors that the bandwidth resolves, and is flat from there on: read
    the curve, not its maximum.

    With a fixed bandwidth the score rewards codes for being large and many:
    16 dimensions of pure noise score higher than the three true factors of a
    manifold. ``KernelMutualInformation(alpha=2, bandwidth=1.0)`` is that recipe,
    for comparison with the literature. Time steps after the end of a shorter sequence
    count as zeros.

    Parameters
    ----------
    alpha : float, default=2.0
        Order of the entropy. 2 needs no eigenvalues and takes any number of rows;
        orders near 1 resolve more dimensions, at cubic cost.
    bandwidth : float, str, or a pair of them, default="median"
        Of data and codes: a number in units of the variable, ``"median"`` or
        ``"knn"``.
    max_samples : int, default=2000
        Orders other than 2 are computed on at most this many rows, evenly spaced, the
        same for every candidate.

    References
    ----------
    L. G. Sanchez Giraldo, M. Rao, J. C. Principe, "Measures of entropy from data using
    infinitely divisible kernels", 2012, arXiv:1211.2459.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import KernelMutualInformation
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> scorer = KernelMutualInformation()
    >>> 0.2 < scorer(autoencoder, X) < 0.6
    True
    >>> parts = scorer.parts(autoencoder, X)
    >>> parts.mutual_information <= parts.entropy_x
    True
    """

    def __init__(self, alpha=2.0, bandwidth="median", max_samples=2000):
        self.alpha = alpha
        self.bandwidth = bandwidth
        self.max_samples = max_samples

    def parts(self, estimator, X) -> MutualInformation:
        """Return the entropies of data, codes and both, and the bandwidths used."""
        return self._parts(locate(estimator, X))

    def _score(self, located, y):
        codes = located.codes()
        return self._information(located.X, codes) if np.isfinite(codes).all() else 0.0

    def _parts(self, located):
        return self._information(located.X, located.codes())

    def _information(self, X, Z):
        rows = self._rows(len(Z))
        X = np.nan_to_num(np.asarray(X)[rows])
        return mutual_information(
            X, Z[rows], alpha=self.alpha, bandwidth=self.bandwidth
        )

    def _rows(self, n_samples):
        if self.alpha == 2 or n_samples <= self.max_samples:
            return slice(None)
        return np.linspace(0, n_samples - 1, self.max_samples).astype(int)
