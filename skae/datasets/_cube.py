"""Points on the surface of a cube."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from skae._sklearn import Interval, validate_params


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "side": [Interval(Real, 0, None, closed="neither")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_cube_surface(
    n_samples=1000,
    *,
    side=2.0,
    noise=0.0,
    random_state=None,
):
    """Draw points uniformly from the surface of a cube.

    The cube is ``[-side / 2, side / 2] ** 3``. Its surface has the intrinsic dimension
    2, but being closed it cannot be unfolded into the plane: a code of two numbers has
    to tear it, one of three does not.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of points.
    side : float, default=2.0
        Length of an edge.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each coordinate, in the unit of `side`.
        Raising it lifts the points off the surface.
    random_state : int, RandomState instance or None, default=None
        An int draws the same points each time.

    Returns
    -------
    X : ndarray of shape (n_samples, 3)
        The points. There is no target.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.datasets import make_cube_surface
    >>> X = make_cube_surface(100, side=2.0, random_state=0)
    >>> X.shape
    (100, 3)
    >>> bool(np.all(np.abs(X).max(axis=1) == 1.0))
    True
    """
    rng = check_random_state(random_state)
    X = rng.uniform(-side / 2, side / 2, size=(n_samples, 3))
    axis = rng.randint(3, size=n_samples)
    X[np.arange(n_samples), axis] = rng.choice([-side / 2, side / 2], size=n_samples)
    return X + noise * rng.standard_normal(X.shape)
