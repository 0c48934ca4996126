"""Batches of rows, sliced from chunks instead of collated row by row."""

import torch

from skae.training._seeding import generator_for

__all__ = ["ORDER", "Batches", "epoch_order"]

CHUNK_BYTES = 2**20


class Batches:
    """Batches of rows, in a new order every epoch.

    Parameters
    ----------
    rows : Rows
        The events, and what is beside.
    batch_size : int
        Rows per batch; the last batch of an epoch may be smaller.
    device : torch.device
        Where batches are needed.
    dtype : torch.dtype
        What batches are needed in.
    seed : int or None, default=None
        The order of an epoch is a pure function of this and the epoch; ``None``
        keeps the order of the rows.
    """

    def __init__(self, rows, batch_size, *, device, dtype, seed=None):
        self.rows = rows
        self.batch_size = min(batch_size, len(rows))
        self.device = device
        self.dtype = dtype
        self.seed = seed
        self.chunk_size = self._chunk_size()

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def epoch(self, epoch):
        """Yield the batches of one epoch: events, weights, targets, and conditions.

        All but the events may be None.

        Rows are gathered for many batches at once, about a megabyte at a time, which
        stays in the processor's cache: one indexing operation a batch is a notable cost
        for small networks.
        """
        order = self._order(epoch)
        others = [
            None if source is None else self._split(source, order)
            for source in self.rows.beside
        ]
        for x in self._split(self.rows.source, order):
            yield x, *(None if other is None else next(other) for other in others)

    def _split(self, source, order):
        for chunk in source.chunks(order, self.chunk_size):
            yield from chunk.to(self.device, self.dtype).split(self.batch_size)

    def _order(self, epoch):
        source, numbers = self.rows.source, self.rows.numbers
        if self.seed is None:
            return source.readable(numbers)
        return source.shuffled(numbers, self.seed, epoch)

    def _chunk_size(self):
        row_bytes = self.rows.head(1).nbytes
        return self.batch_size * max(1, CHUNK_BYTES // (row_bytes * self.batch_size))


# Tells the order's draws from the other draws of the same seed and epoch.
ORDER = 1


def epoch_order(seed, epoch, n_rows):
    """Return the order of the rows in an epoch, a permutation of their numbers."""
    generator = generator_for(seed, epoch, ORDER)
    return torch.randperm(n_rows, generator=generator)
