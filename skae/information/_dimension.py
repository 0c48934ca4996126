"""Estimates of the intrinsic dimension, from the distances of neighbours."""

import math
from dataclasses import dataclass
from itertools import product
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.metrics.pairwise import paired_distances
from sklearn.neighbors import NearestNeighbors

from skae._sklearn import Interval, validate_params
from skae.information._kernels import BLOCK_SIZE, as_samples, in_bandwidths

__all__ = [
    "IntrinsicDimension",
    "correlation_dimension",
    "estimate_dimension",
    "levina_bickel",
    "two_nn",
]

# Rows in estimate_dimension: four are the fewest with a radius to compare with another.
MIN_ROWS = 4
# Neighbours of the maximum likelihood estimate, and of the larger correlation radius.
N_NEIGHBORS = 20
# Distances are equal up to this share: ties of a grid, whichever way they were rounded.
_ROUNDING = 1e-9

_MAX_SAMPLES = [Interval(Integral, 2, None, closed="left"), None]


@dataclass(frozen=True)
class IntrinsicDimension:
    """Three estimates of the intrinsic dimension of the same data.

    None is above the number of features: that of neighbours at equal distances, as
    those of answers on a scale or of whole numbers, would be without a bound.

    Attributes
    ----------
    two_nn : float
        See `two_nn`: the finest scale, so noise counts as dimensions first.
    levina_bickel : float
        See `levina_bickel`: of the smallest variance.
    correlation : float
        See `correlation_dimension`: the coarsest scale of the three.
    n_features : int
        Features of the data.

    Examples
    --------
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.information import estimate_dimension
    >>> estimate = estimate_dimension(make_linear_manifold(500, 2, 6, random_state=0).X)
    >>> round(estimate.median), estimate.upper_bound
    (2, 5)
    """

    two_nn: float
    levina_bickel: float
    correlation: float
    n_features: int

    @property
    def median(self):
        """Median of the three estimates."""
        return sorted((self.two_nn, self.levina_bickel, self.correlation))[1]

    @property
    def upper_bound(self):
        """Latent dimension beyond which there is nothing to look for.

        ``min(n_features - 1, 2 * ceil(d) + 2)`` with the median estimate d, and 1 at
        least. A manifold of dimension d embeds in 2 d dimensions (Whitney, 1944), and
        generic maps into 2 d + 1 are embeddings; one more lets a curve level off.
        """
        bound = 2 * math.ceil(min(self.median, self.n_features)) + 2
        return max(1, min(self.n_features - 1, bound))


@validate_params({"max_samples": _MAX_SAMPLES}, prefer_skip_nested_validation=True)
def estimate_dimension(X, *, max_samples=2000):
    """Estimate the intrinsic dimension of data in three ways, from one search.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least 4 of them distinct. Distances are Euclidean, so scale
        features of different units before.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, see `two_nn`.

    Returns
    -------
    dimension : IntrinsicDimension
        `two_nn`, `levina_bickel` and `correlation_dimension` with their defaults, but
        with fewer neighbours where there are not more than 20 distinct rows.

    Raises
    ------
    ValueError
        When there are fewer than 4 distinct rows, or values that are not finite.

    Notes
    -----
    Where the three disagree by more than a fraction, the data have no dimension that
    holds at all scales: they are noisy, or too few. Noise of a tenth of each feature's
    standard deviation makes 12 dimensions of a surface in 30 features for `two_nn`, and
    5 for the other two, from 2000 rows. In 10 dimensions, 2000 rows are few: all three
    are too low by 1 to 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import estimate_dimension
    >>> Z = np.random.default_rng(0).normal(size=(1000, 2))
    >>> X = np.column_stack([Z, Z[:, 0] * Z[:, 1], np.sin(Z)])  # two numbers make five
    >>> dimension = estimate_dimension(X)
    >>> round(dimension.two_nn), round(dimension.levina_bickel)
    (2, 2)
    >>> dimension.upper_bound
    4
    """
    X = _distinct(X)
    _check_rows(X, MIN_ROWS)
    k = min(N_NEIGHBORS, len(X) - 1)
    rows, distances = _to_neighbors(X, k, max_samples)
    estimates = (
        _two_nn(distances, discard_fraction=0.1),
        _levina_bickel(distances),
        _correlation(X, rows, distances, k // 2, k),
    )
    n_features = X.shape[1]
    bounded = (min(estimate, float(n_features)) for estimate in estimates)
    return IntrinsicDimension(*bounded, n_features)


@validate_params(
    {
        "discard_fraction": [Interval(Real, 0, 1, closed="left")],
        "max_samples": _MAX_SAMPLES,
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
    _, distances = _to_neighbors(_distinct(X), 2, max_samples)
    return _two_nn(distances, discard_fraction)


def _two_nn(distances, discard_fraction):
    log_mu = np.sort(np.log(distances[:, 1] / distances[:, 0]))
    n = len(log_mu)
    # Of the last ratio, -log(1 - n/n) would be infinite.
    kept = np.clip(int(n * (1 - discard_fraction)), 1, n - 1)
    log_mu, rest = log_mu[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    return _ratio(log_mu @ rest, log_mu @ log_mu)


def _ratio(numerator, denominator):
    return float(numerator / denominator) if denominator > _ROUNDING else math.inf


@validate_params(
    {
        "k": [Interval(Integral, 2, None, closed="left")],
        "max_samples": _MAX_SAMPLES,
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
    return _levina_bickel(_to_neighbors(_distinct(X), k, max_samples)[1])


def _levina_bickel(distances):
    log_ratios = np.log(distances[:, -1:] / distances[:, :-1])
    return _ratio(1.0, log_ratios.mean())


@validate_params(
    {
        "k1": [Interval(Integral, 1, None, closed="left")],
        "k2": [Interval(Integral, 2, None, closed="left")],
        "max_samples": _MAX_SAMPLES,
    },
    prefer_skip_nested_validation=True,
)
def correlation_dimension(X, *, k1=10, k2=20, max_samples=2000):
    """Correlation dimension between two scales that follow the data.

    d = log(C(r_2) / C(r_1)) / log(r_2 / r_1), where C(r) is the correlation integral,
    the share of pairs of rows at a distance of r at most, and the radii are the
    medians over rows of the distances to the k1-th and to the k2-th neighbour.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, more than `k2` of them distinct.
    k1 : int, default=10
        Neighbour of the smaller radius.
    k2 : int, default=20
        Neighbour of the larger one, above `k1`. Raising both looks at a coarser scale,
        with less of the noise and more of the curvature.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up and whose pairs are counted, see `two_nn`.

    Returns
    -------
    dimension : float
        Nonnegative. Infinite where the two radii are equal, as on a grid.

    Raises
    ------
    ValueError
        When `k1` is not below `k2`, or there are not more than `k2` distinct rows, or
        values that are not finite.

    Notes
    -----
    Pairs are counted, not rows, so dense regions weigh most: where the density varies
    (normal laws, say), the estimate is that of the centre. The limit for small radii is
    never above the dimension of the set.

    References
    ----------
    Grassberger & Procaccia (1983), "Measuring the strangeness of strange attractors",
    Physica D 9. Radii by neighbours as in the package scikit-dimension (Bac, Mirkes,
    Gorban, Tyukin & Zinovyev, 2021, Entropy 23(10), 1368).

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import correlation_dimension
    >>> X = np.random.default_rng(0).uniform(size=(2000, 2))
    >>> round(correlation_dimension(np.hstack([X, X**2])), 1)
    1.9
    """
    if k1 >= k2:
        raise ValueError(f"k1={k1!r} and k2={k2!r}: give k1 below k2.")
    X = _distinct(X)
    rows, distances = _to_neighbors(X, k2, max_samples)
    return _correlation(X, rows, distances, k1, k2)


def _correlation(X, rows, distances, k1, k2):
    radii = np.median(distances[:, [k1 - 1, k2 - 1]], axis=0)
    counts = _pairs_within(X, rows, radii)
    return _ratio(np.log(counts[1] / counts[0]), np.log(radii[1] / radii[0]))


@torch.no_grad()
def _pairs_within(X, rows, radii):
    """Count the ordered pairs of one of `rows` and another row within each radius."""
    X, distances = in_bandwidths(torch.from_numpy(X), radii[-1])
    squares = (radii / radii[-1]) ** 2 * (1 + _ROUNDING)
    counts = np.full(len(radii), -len(rows))  # a row is no pair with itself
    for some, others in product(X[rows].split(BLOCK_SIZE), X.split(BLOCK_SIZE)):
        within = distances(some, others)
        counts += [torch.count_nonzero(within <= square).item() for square in squares]
    return counts


def _distinct(X):
    """Return the distinct rows, in their order, as an array of unit extent."""
    X = as_samples(X).numpy(force=True)
    X = X - np.median(X, axis=0)  # so that squares of most rows have no rounding
    X /= max(X.max(), -X.min()) or 1.0
    X += 0.0  # so that -0.0 is 0.0
    # Rows compare as bytes, which is much faster than as numbers.
    as_bytes = X.view(np.dtype((np.void, X.itemsize * X.shape[1])))[:, 0]
    first = np.sort(np.unique(as_bytes, return_index=True)[1])
    return X if len(first) == len(X) else X[first]


def _check_rows(X, n_rows):
    if len(X) < n_rows:
        raise ValueError(
            f"X has {len(X)} distinct rows: {n_rows} are needed. Use fewer neighbours, "
            "where there is a choice, or more rows."
        )


def _to_neighbors(X, k, max_samples):
    """Return evenly spaced row indices, and their sorted distances to k neighbours."""
    _check_rows(X, k + 1)
    n_rows = min(len(X), max_samples or len(X))
    rows = np.arange(n_rows) * len(X) // n_rows
    search = NearestNeighbors(n_neighbors=k + 1).fit(X)
    nearest = search.kneighbors(X[rows], return_distance=False)
    # In many dimensions the search rounds like a matrix product, and the logarithms
    # of small distances matter here: so take them again, from differences.
    distances = [paired_distances(X[rows], X[neighbor]) for neighbor in nearest.T]
    distances = np.sort(np.column_stack(distances), axis=1)[:, 1:]
    return rows, np.maximum(distances, np.finfo(float).eps)
