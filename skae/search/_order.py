"""Evidence that rows are sorted, from PCA on blocks of rows and on shuffled rows."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.decomposition import PCA

from skae._arrays import ChunkedRows

__all__ = ["RowOrder", "are_overlapping", "row_order"]

_N_ROWS = 2_000
_N_DIRECTIONS = 16
_N_SHUFFLES = 20
_MARGIN = 1.05  # less is not worth a remark, however certain
_N_DEVIATIONS = 8  # heavy tails reached 6.6 once in 720 tables of shuffled rows


@dataclass(frozen=True)
class RowOrder:
    """Order of rows that makes held-out blocks unlike the rows of training.

    Parameters
    ----------
    n_folds : int
        Number of blocks of consecutive rows.
    excess : float
        Held-out error of PCA on the blocks, over that on shuffled rows.
    """

    n_folds: int
    excess: float


def row_order(X, n_folds):
    """Return the order of rows where it shows in held-out errors, None where not.

    Where rows are exchangeable, blocks of consecutive rows are as hard for PCA
    as blocks of shuffled ones. The error is the mean distance of a row from its
    reconstruction, over rows and numbers of components. The order counts where that is
    larger on blocks than on average over twenty shuffles by more than 5 %, and by more
    than eight of the standard deviations between shuffles.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        As the autoencoder sees them. At most 2,000 rows are looked at, evenly spaced,
        and the 16 leading directions.
    n_folds : int
        Number of blocks.

    Returns
    -------
    order : RowOrder or None

    Examples
    --------
    >>> import numpy as np
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.search._order import row_order
    >>> X = make_linear_manifold(300, 2, 8, noise=0.1, random_state=0).X
    >>> row_order(X, 4) is None
    True
    >>> row_order(X[np.argsort(X[:, 0])], 4).n_folds
    4
    """
    X = X[:: -(-len(X) // _N_ROWS)]
    most = min(_N_DIRECTIONS, X.shape[1], len(X) - 1)
    if most < 2 or len(X) < 2 * n_folds or not np.ptp(X):
        return None
    Z = PCA(most, random_state=0).fit_transform(X.astype(float))
    blocks = np.array_split(np.arange(len(Z)), n_folds)
    in_order, rng = _held_out_error(Z, blocks), np.random.default_rng(0)
    shuffled = [_held_out_error(rng.permutation(Z), blocks) for _ in range(_N_SHUFFLES)]
    mean, deviation = np.mean(shuffled), np.std(shuffled, ddof=1)
    if in_order <= max(_MARGIN * mean, mean + _N_DEVIATIONS * deviation):
        return None
    return RowOrder(n_folds, float(in_order / mean))


def _held_out_error(Z, blocks):
    """Return the distances of rows from their reconstructions, summed over blocks."""
    scatter, total = Z.T @ Z, Z.sum(axis=0)
    return sum(_error_on(Z[block], scatter, total, len(Z)) for block in blocks)


def _error_on(test, scatter, total, n_samples):
    """Return the error on some rows of PCA fitted to all others, by their moments."""
    n_train = n_samples - len(test)
    mean = (total - test.sum(axis=0)) / n_train
    covariance = scatter - test.T @ test - n_train * np.outer(mean, mean)
    _, directions = np.linalg.eigh(covariance)  # from the smallest variance up
    squared = ((test - mean) @ directions) ** 2
    return np.sqrt(np.cumsum(squared, axis=1)[:, :-1]).sum()  # what the leading k leave


def are_overlapping(X):
    """Return whether each row is the one before, shifted: overlapping windows.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        What is no array or frame of two axes or more holds no windows. Of rows in
        chunks, the first thousand are looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow
    >>> from skae.search._order import are_overlapping
    >>> windows = SlidingWindow(length=4).fit_transform(np.arange(9.0).reshape(-1, 1))
    >>> are_overlapping(windows), are_overlapping(windows[::-2])
    (True, False)
    """
    X = X[:1000] if isinstance(X, ChunkedRows) else X
    X = np.asarray(X) if hasattr(X, "shape") else np.empty(0)
    if X.ndim < 2 or len(X) < 2:
        return False
    X = X.reshape(len(X), -1)
    are_equal = partial(np.array_equal, equal_nan=X.dtype.kind == "f")
    return any(
        are_equal(X[1:2, :-shift], X[:1, shift:])
        and are_equal(X[1:, :-shift], X[:-1, shift:])
        for shift in range(1, X.shape[1])
    )
