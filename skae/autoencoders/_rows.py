"""From the data that a fit is given to the rows that training takes."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from skae._sklearn import check_sample_weight
from skae.training._inference import slices
from skae.training._sources import ArraySource, Rows, Source

__all__ = [
    "EvenSample",
    "Target",
    "TrainingData",
    "chunks",
    "evenly_spaced",
    "float_dtype",
    "parts_of",
    "training_data",
]

# Whole numbers up to this, in absolute value, are exact in single precision.
EXACT_IN_FLOAT32 = 2**24


class TrainingData(NamedTuple):
    """Rows of a fit, their weights, and a sample of them.

    Attributes
    ----------
    X : ndarray of shape (n_samples, ...)
        The validated rows, of floats or whole numbers; of a torch data set evenly
        spaced ones, and of chunks some drawn all over them.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    rows : Rows
        All of the rows, as events to train on.
    y : ndarray of shape (n_samples, ...) or None
        What the reconstructions of `X` are compared with, if not with `X`.
    condition : ndarray of shape (n_samples, n_conditions) or None
        What the codes of `X` are freed of.
    """

    X: np.ndarray
    weight: np.ndarray | None
    rows: Rows
    y: np.ndarray | None = None
    condition: np.ndarray | None = None

    @property
    def target(self):
        """What the reconstructions of `X` are compared with."""
        return self.X if self.y is None else self.y


class Target(NamedTuple):
    """What reconstructions of rows are compared with, other than the rows.

    Attributes
    ----------
    y : ndarray of shape (n_samples, ...)
        Those in the `X` of `training_data`.
    source : Source
        The events of all.
    """

    y: np.ndarray
    source: Source


def training_data(
    X, source, sample_weight, seen=slice(None), target=None, condition=None
):
    """Return the `TrainingData` of rows and what is beside them.

    Rows without weight have no part in anything. The others' weights are scaled to a
    mean of one.

    Parameters
    ----------
    X : ndarray
        Some of the rows.
    source : Source
        The events of all rows.
    sample_weight : array-like of shape (n_samples,) or None
    seen : slice or ndarray of int, default=slice(None)
        The numbers of the rows in `X`; all of them by default.
    target : Target or None, default=None
    condition : ndarray of shape (n_samples, n_conditions) or None, default=None
        Of all rows.
    """
    y, targets = (None, None) if target is None else target
    rows = Rows(source, targets=targets)
    if condition is not None:
        rows = replace(rows, conditions=ArraySource(condition))
        condition = condition[seen]
    if sample_weight is None:
        return TrainingData(X, None, rows, y, condition)
    weight = _checked_weight(sample_weight, source)
    rows = replace(rows, weights=ArraySource(weight))
    kept, weight = np.flatnonzero(weight), weight[seen]
    if len(kept) < len(source):
        rows = rows.subset(torch.from_numpy(kept))
        X, y, condition, weight = (
            None if part is None else part[weight > 0]
            for part in (X, y, condition, weight)
        )
    return TrainingData(X, weight, rows, y, condition)


def float_dtype(X):
    """Return the dtype to train in on an array: its own, or one that holds its values.

    For whole numbers that is float32 where it holds all of them exactly, up to
    16,777,216, else float64.
    """
    if X.dtype in (np.float32, np.float64):
        return X.dtype
    is_exact = np.can_cast(X.dtype, np.float32) or (
        X.min() >= -EXACT_IN_FLOAT32 and X.max() <= EXACT_IN_FLOAT32
    )
    return np.dtype(np.float32 if is_exact else np.float64)


def evenly_spaced(X, size):
    """Return up to `size` evenly spaced rows of an array, a view.

    Of `LazyRows` they are as many as take little memory.
    """
    size = min(size, getattr(X, "sample_rows", size))
    return X[:: -(-len(X) // size)]


def _checked_weight(sample_weight, source):
    like = np.empty((len(source), 0))
    weight = check_sample_weight(
        sample_weight, like, dtype=np.float64, ensure_non_negative=True
    )
    return weight / weight[weight > 0].mean()


def chunks(X):
    """Yield parts of an array that may be a memory map larger than the memory."""
    return (X[rows] for rows in parts_of(X))


def parts_of(X):
    """Return which rows are in each of the `chunks`."""
    return slices(len(X), max(1, 2**24 // max(1, X[:1].nbytes)))


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
