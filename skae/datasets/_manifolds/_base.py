"""Result, noise and parameter constraints that all manifolds share."""

from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np

from skae._sklearn import Interval

POSITIVE_INTEGER = [Interval(Integral, 1, None, closed="left")]
CONSTRAINTS = {
    "n_samples": POSITIVE_INTEGER,
    "noise": [Interval(Real, 0, None, closed="left")],
    "random_state": ["random_state"],
}


@dataclass(frozen=True, eq=False)
class Manifold:
    """Points on a manifold, or near it, and its dimensions.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        The points, in float64.
    name : str
        What the manifold is called.
    intrinsic_dimension : int
        d: the numbers that tell a point from its neighbours.
    embedding_dimension : int
        e, from d to 2 d: the smallest dimension of a Euclidean space into which the
        manifold embeds as a whole. A continuous code of fewer numbers loses something,
        so d to e are the right answers to the question for a latent dimension: 1 or 2
        for a circle, 2 or 3 for a sphere, 2 for a Swiss roll.
    noise : float
        Standard deviation of the noise on each feature, as a fraction of the standard
        deviation of the feature without noise.

    Examples
    --------
    >>> from skae.datasets import make_sphere
    >>> make_sphere(100, 2, 5, random_state=0).n_features
    5
    """

    X: np.ndarray = field(repr=False)
    name: str
    intrinsic_dimension: int
    embedding_dimension: int
    noise: float

    @property
    def n_features(self):
        """Number of features, D."""
        return self.X.shape[1]


def with_noise(X, noise, rng):
    """Return the points with noise in proportion to each feature's deviation."""
    if noise == 0:
        return X
    return X + noise * X.std(axis=0) * rng.standard_normal(X.shape)
