"""Measures of the error of a reconstruction."""

import numpy as np

__all__ = [
    "feature_errors",
    "mean_squared_error",
    "row_errors",
    "variance_explained",
]


def mean_squared_error(X, X_hat):
    """Return the mean squared error over all values, in squared units of `X`.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a sequence has ended, does not count.

    Returns
    -------
    error : float

    Examples
    --------
    >>> import numpy as np
    >>> from skae.metrics import mean_squared_error
    >>> mean_squared_error(np.array([[0.0, np.nan], [2.0, 3.0]]), np.ones((2, 2)))
    2.0
    """
    squares, present = _squares(X, X_hat)
    return float(squares.sum() / present.sum())


def feature_errors(X, X_hat):
    """Return the root mean squared error of every feature, in its own units.

    ``sqrt(mean (X - X_hat)**2)`` over rows, and for sequences over time steps too.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, n_features) or \
            (n_samples, n_timesteps, n_channels)
        NaN in `X`, where a sequence has ended, does not count.

    Returns
    -------
    errors : ndarray of shape (n_features,) or (n_channels,)
        NaN for a feature without any value.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.metrics import feature_errors
    >>> feature_errors(np.zeros((2, 2)), np.array([[3.0, 1.0], [-3.0, 0.0]]))
    array([3.  , 0.71])
    """
    n_features = X.shape[-1]
    squares, present = (part.reshape(-1, n_features) for part in _squares(X, X_hat))
    count = present.sum(axis=0)
    means = squares.sum(axis=0) / np.maximum(1, count)
    return np.sqrt(np.where(count > 0, means, np.nan))


def row_errors(X, X_hat):
    """Return the mean squared error of every row, in squared units of `X`.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a sequence has ended, does not count.

    Returns
    -------
    errors : ndarray of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.metrics import row_errors
    >>> row_errors(np.zeros((2, 2)), np.array([[1.0, 1.0], [0.0, 2.0]]))
    array([1., 2.])
    """
    squares, present = _squares(X, X_hat)
    return squares.sum(axis=1) / present.sum(axis=1)


def variance_explained(X, X_hat):
    """Return the share of the variance of `X` that `X_hat` explains.

    ``R2 = 1 - sum (X - X_hat)**2 / sum (X - mean(X))**2``, over all features together
    (scikit-learn's ``r2_score`` with ``multioutput="variance_weighted"``), so that it
    is 1 for a perfect reconstruction and 0 for that by the mean. Without any
    variance to explain, it is 1 for a perfect reconstruction and 0 for another.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a sequence has ended, does not count.

    Returns
    -------
    share : float
        At most 1; negative when the mean would reconstruct better.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.metrics import variance_explained
    >>> X = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> variance_explained(X, X + 0.5)
    0.75
    """
    error = _squares(X, X_hat)[0].sum()
    count = (~np.isnan(X)).sum(axis=0)  # 0 at time steps that no sequence has
    mean = np.nansum(X, axis=0, dtype=np.float64) / np.maximum(1, count)
    variance = _squares(X, mean)[0].sum()
    if variance == 0:
        return float(error == 0)
    return float(1 - error / variance)


def _squares(X, X_hat):
    """Return squared differences by row, and a mask of those where `X` is not NaN."""
    present = ~np.isnan(X)
    difference = np.zeros(X.shape)  # float32 would overflow where float64 does not
    with np.errstate(over="ignore"):
        squares = np.square(np.subtract(X, X_hat, where=present, out=difference))
    return squares.reshape(len(X), -1), present.reshape(len(X), -1)
