"""Inputs of the recurrent layers of many members, and their share in the gates."""

from itertools import accumulate

import torch

from skae.networks._recurrent import time_code
from skae.stacking.layers._linear import Memory

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
    n_columns : int
        How many numbers stand beside the hidden states.
    widths_apart : list of int
        Of the blocks that contribute apart from these.
    """

    n_columns = 0
    widths_apart = ()
    #: Whether the time contributes, too.
    tells_time = False

    def __init__(self, blocks):
        self.widths = [max(sizes) for sizes in zip(*blocks, strict=True)]
        self.edges = [[0, *accumulate(sizes)] for sizes in blocks]

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.edges = [self.edges[member] for member in members]

    def contributed_to_all(self):
        """Return the share in the gates of all time steps alike; None for nothing.

        It is ``(n_members, n_rows, width)``, and may be changed.
        """
        return None

    def contributed_to_each(self):
        """Return the share in the gates of each time step; None for nothing.

        It is ``(n_members, n_timesteps, width)``.
        """
        return None


class StackedSequences(_Inputs):
    """Sequences ``(n_members, n_timesteps, n_rows, width)``."""

    def __init__(self, blocks):
        super().__init__(blocks)
        self.n_columns = sum(self.widths)

    def bind(self, weight, apart, apart_grads):
        """Work on the stacked weights of the columns."""
        self._weights = weight.split(self.widths, 1)
        self.apart_grads = apart_grads
        self._memory = [Memory(len(weight), n, weight) for n in self.widths]

    def places(self, columns, apart):
        """Return the places of blocks of weights among a member's."""
        return columns.split(self.widths)

    def write(self, inputs, columns):
        """Write sequences, in blocks, beside the hidden states before their steps."""
        for x, place in zip(inputs, columns.split(self.widths, -1), strict=True):
            place.copy_(x)

    def backward(self, g, by_time, is_needed):
        """Set the gradients of weights apart, and return those of the inputs, or None.

        Parameters
        ----------
        g : torch.Tensor of shape (n_members, n_timesteps, n_rows, width)
            Gradient of what comes into the gates.
        by_time : torch.Tensor of shape (n_members, n_timesteps, width)
            Its sum over the rows, where the time contributes.
        is_needed : bool
        """
        if not is_needed:
            return None
        rows = g.flatten(1, 2)
        return [
            torch.bmm(rows, weight.mT, out=memory.rows(rows.shape[1])).unflatten(
                1, g.shape[1:3]
            )
            for weight, memory in zip(self._weights, self._memory, strict=True)
        ]


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
        self.widths_apart = self.widths
        self.tells_time = n_times > 0

    def bind(self, weight, apart, apart_grads):
        """Work on stacked weights of the blocks, apart from those of the columns."""
        self._weight, *self._of_times = apart
        self.apart_grads = apart_grads
        self._times = time_code(self.n_timesteps, self._weight)
        self._memory = Memory(*self._weight.shape[::2], self._weight)

    def places(self, columns, apart):
        """Return the places of blocks of weights among a member's."""
        return apart

    def write(self, inputs, columns):
        """Take the codes, in one block; nothing stands beside the hidden states."""
        (self._codes,) = inputs

    def contributed_to_all(self):
        """Return the codes' share in the gates; see `_Inputs`."""
        out = self._memory.rows(self._codes.shape[1])
        return torch.bmm(self._codes, self._weight, out=out)

    def contributed_to_each(self):
        """Return the time's share in the gates; see `_Inputs`."""
        if not self.tells_time:
            return None
        (weight,) = self._of_times
        return torch.matmul(self._times, weight)

    def backward(self, g, by_time, is_needed):
        """Set the weights' gradients, and return that of the codes.

        See `StackedSequences.backward`.
        """
        grad, *of_times = self.apart_grads
        of_codes = g.sum(1)
        torch.bmm(self._codes.mT, of_codes, out=grad)
        for grad in of_times:
            torch.matmul(self._times.mT, by_time, out=grad)
        return [torch.bmm(of_codes, self._weight.mT)]
