"""Cross-validation for windows cut from a series."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable

from skae._arrays import as_vector
from skae._sklearn import Interval, num_samples, validate_parameter_constraints

__all__ = ["ContiguousKFold"]


class ContiguousKFold(BaseCrossValidator):
    """Split rows that are ordered in time into blocks, with a gap around each.

    Fold `i` tests on the i-th of `n_splits` blocks of consecutive rows and trains on
    all other rows, earlier and later ones, except the `gap` rows right before the
    block and the `gap` rows right after it. With `groups` (machines, patients, ...)
    each group is cut by itself: fold `i` tests on the i-th block of every group, and
    the gaps lie around it in that group.

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
    sklearn.model_selection.GroupKFold : Tests on groups that were not trained on.
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

    Windows of two machines, ten of the first and four of the second:

    >>> machines = ["a"] * 10 + ["b"] * 4
    >>> cv = ContiguousKFold(n_splits=2, gap=1)
    >>> for train, test in cv.split(np.zeros((14, 2)), groups=machines):
    ...     print(train, test)
    [ 6  7  8  9 13] [ 0  1  2  3  4 10 11]
    [ 0  1  2  3 10] [ 5  6  7  8  9 12 13]
    """

    # As scikit-learn's splitters of groups: they are passed on wherever they are given.
    __metadata_request__split = {"groups": True}

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
            What each row belongs to, as numbers or strings. The rows of each group are
            in the order of time; groups may alternate. By default all rows are one
            group.

        Returns
        -------
        folds : iterator of (train, test)
            Row numbers in increasing order, two integer arrays for each fold. The test
            arrays have all rows among them, each once. A group of fewer rows than
            `n_splits` is tested in the first folds only.

        Raises
        ------
        ValueError
            If a parameter is out of range, or `X` has too few rows for each fold to
            test and to train on at least one.
        """
        self._check_parameters()
        X, y, groups = indexable(X, y, groups)
        rows_of_groups = _rows_of_groups(groups, num_samples(X))
        self._check_rows(rows_of_groups)
        blocks = [self._blocks(rows) for rows in rows_of_groups]
        folds = [_fold(parts) for parts in zip(*blocks, strict=True)]
        self._check_training_rows(folds, num_samples(X))
        return iter(folds)

    def _check_parameters(self):
        validate_parameter_constraints(
            self._parameter_constraints,
            {"n_splits": self.n_splits, "gap": self.gap},
            caller_name=type(self).__name__,
        )

    def _blocks(self, rows):
        """Return the rows of a group that each fold trains on and tests on."""
        places = np.array_split(np.arange(len(rows)), self.n_splits)
        return [(self._training_rows(rows, block), rows[block]) for block in places]

    def _training_rows(self, rows, block):
        if len(block) == 0:
            return rows
        before = rows[: max(block[0] - self.gap, 0)]
        return np.concatenate([before, rows[block[-1] + 1 + self.gap :]])

    def _check_rows(self, rows_of_groups):
        largest = max(map(len, rows_of_groups))
        if largest < self.n_splits:
            more = ", and no group has more" if len(rows_of_groups) > 1 else ""
            raise ValueError(
                f"ContiguousKFold cannot cut {largest} rows into "
                f"n_splits={self.n_splits} blocks{more}: lower `n_splits` or pass more "
                "rows."
            )

    def _check_training_rows(self, folds, n_samples):
        for i, (train, test) in enumerate(folds):
            if len(train) == 0:
                raise ValueError(
                    f"Fold {i + 1} of {self.n_splits} has no training rows: it tests "
                    f"on {len(test)} of {n_samples} rows, from {test[0]} to {test[-1]},"
                    f" and gap={self.gap} takes away the rest. Lower `gap` (windows "
                    "that overlap less need a smaller one), raise `n_splits`, or pass "
                    "more rows."
                )


def _rows_of_groups(groups, n_samples):
    if groups is None:
        return [np.arange(n_samples)]
    groups = as_vector(groups, "groups")
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.split(np.argsort(numbers, stable=True), np.cumsum(sizes)[:-1])


def _fold(parts):
    train, test = zip(*parts, strict=True)
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))
