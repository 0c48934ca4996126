"""Correlation dimension: how the number of pairs grows with their distance."""

from itertools import product
from numbers import Integral

import numpy as np
import torch

from skae._sklearn import Interval, validate_params
from skae.information._kernels import BLOCK_SIZE, in_bandwidths
from skae.information._neighbors import MAX_SAMPLES, ROUNDING, Neighbors, ratio

__all__ = ["correlation_dimension"]


@validate_params(
    {
        "k1": [Interval(Integral, 1, None, closed="left")],
        "k2": [Interval(Integral, 2, None, closed="left")],
        "max_samples": MAX_SAMPLES,
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
    return correlation_from(Neighbors(X, k2, max_samples), k1, k2)


def correlation_from(neighbors, k1, k2):
    """Return what `correlation_dimension` does, from a search that was made."""
    radii = np.median(neighbors.distances[:, [k1 - 1, k2 - 1]], axis=0)
    counts = _pairs_within(neighbors.X, neighbors.rows, radii)
    return ratio(np.log(counts[1] / counts[0]), np.log(radii[1] / radii[0]))


@torch.no_grad()
def _pairs_within(X, rows, radii):
    """Count the ordered pairs of one of `rows` and another row within each radius."""
    X, distances = in_bandwidths(torch.from_numpy(X), radii[-1])
    squares = (radii / radii[-1]) ** 2 * (1 + ROUNDING)
    counts = np.full(len(radii), -len(rows))  # a row is no pair with itself
    for some, others in product(X[rows].split(BLOCK_SIZE), X.split(BLOCK_SIZE)):
        within = distances(some, others)
        counts += [torch.count_nonzero(within <= square).item() for square in squares]
    return counts
