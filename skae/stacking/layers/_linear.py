"""Layers of many networks at once, with a backward pass that knows its memory.

Every tensor has a leading axis for the members. Members may differ in the widths of
their layers: all are as wide as the widest, and what one has too many stays zero, in
the weights, in what they put out and in the gradients.

Allocation and bookkeeping are a notable share of the cost of small layers, so that
gradients are written here by hand, into memory that is used again and again.
"""

from itertools import accumulate, pairwise

import torch
from torch import nn

from skae.networks._activations import LARGEST_EXPONENT, Exp

__all__ = [
    "Memory",
    "StackedActivation",
    "StackedLinear",
    "Weights",
    "mask_of",
    "tanh",
]

_OPS = torch.ops.aten
_MINUS_ONE = torch.tensor(-1.0)


class Memory:
    """Memory for tensors ``(n_members, n_rows, width)``, whatever their rows.

    Parameters
    ----------
    n_members, width : int
    like : torch.Tensor
        Tells dtype and device.
    """

    def __init__(self, n_members, width, like):
        self.n_members = n_members
        self.width = width
        self._flat = like.new_empty(0)
        self._views = {}

    def rows(self, n_rows):
        """Return a tensor of so many rows, with whatever values."""
        view = self._views.get(n_rows)
        if view is None:
            view = self._views[n_rows] = self._view(n_rows)
        return view

    def columns(self, n_columns):
        """Return the same, ``(n_members, width, n_columns)``."""
        rows = self.rows(n_columns)
        return rows.view(self.n_members, self.width, n_columns)

    def _view(self, n_rows):
        size = self.n_members * n_rows * self.width
        if size > len(self._flat):
            self._flat = self._flat.new_empty(size)
            self._views.clear()
        return self._flat[:size].view(self.n_members, n_rows, self.width)


class Weights:
    """Tensors of all members of a stack, as views of one flat tensor.

    Parameters
    ----------
    shapes : list of tuple of int
        Of a member's tensors, padded.
    n_members : int
    dtype : torch.dtype
    device : torch.device

    Attributes
    ----------
    flat : torch.Tensor
    parts : list of torch.Tensor of shape (n_members, *shape)
    """

    def __init__(self, shapes, n_members, dtype, device):
        self.shapes = shapes
        self.n_members = n_members
        sizes = [n_members * torch.Size(shape).numel() for shape in shapes]
        self.flat = torch.zeros(sum(sizes), dtype=dtype, device=device)
        self.parts = [
            part.view(n_members, *shape)
            for part, shape in zip(self.flat.split(sizes), shapes, strict=True)
        ]

    def zeros(self, n_members=None):
        """Return tensors of the same shapes, for as many members or others."""
        n_members = self.n_members if n_members is None else n_members
        return Weights(self.shapes, n_members, self.flat.dtype, self.flat.device)

    def take(self, members):
        """Return the tensors of some members."""
        taken = self.zeros(len(members))
        for part, of_all in zip(taken.parts, self.parts, strict=True):
            torch.index_select(of_all, 0, members, out=part)
        return taken

    def put(self, members, other):
        """Copy the tensors of some members from `other`, of as many members."""
        for part, source in zip(self.parts, other.parts, strict=True):
            part[members] = source[members]


class StackedLinear:
    """``y = sum_b x_b W_b + bias`` for the layers of many members.

    The inputs may come in blocks, where a layer's input is several things beside each
    other: members may differ in the width of each.

    Parameters
    ----------
    blocks : list of tuple of int
        Widths of the blocks of each member's input.
    out_sizes : list of int
        Widths of each member's output.
    """

    def __init__(self, blocks, out_sizes):
        self.in_widths = [max(sizes) for sizes in zip(*blocks, strict=True)]
        self.width = max(out_sizes)
        self.out_sizes = out_sizes
        self._edges = [[0, *accumulate(sizes)] for sizes in blocks]

    @property
    def shapes(self):
        """Shapes of a member's tensors: weights of the blocks, and the bias."""
        return [*((n_in, self.width) for n_in in self.in_widths), (1, self.width)]

    def bind(self, values, grads):
        """Work on stacked tensors, of the `shapes`."""
        *self.weights, self.bias = values
        *self.weight_grads, self.bias_grad = grads
        self._out = Memory(len(self.bias), self.width, self.bias)
        self._in = [Memory(len(self.bias), n, self.bias) for n in self.in_widths]
        self._turned = [weight.mT for weight in self.weights]

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.out_sizes = [self.out_sizes[member] for member in members]
        self._edges = [self._edges[member] for member in members]

    def pairs(self, member, values, weight, bias):
        """Yield the parts of a layer's tensors, and where they stand in stacked ones.

        Parameters
        ----------
        member : int
        values : list of torch.Tensor
            Stacked tensors, of the `shapes`.
        weight : torch.Tensor of shape (n_out, n_in)
        bias : torch.Tensor of shape (n_out,)
        """
        n_out = self.out_sizes[member]
        for value, (start, stop) in zip(values, pairwise(self._edges[member])):  # noqa: B905
            yield weight[:, start:stop].mT, value[member, : stop - start, :n_out]
        yield bias, values[-1][member, 0, :n_out]

    def forward(self, inputs):
        """Return the outputs, given the blocks of the inputs."""
        self._inputs = inputs
        y = self._out.rows(inputs[0].shape[1])
        torch.bmm(inputs[0], self.weights[0], out=y)
        for x, weight in zip(inputs[1:], self.weights[1:], strict=True):
            y.baddbmm_(x, weight)
        return y.add_(self.bias)

    def backward(self, g, needed):
        """Set the weights' gradients, and return those of the blocks of the inputs.

        Parameters
        ----------
        g : torch.Tensor
            Gradient of the outputs.
        needed : sequence of bool
            Which of the inputs' gradients to compute; the others are None.
        """
        torch.sum(g, 1, keepdim=True, out=self.bias_grad)
        for x, grad in zip(self._inputs, self.weight_grads, strict=True):
            torch.bmm(x.mT, g, out=grad)
        return [
            self._input_grad(block, g) if is_needed else None
            for block, is_needed in enumerate(needed)
        ]

    def _input_grad(self, block, g):
        return torch.bmm(g, self._turned[block], out=self._in[block].rows(g.shape[1]))


class StackedActivation:
    """An activation, and its derivative.

    Parameters
    ----------
    kind : type of torch.nn.Module
        One of `kinds`, with torch's default settings.
    sizes : list of int
        How many units each member has; the others are kept at zero.
    axis : int, default=2
        Of the units: with 1, rows come last.
    """

    def __init__(self, kind, sizes, axis=2):
        self.kind = kind
        self.sizes = sizes
        self.width = max(sizes)
        self.axis = axis

    def bind(self, like):
        """Work in the dtype of a tensor, on its device."""
        n_members = len(self.sizes)
        self._out, self._grad = (Memory(n_members, self.width, like) for _ in range(2))
        is_full = min(self.sizes) == self.width
        needs_mask = self.kind in _NOT_ZERO_AT_ZERO and not is_full
        self._mask = None
        if needs_mask:
            mask = mask_of(self.sizes, self.width, like)
            self._mask = mask.transpose(2, self.axis)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.sizes = [self.sizes[member] for member in members]

    def forward(self, x):
        """Return the activations."""
        if self.kind is nn.Identity:
            return x
        self._x, self._y = x, self._place(self._out, x)
        _FORWARD[self.kind](x, out=self._y)
        return self._masked(self._y)

    def backward(self, g):
        """Return the gradient of the input, given that of the output."""
        if self.kind is nn.Identity:
            return g
        grad = self._place(self._grad, g)
        _BACKWARD[self.kind](g, self._x, self._y, grad_input=grad)
        return self._masked(grad)

    def _place(self, memory, x):
        return memory.rows(x.shape[1]) if self.axis == 2 else memory.columns(x.shape[2])

    def _masked(self, values):
        return values if self._mask is None else values.mul_(self._mask)


_FORWARD = {
    Exp: lambda x, out: torch.clamp(x, max=LARGEST_EXPONENT, out=out).exp_(),
    nn.ELU: _OPS.elu.out,
    nn.GELU: _OPS.gelu.out,
    nn.LeakyReLU: _OPS.leaky_relu.out,
    nn.ReLU: _OPS.relu.out,
    nn.Sigmoid: _OPS.sigmoid.out,
    nn.SiLU: _OPS.silu.out,
    nn.Softplus: _OPS.softplus.out,
    nn.Tanh: lambda x, out: tanh(x, out=out),
}

_BACKWARD = {
    Exp: lambda g, x, y, grad_input: torch.mul(g, y, out=grad_input).masked_fill_(
        x > LARGEST_EXPONENT, 0
    ),
    nn.ELU: lambda g, x, y, grad_input: _OPS.elu_backward.grad_input(
        g, 1, 1, 1, False, x, grad_input=grad_input
    ),
    nn.GELU: lambda g, x, y, grad_input: _OPS.gelu_backward.grad_input(
        g, x, grad_input=grad_input
    ),
    nn.LeakyReLU: lambda g, x, y, grad_input: _OPS.leaky_relu_backward.grad_input(
        g, x, 0.01, False, grad_input=grad_input
    ),
    nn.ReLU: lambda g, x, y, grad_input: _OPS.threshold_backward.grad_input(
        g, y, 0, grad_input=grad_input
    ),
    nn.Sigmoid: lambda g, x, y, grad_input: _OPS.sigmoid_backward.grad_input(
        g, y, grad_input=grad_input
    ),
    nn.SiLU: lambda g, x, y, grad_input: _OPS.silu_backward.grad_input(
        g, x, grad_input=grad_input
    ),
    nn.Softplus: lambda g, x, y, grad_input: _OPS.softplus_backward.grad_input(
        g, x, 1, 20, grad_input=grad_input
    ),
    nn.Tanh: lambda g, x, y, grad_input: _OPS.tanh_backward.grad_input(
        g, y, grad_input=grad_input
    ),
}

# Of zero these make something else: units that a member does not have are masked.
_NOT_ZERO_AT_ZERO = {Exp, nn.Sigmoid, nn.Softplus}

StackedActivation.kinds = frozenset({nn.Identity, *_FORWARD})


def tanh(x, *, out):
    """Write ``tanh(x) = 2 sigmoid(2 x) - 1``, and return it.

    On processors torch takes twice to three times as long for its own, which is exact
    to the last bit of small values, too; this one errs by at most two units of the
    last place of 1. Zero stays zero, and `out` may be `x`.
    """
    torch.add(x, x, out=out)
    torch.sigmoid(out, out=out)
    return torch.add(_MINUS_ONE, out, alpha=2, out=out)


def mask_of(sizes, width, like):
    """Return ``(n, 1, width)``: ones up to each of n sizes, then zeros."""
    sizes = torch.as_tensor(sizes, device=like.device)
    units = torch.arange(width, device=like.device)
    return (units < sizes[:, None]).to(like.dtype).unsqueeze(1)
