"""Likelihood of categories, given as blocks of one-hot columns."""

from itertools import groupby

import numpy as np
import torch
from torch import nn

from skae._arrays import is_outside, rounding_of
from skae.objectives._likelihood import Likelihood
from skae.objectives._reconstruction import RECONSTRUCTIONS, ReconstructionLoss

__all__ = ["CategoricalLikelihood"]

SMALLEST_PROBABILITY = 1e-30


@RECONSTRUCTIONS.register("categorical")
class CategoricalLikelihood(Likelihood):
    """Likelihood of categories in blocks of one-hot columns, in nats.

    ``-log p(x | z) = -sum_j x_j log(x_hat_j)``, where x has a single one in each block
    of columns. The probabilities x_hat are a softmax, within each block, of what the
    decoder puts out: reconstructions are probabilities, and
    ``output_activation="identity"`` leaves the outputs unbounded.

    Parameters
    ----------
    blocks : sequence of int or None, default=None
        Numbers of categories, those of the first columns first: ``(3, 2)`` is a
        variable of three categories and one of two. Of sequences they are columns of
        each time step. By default all columns are one block.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import CategoricalLikelihood
    >>> term = CategoricalLikelihood(blocks=(3, 2))
    >>> x_hat = term.link()(torch.zeros(1, 5))
    >>> x_hat
    tensor([[0.3333, 0.3333, 0.3333, 0.5000, 0.5000]])
    >>> term(torch.tensor([[0.0, 1.0, 0.0, 0.0, 1.0]]), x_hat)  # log(3) + log(2)
    tensor(1.7918)
    """

    low, high = 0.0, 1.0
    is_elementwise = True
    is_discrete = True
    support = "rows with a single one in each block of columns, and zeros beside it"

    def __init__(self, blocks=None):
        self.blocks = blocks

    def link(self):
        """Return the softmax within each block."""
        return BlockSoftmax(None if self.blocks is None else tuple(self.blocks))

    def outside(self, X):
        """Return the mask of values other than 0 and 1, and of blocks of other sums.

        Raises
        ------
        ValueError
            When the data have more columns than blocks, or fewer.
        """
        blocks = self._blocks_of(X.shape[-1])
        starts = np.cumsum([0, *blocks[:-1]])
        slack = rounding_of(X.dtype)
        outside = is_outside(X, 0, 1) | ((slack < X) & (1 - slack > X))
        sums = np.add.reduceat(X, starts, axis=-1)
        is_told = np.logical_or.reduceat(outside, starts, axis=-1)
        outside[..., starts] |= ~is_told & (np.abs(sums - 1) > max(blocks) * slack)
        return outside

    def _blocks_of(self, n_columns):
        blocks = (n_columns,) if self.blocks is None else tuple(self.blocks)
        if sum(blocks) != n_columns:
            raise ValueError(
                f"blocks={self.blocks!r} are {sum(blocks)} columns, and the data have "
                f"{n_columns}: give the number of categories of each variable."
            )
        return blocks

    def log_density(self, x, x_hat, variance=None):
        """Return the share of every entry in the log probability; see `Likelihood`."""
        return torch.xlogy(x, x_hat.clamp_min(SMALLEST_PROBABILITY))

    def draw(self, x_hat, variance, rng):
        """Return rows with a single one in each block; see `Likelihood`."""
        width = x_hat.shape[-1] if self.blocks is None else sum(self.blocks)
        rows = x_hat.reshape(-1, width)
        ends = np.cumsum(self._blocks_of(width))
        parts = np.split(rows, ends[:-1], axis=1)
        drawn = np.concatenate([_one_hot(part, rng) for part in parts], axis=1)
        return drawn.reshape(x_hat.shape)

    # probabilities are at most 1, so that losses are at least 0
    multiplied = ReconstructionLoss.multiplied
    ratio = ReconstructionLoss.ratio


class BlockSoftmax(nn.Module):
    """Softmax within blocks of columns.

    Parameters
    ----------
    blocks : tuple of int or None
        As for `CategoricalLikelihood`.
    """

    low, high = 0.0, 1.0
    inverse = staticmethod(np.log)  # up to a constant of each block

    def __init__(self, blocks):
        super().__init__()
        self.blocks = blocks
        # blocks of equal width that follow one another take one operation
        self._runs = [(len(list(own)), width) for width, own in groupby(blocks or ())]

    def forward(self, u):
        """Return probabilities of outputs ``(..., n_columns)``."""
        if self.blocks is None:
            return u.softmax(-1)
        parts = u.split([n * width for n, width in self._runs], -1)
        parts = [
            part.unflatten(-1, run).softmax(-1).flatten(-2)
            for part, run in zip(parts, self._runs, strict=True)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts, -1)

    def extra_repr(self):
        """Return the blocks, which tell two of them apart."""
        return f"{self.blocks}"


def _one_hot(probabilities, rng):
    """Return one-hot rows, drawn by the inverse of the distribution function."""
    below = probabilities.cumsum(axis=1)
    at = rng.random_sample((len(below), 1)) * below[:, -1:]
    category = (below <= at).sum(axis=1).clip(max=below.shape[1] - 1)
    return np.eye(below.shape[1], dtype=probabilities.dtype)[category]
