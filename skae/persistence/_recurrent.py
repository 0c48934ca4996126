"""Recurrent layers as ONNX's own operators.

torch's exporter writes a recurrent layer out step by step, which takes long and makes
large models. Its place is taken by a module that stands for ONNX's operator.
"""

import torch
from torch import nn

__all__ = ["with_onnx_layers"]


def with_onnx_layers(module):
    """Replace all LSTM and GRU layers within a module, which is changed."""
    for name, child in module.named_children():
        if isinstance(child, nn.LSTM | nn.GRU):
            setattr(module, name, _Layers(child))
        else:
            with_onnx_layers(child)
    return module


class _Layers(nn.Module):
    """A stack of recurrent layers that takes and returns what torch's does."""

    def __init__(self, layers):
        super().__init__()
        _check(layers)
        self.hidden_size = layers.hidden_size
        self.n_directions = 2 if layers.bidirectional else 1
        self.batch_first = layers.batch_first
        self.has_memory = isinstance(layers, nn.LSTM)
        self.layers = nn.ModuleList(
            _Layer(layers, i, self.n_directions) for i in range(layers.num_layers)
        )

    def forward(self, x, states=None):
        x = x.transpose(0, 1) if self.batch_first else x
        initial, final = self._initial(states, x), []
        for layer, *given in zip(self.layers, *initial, strict=True):
            x, *last = layer(x, given)
            final.append(last)
        x = x.transpose(0, 1) if self.batch_first else x
        final = [torch.cat(states) for states in zip(*final, strict=True)]
        return x, tuple(final) if self.has_memory else final[0]

    def _initial(self, states, x):
        """Return each kind of state by layer, ``(n_directions, batch, hidden)``."""
        if states is None:
            shape = (len(self.layers) * self.n_directions, x.shape[1], self.hidden_size)
            states = [x.new_zeros(shape)] * (2 if self.has_memory else 1)
        elif not self.has_memory:
            states = [states]
        return [state.split(self.n_directions) for state in states]


class _Layer(nn.Module):
    """Recurrent layer, ``(time, batch, k)``, as an operator of ONNX."""

    # torch has the gates in the order of the papers, ONNX in its own.
    gates = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}

    def __init__(self, layers, i, n_directions):
        super().__init__()
        self.operator = type(layers).__name__
        self.hidden_size, self.n_directions = layers.hidden_size, n_directions
        for kind in ("weight_ih", "weight_hh"):
            self.register_buffer(kind, self._stacked(layers, kind, i))
        biases = [self._stacked(layers, kind, i) for kind in ("bias_ih", "bias_hh")]
        self.register_buffer("bias", torch.cat(biases, dim=1))

    def _stacked(self, layers, kind, i):
        directions = ("", "_reverse")[: self.n_directions]
        weights = [getattr(layers, f"{kind}_l{i}{end}") for end in directions]
        return torch.stack([self._in_order(weight.detach()) for weight in weights])

    def _in_order(self, weight):
        gates = weight.chunk(len(self.gates[self.operator]))
        return torch.cat([gates[i] for i in self.gates[self.operator]])

    def forward(self, x, states):
        state = (self.n_directions, x.shape[1], self.hidden_size)
        y, *final = torch.onnx.ops.symbolic_multi_out(
            self.operator,
            (x, self.weight_ih, self.weight_hh, self.bias, None, *states),
            self._attributes(),
            dtypes=[x.dtype] * (1 + len(states)),
            shapes=[(x.shape[0], *state), *[state] * len(states)],
        )
        return y.transpose(1, 2).flatten(2), *final

    def _attributes(self):
        attributes = {"hidden_size": self.hidden_size}
        if self.n_directions == 2:
            attributes["direction"] = "bidirectional"
        if self.operator == "GRU":  # torch's own form of it
            attributes["linear_before_reset"] = 1
        return attributes


def _check(layers):
    if not layers.bias or getattr(layers, "proj_size", 0):
        raise ValueError(
            "Recurrent layers without biases or with projections can't be exported to "
            "ONNX."
        )
