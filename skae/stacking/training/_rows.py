"""Batches of many members, from one table of rows."""

from itertools import zip_longest

import torch

from skae.stacking.layers._linear import Memory
from skae.stacking.training._draws import Batch, weight_of_rows
from skae.stacking.training._pool import Pool

__all__ = ["StackedRows"]


class StackedRows:
    """Rows of the members, batch by batch.

    Parameters
    ----------
    members : list of Member
        All with rows to validate on, or none.
    dtype : torch.dtype
    device : torch.device
    """

    def __init__(self, members, dtype, device):
        self.members = members
        self.pool = Pool(_arrays(members), dtype, device)
        self.starts = self.pool.starts[: len(members)]
        starts_val = self.pool.starts[len(members) :]
        self.batch_size = max(member.batch_size for member in members)
        n_batches = max(member.n_batches for member in members)
        self._epochs = self._numbers(
            self._all("rows"), self.starts, n_batches * self.batch_size
        )
        self._heads = self._epochs[:, : self.batch_size].clone()
        self._held_out = None
        if starts_val:
            self._held_out = self._numbers(self._all("rows_val"), starts_val)
        self._allocate()

    def _all(self, name):
        rows = [getattr(member, name) for member in self.members]
        return [of_member.order(torch.arange(len(of_member))) for of_member in rows]

    def _numbers(self, numbers, starts, width=0):
        """Return rows of the pool for every member, then a member's first ones."""
        width = max(width, *map(len, numbers))
        index = torch.zeros(len(numbers), width, dtype=torch.long)
        for out, of_member, start in zip(index, numbers, starts, strict=True):
            out[:] = of_member[0] + start
            out[: len(of_member)] = of_member + start
        return index.to(self.pool.table.device)

    def _allocate(self):
        self.sizes = [member.batch_sizes for member in self.members]
        self._inputs = Memory(
            len(self.members), self.pool.table.shape[1], self.pool.table
        )
        self._weights = {}

    def keep(self, members, index):
        """Forget all but some members, given also by their numbers."""
        self.members = members
        self.starts = [self.starts[member] for member in index.tolist()]
        self._epochs, self._heads = self._epochs[index], self._heads[index]
        if self._held_out is not None:
            self._held_out = self._held_out[index]
        self._allocate()

    def reorder(self, member, order):
        """Take a member's rows in this order, from its next epoch on."""
        self._epochs[member, : len(order)] = (
            order.to(self._epochs) + self.starts[member]
        )

    def batch(self, cursors, generators):
        """Return the members' rows in batches of these numbers, and the `Batch`."""
        sizes = [sizes[c] for sizes, c in zip(self.sizes, cursors, strict=True)]
        batches = self._epochs.unflatten(1, (-1, self.batch_size))
        return self._take(batches[places_of(cursors)], sizes, generators)

    def heads(self):
        """Return as many of the members' first rows as a batch has, and the `Batch`."""
        return self._take(self._heads, [sizes[0] for sizes in self.sizes])

    @property
    def sizes_held_out(self):
        """Sizes of the batches of rows that were held out, for every member."""
        return [member.batch_sizes_val for member in self.members]

    def held_out(self):
        """Yield batches of rows that were held out, and their `Batch`."""
        start = 0
        for sizes in zip_longest(*self.sizes_held_out, fillvalue=0):
            yield self._take(self._held_out[:, start:], list(sizes))
            start += max(sizes)

    def _take(self, index, sizes, generators=None):
        n_rows = max(sizes)
        x = self._inputs.rows(n_rows)
        numbers = index[:, :n_rows].flatten()
        torch.index_select(self.pool.table, 0, numbers, out=x.flatten(0, 1))
        key = tuple(sizes)
        if key not in self._weights:
            self._weights[key] = weight_of_rows(sizes, x)
        return x, Batch(sizes, self._weights[key], generators)


def places_of(cursors):
    """Return the places of the members' batches, as an index of members and batches."""
    if min(cursors) == max(cursors):
        return slice(None), cursors[0]
    return torch.arange(len(cursors)), torch.tensor(cursors)


def _arrays(members):
    """Return the arrays of the rows to train on, then of those to validate on."""
    rows = [member.rows for member in members]
    if members[0].rows_val is not None:
        rows += [member.rows_val for member in members]
    return [of_member.source.X for of_member in rows]
