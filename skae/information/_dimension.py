"""Intrinsic dimension of data by several estimators, from one search."""

import math
from dataclasses import dataclass, field

from skae._sklearn import validate_params
from skae.information._correlation import correlation_from
from skae.information._gride import GrideScales, gride_scales_from
from skae.information._neighbors import MAX_SAMPLES, Neighbors
from skae.information._ratios import l2n2_from, levina_bickel_from, two_nn_from

__all__ = ["IntrinsicDimension", "estimate_dimension"]

# Four distinct rows are the fewest with a radius to compare with another.
MIN_ROWS = 4
# Neighbours of the maximum likelihood estimate, and of the larger correlation radius.
N_NEIGHBORS = 20
# Neighbours of the coarsest scale of GRIDE.
MAX_NEIGHBORS = 64


@dataclass(frozen=True)
class IntrinsicDimension:
    """Estimates of the intrinsic dimension of the same data.

    None is above the number of features: that of neighbours at equal distances, as
    those of answers on a scale or of whole numbers, would be without a bound.

    Attributes
    ----------
    two_nn : float
        See `two_nn`: the finest scale, so noise counts as dimensions first.
    levina_bickel : float
        See `levina_bickel`: of the smallest variance.
    correlation : float
        See `correlation_dimension`: a coarser scale than the two before.
    n_features : int
        Features of the data.
    gride : float
        Dimension at the plateau of `gride_scales`, at the scale where the estimates
        change least. NaN where it was not asked for.
    scales : GrideScales or None
        The estimates of GRIDE at all scales, without a bound.
    distances : tuple of float
        Mean distance to the k-th neighbour, k = 1, 2, ..., in the unit of the data.
    l2n2 : float
        See `l2n2`: from the neighbours of `two_nn`, and with less weight on outliers.
        NaN where it was not asked for.

    Examples
    --------
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.information import estimate_dimension
    >>> X = make_linear_manifold(500, 2, 6, noise=0.02, random_state=0).X
    >>> estimate = estimate_dimension(X)
    >>> print(estimate)
    estimator       dimension  neighbours  distance
    TwoNN                 2.5      1 to 2     0.155
    Levina-Bickel         2.1     1 to 20     0.493
    correlation           2.0    10 to 20     0.493
    GRIDE, plateau        2.1    16 to 64      0.84
    GRIDE                 2.6      1 to 2     0.155
    GRIDE                 2.3      2 to 4     0.218
    GRIDE                 1.9      4 to 8     0.317
    GRIDE                 2.0     8 to 16     0.443
    GRIDE                 2.1    16 to 32     0.611
    GRIDE                 2.1    32 to 64      0.84
    L2N2                  2.3      1 to 2     0.155
    >>> round(estimate.median), estimate.upper_bound
    (2, 5)
    """

    two_nn: float
    levina_bickel: float
    correlation: float
    n_features: int
    gride: float = math.nan
    scales: GrideScales | None = field(default=None, repr=False)
    distances: tuple[float, ...] = field(default=(), repr=False)
    l2n2: float = math.nan

    @property
    def median(self):
        """Median of `two_nn`, `levina_bickel` and `correlation`."""
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

    def table(self):
        """Return the estimates with the scales that they look at, one a row.

        Returns
        -------
        rows : list of dict
            With the keys "estimator", "dimension", "nearest" and "farthest", the
            orders of the first and the last neighbour whose distances the estimate is
            from, and "distance", the mean distance to the last, in the unit of the
            data. GRIDE has a row for its plateau and one for each scale, and L2N2 the
            last. Orders are None, and distances NaN, where they are not known.

        Examples
        --------
        >>> import numpy as np
        >>> from skae.information import estimate_dimension
        >>> rows = estimate_dimension(np.random.default_rng(0).normal(size=(200, 2)))
        >>> [row["farthest"] for row in rows.table()[:3]]
        [2, 20, 20]
        """
        k = min(N_NEIGHBORS, len(self.distances)) or N_NEIGHBORS
        rows = [
            self._row("TwoNN", self.two_nn, 1, 2),
            self._row("Levina-Bickel", self.levina_bickel, 1, k),
            self._row("correlation", self.correlation, k // 2, k),
        ]
        if self.scales is None:
            return rows
        plateau = self.scales.plateau or (None, None)
        rows.append(self._row("GRIDE, plateau", self.gride, *plateau))
        pairs = zip(self.scales.n_neighbors, self.scales.estimates, strict=True)
        rows += [self._row("GRIDE", d, n, 2 * n) for n, d in pairs]
        return [*rows, self._row("L2N2", self.l2n2, 1, 2)]

    def _row(self, name, dimension, nearest, farthest):
        known = farthest is not None and farthest <= len(self.distances)
        return {
            "estimator": name,
            "dimension": dimension,
            "nearest": nearest,
            "farthest": farthest,
            "distance": self.distances[farthest - 1] if known else math.nan,
        }

    def __str__(self):
        lines = [f"{'estimator':14}  dimension  neighbours  distance"]
        for row in self.table():
            known = row["farthest"] is not None
            orders = f"{row['nearest']} to {row['farthest']}" if known else "none"
            lines.append(
                f"{row['estimator']:14}  {row['dimension']:9.1f}  {orders:>10}  "
                f"{row['distance']:8.3g}"
            )
        return "\n".join(lines)


@validate_params({"max_samples": MAX_SAMPLES}, prefer_skip_nested_validation=True)
def estimate_dimension(X, *, max_samples=2000):
    """Estimate the intrinsic dimension of data in five ways, from one search.

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
        `two_nn`, `l2n2`, `levina_bickel`, `correlation_dimension`, `gride_scales` with
        their defaults, but with fewer neighbours where there are fewer distinct rows.
        Printed, it is a table of the estimates and the scales that they look at.

    Raises
    ------
    ValueError
        When there are fewer than 4 distinct rows, or values that are not finite.

    Notes
    -----
    Where they disagree by more than a fraction, the data have no dimension that holds
    at all scales: they are noisy, or too few. Noise of a tenth of each feature's
    standard deviation makes 10 to 12 dimensions of a surface in 30 features for
    `two_nn`, 4 to 5 for the two from 20 neighbours, and 3 for GRIDE, from 2000 rows. In
    10 dimensions, 2000 rows are few: all are too low by up to 3.

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
    neighbors = Neighbors(X, MAX_NEIGHBORS, max_samples, MIN_ROWS)
    k = min(N_NEIGHBORS, neighbors.k)
    scales = gride_scales_from(neighbors)
    estimates = {
        "two_nn": two_nn_from(neighbors.distances),
        "l2n2": l2n2_from(neighbors.distances),
        "levina_bickel": levina_bickel_from(neighbors.distances[:, :k]),
        "correlation": correlation_from(neighbors, k // 2, k),
        "gride": scales.dimension,
    }
    n_features = neighbors.X.shape[1]
    return IntrinsicDimension(
        **{name: min(d, float(n_features)) for name, d in estimates.items()},
        n_features=n_features,
        scales=scales,
        distances=neighbors.mean_distances(),
    )
