"""Scorers of the similarity between generated rows and the data."""

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from skae._arrays import as_numbers
from skae._sklearn import Interval
from skae.information._discrepancy import coverage, knn_kl, mmd2
from skae.information._kernels import resolve_bandwidth
from skae.scorers._base import SCORERS, Scorer, spaced_rows
from skae.scorers._gaps import filled_alike

__all__ = ["GenerationCoverage", "GenerationKL", "GenerationMMD", "GenerationScorer"]


_SAMPLE_CONSTRAINTS = {
    "max_samples": [Interval(Integral, 2, None, closed="left")],
    "random_state": ["random_state"],
}
_NEIGHBOUR_CONSTRAINTS = {
    "k": [Interval(Integral, 1, None, closed="left")],
    **_SAMPLE_CONSTRAINTS,
}


class GenerationScorer(Scorer):
    """Base class of scorers of generated rows, with as many draws as rows of data.

    They take any estimator with ``sample(n_samples, random_state)`` that returns rows
    like the data: the autoencoders `MMDVAE`, `VAE` and `Autoencoder`. Sequences are
    compared as flat rows. Where a value of the data is missing, row and draw are
    given the mean of the feature; where a sequence has ended, zeros.

    Raises
    ------
    TypeError
        When the estimator cannot generate, as `DenseAutoencoder` and `PCA`.
    """

    def _score(self, located, y):
        _check_generates(located.reducer)
        X, Y = self._samples(located)
        return self._compare(X, Y) if np.isfinite(Y).all() else self.worst

    @abstractmethod
    def _compare(self, X, Y):
        """Return the score of flat draws `Y` beside as many flat rows `X`."""

    def _samples(self, located):
        """Return rows of the data and as many draws, both flat."""
        located = located.few(self.max_samples)
        X = as_numbers(located.X)
        seen = located._replace(X=X).of(spaced_rows(len(X), self.max_samples))
        X = seen.X
        drawn = seen.reducer.sample(
            len(X), random_state=self.random_state, **seen.given
        )
        Y = np.asarray(drawn)
        if X.shape == Y.shape:
            X, Y = filled_alike(X, Y)
        X, Y = (rows.reshape(len(X), -1).astype(float) for rows in (X, Y))
        return np.nan_to_num(X), Y


def _check_generates(reducer):
    if not hasattr(reducer, "sample"):
        raise TypeError(
            f"{type(reducer).__name__} cannot generate rows to compare with the "
            "data: use MMDVAE, VAE or Autoencoder, which have a method sample, or "
            "another scorer, such as 'reconstruction'."
        )


@SCORERS.register("mmd")
class GenerationMMD(GenerationScorer):
    """Negative squared maximum mean discrepancy of data and generated rows.

    ``-MMD^2``, unbiased, see `skae.information.mmd2`. In [-2, 2]: about 0 for draws
    that cannot be told from the data, above as often as below, and -2 is its worst.
    The default bandwidth is the median distance in the data, the same for every
    candidate; at that resolution it sees the coarse shape of the distribution rather
    than how sharp single rows are. Being unbiased, it does not depend on the number of
    rows but for its noise, which falls as 1 / n_rows.

    Parameters
    ----------
    kernel : {"gaussian", "imq"}, default="gaussian"
        See `skae.information.mmd2`. The inverse multiquadratic, with its heavy tails,
        still tells bad draws from worse ones.
    bandwidth : float or {"median", "knn"}, default="median"
        Of the kernel: a number in units of the data, or that of the data. ``"knn"`` is
        finer, and grows finer with more rows.
    max_samples : int, default=2000
        At most this many rows, evenly spaced, are compared, with as many draws.
    random_state : int, RandomState instance or None, default=0
        Of the draws.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schoelkopf & Smola (2012), "A kernel two-sample test",
    JMLR 13.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import MMDVAE
    >>> from skae.scorers import GenerationMMD
    >>> X = load_iris().data
    >>> autoencoder = MMDVAE(2, max_epochs=100, random_state=0).fit(X)
    >>> -0.1 < GenerationMMD()(autoencoder, X) < 0.01
    True
    """

    worst = -2.0

    _parameter_constraints = {
        "kernel": [str],
        "bandwidth": [Interval(Real, 0, None, closed="neither"), str],
        **_SAMPLE_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        kernel="gaussian",
        bandwidth="median",
        max_samples=2000,
        random_state=0,
    ):
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.max_samples = max_samples
        self.random_state = random_state

    def _compare(self, X, Y):
        if len(X) < 2:
            return self.worst
        bandwidth = resolve_bandwidth(X, self.bandwidth)
        return -mmd2(X, Y, kernel=self.kernel, bandwidth=bandwidth)


@SCORERS.register("knn_kl")
class GenerationKL(GenerationScorer):
    """Negative divergence (Kullback-Leibler) of data from generated rows.

    ``(KL(X || X') - KL(X || Y)) / n_features`` in nats per feature, with the two halves
    X and X' of the rows, taken at random, and as many draws Y as X' has rows. The first
    term is the floor, what `skae.information.knn_kl` says of one law. What the two have
    in common drops out, which leaves ``-mean_i log(nu_i / nu'_i)`` with the distance
    nu_i of row i to its k-th nearest draw, and nu'_i that to its k-th nearest row of
    the other half: at a score of s, the draws are ``exp(-s)`` times as far away as data
    are. 0 is as good as data. Draws more than ``exp(10)`` times as far away score -10,
    the worst, and so do fewer than three rows.

    It says whether every row of data has draws nearby, not whether every draw is near
    data. Distrust it from about ten features that vary independently on: the middle of
    the data is then nearer to every row than other rows are, and draws shrunk to half
    their spread score 0.05 in 10 dimensions and 0.19 in 100, above perfect ones. Rows
    that occur more than k times have no distance to data, and any draw is infinitely
    farther away: data on a grid need jitter first.

    Parameters
    ----------
    k : int, default=5
        Neighbour whose distance counts; less where half of the rows are fewer. Raising
        it trades variance for bias.
    max_samples : int, default=2000
        At most this many rows, evenly spaced, are used.
    random_state : int, RandomState instance or None, default=0
        Of the halves and the draws.

    References
    ----------
    Wang, Kulkarni & Verdu (2009), "Divergence estimation for multidimensional
    densities via k-nearest-neighbor distances", IEEE Trans. Inf. Theory 55(5).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import MMDVAE
    >>> from skae.scorers import GenerationKL
    >>> X = load_iris().data
    >>> autoencoder = MMDVAE(2, max_epochs=100, random_state=0).fit(X)
    >>> -1.5 < GenerationKL()(autoencoder, X) < 0.1
    True
    """

    worst = -10.0

    _parameter_constraints = _NEIGHBOUR_CONSTRAINTS

    def __init__(self, *, k=5, max_samples=2000, random_state=0):
        self.k = k
        self.max_samples = max_samples
        self.random_state = random_state

    def _compare(self, X, Y):
        order = check_random_state(self.random_state).permutation(len(X))
        rows, others = np.array_split(X[order], 2)
        if len(others) < 2:
            return self.worst
        k = min(self.k, len(others) - 1)
        floor = knn_kl(rows, others, k=k)
        return (floor - knn_kl(rows, Y[: len(others)], k=k)) / X.shape[1]


@SCORERS.register("coverage")
class GenerationCoverage(GenerationScorer):
    """Share of the data that have a generated row in their neighbourhood.

    ``1/n sum_i [min_j ||x_i - y_j|| <= rho_k(i)]`` over as many draws y_j as rows x_i,
    with the distance rho_k(i) of row i to its k-th nearest other row; see
    `skae.information.coverage`. In [0, 1], where draws that cannot be told from the
    data have ``1 - 2**-k`` in expectation, 0.97 at the default, and 0 is its worst.

    A part of the data that is never generated lowers it; bad draws elsewhere do not,
    beyond what they take from the number of good ones. As with `GenerationKL`, draws in
    the middle of the data are near to every row in many dimensions: shrunk to half
    their spread, they cover 0.86 in 10 dimensions and all in 30. `GenerationMMD` tells
    them apart.

    Parameters
    ----------
    k : int, default=5
        Raising it enlarges the neighbourhoods, and the score; less where there are
        fewer other rows.
    max_samples : int, default=2000
        At most this many rows, evenly spaced, are compared, with as many draws.
    random_state : int, RandomState instance or None, default=0
        Of the draws.

    References
    ----------
    Naeem, Oh, Uh, Choi & Yoo (2020), "Reliable fidelity and diversity metrics for
    generative models", arXiv:2002.09797.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import MMDVAE
    >>> from skae.scorers import GenerationCoverage
    >>> X = load_iris().data
    >>> autoencoder = MMDVAE(2, max_epochs=100, random_state=0).fit(X)
    >>> 0.2 < GenerationCoverage()(autoencoder, X) <= 1
    True
    """

    _parameter_constraints = _NEIGHBOUR_CONSTRAINTS

    def __init__(self, *, k=5, max_samples=2000, random_state=0):
        self.k = k
        self.max_samples = max_samples
        self.random_state = random_state

    def _compare(self, X, Y):
        if len(X) < 2:
            return self.worst
        return coverage(X, Y, k=min(self.k, len(X) - 1))
