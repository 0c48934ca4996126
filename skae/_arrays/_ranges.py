"""Values outside of a range, but for rounding."""

import numpy as np

__all__ = ["is_outside", "rounding_of"]


def rounding_of(dtype):
    """Return what of values around 1 is forgiven as rounding, none of whole numbers."""
    is_float = np.issubdtype(dtype, np.floating)
    return np.sqrt(np.finfo(dtype).eps) if is_float else 0.0


def is_outside(X, low, high):
    """Return the mask of values outside of an interval by more than rounding.

    Scalers that map data onto an interval leave it by rounding, by more the smaller the
    range of a feature is beside its values. Half of the digits are therefore forgiven:
    the square root of the resolution, as a share of the interval, or of its finite
    bound.

    Parameters
    ----------
    X : ndarray of floats or whole numbers
    low, high : float
        Either may be infinite.

    Returns
    -------
    outside : ndarray of bool, like `X`
        False for NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from skae._arrays import is_outside
    >>> is_outside(np.array([1.0000000000000002, 1.001, -1.0]), 0, np.inf)
    array([False, False,  True])
    >>> is_outside(np.array([1.0000000000000002, 1.001, -1.0]), 0, 1)
    array([False,  True,  True])
    """
    size = high - low
    if not np.isfinite(size):
        size = max(1.0, *(abs(end) for end in (low, high) if np.isfinite(end)), 0.0)
    slack = size * rounding_of(X.dtype)
    return (low - slack > X) | (high + slack < X)
