"""Gaps in the data, which measures of distances cannot have."""

import numpy as np

from skae._arrays import as_numbers
from skae.shapes import has_ended
from skae.training._missing import feature_means

__all__ = ["filled_alike"]


def filled_alike(X, *others):
    """Return data with means of features in their gaps, and others with the same there.

    An entry that is missing is then the same in all rows of the data, and in what they
    are compared with: it adds nothing to a distance between two rows that lack it.
    After the end of a sequence there are zeros.

    Parameters
    ----------
    X : array-like of shape (n_samples, ..., n_features)
        NaN where entries are missing, or sequences have ended.
    *others : ndarray like `X`

    Examples
    --------
    >>> import numpy as np
    >>> from skae.scorers._gaps import filled_alike
    >>> X, X_hat = filled_alike(np.array([[1.0], [np.nan], [3.0]]), np.ones((3, 1)))
    >>> X.ravel(), X_hat.ravel()
    (array([1., 2., 3.]), array([1., 2., 1.]))
    """
    X = as_numbers(X)
    missing = np.isnan(X)
    if not missing.any():
        return X, *others
    fill = np.broadcast_to(feature_means(X).numpy(), X.shape)
    if X.ndim == 3:
        fill = np.where(has_ended(X), 0.0, fill)
    return tuple(np.where(missing, fill, rows) for rows in (X, *others))
