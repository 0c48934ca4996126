"""Generalised ratios estimator (GRIDE): the dimension as a function of the scale."""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.optimize import brentq
from scipy.special import exprel

from skae._sklearn import Interval, validate_params
from skae.information._neighbors import MAX_SAMPLES, ROUNDING, Neighbors

__all__ = ["GrideScales", "gride", "gride_scales"]

# The fewest distinct rows with two neighbours, which the smallest scale asks for.
MIN_ROWS = 3


@validate_params(
    {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "max_samples": MAX_SAMPLES,
    },
    prefer_skip_nested_validation=True,
)
def gride(X, *, n_neighbors=8, max_samples=2000):
    """Generalised ratios estimate (GRIDE) of the intrinsic dimension at one scale.

    With mu_i = r_2n(i) / r_n(i), the ratio of the distances from x_i to its 2n-th and
    to its n-th neighbour, d maximises the likelihood

        prod_i d (mu_i^d - 1)^(n - 1) / (B(n, n) mu_i^(d (2n - 1) + 1)),

    B being the beta function: 1/d = mean_i log mu_i for n = 1.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, more than ``2 * n_neighbors`` of them distinct.
    n_neighbors : int, default=8
        The n above, at least 1. Raising it looks at a coarser scale, with less of the
        noise, more of the curvature and the edges of the data, and less variance.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, see `two_nn`.

    Returns
    -------
    dimension : float
        Positive. Infinite where the two neighbours of all rows are at equal distances.

    Raises
    ------
    ValueError
        When there are not more than ``2 * n_neighbors`` distinct rows, or values that
        are not finite.

    See Also
    --------
    gride_scales : The same at many scales, from one search.

    Notes
    -----
    Asks that the density is even over 2n neighbours, and takes the rows for
    independent. At n = 1 it fits the same law as `two_nn`, by its likelihood and
    without leaving out the largest ratios.

    With x_i = d log mu_i, the likelihood is stationary where
    1 + (n - 1) mean_i x_i / (exp(x_i) - 1) = n mean_i x_i. Its left side falls with d
    and its right side rises, so there is one maximum, and mean_i x_i is between 1/n
    and 1 there.

    References
    ----------
    Denti, Doimo, Laio & Mira (2022), "The generalized ratios intrinsic dimension
    estimator", Scientific Reports 12, 20005.

    Examples
    --------
    A plane in 10 features, with noise on all of them:

    >>> from skae.datasets import make_linear_manifold
    >>> from skae.information import gride
    >>> X = make_linear_manifold(2000, 2, 10, noise=0.03, random_state=0).X
    >>> [round(gride(X, n_neighbors=n), 1) for n in (1, 4, 16)]
    [3.8, 2.5, 2.1]
    """
    distances = Neighbors(X, 2 * n_neighbors, max_samples).distances
    return gride_from(distances, n_neighbors)


@dataclass(frozen=True)
class GrideScales:
    """Intrinsic dimension as a function of the scale, by GRIDE.

    Attributes
    ----------
    n_neighbors : tuple of int
        Order n of the nearer neighbour at each scale, 1, 2, 4, ...; that of the farther
        one is 2n.
    estimates : tuple of float
        Estimate of `gride` at each scale.
    distances : tuple of float
        Mean distance to the 2n-th neighbour at each scale, in the unit of the data:
        compare it with the size of the noise.

    Examples
    --------
    >>> from skae.information import GrideScales
    >>> scales = GrideScales((1, 2, 4), (5.0, 2.5, 2.0), (0.1, 0.15, 0.21))
    >>> scales.dimension, scales.plateau
    (2.25, (2, 8))
    """

    n_neighbors: tuple[int, ...]
    estimates: tuple[float, ...]
    distances: tuple[float, ...]

    @property
    def dimension(self):
        """Dimension at the plateau, infinite where no scale has a finite one.

        The mean of the two neighbouring scales whose estimates differ least. As
        distances grow by log(2) / d in the logarithm from one scale to the next, that
        is where log d changes least with the logarithm of the distance. Scales with
        infinite estimates, which are those of ties, are left out.
        """
        flattest = np.take(self.estimates, self._flattest())
        return float(flattest.mean()) if len(flattest) else math.inf

    @property
    def plateau(self):
        """Orders of the nearest and of the farthest neighbour that `dimension` is from.

        None where it is infinite.
        """
        orders = np.take(self.n_neighbors, self._flattest()).tolist()
        return (orders[0], 2 * orders[-1]) if orders else None

    def _flattest(self):
        """Return the indices of the two scales of the plateau, or of the only one."""
        finite = np.flatnonzero(np.isfinite(self.estimates))
        change = np.abs(np.diff(np.take(self.estimates, finite)))
        first = change.argmin() if len(change) else 0
        return finite[first : first + 2]


@validate_params(
    {
        "max_neighbors": [Interval(Integral, 2, None, closed="left")],
        "max_samples": MAX_SAMPLES,
    },
    prefer_skip_nested_validation=True,
)
def gride_scales(X, *, max_neighbors=64, max_samples=2000):
    """GRIDE at the scales n = 1, 2, 4, ..., and the dimension at its plateau.

    Noise makes the estimates of the smallest scales too high; curvature, and the edges
    of the data, change those of the largest. In between, where the data have a
    dimension, there is a plateau.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least 3 of them distinct.
    max_neighbors : int, default=64
        Order of the farthest neighbour at most, at least 2: 64 asks for the scales up
        to n = 32. There are fewer scales where there are fewer distinct rows.
    max_samples : int or None, default=2000
        Rows whose neighbours are looked up, see `two_nn`.

    Returns
    -------
    scales : GrideScales
        The estimates, the distances that they are for, and the plateau.

    Raises
    ------
    ValueError
        When there are fewer than 3 distinct rows, or values that are not finite.

    Notes
    -----
    The plateau is where estimates change least from one scale to the next. Where they
    still fall at the last scale, noise is as large as the distances to all of these
    neighbours, and the dimension is too high: look at coarser scales, by raising
    `max_neighbors` or by fewer rows.

    References
    ----------
    Denti, Doimo, Laio & Mira (2022), "The generalized ratios intrinsic dimension
    estimator", Scientific Reports 12, 20005.

    Examples
    --------
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.information import gride_scales
    >>> X = make_linear_manifold(2000, 2, 10, noise=0.03, random_state=0).X
    >>> scales = gride_scales(X)
    >>> for n, d in zip(scales.n_neighbors, scales.estimates):
    ...     print(n, round(d, 1))
    1 3.7
    2 2.9
    4 2.5
    8 2.3
    16 2.1
    32 2.1
    >>> round(scales.dimension, 1)
    2.1
    """
    return gride_scales_from(Neighbors(X, max_neighbors, max_samples, MIN_ROWS))


def gride_scales_from(neighbors):
    """Return what `gride_scales` does, from a search that was made."""
    mean_distances = neighbors.mean_distances()
    orders = [2**i for i in range(neighbors.k.bit_length() - 1)]
    return GrideScales(
        tuple(orders),
        tuple(gride_from(neighbors.distances, n) for n in orders),
        tuple(mean_distances[2 * n - 1] for n in orders),
    )


def gride_from(distances, n):
    """Return what `gride` does, from sorted distances to 2n neighbours or more."""
    log_mu = np.log(distances[:, 2 * n - 1] / distances[:, n - 1])
    mean = log_mu.mean()
    if mean <= ROUNDING:
        return math.inf
    log_mu /= mean

    def score(d):
        # exprel(x) is (exp(x) - 1) / x, 1 at 0 and infinite without overflow.
        return 1 + (n - 1) * (1 / exprel(d * log_mu)).mean() - n * d

    return float(brentq(score, 1 / n, 1, xtol=1e-14) / mean)
