"""Batches of many members, from tables of rows that they share."""

from itertools import zip_longest

import torch

from skae.stacking.layers._linear import Memory
from skae.stacking.training._draws import Batch, presence
from skae.stacking.training._order import order_of
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
        rows, table = [member.rows for member in members], self.tables[0]
        self._epochs = order_of(rows, self.starts, table, n_batches * self.batch_size)
        self._heads = self._epochs.map(lambda own: own[:, : self.batch_size].clone())
        self._held_out = None
        if self._tables_held_out:
            rows = [member.rows_val for member in members]
            self._held_out = order_of(rows, pool.starts[n:], table)
        self._allocate()

    def _allocate(self):
        self.sizes = [member.batch_sizes for member in self.members]
        table = self.tables[0]
        self._inputs = Memory(len(self.members), table.shape[1], table)
        of_batches = (-1, self.batch_size)
        self._batches = self._epochs.map(lambda own: own.unflatten(1, of_batches))
        self._present, self._sizes_at = {}, {}

    def keep(self, members, index):
        """Forget all but some members, given also by their numbers."""
        self.members = members
        kept = index.tolist()
        self.starts = [self.starts[member] for member in kept]
        self.tables = [self.tables[member] for member in kept]
        self._epochs, self._heads = (
            order.map(lambda own: own[index]) for order in (self._epochs, self._heads)
        )
        if self._held_out is not None:
            self._held_out = self._held_out.map(lambda own: own[index])
            self._tables_held_out = [self._tables_held_out[i] for i in kept]
        self._allocate()

    def reorder(self, member, order):
        """Take a member's rows in this order, from its next epoch on."""
        self._epochs.put(member, self.members[member].rows, order, self.starts[member])

    def batch(self, cursors, generators):
        """Return the members' rows in batches of these numbers, and the `Batch`."""
        places, sizes = places_of(cursors), self._sizes_of(cursors)
        order = self._batches.map(lambda own: own[places])
        return self._take(self.tables, order, sizes, generators)

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

    def totals(self, members):
        """Return the sums of weights of rows in the batches of some members' epochs.

        Rows without weights count as one each.

        Returns
        -------
        totals : torch.Tensor of shape (n_members, n_batches)
        """
        if self._batches.weights is not None:
            return self._batches.weights[members].sum(-1)
        return self._padded([self.sizes[member] for member in members])

    def totals_held_out(self, members):
        """Return the sums as of `totals`, of rows that were held out."""
        sizes = self._padded(self._sizes_held_out)
        if self._held_out.weights is None:
            return sizes[members]
        ends = sizes.amax(0).int().tolist()
        # as wide as the rows of the member with the most, which may have left
        weights = self._held_out.weights[members, : sum(ends)]
        batches = weights.split(ends, 1)
        return torch.stack([batch.sum(1) for batch in batches], 1)

    def _padded(self, sizes):
        padded = zip_longest(*sizes, fillvalue=0)
        return torch.tensor([*padded]).to(self.tables[0]).mT

    @property
    def _sizes_held_out(self):
        return [member.batch_sizes_val for member in self.members]

    def held_out(self, generators=None):
        """Yield batches of rows that were held out, and their `Batch`.

        Parameters
        ----------
        generators : list of torch.Generator, or None
            Of the members, for draws of their codes.
        """
        start = 0
        for sizes in zip_longest(*self._sizes_held_out, fillvalue=0):
            order = self._held_out.map(lambda own, start=start: own[:, start:])
            x, batch = self._take(self._tables_held_out, order, list(sizes))
            yield x, batch._replace(generators=generators, is_training=False)
            start += max(sizes)

    def _take(self, tables, order, sizes, generators=None):
        n_rows = max(sizes)
        x, numbers = self._inputs.rows(n_rows), order.index[:, :n_rows]
        if len(set(map(id, tables))) == 1:
            numbers = numbers.flatten()
            torch.index_select(tables[0], 0, numbers, out=x.flatten(0, 1))
        else:
            for own, table, of_member in zip(x, tables, numbers, strict=True):
                torch.index_select(table, 0, of_member, out=own)
        key = tuple(sizes)
        if key not in self._present:
            self._present[key] = presence(sizes, x)
        batch = Batch(sizes, self._present[key], self._present[key], generators)
        return x, batch if order.weights is None else _weighted(batch, order.weights)


def _weighted(batch, weights):
    """Return a batch with weights of its rows."""
    weights = weights[:, : max(batch.sizes)]
    scale = weights.sum(-1) / weights.new_tensor(batch.sizes)
    return batch._replace(weight=weights, scale=scale)


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
