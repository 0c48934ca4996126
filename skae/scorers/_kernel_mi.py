"""Kernel mutual information of data with their reconstruction or their codes."""

from numbers import Integral, Real

import numpy as np

from skae._sklearn import Interval
from skae.information._adjusted import adjusted_mutual_information
from skae.information._mutual_information import mutual_information
from skae.information._relative import relative_information
from skae.registry import unknown_name
from skae.scorers._base import SCORERS, Scorer, spaced_rows
from skae.scorers._gaps import filled_alike
from skae.scorers._locate import locate

__all__ = ["KernelMutualInformation"]


@SCORERS.register("kernel_mi")
class KernelMutualInformation(Scorer):
    """Matrix-based Renyi mutual information of data with reconstruction or codes.

    ``I(X; Y) = S(A) + S(B) - S(A o B / tr(A o B))`` with the Gram matrices A of X and B
    of Y under Gaussian kernels, normalised to trace 1, and the Renyi entropy S of
    their eigenvalues: information *at the resolution of the kernels*, see
    `skae.information.mutual_information`.

    **target="reconstruction"**: ``R = I(X; X_hat) / max(I(X; X), I(X_hat; X_hat))``
    under one kernel for both, see `skae.information.relative_information`. In [0, 1].
    How much of the data's structure comes back? As X_hat lives where X does, codes gain
    nothing by their scale or number. It grows with the latent dimension and then
    saturates: choose the smallest dimension with 95 % of the maximum, not the maximum.
    It misleads where distances are kept but places are not (a shifted reconstruction
    scores 1), and when compared across data sets: chance alone gives about 0.1.

    **target="latent"**: ``AMI = (I - I0) / (min(S(X), S(Z)) - I0)`` with the codes Z
    and the information I0 of shuffled codes, see
    `skae.information.adjusted_mutual_information`. About 0 for independent codes and at
    most 1. How much of the neighbourhoods in the data can be read off the codes? It
    misleads for codes whose scales say nothing: after whitening (PCA's, or the codes
    that a `DenseAutoencoder` starts from) a direction of noise counts as much as one of
    signal, so the value falls once there are more units than true dimensions: for a
    noisy surface of 2 dimensions from 0.59 at 2 units to 0.46 at 8, where the share
    that is reconstructed goes from 0.97 to 0.99.

    **adjusted=False** gives ``I(X; Z)`` of the codes in nats, from 0 to log n. With a
    fixed bandwidth this rewards codes for being large and many.
    ``KernelMutualInformation("latent", alpha=2, bandwidth=1.0, adjusted=False)`` is
    that recipe of the literature, a baseline for comparison. For 400 samples of a
    surface of three factors in 32 features:

    ================== ====== ===================
    codes              recipe ``target="latent"``
    ================== ====== ===================
    the true 3 factors 1.23   0.51
    3 units of noise   0.16   0.00
    8 units of noise   1.51   0.00
    16 units of noise  1.93   0.00
    ================== ====== ===================

    Missing values count as the mean of their feature, and time steps after the end of a
    shorter sequence as zeros, in data and reconstruction alike. Compare scores of
    folds of one size only.

    Parameters
    ----------
    target : {"reconstruction", "latent"}, default="reconstruction"
        What the data's information is shared with.
    alpha : float, default=1.01
        Order of the entropy. 2 needs no eigenvalues and takes any number of rows, but
        resolves few dimensions; orders near 1 resolve more, at cubic cost.
    bandwidth : float, str, or a pair of them, default="median"
        A number in units of the variable, ``"median"`` or ``"knn"``, which is finer;
        for the codes also a pair, of data and codes.
    adjusted : bool, default=True
        Of ``target="latent"``: subtract what chance gives and divide by what is
        possible. A reconstruction has another scale, with or without.
    max_samples : int, default=1000
        Orders other than 2 are computed on at most this many rows, evenly spaced, the
        same for every candidate.
    random_state : int, RandomState instance or None, default=0
        Of the shuffled codes. With an integer they are shuffled alike for every
        candidate.

    Attributes
    ----------
    worst : float
        0.0: the score of what is constant, not finite or has diverged, and of negative
        estimates.

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
    >>> 0.9 < scorer(autoencoder, X) <= 1
    True
    >>> parts = scorer.measure(autoencoder, X)
    >>> parts.mutual_information <= parts.entropy_x
    True
    >>> 0.2 < KernelMutualInformation("latent")(autoencoder, X) < 0.9
    True
    """

    _parameter_constraints = {
        "target": [str],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "bandwidth": [Interval(Real, 0, None, closed="neither"), str, tuple, list],
        "adjusted": ["boolean"],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    @property
    def selection_rule(self):
        """Name of the suitable rule: information of reconstructions has no maximum."""
        return "saturation" if self.target == "reconstruction" else "best"

    def __init__(
        self,
        target="reconstruction",
        *,
        alpha=1.01,
        bandwidth="median",
        adjusted=True,
        max_samples=1000,
        random_state=0,
    ):
        self.target = target
        self.alpha = alpha
        self.bandwidth = bandwidth
        self.adjusted = adjusted
        self.max_samples = max_samples
        self.random_state = random_state

    def measure(self, estimator, X):
        """Return the information with its parts; ``float()`` gives the score.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, pipeline or search.
        X : array-like
            Data as `estimator` takes them.

        Returns
        -------
        parts : RelativeInformation, AdjustedInformation or MutualInformation
            For reconstructions, codes, and codes if not adjusted: entropies, null and
            bandwidths, before what is below `worst` is raised to it.

        Raises
        ------
        UnknownNameError
            When there is no such target or bandwidth.
        ValueError
            When data, codes or reconstruction are not finite, or a parameter is out of
            its range.
        """
        self._validate_params()
        located = locate(estimator, X)
        return self._information(*self._compared(located))

    def _score(self, located, y):
        X, other = self._compared(located.few(self.max_samples))
        if not np.isfinite(other).all():
            return self.worst
        return self._information(X, other)

    def _compared(self, located):
        """Return the data, and the reconstruction or the codes, without gaps."""
        if self.target == "latent":
            return *filled_alike(located.X), located.codes()
        if self.target != "reconstruction":
            raise unknown_name("target", self.target, ["reconstruction", "latent"])
        return filled_alike(located.X, located.reconstruct())

    def _information(self, X, other):
        n_samples = len(other)
        at_most = n_samples if self.alpha == 2 else self.max_samples
        rows = spaced_rows(n_samples, at_most)
        measure, params = self._measure()
        return measure(X[rows].astype(np.float64), other[rows], **params)

    def _measure(self):
        params = {"alpha": self.alpha, "bandwidth": self.bandwidth}
        if self.target == "reconstruction":
            return relative_information, params
        if not self.adjusted:
            return mutual_information, params
        return adjusted_mutual_information, params | {"random_state": self.random_state}
