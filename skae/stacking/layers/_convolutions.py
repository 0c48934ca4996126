"""Convolutions of many members, and transposed ones.

A convolution is a linear map of patches, so that it is one product for all members; a
transposed one sums patches that a linear map makes. torch's convolutions in groups,
one for each member, take as long at best, and mostly several times as long.
"""

from abc import ABC, abstractmethod
from math import prod

import torch

from skae.stacking.layers._linear import Memory

__all__ = ["StackedConvolution", "StackedTransposed"]


class _Layer(ABC):
    """Weights between maps and the smaller ones that a convolution makes of them.

    Parameters
    ----------
    patches : Patches
        Of the larger maps, as many channels wide as the widest member.
    n_small : int
        Number of channels of the smaller maps, padded.
    """

    def __init__(self, patches, n_small):
        self.patches = patches
        self.n_small = n_small

    @property
    @abstractmethod
    def n_out(self):
        """Number of channels that come out, padded."""

    @property
    def shapes(self):
        """Shapes of a member's tensors: the weights of patches, and the bias."""
        return [(self.n_small, self.patches.width), (self.n_out, 1)]

    @property
    def numbers_of_row(self):
        """How many numbers a row takes in memory, at most: its maps and its patches."""
        of_large = self.patches.n_channels * prod(self.patches.size)
        of_small = self.n_small * prod(self.patches.windows)
        return of_large + of_small + self.patches.numbers_of_row

    def bind(self, values, grads):
        """Work on stacked tensors, of the `shapes`."""
        self.weight, self.bias = values
        self.weight_grad, self.bias_grad = grads
        n_members = len(self.bias)
        self._flipped = self.weight.mT.contiguous()
        self._large = Memory(n_members, self.patches.n_channels, self.bias)
        self._small = Memory(n_members, self.n_small, self.bias)
        self.patches.bind(self.bias)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self._seen = None

    def pairs(self, member, values, weight, bias):
        """Yield a layer's tensors, and where they stand in stacked ones.

        Parameters
        ----------
        member : int
        values : list of torch.Tensor
            Stacked tensors, of the `shapes`.
        weight : torch.Tensor of shape (n_small, n_large, *kernel)
        bias : torch.Tensor of shape (n_out,)
        """
        (stacked, of_bias), own = (value[member] for value in values), weight.flatten(1)
        yield own, stacked[: len(own), : own.shape[1]]
        yield bias, of_bias[: len(bias), 0]

    def _turned(self):
        """Return the weights transposed."""
        # Products with a transposed factor are slow, and turning the factor is cheap.
        return self._flipped.copy_(self.weight.mT)

    def _patches_of(self, large):
        """Yield slices of members, and the patches of these members' maps."""
        n_rows = large.shape[2] // prod(self.patches.size)
        for some in self.patches.slices(len(large), n_rows):
            yield some, self.patches.of(large[some])

    def _large_of(self, small):
        """Return the sums of the patches that smaller maps are turned into."""
        weight, n_rows = self._turned(), small.shape[2] // prod(self.patches.windows)
        large = self._large.columns(n_rows * prod(self.patches.size))
        for some in self.patches.slices(len(small), n_rows):
            patches = self.patches.memory(len(small[some]), n_rows)
            torch.bmm(weight[some], small[some], out=patches)
            self.patches.add_up(patches, out=large[some])
        return large

    @abstractmethod
    def forward(self, inputs):
        """Return the maps that come out, given those that come in, in a list."""

    @abstractmethod
    def backward(self, g, needed):
        """Set the weights' gradients, and return that of the input in a list.

        Parameters
        ----------
        g : torch.Tensor
            Gradient of what came out.
        needed : list of bool
            Whether the input's gradient is needed; else it is None.
        """


class StackedConvolution(_Layer):
    """Convolution: ``y = W patches(x) + b``."""

    @property
    def n_out(self):
        """Number of channels that come out, padded."""
        return self.n_small

    def forward(self, inputs):
        """Return smaller maps; see `_Layer`."""
        (self._x,) = inputs
        n_pixels, n_windows = prod(self.patches.size), prod(self.patches.windows)
        y, seen = self._small.columns(self._x.shape[2] // n_pixels * n_windows), []
        for some, patches in self._patches_of(self._x):
            torch.bmm(self.weight[some], patches, out=y[some])
            seen.append((some, patches))
        self._seen = seen if len(seen) == 1 else None  # else overwritten by the next
        return y.add_(self.bias)

    def backward(self, g, needed):
        """Set the weights' gradients, and return the larger maps'; see `_Layer`."""
        torch.sum(g, 2, keepdim=True, out=self.bias_grad)
        for some, patches in self._seen or self._patches_of(self._x):
            torch.bmm(g[some], patches.mT, out=self.weight_grad[some])
        return [self._large_of(g) if needed[0] else None]


class StackedTransposed(_Layer):
    """Transposed convolution: ``y = sums of patches(W' x) + b``."""

    @property
    def n_out(self):
        """Number of channels that come out, padded."""
        return self.patches.n_channels

    def forward(self, inputs):
        """Return larger maps; see `_Layer`."""
        (self._x,) = inputs
        return self._large_of(self._x).add_(self.bias)

    def backward(self, g, needed):
        """Set the weights' gradients, and return the smaller maps'; see `_Layer`."""
        torch.sum(g, 2, keepdim=True, out=self.bias_grad)
        of_x = self._small.columns(self._x.shape[2])
        for some, patches in self._patches_of(g):
            torch.bmm(self._x[some], patches.mT, out=self.weight_grad[some])
            if needed[0]:
                torch.bmm(self.weight[some], patches, out=of_x[some])
        return [of_x if needed[0] else None]
