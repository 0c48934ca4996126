"""Principal components of events, which linear paths start from."""

import contextlib

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, eigsh
from sklearn.decomposition import PCA

__all__ = ["MAX_ROWS", "principal_components"]

# More rows hardly change the components, and the start should be cheap.
MAX_ROWS = 20_000
# Directions with a smaller share of the largest variance are not worth whitening.
NEGLIGIBLE = 1e-6
# Of so many features, and ten times as many rows or more, scikit-learn decomposes the
# covariance, too, and below it eigenvectors take no time that counts.
LEAST_FEATURES, MOST_FEATURES = 200, 1000
# Values up to it, and down to its inverse, have squares that are not out of range.
MODERATE = 1e9
# Of columns, in products of which one half tells the other.
N_BLOCKS = 14
# Of eigenvectors, below which a search for these is faster than finding all.
LARGEST_SHARE = 0.05


def principal_components(X, n_components, seed, negligible=NEGLIGIBLE):
    """Return components ``(rank, n_features)``, standard deviations, and the mean."""
    X = X[:: -(-len(X) // MAX_ROWS)]
    if len(X) < 2:
        return np.zeros((0, X.shape[1])), np.zeros(0), X[0]
    n_components = min(n_components, *X.shape)
    is_large = LEAST_FEATURES <= X.shape[1] <= min(MOST_FEATURES, len(X) // 10)
    # so that squares of huge values do not overflow
    unit = max(X.max(), -X.min()) or 1
    if is_large and 1 / MODERATE < unit < MODERATE:
        unit = 1
        components, variances, mean = _by_torch(X, n_components, seed)
    else:
        found = _by_torch if is_large else _by_sklearn
        components, variances, mean = found(X / unit, n_components, seed)
    kept = variances > negligible * variances.max()
    return components[kept], unit * np.sqrt(variances[kept]), unit * mean


def _by_sklearn(X, n_components, seed):
    with np.errstate(invalid="ignore", divide="ignore"):  # constant data
        pca = PCA(n_components, copy=False, random_state=seed).fit(X)
    return pca.components_, pca.explained_variance_, pca.mean_


def _by_torch(X, n_components, seed):
    """Return the same, found on the threads that training works on.

    Those of numpy, once they have found eigenvectors, wait busily beside training.
    """
    x = torch.from_numpy(X)
    mean = x.mean(0)
    covariance = (_half_gram(x) - len(x) * mean.outer(mean)).triu_() / (len(x) - 1)
    covariance += covariance.triu(1).T
    variances, vectors = _largest_eigenvectors(covariance, n_components, seed)
    components = vectors.flip(-1).T
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    components = components * largest.sign()
    return components.numpy(), variances.flip(0).clamp(min=0).numpy(), mean.numpy()


def _half_gram(x):
    """Return products of columns, of which those below the diagonal are left out."""
    gram = x.new_zeros(x.shape[1], x.shape[1])
    for columns in torch.arange(x.shape[1]).chunk(N_BLOCKS):
        first, end = columns[0], columns[-1] + 1
        gram[first:end, first:] = x[:, first:end].mT @ x[:, first:]
    return gram


def _largest_eigenvectors(matrix, n_largest, seed):
    """Return the largest eigenvalues, ascending, and vectors, of a symmetric matrix."""
    is_alone = torch.get_num_threads() == 1  # else numpy has threads, too
    if is_alone and n_largest < LARGEST_SHARE * len(matrix):
        start = np.random.default_rng(seed).uniform(-1, 1, len(matrix))
        with contextlib.suppress(ArpackError):  # as of a matrix of zeros
            found = eigsh(matrix.numpy(), n_largest, v0=start)
            return map(torch.from_numpy, found)
    return (part[..., -n_largest:] for part in torch.linalg.eigh(matrix))
