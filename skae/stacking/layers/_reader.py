"""Recurrent encoders of many members."""

import torch

from skae.stacking.layers._inputs import StackedSequences

__all__ = ["StackedReader"]


class StackedReader:
    """Layers of cells that read sequences, in one direction or two.

    Parameters
    ----------
    cell : type of StackedCell
    event_shape : tuple of int
        Numbers of time steps and channels.
    n_layers, n_directions : int
    sizes : list of int
        How many hidden units each member has, in each direction.
    """

    def __init__(self, cell, event_shape, n_layers, n_directions, sizes):
        n_timesteps, n_channels = event_shape
        self.n_directions = n_directions
        blocks = [(n_channels,)] * len(sizes)
        self.layers = []
        for _ in range(n_layers):
            inputs = [StackedSequences(blocks) for _ in range(n_directions)]
            self.layers.append([cell(given, sizes, n_timesteps) for given in inputs])
            blocks = [(size,) * n_directions for size in sizes]

    @property
    def parts(self):
        """Layers, and how many of a member's parameters each has."""
        return [(cell, 4) for cells in self.layers for cell in cells]

    def forward(self, x, n_steps=None):
        """Return the last hidden states of the last layer, for each direction.

        Parameters
        ----------
        x : torch.Tensor of shape (n_members, n_timesteps, n_rows, n_channels)
        n_steps : LongTensor of shape (n_members, n_rows), or None
            After how many time steps sequences end; all are complete without it.
        """
        self._ends = _Ends(x.shape[1]) if n_steps is None else _OwnEnds(x, n_steps)
        blocks = [x]
        for cells in self.layers:
            outputs = [
                cell.forward([*map(turn, blocks)])
                for cell, turn in zip(cells, self._turns)  # noqa: B905
            ]
            blocks = self._each_turned(outputs)
        return [self._ends.last(output) for output in outputs]

    def backward(self, grads):
        """Set the weights' gradients, given those of what `forward` returned."""
        grads = [self._ends.spread(g) for g in grads]
        for depth in reversed(range(len(self.layers))):
            of_inputs = [
                cell.backward(g, is_needed=depth > 0)[0]
                for cell, g in zip(self.layers[depth], grads, strict=True)
            ]
            if depth:
                turned = self._each_turned(self._sums(of_inputs))
                grads = [g.unbind(1) for g in turned]

    @property
    def _turns(self):
        """Functions that put sequences into the order of each direction."""
        return (lambda x: x), self._ends.turned

    def _each_turned(self, sequences):
        """Return sequences, each from the order of its direction, or to it."""
        return [turn(x) for turn, x in zip(self._turns, sequences)]  # noqa: B905

    def _sums(self, of_directions):
        """Return gradients of the blocks that all directions are given."""
        turned = [
            list(map(turn, blocks))
            for turn, blocks in zip(self._turns, of_directions)  # noqa: B905
        ]
        return [sum(others, first) for first, *others in zip(*turned, strict=True)]


class _Ends:
    """The ends of sequences that are complete."""

    def __init__(self, n_timesteps):
        self.n_timesteps = n_timesteps

    def turned(self, x):
        """Return sequences from their end to their beginning."""
        return x.flip(1)

    def last(self, x):
        """Return the last time step of sequences."""
        return x[:, -1]

    def spread(self, g):
        """Return the gradients of time steps, given that of the last; None for zero."""
        return [*[None] * (self.n_timesteps - 1), g]


class _OwnEnds:
    """The ends of sequences of unequal length.

    What cells make of the time steps beyond an end goes nowhere.
    """

    def __init__(self, x, n_steps):
        steps = torch.arange(x.shape[1], device=x.device)[:, None]
        n_steps = n_steps.unsqueeze(1)
        self._turned = torch.where(steps < n_steps, n_steps - 1 - steps, steps)
        self._last = n_steps - 1
        self.n_timesteps = x.shape[1]

    def turned(self, x):
        return x.gather(1, self._turned.unsqueeze(-1).expand_as(x))

    def last(self, x):
        index = self._last.unsqueeze(-1).expand(-1, -1, -1, x.shape[-1])
        return x.gather(1, index).squeeze(1)

    def spread(self, g):
        n_members, n_rows, width = g.shape
        spread = g.new_zeros(n_members, self.n_timesteps, n_rows, width)
        index = self._last.unsqueeze(-1).expand(-1, -1, -1, width)
        return spread.scatter_(1, index, g.unsqueeze(1)).unbind(1)
