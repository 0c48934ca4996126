"""Which rows members train on, in the order of their batches."""

from typing import NamedTuple

import torch

__all__ = ["Order", "order_of"]


class Order(NamedTuple):
    """Numbers of rows in their tables for every member, and the weights of these.

    Attributes
    ----------
    index : torch.LongTensor of shape (n_members, n_rows)
    weights : torch.Tensor of that shape, or None
        Zero for rows that a member does not have; None where rows have no weights.
    """

    index: torch.Tensor
    weights: torch.Tensor | None

    def map(self, function):
        """Return what a function makes of the numbers and of the weights."""
        weights = None if self.weights is None else function(self.weights)
        return Order(function(self.index), weights)

    def put(self, member, rows, numbers, start):
        """Take a member's rows in this order, given its `Rows`."""
        own = slice(len(numbers))
        self.index[member, own] = numbers.to(self.index) + start
        if self.weights is not None:
            self.weights[member, own] = rows.weights.take(numbers).to(self.weights)


def order_of(rows, starts, like, width=0):
    """Return the `Order` of the rows as they are, then of a member's first one.

    Parameters
    ----------
    rows : list of Rows
        Of every member, all with weights or none.
    starts : list of int
        Where their numbers begin in the tables.
    like : torch.Tensor
        Tells dtype and device.
    width : int, default=0
        Fewest rows of each member.
    """
    numbers = [own.order(torch.arange(len(own))) for own in rows]
    index = [own[0] + start for own, start in zip(numbers, starts, strict=True)]
    index = torch.stack(index).to(like.device)[:, None]
    index = index.repeat(1, max(width, *map(len, numbers)))
    weights = None if rows[0].weights is None else like.new_zeros(index.shape)
    order = Order(index, weights)
    for member, own in enumerate(zip(rows, numbers, starts, strict=True)):
        order.put(member, *own)
    return order
