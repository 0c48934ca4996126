"""The model of a detector that is given none."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae._arrays import as_numbers
from skae.autoencoders import (
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
)
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import SequenceScaler

__all__ = ["default_estimator"]

# Codes have as many units as principal components explain this share of the variance.
SHARE = 0.95
# Values count up to so many robust standard deviations: a gross error is no component.
FAR = 5.0
MOST_ROWS = 5000
# So many steps are enough for what starts as principal components, and a detector
# trains a dozen networks: a length of training that each finds for itself takes long.
N_STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 2000, 10, 100
BATCH_SIZE, LEARNING_RATE = 64, 1e-3


def default_estimator(X):
    """Return an autoencoder for rows, of a code that leaves little of them out.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or data frame

    Returns
    -------
    estimator : estimator
        Not fitted: a `TabularAutoencoder` for data frames with columns that are no
        numbers, else a `DenseAutoencoder` of standardised rows, an `LSTMAutoencoder` of
        standardised sequences, or a convolutional autoencoder of images.
    """
    settings = {"max_epochs": _n_epochs(X.shape[0]), "learning_rate": LEARNING_RATE}
    if _has_words(X):
        return TabularAutoencoder(max(1, X.shape[1] // 2), **settings)
    X = np.asarray(as_numbers(X), dtype=np.float64)
    rows = X.reshape(len(X), -1)[:: -(-len(X) // MOST_ROWS)]
    settings["n_components"] = _size_of_code(rows)
    if X.ndim > 3:
        return Autoencoder(network=ConvolutionalNetwork(linear_path="pca"), **settings)
    if X.ndim == 3:
        return make_pipeline(SequenceScaler(), LSTMAutoencoder(**settings))
    return make_pipeline(StandardScaler(), DenseAutoencoder(**settings))


def _n_epochs(n_rows):
    epochs = -(-N_STEPS // -(-n_rows // BATCH_SIZE))
    return min(max(epochs, FEWEST_EPOCHS), MOST_EPOCHS)


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
