"""Cross-validation for windows cut from a series."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable

from skae._sklearn import Interval, num_samples, validate_parameter_constraints

__all__ = ["ContiguousKFold"]


class ContiguousKFold(BaseCrossValidator):
    """Split rows that are ordered in time into blocks, with a gap around each.

    Fold `i` tests on the i-th of `n_splits` blocks of consecutive rows and trains on
    all other rows, earlier and later ones, except the `gap` rows right before the
    block and the `gap` rows right after it.

    Windows that overlap share values. In a random split nearly each test window has a
    neighbour in the training set that differs from it by one time step, so a model
    that has memorised its training windows reconstructs the test windows too, and the
    test error says nothing about new data. With windows of `length` time steps, cut
    every `stride` time steps, no value is shared across a gap of::

        gap = ceil(length / stride) - 1

    which is `skae.preprocessing.SlidingWindow.gap`. Raising `gap` further also keeps
    out windows that resemble the test block through autocorrelation, and leaves less
    to train on.

    Parameters
    ----------
    n_splits : int, default=5
        Number of blocks, at least 2.
    gap : int, default=0
        Rows left out of training on each side of the test block, at least 0. With 0
        the folds are those of `sklearn.model_selection.KFold` without shuffling.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Trains on the past only.
    skae.preprocessing.SlidingWindow : Cuts the windows.

    Notes
    -----
    Cut windows first and split them afterwards. A splitter applied to the series
    itself, with `SlidingWindow` as a step of the pipeline, would close the hole that
    the test block leaves, and cut windows across it.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.model_selection import ContiguousKFold
    >>> from skae.preprocessing import SlidingWindow
    >>> window = SlidingWindow(length=2)
    >>> windows = window.fit_transform(np.arange(10.0).reshape(-1, 1))
    >>> cv = ContiguousKFold(n_splits=3, gap=window.gap)
    >>> for train, test in cv.split(windows):
    ...     print(train, test)
    [4 5 6 7 8] [0 1 2]
    [0 1 7 8] [3 4 5]
    [0 1 2 3 4] [6 7 8]
    """

    _parameter_constraints = {
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "gap": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, n_splits=5, *, gap=0):
        self.n_splits = n_splits
        self.gap = gap

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
            The number of folds.
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Return an iterator over the folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the order of time.
        y : array-like of shape (n_samples,), default=None
            Ignored, except that its length must be that of `X`.
        groups : array-like of shape (n_samples,), default=None
            Ignored, except that its length must be that of `X`.

        Returns
        -------
        folds : iterator of (train, test)
            Row numbers, two integer arrays for each fold. The test arrays, in their
            order, are all rows in theirs.

        Raises
        ------
        ValueError
            If a parameter is out of range, or `X` has too few rows for each fold to
            test and to train on at least one.
        """
        self._check_parameters()
        X, y, groups = indexable(X, y, groups)
        n_samples = num_samples(X)
        bounds = self._bounds(n_samples)
        self._check_training_rows(n_samples, bounds)
        return (self._fold(n_samples, start, stop) for start, stop in bounds)

    def _check_parameters(self):
        validate_parameter_constraints(
            self._parameter_constraints,
            {"n_splits": self.n_splits, "gap": self.gap},
            caller_name=type(self).__name__,
        )

    def _bounds(self, n_samples):
        """Return start and stop of each block, the first ones a row longer."""
        if n_samples < self.n_splits:
            raise ValueError(
                f"ContiguousKFold cannot cut {n_samples} rows into "
                f"n_splits={self.n_splits} blocks: lower `n_splits` or pass more rows."
            )
        blocks = np.array_split(np.arange(n_samples), self.n_splits)
        return [(int(block[0]), int(block[-1]) + 1) for block in blocks]

    def _check_training_rows(self, n_samples, bounds):
        for i, (start, stop) in enumerate(bounds):
            if start <= self.gap and n_samples - stop <= self.gap:
                raise ValueError(
                    f"Fold {i + 1} of {self.n_splits} has no training rows: it tests "
                    f"on rows {start} to {stop - 1} of {n_samples}, and gap={self.gap} "
                    "takes away the rest. Lower `gap` (windows that overlap less need "
                    "a smaller one), raise `n_splits`, or pass more rows."
                )

    def _fold(self, n_samples, start, stop):
        before = np.arange(max(start - self.gap, 0))
        after = np.arange(min(stop + self.gap, n_samples), n_samples)
        return np.concatenate([before, after]), np.arange(start, stop)
