"""Sources of a fit's rows: memory, a memory map, or a torch data set."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset

__all__ = ["ArraySource", "DatasetSource", "Rows", "Source", "StreamSource"]


class Source(ABC):
    """Events, of which only some need be in memory at a time.

    Parameters
    ----------
    has_missing : bool, default=False
        Whether some entries are NaN: missing, or after the end of their sequence.
    end_early : bool, default=False
        Whether some sequences end before the last time step.
    """

    #: Whether rows can be reached by their number.
    is_indexed = True
    #: How many rows may be looked at together.
    sample_rows = inf

    def __init__(self, has_missing=False, end_early=False):
        self.has_missing = has_missing
        self.end_early = end_early

    @abstractmethod
    def __len__(self):
        """Return the number of rows."""

    @abstractmethod
    def take(self, numbers):
        """Return the events of some rows, a tensor.

        Parameters
        ----------
        numbers : LongTensor of shape (n_rows,)
        """

    def chunks(self, order, size):
        """Yield tensors of `size` events, the last of which may be smaller.

        Parameters
        ----------
        order : LongTensor or None
            Which rows, in which order; all of them as they are without it.
        size : int
        """
        order = torch.arange(len(self)) if order is None else order
        return map(self.take, order.split(size))


class ArraySource(Source):
    """Events in an array or a tensor, in memory or mapped into it.

    Memory that must not be written, as that of most memory maps, is read chunk by
    chunk and never copied as a whole. Of any dtype: batches are converted.

    Parameters
    ----------
    X : ndarray, torch.Tensor or LazyRows of shape (n_samples, ...)
    has_missing, end_early : bool, default=False
        See `Source`.
    """

    def __init__(self, X, has_missing=False, end_early=False):
        super().__init__(has_missing, end_early)
        is_writable = isinstance(X, np.ndarray) and X.flags.writeable
        self.X = torch.from_numpy(X) if is_writable else X
        self.sample_rows = getattr(X, "sample_rows", inf)

    def __len__(self):
        """Return the number of rows."""
        return len(self.X)

    def take(self, numbers):
        """Return the events of some rows; see `Source`."""
        if isinstance(self.X, torch.Tensor):
            return self.X[numbers.to(self.X.device)]
        return torch.from_numpy(self.X[numbers.numpy()])


class DatasetSource(Source):
    """Events from a torch data set with a length, read by their number.

    Parameters
    ----------
    dataset : torch.utils.data.Dataset
        Its items are rows, or tuples that begin with one.
    collate : callable
        Turns a list of items into a tensor of events.
    has_missing, end_early : bool, default=False
        See `Source`.
    """

    def __init__(self, dataset, collate, has_missing=False, end_early=False):
        super().__init__(has_missing, end_early)
        self.dataset = dataset
        self.collate = collate

    def __len__(self):
        """Return the number of rows."""
        return len(self.dataset)

    def take(self, numbers):
        """Return the events of some rows; see `Source`."""
        numbers = numbers.tolist()
        if hasattr(self.dataset, "__getitems__"):
            return self.collate(self.dataset.__getitems__(numbers))
        return self.collate([self.dataset[number] for number in numbers])


class StreamSource(Source):
    """Events from a torch data set that can only be iterated over, in its own order.

    Parameters
    ----------
    dataset : torch.utils.data.IterableDataset
        Its items are rows, or tuples that begin with one. Every epoch iterates anew.
    collate : callable
        Turns a list of items into a tensor of events.
    n_rows : int or None, default=None
        How many there are, where that is known.
    has_missing, end_early : bool, default=False
        See `Source`.
    """

    is_indexed = False

    def __init__(
        self, dataset, collate, n_rows=None, has_missing=False, end_early=False
    ):
        super().__init__(has_missing, end_early)
        self.dataset = dataset
        self.collate = collate
        self.n_rows = n_rows

    def __len__(self):
        """Return the number of rows."""
        return self.n_rows

    def take(self, numbers):
        """Refuse: a stream has no numbers."""
        raise ValueError(
            "An IterableDataset has no rows that could be held out or left out: pass "
            "X_val to fit, or a Dataset with __getitem__ and __len__."
        )

    def chunks(self, order, size):
        """Yield events in the order of the stream; see `Source`."""
        items = iter(self.dataset)
        while chunk := list(islice(items, size)):
            yield self.collate(chunk)


def is_dataset(X):
    """Return whether `X` is a torch data set rather than an array."""
    return isinstance(X, Dataset)


def source_of(dataset, collate, n_rows=None, *missing):
    """Return the source of a torch data set, which has `n_rows` rows if it is known."""
    if isinstance(dataset, IterableDataset):
        return StreamSource(dataset, collate, n_rows, *missing)
    return DatasetSource(dataset, collate, *missing)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to train on.

    Parameters
    ----------
    source : Source
        Their events.
    weights : Source or None, default=None
        One number for each row of the source, where rows are weighted.
    numbers : LongTensor or None, default=None
        Which rows of the source; all of them without it.
    targets : Source or None, default=None
        What the reconstruction of each row is compared with; the row itself without
        it.
    conditions : Source or None, default=None
        What each row's code is freed of, vectors of numbers.
    """

    source: Source
    weights: Source | None = None
    numbers: torch.Tensor | None = None
    targets: Source | None = None
    conditions: Source | None = None

    @property
    def beside(self):
        """What comes with the events, each a `Source` or None."""
        return self.weights, self.targets, self.conditions

    def __len__(self):
        """Return the number of rows."""
        return len(self.source if self.numbers is None else self.numbers)

    @property
    def has_missing(self):
        """Whether some entries of the rows or of their targets are NaN."""
        sources = [self.source] if self.targets is None else [self.source, self.targets]
        return any(source.has_missing for source in sources)

    @property
    def end_early(self):
        """Whether some rows are sequences that end before the last time step."""
        return self.source.end_early

    def subset(self, numbers):
        """Return some of these rows, by their number among these."""
        if not self.source.is_indexed:
            self.source.take(numbers)
        return replace(self, numbers=self.order(numbers))

    def order(self, numbers=None):
        """Return the numbers in the source of some of these rows, or None for all."""
        if numbers is None or self.numbers is None:
            return self.numbers if numbers is None else numbers
        return self.numbers[numbers]

    def head(self, size):
        """Return the events of the first `size` rows."""
        if not self.source.is_indexed:
            return next(iter(self.source.chunks(None, size)))
        return self.source.take(self.order(torch.arange(min(size, len(self)))))

    def head_beside(self, size):
        """Return weights, targets and conditions of the first `size` rows, or None."""
        numbers = self.order(torch.arange(min(size, len(self))))
        return tuple(None if s is None else s.take(numbers) for s in self.beside)

    def sample(self, size):
        """Return the events of up to `size` rows, evenly spaced, and what is beside.

        That is weights, targets and conditions, each or None. Of a stream, which has
        no numbers, those of the first rows.
        """
        size = min(size, self.source.sample_rows)
        if self.source.is_indexed:
            numbers = self.order(torch.arange(0, len(self), -(-len(self) // size)))
            events = self.source.take(numbers)
        else:
            numbers = torch.arange(min(size, len(self)))
            events = self.head(size)
        return events, *(None if s is None else s.take(numbers) for s in self.beside)
