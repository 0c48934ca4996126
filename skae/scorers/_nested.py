"""Readings of nested codes: what each of their first units keeps of held-out rows."""

import numpy as np
from sklearn.base import BaseEstimator

from skae._arrays import as_numbers
from skae._sklearn import num_samples, safe_indexing
from skae.information._surrogates import surrogate_dimension
from skae.metrics import ErrorSums
from skae.scorers._locate import locate

__all__ = ["NestedReadings", "prefix_scores"]

# Rows that a reading looks at: medians and neighbours need no more.
MAX_ROWS = 5000
NEIGHBORHOOD_ROWS = 500
# Squared errors beyond so many times their median are gross errors, and count as that.
GROSS = 9.0
# Share of a feature's variance below which a smaller error is no better.
NEGLIGIBLE = 1e-4


def prefix_scores(estimator, X):
    """Return the variance that each code of the first k units explains.

    Entry k is R2 of rows decoded from their first k units, with zeros in place of the
    others: of a code of size k, where units are ordered, as those of
    ``DenseAutoencoder(nested=True)`` are, or of `sklearn.decomposition.PCA`. So one fit
    shows the whole curve of scores over the latent dimension.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder or pipeline, or another reducer.
    X : array-like
        Data as `estimator` takes them, held-out rows at best.

    Returns
    -------
    scores : ndarray of shape (n_components,)
        R2 of codes of 1, ..., n_components units; 1 is perfect.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import prefix_scores
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(3, nested=True, random_state=0).fit(X)
    >>> bool((prefix_scores(autoencoder, X) > [0.85, 0.95, 0.97]).all())
    True
    """
    return np.array([errors.variance_explained() for errors in _errors(estimator, X)])


def _errors(estimator, X):
    """Return the `ErrorSums` of each prefix of the codes."""
    values, of_prefixes = _prefixes(locate(estimator, X))
    return [ErrorSums().update(values, X_hat) for X_hat in of_prefixes]


def _prefixes(located):
    """Return rows, and an iterator over the reconstructions from each prefix."""
    values, Z = as_numbers(located.X), located.codes()
    kept = np.tri(Z.shape[1], dtype=bool)
    return values, (located.reducer.inverse_transform(Z * own) for own in kept)


class NestedReadings(BaseEstimator):
    """Scorer with several scores: what a nested code says about the latent dimension.

    For codes of the first k units, k = 1, ..., n_components, it returns

    - ``r2_<k>``: the variance of the rows that they explain;
    - ``log_error_<k>``: the logarithm of a feature's squared error over its variance,
      the mean over features. Gross errors, of more than three times the median of a
      feature, count as such; noise in some features takes nothing from others;
    - ``dimension_<k>``: `surrogate_dimension` of the codes, where the curve of errors
      bends and at its end, elsewhere zero.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.scorers._nested import NestedReadings
    >>> X = make_linear_manifold(300, 2, 8, noise=0.05, random_state=0).X
    >>> said = NestedReadings()(PCA(4).fit(X), X)
    >>> [round(said[f"log_error_{k}"]) for k in (1, 2, 3)]
    [-1, -6, -7]
    """

    def __call__(self, estimator, X, y=None):
        """Return the readings, a dict of floats."""
        located = locate(estimator, X)
        n_rows = num_samples(located.X)
        seen = np.arange(min(n_rows, MAX_ROWS)) * n_rows // min(n_rows, MAX_ROWS)
        located = located._replace(X=safe_indexing(located.X, seen))
        values, of_prefixes = _prefixes(located)
        values = values.reshape(len(values), -1)
        variance = _trimmed(values - np.nanmean(values, axis=0))
        r2, log_errors = [], []
        for X_hat in of_prefixes:
            X_hat = X_hat.reshape(values.shape)
            r2.append(max(-1.0, ErrorSums().update(values, X_hat).variance_explained()))
            log_errors.append(_log_error(values - X_hat, variance))
        dimensions = _dimensions(located.codes(), log_errors)
        named = {"r2": r2, "log_error": log_errors, "dimension": dimensions}
        return {
            f"{name}_{k}": float(value)
            for name, of_sizes in named.items()
            for k, value in enumerate(of_sizes, start=1)
        }


def _trimmed(errors):
    """Return the mean square of each column, where gross errors are cut."""
    squares = np.square(errors, dtype=np.float64)
    most = GROSS * np.nanmedian(squares, axis=0)
    most[most == 0] = np.inf  # more than half of the entries are exact
    return np.nanmean(np.minimum(squares, most), axis=0)


def _log_error(errors, variance):
    varies = variance > 0
    if not varies.any():
        return 0.0
    share = _trimmed(errors[:, varies]) / variance[varies]
    return np.log(share + NEGLIGIBLE).mean()


def _dimensions(Z, log_errors):
    """Return surrogate dimensions of prefixes where it matters, zero elsewhere."""
    k_most, bend = len(log_errors), bend_of(np.array([0.0, *log_errors]))
    step = -(-len(Z) // NEIGHBORHOOD_ROWS)
    sizes = {k for k in (bend, bend + 1, bend + 2, k_most) if k <= k_most}
    found = np.zeros(k_most)
    for k in sizes:
        found[k - 1] = surrogate_dimension(Z[::step, :k], random_state=0)
    return found


def bend_of(log_errors):
    """Return the size k at which the fall of the log error slows down most.

    Parameters
    ----------
    log_errors : ndarray of shape (n_components + 1,)
        From k = 0 on.
    """
    return 1 + int(np.argmax(np.diff(log_errors, 2))) if len(log_errors) > 2 else 1
