"""Draws of many members, each from its own generator."""

from typing import NamedTuple

import torch

__all__ = ["Batch", "drawn", "presence"]


class Batch(NamedTuple):
    """Rows of each member in a stack's batch, and the generators that they draw from.

    Attributes
    ----------
    sizes : list of int
        How many rows each member has; those beyond are of no account.
    present : torch.Tensor of shape (n_members, n_rows), or None
        One for these rows and zero for those beyond; None where there are none.
    weight : torch.Tensor of shape (n_members, n_rows), or None
        Weights of the rows in losses: `present`, unless they have some of their own.
    generators : list of torch.Generator, or None
        Of the members; None where nothing is drawn.
    is_training : bool
        Whether rows are trained on; those held out get no noise, only draws of codes.
    scale : torch.Tensor of shape (n_members,), or None
        What the gradients of the members' losses are multiplied by: the mean weight of
        their rows, where these have weights of their own.
    """

    sizes: list
    present: torch.Tensor | None
    weight: torch.Tensor | None
    generators: list | None = None
    is_training: bool = True
    scale: torch.Tensor | None = None


def presence(sizes, like):
    """Return `Batch.present` for members with so many rows each."""
    n_rows = max(sizes)
    if min(sizes) == n_rows:
        return None
    sizes = torch.tensor(sizes, device=like.device)
    rows = torch.arange(n_rows, device=like.device)
    return (rows < sizes[:, None]).to(like.dtype)


def drawn(draw, x, batch, shapes):
    """Return the draws of every member for its own rows, padded with zeros.

    Parameters
    ----------
    draw : callable
        ``draw(x, generator)`` returns a member's draws, as `Noise.draw` does. It is
        given zeros for rows: views of one number, which cost nothing to make.
    x : torch.Tensor of shape (n_members, n_rows, ...)
    batch : Batch
    shapes : list of tuple of int
        Of a row of each member.
    """
    likes = {
        size: x.new_zeros(()).expand(size)
        for size in {(n, *shape) for n, shape in zip(batch.sizes, shapes, strict=True)}
    }
    draws = [
        draw(likes[n_rows, *shape], generator)
        for n_rows, shape, generator in zip(
            batch.sizes, shapes, batch.generators, strict=True
        )
    ]
    if all(own.shape == x.shape[1:] for own in draws):
        return torch.stack(draws)
    largest = map(max, zip(*(own.shape for own in draws), strict=True))
    shape = [size if n > 1 else 1 for size, n in zip(x.shape[1:], largest, strict=True)]
    out = draws[0].new_zeros(len(draws), *shape)
    for place, own in zip(out.unbind(), draws, strict=True):
        place[tuple(map(slice, own.shape))] = own
    return out
