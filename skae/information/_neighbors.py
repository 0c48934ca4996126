"""Distances of rows to their nearest neighbours, as estimates of a dimension use."""

import math
from numbers import Integral

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.extmath import row_norms

from skae._sklearn import Interval
from skae.information._kernels import as_samples

# Distances are equal up to this share: ties of a grid, whichever way they were rounded.
ROUNDING = 1e-9

MAX_SAMPLES = [Interval(Integral, 2, None, closed="left"), None]


class Neighbors:
    """One search for the nearest neighbours of evenly spaced distinct rows.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows.
    k : int
        Neighbours to find for each row.
    max_samples : int or None
        Rows whose neighbours are looked up, None for all.
    min_rows : int, default=None
        Distinct rows that are enough, where fewer than `k` neighbours will do; k + 1
        if None.

    Attributes
    ----------
    X : ndarray of shape (n_distinct, d)
        The distinct rows, in their order, in multiples of `unit`.
    unit : float
        Largest deviation of a feature from its median.
    rows : ndarray of shape (n_rows,)
        Indices of the rows whose neighbours were looked up.
    k : int
        Neighbours that were found for each.
    distances : ndarray of shape (n_rows, k)
        Distances to them, sorted and positive, in multiples of `unit`.

    Raises
    ------
    ValueError
        When there are too few distinct rows, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information._neighbors import Neighbors
    >>> neighbors = Neighbors(np.array([[0.0], [1.0], [1.0], [5.0]]), 2, None)
    >>> neighbors.unit * neighbors.distances
    array([[1., 5.],
           [1., 4.],
           [4., 5.]])
    """

    def __init__(self, X, k, max_samples, min_rows=None):
        self.X, self.unit = _distinct(X)
        _check_rows(self.X, k + 1 if min_rows is None else min_rows)
        self.k = min(k, len(self.X) - 1)
        n_rows = min(len(self.X), max_samples or len(self.X))
        self.rows = np.arange(n_rows) * len(self.X) // n_rows
        self.distances = self._search()

    def _search(self):
        rows = self.X[self.rows]
        search = NearestNeighbors(n_neighbors=self.k + 1).fit(self.X)
        nearest = search.kneighbors(rows, return_distance=False)
        # In many dimensions the search rounds like a matrix product, and the logarithms
        # of small distances matter here: so take them again, from differences.
        distances = [row_norms(rows - self.X[neighbor]) for neighbor in nearest.T]
        distances = np.sort(np.column_stack(distances), axis=1)[:, 1:]
        return np.maximum(distances, np.finfo(float).eps)

    def mean_distances(self):
        """Return the mean distances to the neighbours, nearest first, in X's unit."""
        return tuple((self.unit * self.distances.mean(axis=0)).tolist())


def ratio(numerator, denominator):
    """Return a quotient, infinite where the denominator is a rounding error."""
    return float(numerator / denominator) if denominator > ROUNDING else math.inf


def _distinct(X):
    """Return the distinct rows as an array of unit extent, and the unit."""
    X = as_samples(X).numpy(force=True)
    X = X - np.median(X, axis=0)  # so that squares of most rows have no rounding
    unit = max(X.max(), -X.min()) or 1.0
    X /= unit
    X += 0.0  # so that -0.0 is 0.0
    # Rows compare as bytes, which is much faster than as numbers.
    as_bytes = X.view(np.dtype((np.void, X.itemsize * X.shape[1])))[:, 0]
    first = np.sort(np.unique(as_bytes, return_index=True)[1])
    return (X if len(first) == len(X) else X[first]), float(unit)


def _check_rows(X, n_rows):
    if len(X) < n_rows:
        raise ValueError(
            f"X has {len(X)} distinct rows: {n_rows} are needed. Use fewer neighbours, "
            "where there is a choice, or more rows."
        )
