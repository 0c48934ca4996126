"""Batches of many members, from tables of rows that they share."""

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
        pool, n = Pool(_arrays(members), dtype, device), len(members)
        self.tables, self._tables_held_out = pool.tables[:n], pool.tables[n:]
        self.starts = pool.starts[:n]
        self.batch_size = max(member.batch_size for member in members)
        n_batches = max(member.n_batches for member in members)
        self._epochs = self._numbers(
            self._all("rows"), self.starts, n_batches * self.batch_size
        )
        self._heads = self._epochs[:, : self.batch_size].clone()
        self._held_out = None
        if self._tables_held_out:
            self._held_out = self._numbers(self._all("rows_val"), pool.starts[n:])
        self._allocate()

    def _all(self, name):
        rows = [getattr(member, name) for member in self.members]
        return [of_member.order(torch.arange(len(of_member))) for of_member in rows]

    def _numbers(self, numbers, starts, width=0):
        """Return rows in their tables for every member, then a member's first ones."""
        width = max(width, *map(len, numbers))
        index = torch.zeros(len(numbers), width, dtype=torch.long)
        for out, of_member, start in zip(index, numbers, starts, strict=True):
            out[:] = of_member[0] + start
            out[: len(of_member)] = of_member + start
        return index.to(self.tables[0].device)

    def _allocate(self):
        self.sizes = [member.batch_sizes for member in self.members]
        table = self.tables[0]
        self._inputs = Memory(len(self.members), table.shape[1], table)
        self._batches = self._epochs.unflatten(1, (-1, self.batch_size))
        self._weights, self._sizes_at = {}, {}

    def keep(self, members, index):
        """Forget all but some members, given also by their numbers."""
        self.members = members
        kept = index.tolist()
        self.starts = [self.starts[member] for member in kept]
        self.tables = [self.tables[member] for member in kept]
        self._epochs, self._heads = self._epochs[index], self._heads[index]
        if self._held_out is not None:
            self._held_out = self._held_out[index]
            self._tables_held_out = [self._tables_held_out[i] for i in kept]
        self._allocate()

    def reorder(self, member, order):
        """Take a member's rows in this order, from its next epoch on."""
        self._epochs[member, : len(order)] = (
            order.to(self._epochs) + self.starts[member]
        )

    def batch(self, cursors, generators):
        """Return the members' rows in batches of these numbers, and the `Batch`."""
        numbers = self._batches[places_of(cursors)]
        return self._take(self.tables, numbers, self._sizes_of(cursors), generators)

    def _sizes_of(self, cursors):
        """Return the sizes of the members' batches, most often of the same number."""
        first = cursors[0]
        if cursors.count(first) < len(cursors):
            return [sizes[c] for sizes, c in zip(self.sizes, cursors, strict=True)]
        if first not in self._sizes_at:
            self._sizes_at[first] = [sizes[first] for sizes in self.sizes]
        return self._sizes_at[first]

    def heads(self):
        """Return as many of the members' first rows as a batch has, and the `Batch`."""
        return self._take(self.tables, self._heads, [sizes[0] for sizes in self.sizes])

    @property
    def sizes_held_out(self):
        """Sizes of the batches of rows that were held out, for every member."""
        return [member.batch_sizes_val for member in self.members]

    def held_out(self, generators=None):
        """Yield batches of rows that were held out, and their `Batch`.

        Parameters
        ----------
        generators : list of torch.Generator, or None
            Of the members, for draws of their codes.
        """
        start = 0
        for sizes in zip_longest(*self.sizes_held_out, fillvalue=0):
            numbers = self._held_out[:, start:]
            x, batch = self._take(self._tables_held_out, numbers, list(sizes))
            yield x, batch._replace(generators=generators, is_training=False)
            start += max(sizes)

    def _take(self, tables, numbers, sizes, generators=None):
        n_rows = max(sizes)
        x, numbers = self._inputs.rows(n_rows), numbers[:, :n_rows]
        if len(set(map(id, tables))) == 1:
            numbers = numbers.flatten()
            torch.index_select(tables[0], 0, numbers, out=x.flatten(0, 1))
        else:
            for own, table, of_member in zip(x, tables, numbers, strict=True):
                torch.index_select(table, 0, of_member, out=own)
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
