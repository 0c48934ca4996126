"""Manifolds of any dimension, in any number of features."""

import numpy as np
from sklearn.utils import check_random_state

from skae._sklearn import validate_params
from skae.datasets._manifolds._base import (
    CONSTRAINTS,
    POSITIVE_INTEGER,
    Manifold,
    with_noise,
)
from skae.datasets._manifolds._shapes import sphere

_CONSTRAINTS = {
    "intrinsic_dimension": POSITIVE_INTEGER,
    "n_features": POSITIVE_INTEGER,
    **CONSTRAINTS,
}
# Hidden units, and the standard deviation of what enters them: tanh bends at 1.
_WIDTH = 64
_GAIN = 1.0


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def make_smooth_manifold(
    n_samples=2000,
    intrinsic_dimension=3,
    n_features=32,
    *,
    noise=0.0,
    random_state=None,
):
    """Draw points from the image of a random smooth map.

    x = B tanh(A z + b), where z ~ N(0, I_d), and A, B and b are random: a neural
    network with 64 hidden units, so curved that d linear components leave about a
    tenth of the variance unexplained.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of points.
    intrinsic_dimension : int, default=3
        d, of z. Also the embedding dimension.
    n_features : int, default=32
        D, at least d. Above 2 d no two parts of the manifold meet, with probability 1;
        below, they may.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each feature, as a fraction of the
        feature's own.
    random_state : int, RandomState instance or None, default=None
        Of the map and the points. The map does not depend on `n_samples` or `noise`.

    Returns
    -------
    manifold : Manifold
        Called ``smooth-<d>-in-<D>``.

    Raises
    ------
    ValueError
        When there are fewer features than dimensions.

    Examples
    --------
    >>> from skae.datasets import make_smooth_manifold
    >>> manifold = make_smooth_manifold(500, 2, 20, noise=0.05, random_state=0)
    >>> manifold
    Manifold(name='smooth-2-in-20', intrinsic_dimension=2, embedding_dimension=2,
             noise=0.05)
    >>> manifold.X.shape
    (500, 20)
    """
    d, D = intrinsic_dimension, n_features
    _check_room(d, D, "intrinsic_dimension")
    rng = check_random_state(random_state)
    A = _GAIN / np.sqrt(d) * rng.standard_normal((d, _WIDTH))
    b = _GAIN * rng.standard_normal(_WIDTH)
    B = rng.standard_normal((_WIDTH, D)) / np.sqrt(_WIDTH)
    X = np.tanh(rng.standard_normal((n_samples, d)) @ A + b) @ B
    return Manifold(with_noise(X, noise, rng), f"smooth-{d}-in-{D}", d, d, noise)


def _check_room(needed, n_features, name):
    if n_features < needed:
        raise ValueError(
            f"n_features={n_features}: the manifold needs at least {needed}. Raise "
            f"n_features, or lower {name}."
        )


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def make_linear_manifold(
    n_samples=2000,
    intrinsic_dimension=3,
    n_features=32,
    *,
    noise=0.0,
    random_state=None,
):
    """Draw points from a linear subspace, with the same variance in all its directions.

    x = Q z, where z ~ N(0, I_d) and Q has orthonormal columns, drawn at random.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of points.
    intrinsic_dimension : int, default=3
        d, of z. Also the embedding dimension.
    n_features : int, default=32
        D, at least d.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each feature, as a fraction of the
        feature's own.
    random_state : int, RandomState instance or None, default=None
        Of the subspace and the points. The subspace does not depend on the others.

    Returns
    -------
    manifold : Manifold
        Called ``linear-<d>-in-<D>``.

    Raises
    ------
    ValueError
        When there are fewer features than dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.datasets import make_linear_manifold
    >>> X = make_linear_manifold(500, 4, 20, random_state=0).X
    >>> np.linalg.matrix_rank(X).item()
    4
    """
    d, D = intrinsic_dimension, n_features
    _check_room(d, D, "intrinsic_dimension")
    rng = check_random_state(random_state)
    Q = _orthonormal(d, D, rng)
    X = rng.standard_normal((n_samples, d)) @ Q
    return Manifold(with_noise(X, noise, rng), f"linear-{d}-in-{D}", d, d, noise)


def _orthonormal(n_rows, n_columns, rng):
    """Draw orthonormal rows: those of a rotation."""
    return np.linalg.qr(rng.standard_normal((n_columns, n_rows)))[0].T


@validate_params(
    {**_CONSTRAINTS, "n_features": [*POSITIVE_INTEGER, None]},
    prefer_skip_nested_validation=True,
)
def make_sphere(
    n_samples=2000,
    intrinsic_dimension=2,
    n_features=None,
    *,
    noise=0.0,
    random_state=None,
):
    """Draw points uniformly from the unit sphere, in a random subspace.

    ``|x| = 1`` in d + 1 dimensions. Being closed, it does not embed in d.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of points.
    intrinsic_dimension : int, default=2
        d: 1 for a circle, 2 for the surface of a ball.
    n_features : int or None, default=None
        D, at least d + 1; the sphere is then rotated at random. None for d + 1
        features without a rotation.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each feature, as a fraction of the
        feature's own.
    random_state : int, RandomState instance or None, default=None
        Of the rotation and the points.

    Returns
    -------
    manifold : Manifold
        Called ``sphere-<d>-in-<D>``, with the embedding dimension d + 1.

    Raises
    ------
    ValueError
        When there are fewer than d + 1 features.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.datasets import make_sphere
    >>> circle = make_sphere(500, 1, 20, random_state=0)
    >>> circle.embedding_dimension, circle.n_features
    (2, 20)
    >>> bool(np.allclose(np.linalg.norm(circle.X, axis=1), 1))
    True
    """
    d, D = intrinsic_dimension, n_features or intrinsic_dimension + 1
    _check_room(d + 1, D, "intrinsic_dimension")
    rng = check_random_state(random_state)
    rotation = np.eye(d + 1) if n_features is None else _orthonormal(d + 1, D, rng)
    X = with_noise(sphere(n_samples, rng, d) @ rotation, noise, rng)
    return Manifold(X, f"sphere-{d}-in-{D}", d, d + 1, noise)
