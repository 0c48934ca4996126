"""What the inputs of recurrent layers of many members contribute to their gates."""

from itertools import accumulate

import torch

from skae.networks.recurrent import time_code
from skae.networks.stacking import Memory

__all__ = ["StackedCodes", "StackedSequences"]


class _Inputs:
    """Inputs in blocks, where a layer's input is several things beside each other.

    Parameters
    ----------
    blocks : list of tuple of int
        Widths of the blocks of each member's input.

    Attributes
    ----------
    widths : list of int
        Of the blocks, padded.
    edges : list of list of int
        Where each member's blocks begin and end.
    """

    def __init__(self, blocks):
        self.widths = [max(sizes) for sizes in zip(*blocks, strict=True)]
        self.edges = [[0, *accumulate(sizes)] for sizes in blocks]

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.edges = [self.edges[member] for member in members]


class StackedSequences(_Inputs):
    """Sequences ``(n_members, n_timesteps, n_rows, width)``."""

    def bind(self, weights, grads):
        """Work on stacked weights of the blocks."""
        self._weights, self._grads = weights, grads
        self._flipped = [weight.mT.contiguous() for weight in weights]
        self._memory = [Memory(len(w), n, w) for w, n in zip(weights, self.widths)]  # noqa: B905

    def write(self, inputs, bias, out):
        """Write what sequences, in blocks, contribute at all time steps."""
        self._rows = [x.flatten(1, 2) for x in inputs]
        first, *others = zip(self._rows, self._weights, strict=True)
        product = torch.addcmul if first[0].shape[-1] == 1 else torch.baddbmm
        out = product(bias, *first, out=out.flatten(1, 2))
        for x, weight in others:
            out.baddbmm_(x, weight)

    def backward(self, g, by_time, is_needed):
        """Set the weights' gradients, and return those of the inputs, or None.

        Parameters
        ----------
        g : torch.Tensor of shape (n_members, n_timesteps, n_rows, width)
            Gradient of what was written.
        by_time : torch.Tensor of shape (n_members, n_timesteps, width)
            Its sum over the rows.
        is_needed : bool
        """
        rows = g.flatten(1, 2)
        for x, grad in zip(self._rows, self._grads, strict=True):
            torch.bmm(x.mT, rows, out=grad)
        if not is_needed:
            return None
        parts = zip(self._weights, self._flipped, self._memory, strict=True)
        return [_product(rows, *part).unflatten(1, g.shape[1:3]) for part in parts]


class StackedCodes(_Inputs):
    """Codes ``(n_members, n_rows, k)``, the same at all time steps.

    Parameters
    ----------
    sizes : list of int
        How many units each member's code has.
    n_timesteps : int
    n_times : int
        How many numbers tell the time beside the code, if any.
    """

    def __init__(self, sizes, n_timesteps, n_times):
        super().__init__([(k, n_times) if n_times else (k,) for k in sizes])
        self.n_timesteps = n_timesteps

    def bind(self, weights, grads):
        """Work on stacked weights of the blocks."""
        self._weight, *self._of_times = weights
        self._grad, *self._grads_of_times = grads
        self._times = time_code(self.n_timesteps, self._weight)

    def write(self, inputs, bias, out):
        """Write what codes, in one block, and the time contribute at all time steps."""
        self._codes = inputs[0]
        of_codes = torch.baddbmm(bias, self._codes, self._weight).unsqueeze(1)
        out.copy_(of_codes.expand_as(out))
        for weight in self._of_times:
            out.add_(torch.matmul(self._times, weight).unsqueeze(2))

    def backward(self, g, by_time, is_needed):
        """Set the weights' gradients, and return that of the codes.

        See `StackedSequences.backward`.
        """
        of_codes = g.sum(1)
        torch.bmm(self._codes.mT, of_codes, out=self._grad)
        for grad in self._grads_of_times:
            torch.matmul(self._times.mT, by_time, out=grad)
        return [torch.bmm(of_codes, self._weight.mT)]


def _product(g, weight, flipped, memory):
    # Products with a transposed factor are slow, and turning the factor is cheap.
    return torch.bmm(g, flipped.copy_(weight.mT), out=memory.rows(g.shape[1]))
