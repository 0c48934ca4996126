"""Batches of data that lie in memory, sliced instead of collated row by row."""

import torch

from skae.training.seeding import generator_for

__all__ = ["Batches"]

CHUNK_BYTES = 2**20


class Batches:
    """Batches of a tensor, in a new order every epoch.

    Parameters
    ----------
    X : torch.Tensor of shape (n_samples, ...)
        The data, on the CPU or already on the device.
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

    def __init__(self, X, batch_size, *, device, dtype, seed=None):
        self.X = X
        self.batch_size = min(batch_size, len(X))
        self.device = device
        self.dtype = dtype
        self.seed = seed

    def __len__(self):
        return -(-len(self.X) // self.batch_size)

    def epoch(self, epoch):
        """Yield the batches of one epoch.

        Rows are gathered for many batches at once, about a megabyte at a time, which
        stays in the processor's cache: one indexing operation a batch is a notable cost
        for small networks.
        """
        for rows in self._order(epoch).split(self._chunk_size()):
            chunk = self.X[rows].to(self.device, self.dtype)
            yield from chunk.split(self.batch_size)

    def _order(self, epoch):
        if self.seed is None:
            return torch.arange(len(self.X), device=self.X.device)
        order = torch.randperm(
            len(self.X), generator=generator_for(self.seed, epoch, _ORDER)
        )
        return order.to(self.X.device)

    def _chunk_size(self):
        row_bytes = self.X[0].numel() * self.X.element_size()
        return self.batch_size * max(1, CHUNK_BYTES // (row_bytes * self.batch_size))


# Tells the order's draws from the other draws of the same seed and epoch.
_ORDER = 1
