"""The model of a detector that is given none."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae._arrays import as_numbers
from skae.autoencoders import DenseAutoencoder, TabularAutoencoder

__all__ = ["default_estimator"]

# Codes have as many units as principal components explain this share of the variance.
SHARE = 0.95
# Values count up to so many robust standard deviations: a gross error is no component.
FAR = 5.0
MOST_ROWS = 5000


def default_estimator(X):
    """Return an autoencoder for rows, of a code that leaves little of them out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or data frame

    Returns
    -------
    estimator : estimator
        Not fitted: a `TabularAutoencoder` for data frames with columns that are no
        numbers, else a `DenseAutoencoder` of standardised rows.
    """
    if _has_words(X):
        return TabularAutoencoder(max(1, X.shape[1] // 2))
    X = np.asarray(as_numbers(X), dtype=np.float64)
    X = X.reshape(len(X), -1)[:: -(-len(X) // MOST_ROWS)]
    return make_pipeline(StandardScaler(), DenseAutoencoder(_size_of_code(X)))


def _has_words(X):
    dtypes = getattr(X, "dtypes", None)
    return hasattr(X, "columns") and any(
        getattr(dtype, "kind", "O") not in "biufc" for dtype in dtypes
    )


def _size_of_code(X):
    """Return how many components have the share of the variance, fewer than all."""
    center = np.nanmedian(X, axis=0)
    scale = np.nanmedian(np.abs(X - center), axis=0) / 0.6745
    scale = np.where(scale > 0, scale, np.nanstd(X, axis=0))
    X = np.clip((X - center) / np.where(scale > 0, scale, 1), -FAR, FAR)
    X = np.nan_to_num(X)
    X = X / np.maximum(X.std(axis=0), 1e-12)
    ratios = PCA(random_state=0).fit(X).explained_variance_ratio_
    k = int(np.searchsorted(np.cumsum(ratios), SHARE)) + 1
    return max(1, min(k, X.shape[1] - 1))
