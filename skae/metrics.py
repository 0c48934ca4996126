"""Measures of a reconstruction."""

import numpy as np

__all__ = ["row_errors", "variance_explained"]


def row_errors(X, X_hat):
    """Return the mean squared error of every row, in squared units of `X`.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)

    Returns
    -------
    errors : ndarray of shape (n_samples,)
    """
    difference = (X - X_hat).reshape(len(X), -1)
    return np.einsum("ij,ij->i", difference, difference) / difference.shape[1]


def variance_explained(X, X_hat):
    """Return the share of the variance of `X` that `X_hat` explains.

    ``R2 = 1 - sum (X - X_hat)**2 / sum (X - mean(X))**2``, over all features together
    (scikit-learn's ``r2_score`` with ``multioutput="variance_weighted"``), so that it
    is 1 for a perfect reconstruction and 0 for that by the mean. Without any
    variance to explain, it is 1 for a perfect reconstruction and 0 for another.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)

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
    error = row_errors(X, X_hat).mean()
    variance = row_errors(X, X.mean(axis=0)).mean()
    if variance == 0:
        return float(error == 0)
    return float(1 - error / variance)
