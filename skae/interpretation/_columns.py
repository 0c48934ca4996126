"""Columns of a user's table, and the entries of events that are made of each."""

from typing import NamedTuple

import numpy as np
import torch

from skae._finder import find
from skae._sklearn import num_samples
from skae.interpretation._names import known_names
from skae.interpretation._sources import names_of, sources

__all__ = ["Columns", "columns_of"]


class Columns(NamedTuple):
    """Columns that entries of events belong to.

    Attributes
    ----------
    names : list of str
        Of sequences those of the channels; of images empty.
    numbers : ndarray of int of shape (n_entries,)
        The column of each entry, those of sequences and images their own.
    shape : tuple of int
        What values of one row are brought into.
    """

    names: list
    numbers: np.ndarray
    shape: tuple

    @property
    def n_columns(self):
        """How many there are."""
        return int(np.prod(self.shape))

    def summed(self, x):
        """Return the sums over the entries of each column, ``(n_rows, n_columns)``."""
        x = x.flatten(1)
        sums = x.new_zeros(len(x), self.n_columns)
        return sums.index_add_(1, torch.from_numpy(self.numbers).to(x.device), x)


def columns_of(estimator, X, event_shape, n_rows):
    """Return the `Columns` of events that a fitted estimator makes of a table.

    Parameters
    ----------
    estimator : estimator
    X : array-like
        What it is given.
    event_shape : tuple of int
    n_rows : int
        How many events it makes of `X`. If these are not its rows, as windows are not,
        columns are those that the autoencoder sees.

    Raises
    ------
    TypeError
        When a step before the autoencoder makes its columns of several of the table's.
    """
    numbers = np.arange(int(np.prod(event_shape)))
    if len(event_shape) > 1:
        are_sequences = len(event_shape) == 2
        names = _channel_names(estimator, X, *event_shape) if are_sequences else []
        return Columns(names, numbers, tuple(event_shape))
    before = find(estimator).before
    if before is not None and num_samples(X) == n_rows:
        X = X if hasattr(X, "shape") else np.asarray(X)
        names = names_of(X)
        return Columns(names, sources(before, X), (len(names),))
    names = known_names(estimator)
    if names is None or len(names) != len(numbers):
        names = [f"x{i}" for i in numbers]
    return Columns([*names], numbers, tuple(event_shape))


def _channel_names(estimator, X, n_timesteps, n_channels):
    for names in (getattr(X, "columns", ()), known_names(estimator)):
        if names is None:
            continue
        if len(names) == n_channels:
            return [*names]
        if len(names) == n_timesteps * n_channels:
            return [str(name).removesuffix("_t0") for name in names[:n_channels]]
    return [f"x{channel}" for channel in range(n_channels)]
