"""Encoded tables in little memory: numbers, and which one-hot columns are one."""

import numpy as np

from skae._arrays import LazyRows

__all__ = ["EncodedRows"]


class EncodedRows(LazyRows):
    """Matrix of a table whose one-hot columns are made when rows are asked for.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows, n_numbers)
        The first columns of the matrix, NaN where a value is missing.
    slots : ndarray of int of shape (n_rows, n_categories)
        The one-hot column of each category, -1 where its value is missing.
    widths : list of int
        Numbers of the one-hot columns of each category.

    Examples
    --------
    >>> import numpy as np
    >>> from skae._tables._encoded import EncodedRows
    >>> EncodedRows(np.array([[0.5], [2.0]]), np.array([[1], [-1]]), [2])[:]
    array([[0.5, 0. , 1. ],
           [2. , nan, nan]])
    """

    # Of tables, which have many more rows than columns, fewer tell as much.
    sample_bytes = 2**22

    def __init__(self, numbers, slots, widths):
        n_numbers = numbers.shape[1]
        super().__init__((len(numbers), n_numbers + sum(widths)), numbers.dtype)
        self.numbers = numbers
        self.slots = slots
        self.ends = n_numbers + np.cumsum([0, *widths])

    @property
    def has_missing(self):
        """Whether some values are NaN."""
        return bool(np.isnan(self.numbers).any() or (self.slots < 0).any())

    @classmethod
    def empty(cls, n_rows, sizes, dtype):
        """Return rows to `put` columns into, given the widths of these."""
        widths = [width for width in sizes if width > 1]
        slots = np.empty((n_rows, len(widths)), np.min_scalar_type(-max(sizes)))
        numbers = np.empty((n_rows, sizes.count(1)), dtype)
        return cls(numbers, slots, widths)

    def put(self, j, values, name):
        """Set a column of the table, in the order of the matrix, given what it has.

        Raises
        ------
        ValueError
            When numbers are beyond the range of the dtype; tells the column by `name`.
        """
        n_numbers = self.numbers.shape[1]
        if j >= n_numbers:
            self.slots[:, j - n_numbers] = values
            return
        with np.errstate(over="ignore"):
            self.numbers[:, j] = values
        if np.isinf(self.numbers[:, j]).any():
            raise ValueError(
                f"Column {name!r} has values too far beyond those of the fit to be "
                "standardised: leave such rows out."
            )

    def __getitem__(self, rows):
        """Return some rows; see `LazyRows`."""
        numbers, slots = self.numbers[rows], self.slots[rows]
        made = np.zeros((len(numbers), self.shape[1]), dtype=self.dtype)
        made[:, : numbers.shape[1]] = numbers
        for j, own in enumerate(slots.T):
            block = made[:, self.ends[j] : self.ends[j + 1]]
            is_missing = own < 0
            block[np.arange(len(own)), own] = 1
            block[is_missing] = np.nan
        return made
