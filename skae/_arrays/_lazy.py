"""Tables whose rows are made when they are asked for."""

from abc import ABC, abstractmethod
from math import prod

import numpy as np

__all__ = ["LazyRows", "SparseRows", "eager"]

# Tables of up to so many bytes are made as a whole: they are as some batches of rows.
SMALL = 2**24
# Rows that tell of a table, however long they are.
FEWEST = 1000


class LazyRows(ABC):
    """Table whose rows are made when they are asked for, some at a time.

    It has what is asked of an array of rows: a shape, a dtype, and rows by slices or by
    their numbers, as arrays. `numpy.asarray` makes all of them.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype
        Of rows.
    """

    #: Bytes of the rows that are looked at together before training.
    sample_bytes = 2**25

    def __init__(self, shape, dtype):
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)

    def __len__(self):
        return self.shape[0]

    @abstractmethod
    def __getitem__(self, rows):
        """Return some rows, an ndarray.

        Parameters
        ----------
        rows : slice or ndarray of int
        """

    @property
    @abstractmethod
    def has_missing(self):
        """Whether some values are NaN."""

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self):
        """Number of values."""
        return prod(self.shape)

    @property
    def nbytes(self):
        """Bytes of all rows, were they made at once."""
        return self.size * self.dtype.itemsize

    @property
    def sample_rows(self):
        """Number of rows that are looked at together before training."""
        return max(FEWEST, self.sample_bytes * len(self) // max(1, self.nbytes))

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)


class SparseRows(LazyRows):
    """Rows of a sparse matrix or array, dense when they are asked for.

    Parameters
    ----------
    X : scipy.sparse matrix or array of shape (n_samples, n_features)
        Compressed by rows (CSR).
    """

    def __init__(self, X):
        super().__init__(X.shape, X.dtype)
        self.X = X

    @property
    def has_missing(self):
        """Whether some values are NaN."""
        return self.dtype.kind == "f" and bool(np.isnan(self.X.data).any())

    def __getitem__(self, rows):
        """Return some rows; see `LazyRows`."""
        return self.X[rows].toarray()

    def min(self):
        """Return the smallest value."""
        return self.X.min()

    def max(self):
        """Return the largest value."""
        return self.X.max()


def eager(X):
    """Return `LazyRows` as an array where all take little memory."""
    return np.asarray(X) if X.nbytes <= SMALL else X
