"""Measures of a reconstruction."""

import numpy as np

__all__ = [
    "feature_errors",
    "mean_squared_error",
    "row_errors",
    "variance_explained",
]

# Rows are taken so many bytes of double precision at a time.
PART_BYTES = 2**20


def mean_squared_error(X, X_hat):
    """Return the mean squared error over all values, in squared units of `X`.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a value is missing, does not count.

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
    return ErrorSums().update(X, X_hat).mean_squared_error()


def feature_errors(X, X_hat):
    """Return the root mean squared error of every feature, in its own units.

    ``sqrt(mean (X - X_hat)**2)`` over rows, and for sequences over time steps too.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, n_features) or \
            (n_samples, n_timesteps, n_channels)
        NaN in `X`, where a value is missing, does not count.

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
    sums = ErrorSums().update(X, X_hat)
    error, count = (
        part.reshape(-1, X.shape[-1]).sum(axis=0) for part in (sums.error, sums.count)
    )
    means = error / np.maximum(1, count)
    return np.sqrt(np.where(count > 0, means, np.nan))


def row_errors(X, X_hat):
    """Return the mean squared error of every row, in squared units of `X`.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a value is missing, does not count.

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
    errors = np.empty(len(X))
    for rows, part, part_hat in _parts(X, X_hat):
        present = ~np.isnan(part)
        squares = _squares(part, part_hat, present)
        entries = tuple(range(1, X.ndim))
        errors[rows] = squares.sum(axis=entries) / present.sum(axis=entries)
    return errors


def variance_explained(X, X_hat, sample_weight=None):
    """Return the share of the variance of `X` that `X_hat` explains.

    ``R2 = 1 - sum (X - X_hat)**2 / sum (X - mean(X))**2``, over all features together
    (scikit-learn's ``r2_score`` with ``multioutput="variance_weighted"``), so that it
    is 1 for a perfect reconstruction and 0 for that by the mean. Without any
    variance to explain, it is 1 for a perfect reconstruction and 0 for another.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        NaN in `X`, where a value is missing, does not count.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows, in both sums and in the mean.

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
    return ErrorSums().update(X, X_hat, sample_weight).variance_explained()


class ErrorSums:
    """Sums over rows that measures of a reconstruction are made of.

    Rows are taken some at a time, so that they need not be in memory together.

    Attributes
    ----------
    count : ndarray of shape (...)
        Weight of the rows, by the entry of a row: of those where it is not NaN.
    error : ndarray of shape (...)
        Squared error.
    mean, scatter : ndarray of shape (...)
        Mean, and squared deviation from it.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.metrics import ErrorSums
    >>> X = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> sums = ErrorSums()
    >>> for row in X:
    ...     sums = sums.update(row[None], row[None] + 0.5)
    >>> sums.variance_explained()
    0.75
    """

    def __init__(self):
        self.count = self.error = self.mean = self.scatter = np.zeros(())

    def update(self, X, X_hat, weight=None):
        """Take rows, their reconstructions and their weights, and return itself."""
        weight = np.ones(len(X)) if weight is None else np.asarray(weight, np.float64)
        for rows, part, part_hat in _parts(X, X_hat):
            present = ~np.isnan(part)
            squares = _squares(part, part_hat, present)
            self.error = self.error + _total(weight[rows], squares)
            self._take(part, weight[rows], present)
        return self

    def mean_squared_error(self):
        """Return the mean squared error over all values."""
        return float(self.error.sum() / self.count.sum())

    def variance_explained(self):
        """Return the share of the variance that is explained."""
        error, variance = self.error.sum(), self.scatter.sum()
        if variance == 0:
            return float(error == 0)
        return float(1 - error / variance)

    def _take(self, X, weight, present):
        """Merge mean and scatter with those of further rows.

        That is exact for constants, and subtracts no large numbers from each other
        (Chan, Golub and LeVeque, 1983).
        """
        count = _total(weight, present)
        origin = np.nan_to_num(X[0]).astype(np.float64)
        deviations = _total(weight, _differences(X, origin, present))
        shift = _ratio(deviations, count)
        scatter = _total(weight, _squares(X, origin + shift, present))
        total = self.count + count
        step, share = origin + shift - self.mean, _ratio(count, total)
        between = self.count * share * _squares(step, 0, self.count > 0)
        self.scatter = self.scatter + scatter + between
        self.mean = self.mean + share * step
        self.count = total


def _total(weight, values):
    """Return the weighted sum over rows."""
    table = values.reshape(len(values), -1).astype(np.float64, copy=False)
    return (weight @ table).reshape(values.shape[1:])


def _ratio(a, b):
    """Return a / b, zero where b is."""
    return np.divide(a, b, where=np.greater(b, 0), out=np.zeros(np.shape(b)))


def _parts(X, X_hat):
    """Yield which rows, and those rows of both, some megabytes at a time."""
    if np.shape(X_hat) != X.shape:
        X_hat = np.broadcast_to(X_hat, X.shape)
    size = max(1, PART_BYTES // max(1, 8 * X[:1].size))
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        yield rows, X[rows], X_hat[rows]


def _squares(X, X_hat, present):
    """Return squared differences, zero where entries of `X` are not present."""
    difference = _differences(X, X_hat, present)
    with np.errstate(over="ignore"):
        return np.square(difference, out=difference)


def _differences(X, X_hat, present):
    """Return differences in float64, zero where entries of `X` are not present."""
    if present.all():
        return np.subtract(X, X_hat).astype(np.float64, copy=False)
    difference = np.zeros(X.shape)  # the squares of float32 would overflow
    return np.subtract(X, X_hat, where=present, out=difference)
