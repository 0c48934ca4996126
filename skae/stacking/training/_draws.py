"""Draws of many members, each from its own generator."""

from typing import NamedTuple

import torch

__all__ = ["Batch", "draw", "normal", "weight_of_rows"]


class Batch(NamedTuple):
    """Which rows of a stack's batch are the members', and what they draw from.

    Attributes
    ----------
    sizes : list of int
        How many rows each member has; those beyond are of no account.
    weight : torch.Tensor of shape (n_members, n_rows), or None
        One for these rows and zero for those beyond; None where there are none.
    generators : list of torch.Generator, or None
        Of the members; None where nothing is drawn.
    """

    sizes: list
    weight: torch.Tensor | None
    generators: list | None = None


def weight_of_rows(sizes, like):
    """Return `Batch.weight` for members with so many rows each."""
    n_rows = max(sizes)
    if min(sizes) == n_rows:
        return None
    sizes = torch.tensor(sizes, device=like.device)
    rows = torch.arange(n_rows, device=like.device)
    return (rows < sizes[:, None]).to(like.dtype)


def draw(function, batch, widths, like):
    """Return draws for every member; zeros where a member has no entry.

    Parameters
    ----------
    function : callable
        ``function(shape, generator, like)`` returns a member's draws, as `normal`.
    batch : Batch
    widths : list of int
        Of each member's rows.
    like : torch.Tensor of shape (n_members, n_rows, width)
        Tells shape, dtype and device of the draws.
    """
    draws = torch.zeros_like(like)
    members = zip(draws, batch.sizes, widths, batch.generators, strict=True)
    for out, n_rows, width, generator in members:
        out[:n_rows, :width] = function((n_rows, width), generator, like)
    return draws


def normal(shape, generator, like):
    """Return draws from the standard normal distribution."""
    return torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
