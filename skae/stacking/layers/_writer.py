"""Recurrent decoders of many members."""

import torch

from skae.networks._recurrent import N_TIME_CODES, padded
from skae.stacking.layers._dense import (
    back_through,
    hidden_layers,
    inputs_of,
    kinds_of,
    through,
    widths_of,
)
from skae.stacking.layers._inputs import StackedCodes, StackedSequences
from skae.stacking.layers._linear import StackedActivation, StackedLinear

__all__ = ["StackedWriter"]


class StackedWriter:
    """Layers of cells that write sequences, given codes.

    Parameters
    ----------
    cell : type of StackedCell
    event_shape : tuple of int
        Numbers of time steps and channels.
    n_layers : int
    sizes : list of int
        How many hidden units each member has.
    n_components : list of int
        How many units each member's code has.
    is_stateful : bool
        Whether codes set the first states, and the time is told beside them.
    activation : type of torch.nn.Module
        Of the reconstruction.
    paths : list of Hidden
        Of members, where a linear map of the code, and of hidden layers' features of
        it, is added to what the cells write; else empty.
    n_values : int
        Of a sequence, which the last step may go beyond.
    """

    def __init__(
        self,
        cell,
        event_shape,
        n_layers,
        sizes,
        n_components,
        *,
        is_stateful,
        activation,
        paths,
        n_values,
    ):
        n_timesteps, n_channels = event_shape
        n_times = N_TIME_CODES if is_stateful else 0
        inputs = [StackedCodes(n_components, n_timesteps, n_times)]
        inputs += [
            StackedSequences([(size,) for size in sizes]) for _ in range(n_layers - 1)
        ]
        self.cells = [cell(given, sizes, n_timesteps) for given in inputs]
        self.initial = None
        if is_stateful:
            self.initial = _States(n_components, sizes, n_layers, cell.n_states)
        self.linear_path, self.dense = None, []
        if paths:
            widths = [widths_of(path.layers) for path in paths]
            self.dense = hidden_layers(kinds_of(paths[0]), widths)
            self.linear_path = StackedLinear(
                [inputs_of(path, path.out_features) for path in paths],
                [n_values] * len(sizes),
            )
        self.n_values, self.n_written = n_values, n_timesteps * n_channels
        n_channels = [n_channels] * len(sizes)
        self.output = StackedLinear([(size,) for size in sizes], n_channels)
        self.activation = StackedActivation(activation, n_channels)

    @property
    def parts(self):
        """Layers, and how many of a member's parameters each has."""
        dense = [linear for linear, _ in self.dense]
        linears = [self.initial, self.output, *dense, self.linear_path]
        linears = [(linear, 2) for linear in linears if linear is not None]
        return [*((cell, 4) for cell in self.cells), *linears]

    @property
    def activations(self):
        """Activations of the output and of hidden layers."""
        return [self.activation, *(activation for _, activation in self.dense)]

    def forward(self, z):
        """Return sequences, ``(n_members, n_timesteps, n_rows, n_channels)``."""
        states = self._states(z)
        x = z
        for cell, of_cell in zip(self.cells, states, strict=True):
            x = cell.forward([x], of_cell)
        y = self.output.forward([x.flatten(1, 2)])
        if self.linear_path is not None:
            of_codes = padded(self._beside(z), self.n_written)
            of_codes = of_codes.unflatten(2, (-1, y.shape[2]))
            y.unflatten(1, x.shape[1:3]).add_(of_codes.transpose(1, 2))
        return self.activation.forward(y).unflatten(1, x.shape[1:3])

    def _beside(self, z):
        features = [through(self.dense, z)] if self.dense else []
        return self.linear_path.forward([z, *features])

    def _states(self, z):
        if self.initial is None:
            return [()] * len(self.cells)
        return self.initial.forward(z)

    def backward(self, g):
        """Set the weights' gradients, and return that of the codes."""
        steps_and_rows = g.shape[1:3]
        g = self.activation.backward(g.flatten(1, 2))
        beside = self._backward_beside(g.unflatten(1, steps_and_rows))
        g = self.output.backward(g, [True])[0].unflatten(1, steps_and_rows)
        of_states = []
        for cell in reversed(self.cells):
            (g,), states = cell.backward(g.unbind(1), is_needed=True)
            of_states.insert(0, states)
        if self.initial is not None:
            g = g + self.initial.backward(of_states)
        return g if beside is None else g + beside

    def _backward_beside(self, g):
        """Set gradients of what runs beside; return that of the codes, or None."""
        if self.linear_path is None:
            return None
        g = g.transpose(1, 2).flatten(2)[..., : self.n_values].contiguous()
        g, *of_dense = self.linear_path.backward(g, [True] * (1 + bool(self.dense)))
        if not of_dense:
            return g
        return back_through(self.dense, of_dense[0], to_input=True).add_(g)


class _States:
    """Linear maps from codes to the first states of all layers.

    A member has them as one layer: first the hidden states of all cells, which are
    squashed, and then what they remember, if they have that apart.
    """

    def __init__(self, n_components, sizes, n_layers, n_states):
        blocks = [(k,) for k in n_components]
        self.n_layers = n_layers
        self.sizes = sizes
        self.linears = [
            StackedLinear(blocks, sizes) for _ in range(n_states * n_layers)
        ]

    @property
    def shapes(self):
        """Shapes of a member's tensors: weight and bias of each map."""
        return [shape for linear in self.linears for shape in linear.shapes]

    def bind(self, values, grads):
        """Work on stacked tensors, of the `shapes`."""
        for i, linear in enumerate(self.linears):
            of_linear = slice(2 * i, 2 * i + 2)
            linear.bind(values[of_linear], grads[of_linear])

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.sizes = [self.sizes[member] for member in members]
        for linear in self.linears:
            linear.keep(members)

    def pairs(self, member, values, weight, bias):
        """Yield parts of a layer's tensors, and where they stand in stacked ones."""
        size = self.sizes[member]
        own = zip(weight.split(size), bias.split(size), strict=True)
        for i, (linear, tensors) in enumerate(zip(self.linears, own, strict=True)):
            yield from linear.pairs(member, values[2 * i : 2 * i + 2], *tensors)

    def forward(self, z):
        """Return the states of each cell."""
        states = [linear.forward([z]) for linear in self.linears]
        self._hidden = [state.tanh_() for state in states[: self.n_layers]]
        return [states[layer :: self.n_layers] for layer in range(self.n_layers)]

    def backward(self, grads):
        """Set the weights' gradients, given those of each cell's states."""
        grads = [g for of_state in zip(*grads, strict=True) for g in of_state]
        for i, hidden in enumerate(self._hidden):
            grads[i] = torch.ops.aten.tanh_backward(grads[i], hidden)
        of_codes = [
            linear.backward(g, [True])[0]
            for linear, g in zip(self.linears, grads, strict=True)
        ]
        return sum(of_codes[1:], of_codes[0])
