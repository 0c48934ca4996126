"""Sources of a fit's rows: memory, a memory map, chunks, or a torch data set."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset

from skae._arrays import ChunkedRows
from skae.training._batches import ORDER, epoch_order
from skae.training._devices import as_tensor
from skae.training._seeding import generator_for

__all__ = [
    "ArraySource",
    "ChunkedSource",
    "DatasetSource",
    "Rows",
    "Source",
    "StreamSource",
]


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

    def readable(self, numbers):
        """Return the numbers of rows, or None for all, in an order that is fast."""
        return numbers

    def shuffled(self, numbers, seed, epoch):
        """Return the numbers of rows, or of all if None, in the order of an epoch.

        It is a pure function of the seed and the epoch.
        """
        n_rows = len(self if numbers is None else numbers)
        order = epoch_order(seed, epoch, n_rows)
        return order if numbers is None else numbers[order]

    def spaced(self, numbers, size):
        """Return the numbers of up to `size` rows that tell of some, or of all if None.

        They are evenly spaced.
        """
        numbers = torch.arange(len(self)) if numbers is None else numbers
        return numbers[:: -(-len(numbers) // max(1, size))]


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
            return self.X.index_select(0, numbers.to(self.X.device))
        return torch.from_numpy(self.X[numbers.numpy()])


class ChunkedSource(Source):
    """Events from a store in chunks, which are read some at a time.

    Chunks come in a new order every epoch, and rows in a new order within a window of
    some chunks.

    Parameters
    ----------
    X : ChunkedRows of shape (n_samples, ...)
    as_events : callable
        Turns an array of rows into one of events.
    has_missing, end_early : bool, default=False
        See `Source`.
    """

    def __init__(self, X, as_events, has_missing=False, end_early=False):
        super().__init__(has_missing, end_early)
        self.X = X
        self.as_events = as_events
        self.sample_rows = X.sample_rows

    def __len__(self):
        """Return the number of rows."""
        return len(self.X)

    def take(self, numbers):
        """Return the events of some rows; see `Source`."""
        return self._events(self.X.read(numbers.numpy()))

    def chunks(self, order, size):
        """Yield events, of which a window is in memory at a time; see `Source`."""
        rest = torch.empty(0)
        for rows in self.X.in_order(None if order is None else order.numpy()):
            events = self._events(rows)
            if len(rest):
                missing = size - len(rest)
                rest, events = torch.cat([rest, events[:missing]]), events[missing:]
                if len(rest) < size:
                    continue
                yield rest
            end = len(events) // size * size
            if end:
                yield from events[:end].split(size)
            rest = events[end:].clone()
        if len(rest):
            yield rest

    def _events(self, rows):
        return as_tensor(self.as_events(rows))

    def readable(self, numbers):
        """Return the numbers of rows in the order of the store."""
        if numbers is None and self.X.is_sorted:
            return None
        numbers = torch.arange(len(self)) if numbers is None else numbers
        places = torch.from_numpy(self.X.of_store(numbers.numpy()))
        is_sorted = (places[1:] > places[:-1]).all()
        return numbers if is_sorted else numbers[places.argsort()]

    def shuffled(self, numbers, seed, epoch):
        """Return the numbers of rows chunk by chunk, shuffled in each window."""
        numbers = self.readable(numbers)
        numbers = torch.arange(len(self)) if numbers is None else numbers
        cuts = np.searchsorted(self.X.of_store(numbers.numpy()), self.X.bounds)
        pieces = numbers.split(np.diff(cuts).tolist())
        generator = generator_for(seed, epoch, ORDER)
        drawn = torch.randperm(len(pieces), generator=generator)
        order = torch.cat([pieces[i] for i in drawn])
        for window in order.split(self.X.window_rows):
            window[:] = window[torch.randperm(len(window), generator=generator)]
        return order

    def spaced(self, numbers, size):
        """Return numbers of rows that are known already; see `Source`."""
        found = torch.from_numpy(self.X.sample())
        if numbers is not None:
            found = found[torch.isin(found, numbers)]
        if len(found) < min(FEWEST, size, len(self)):
            return super().spaced(self.readable(numbers), size)
        return super().spaced(found, size)


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
        self.n_rows = len(dataset)

    def __len__(self):
        """Return the number of rows."""
        return self.n_rows

    def chunks(self, order, size):
        """Yield events, unless there are fewer or more rows than before."""
        if len(self.dataset) != self.n_rows:
            raise changed(self.dataset, self.n_rows, len(self.dataset))
        return super().chunks(order, size)

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
        items, n_seen = iter(self.dataset), 0
        while chunk := list(islice(items, size)):
            n_seen += len(chunk)
            yield self.collate(chunk)
        if self.n_rows is not None and n_seen != self.n_rows:
            raise changed(self.dataset, self.n_rows, n_seen)


def changed(dataset, before, now):
    """Return the error for a data set that has other rows than before."""
    return ValueError(
        f"{type(dataset).__name__} had {before} rows when it was read first, and has "
        f"{now} now: a data set has to give the same rows in every epoch; one that is "
        "iterated over begins anew in its __iter__."
    )


# Fewer rows tell too little of the others.
FEWEST = 1000


def is_dataset(X):
    """Return whether `X` is a torch data set, or chunks, rather than an array."""
    return isinstance(X, Dataset | ChunkedRows)


def is_chunked(X):
    """Return whether `X` is in chunks, larger than memory should hold."""
    return isinstance(X, ChunkedRows)


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
            numbers = self.source.spaced(self.numbers, size)
            events = self.source.take(numbers)
        else:
            numbers = torch.arange(min(size, len(self)))
            events = self.head(size)
        return events, *(None if s is None else s.take(numbers) for s in self.beside)
