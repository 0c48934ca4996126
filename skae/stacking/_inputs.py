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

    def begin(self, inputs, bias):
        """Take sequences, in blocks."""
        self._rows = [x.flatten(1, 2) for x in inputs]
        self._steps = list(zip(*(x.unbind(1) for x in inputs), strict=True))
        self._bias = bias

    def write(self, t, out):
        """Write what they contribute at a time step."""
        for block, (x, weight) in enumerate(zip(self._steps[t], self._weights)):  # noqa: B905
            if block:
                out.baddbmm_(x, weight)
            elif x.shape[-1] == 1:
                torch.addcmul(self._bias, x, weight, out=out)
            else:
                torch.baddbmm(self._bias, x, weight, out=out)

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

    def begin(self, inputs, bias):
        """Take codes, in one block."""
        self._codes = inputs[0]
        self._of_codes = torch.baddbmm(bias, self._codes, self._weight)
        steps = [torch.matmul(self._times, weight) for weight in self._of_times]
        self._steps = [of_times.unsqueeze(2).unbind(1) for of_times in steps]

    def write(self, t, out):
        """Write what they and the time contribute at a time step."""
        if self._steps:
            torch.add(self._of_codes, self._steps[0][t], out=out)
        else:
            out.copy_(self._of_codes)

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
