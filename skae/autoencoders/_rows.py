"""From the data that a fit is given to the rows that training takes."""

from typing import NamedTuple

import numpy as np
import torch

from skae._sklearn import check_sample_weight
from skae.training._sources import ArraySource, Rows

__all__ = ["EvenSample", "TrainingData", "training_data"]


class TrainingData(NamedTuple):
    """What a fit is given.

    Attributes
    ----------
    X : ndarray of shape (n_samples, ...)
        The validated rows; of a torch data set evenly spaced ones.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    rows : Rows
        All of the rows, as events to train on.
    """

    X: np.ndarray
    weight: np.ndarray | None
    rows: Rows


def training_data(X, source, sample_weight, step=1):
    """Return the `TrainingData` of rows and their weights.

    Rows without weight have no part in anything. The others' weights are scaled to a
    mean of one.

    Parameters
    ----------
    X : ndarray
        Every `step`-th row.
    source : Source
        The events of all rows.
    sample_weight : array-like of shape (n_samples,) or None
    step : int, default=1
    """
    if sample_weight is None:
        return TrainingData(X, None, Rows(source))
    weight = _checked_weight(sample_weight, source)
    rows, kept = Rows(source, ArraySource(weight)), np.flatnonzero(weight)
    if len(kept) < len(weight):
        rows = rows.subset(torch.from_numpy(kept))
    weight = weight[::step]
    return TrainingData(X[weight > 0], weight[weight > 0], rows)


def _checked_weight(sample_weight, source):
    like = np.empty((len(source), 0))
    weight = check_sample_weight(
        sample_weight, like, dtype=np.float64, ensure_non_negative=True
    )
    return weight / weight[weight > 0].mean()


class EvenSample:
    """Evenly spaced rows of a stream whose length is not known beforehand.

    Parameters
    ----------
    size : int
        At most how many rows to keep; at least half as many of a longer stream.

    Attributes
    ----------
    step : int
        Every how manieth row was kept.
    n_seen : int
        How many there were.
    """

    def __init__(self, size):
        self.size = size
        self.step = 1
        self.n_seen = 0
        self._kept = []

    def add(self, rows):
        """Take the next rows, an array."""
        first = -self.n_seen % self.step
        self._kept.append(rows[first :: self.step].copy())
        self.n_seen += len(rows)
        while sum(map(len, self._kept)) > self.size:
            self._kept = [self.rows()[::2].copy()]
            self.step *= 2

    def rows(self):
        """Return the rows that were kept, an array."""
        return np.concatenate(self._kept)
