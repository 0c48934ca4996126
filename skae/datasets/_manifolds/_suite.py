"""The manifolds on which choices of a latent dimension are compared."""

from functools import partial

import numpy as np
from sklearn.utils import check_random_state

from skae._sklearn import validate_params
from skae.datasets._manifolds._base import CONSTRAINTS
from skae.datasets._manifolds._catalogue import make_manifold
from skae.datasets._manifolds._embedded import (
    make_linear_manifold,
    make_smooth_manifold,
    make_sphere,
)

# (function, d, D, noise)
_EMBEDDED = [
    (make_smooth_manifold, 1, 20, 0.05),
    (make_smooth_manifold, 1, 64, 0.10),
    (make_smooth_manifold, 2, 20, 0.01),
    (make_smooth_manifold, 2, 32, 0.05),
    (make_smooth_manifold, 3, 20, 0.05),
    (make_smooth_manifold, 3, 32, 0.01),
    (make_smooth_manifold, 3, 64, 0.10),
    (make_smooth_manifold, 5, 32, 0.05),
    (make_smooth_manifold, 5, 64, 0.01),
    (make_smooth_manifold, 8, 32, 0.01),
    (make_smooth_manifold, 8, 64, 0.05),
    (make_linear_manifold, 2, 20, 0.10),
    (make_linear_manifold, 3, 32, 0.05),
    (make_linear_manifold, 5, 32, 0.10),
    (make_linear_manifold, 8, 64, 0.05),
    (make_sphere, 1, 20, 0.0),
    (make_sphere, 2, 20, 0.0),
]
_NAMED = [
    "sphere",
    "torus",
    "cube-surface",
    "swiss-roll",
    "s-curve",
    "moebius",
    "m1-sphere",
    "m2-affine",
    "m3-nonlinear",
    "m4-nonlinear",
    "m5a-helix",
    "m5b-helix",
    "m6-nonlinear",
    "m8-nonlinear",
    "m11-moebius",
    "m13b-spiral",
    "mbeta",
    "mp1-paraboloid",
    "mp2-paraboloid",
    "mp3-paraboloid",
]
_SUITE = [
    partial(make, intrinsic_dimension=d, n_features=D, noise=noise)
    for make, d, D, noise in _EMBEDDED
] + [partial(make_manifold, name) for name in _NAMED]


@validate_params(
    {key: CONSTRAINTS[key] for key in ("n_samples", "random_state")},
    prefer_skip_nested_validation=True,
)
def manifold_suite(
    n_samples=2000,
    *,
    random_state=0,
):
    """Draw 37 manifolds, on which to compare ways to choose a latent dimension.

    Random smooth and linear ones with noise of 1, 5 or 10 %, spheres in many features,
    the surfaces of textbooks, and manifolds on which estimators of the intrinsic
    dimension are compared: d from 1 to 12, in 3 to 72 features.

    Parameters
    ----------
    n_samples : int, default=2000
        Points on each.
    random_state : int, RandomState instance or None, default=0
        An int gives the same manifolds each time.

    Returns
    -------
    manifolds : iterator of Manifold
        With different names. Each is drawn when it is asked for, from a seed of its
        own.

    Examples
    --------
    >>> from skae.datasets import manifold_suite
    >>> for manifold in manifold_suite(100):
    ...     print(manifold)
    ...     break
    Manifold(name='smooth-1-in-20', intrinsic_dimension=1, embedding_dimension=1,
             noise=0.05)
    """
    rng = check_random_state(random_state)
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(_SUITE))
    return (
        make(n_samples=n_samples, random_state=seed)
        for make, seed in zip(_SUITE, seeds, strict=True)
    )
