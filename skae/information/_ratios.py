"""Estimates of a dimension from the ratios of distances to neighbours."""

from numbers import Integral, Real

import numpy as np

from skae._sklearn import Interval, validate_params
from skae.information._neighbors import MAX_SAMPLES, ROUNDING, Neighbors, ratio

__all__ = ["l2n2", "levina_bickel", "two_nn"]


@validate_params(
    {
        "discard_fraction": [Interval(Real, 0, 1, closed="left")],
        "max_samples": MAX_SAMPLES,
    },
    prefer_skip_nested_validation=True,
)
def two_nn(X, *, discard_fraction=0.1, max_samples=2000):
    """Intrinsic dimension from the two nearest neighbours of each row.

    With mu_i = r_2(i) / r_1(i), the ratio of the distances from x_i to its second and
    to its first neighbour, P(mu <= m) = 1 - m^(-d) for d dimensions: d is the slope of
    the line through the origin that fits -log(1 - i/n) against the sorted log mu_i.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least 3 of them distinct.
    discard_fraction : float, default=0.1
        Share of the largest ratios to leave out, in [0, 1). Raising it makes the
        estimate less sensitive to outliers, and its variance larger.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, evenly spaced, of more distinct ones;
        their neighbours are any rows, so the scale of the estimate stays. None takes
        all of them: O(n^2) time in many dimensions.

    Returns
    -------
    dimension : float
        Positive. Infinite where the two neighbours of rows are at equal distances, as
        on a grid: add jitter to such data.

    Raises
    ------
    ValueError
        When there are fewer than 3 distinct rows, or values that are not finite.

    Notes
    -----
    Asks only that the density is even over two neighbours, so it has little bias from
    curvature and density, but it sees the smallest scale in the data, which is that of
    the noise. Copies of a row are dropped first, since ratios need distances.

    References
    ----------
    Facco, d'Errico, Rodriguez & Laio (2017), "Estimating the intrinsic dimension of
    datasets by a minimal neighborhood information", Scientific Reports 7, 12140.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import two_nn
    >>> angle = np.random.default_rng(0).uniform(0, 6.28, size=2000)
    >>> round(two_nn(np.column_stack([np.cos(angle), np.sin(angle)])), 1)
    1.0
    """
    return two_nn_from(Neighbors(X, 2, max_samples).distances, discard_fraction)


def two_nn_from(distances, discard_fraction=0.1):
    """Return what `two_nn` does, from sorted distances to two neighbours or more."""
    log_mu = np.sort(np.log(distances[:, 1] / distances[:, 0]))
    n = len(log_mu)
    # Of the last ratio, -log(1 - n/n) would be infinite.
    kept = np.clip(int(n * (1 - discard_fraction)), 1, n - 1)
    log_mu, rest = log_mu[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    return ratio(log_mu @ rest, log_mu @ log_mu)


@validate_params(
    {
        "k": [Interval(Integral, 2, None, closed="left")],
        "max_samples": MAX_SAMPLES,
    },
    prefer_skip_nested_validation=True,
)
def levina_bickel(X, *, k=20, max_samples=2000):
    """Maximum likelihood estimate of the intrinsic dimension from k neighbours.

    1/d = mean_i 1/(k - 1) sum_{j < k} log(r_k(i) / r_j(i)), where r_j(i) is the
    distance from x_i to its j-th neighbour. Levina and Bickel's estimate for one row
    is the inverse of the inner mean; the rows are pooled by the mean of the inverses,
    as MacKay and Ghahramani showed the likelihood to ask for. The mean of the
    estimates themselves would be too high by (k - 1) / (k - 2).

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, more than `k` of them distinct.
    k : int, default=20
        Neighbours, at least 2. Raising it lowers the variance and the weight of the
        noise, and lets curvature and the edges of the data bias the estimate.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, see `two_nn`.

    Returns
    -------
    dimension : float
        Positive. Infinite where all neighbours are at equal distances.

    Raises
    ------
    ValueError
        When there are not more than `k` distinct rows, or values that are not finite.

    Notes
    -----
    In many dimensions most rows are near an edge, where neighbours are on one side
    only: the estimate is then too low, by about a tenth for 2000 rows in a cube of 5
    dimensions.

    References
    ----------
    Levina & Bickel (2004), "Maximum likelihood estimation of intrinsic dimension",
    NIPS 17. MacKay & Ghahramani (2005), "Comments on 'Maximum likelihood estimation of
    intrinsic dimension' by E. Levina and P. Bickel".

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import levina_bickel
    >>> X = np.random.default_rng(0).normal(size=(2000, 3))
    >>> X /= np.linalg.norm(X, axis=1, keepdims=True)  # a sphere's surface
    >>> round(levina_bickel(X), 1)
    2.0
    """
    return levina_bickel_from(Neighbors(X, k, max_samples).distances)


def levina_bickel_from(distances):
    """Return what `levina_bickel` does, from sorted distances to k neighbours."""
    log_ratios = np.log(distances[:, -1:] / distances[:, :-1])
    return ratio(1.0, log_ratios.mean())


@validate_params({"max_samples": MAX_SAMPLES}, prefer_skip_nested_validation=True)
def l2n2(X, *, max_samples=2000):
    """Intrinsic dimension from double logarithms of ratios of neighbours' distances.

    With mu = r_2 / r_1 as for `two_nn`, d log mu is exponential with mean one in d
    dimensions, so that log log mu has the mean -log d - gamma, where gamma = 0.5772...
    is Euler's constant: ``d = exp(-gamma - mean_i log log mu_i)``. The mean of the
    double logarithms converges for any density, which gives the estimator its name in
    the article: loglog (L2) values of nearest-neighbour (N2) ratios.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least 3 of them distinct.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, see `two_nn`.

    Returns
    -------
    dimension : float
        Positive. Rows whose two neighbours are equally far are left out; infinite where
        all are so, as on a grid.

    Raises
    ------
    ValueError
        When there are fewer than 3 distinct rows, or values that are not finite.

    Notes
    -----
    Large ratios, as of outliers, weigh less than in `two_nn`, and small ones more: the
    standard error of log d is ``pi / sqrt(6 n)``, 1.28 times that of the maximum
    likelihood for the same ratios.

    References
    ----------
    Ong, Bobrowski, Reinert & Skraba (2026), "A universal nearest-neighbor estimator for
    intrinsic dimensionality", arXiv:2603.10493.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import l2n2
    >>> X = np.random.default_rng(0).normal(size=(2000, 3))
    >>> X /= np.linalg.norm(X, axis=1, keepdims=True)  # a sphere's surface
    >>> round(l2n2(X), 1)
    2.0
    """
    return l2n2_from(Neighbors(X, 2, max_samples).distances)


def l2n2_from(distances):
    """Return what `l2n2` does, from sorted distances to two neighbours or more."""
    log_mu = np.log(distances[:, 1] / distances[:, 0])
    apart = log_mu[log_mu > ROUNDING]
    if not len(apart):
        return np.inf
    return float(np.exp(-np.euler_gamma - np.log(apart).mean()))
