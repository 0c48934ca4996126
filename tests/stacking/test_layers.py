"""Stacked layers against torch's own, one member at a time."""

import pytest
import torch
from helpers.data import drawing_tensors, padded
from torch import nn

from skae.stacking.layers._linear import (
    Memory,
    StackedActivation,
    StackedLinear,
    Weights,
    mask_of,
    tanh,
)

KINDS = sorted(StackedActivation.kinds, key=lambda kind: kind.__name__)
normal = drawing_tensors()


def linear_of(blocks, out_sizes):
    """Return lone layers, and the stacked layer of the same weights."""
    layers = []
    for sizes, n_out in zip(blocks, out_sizes, strict=True):
        layer = nn.utils.skip_init(nn.Linear, sum(sizes), n_out).double()
        layer.weight.data, layer.bias.data = normal(n_out, sum(sizes)), normal(n_out)
        layers.append(layer)
    stacked = StackedLinear(blocks, out_sizes)
    weights = Weights(stacked.shapes, len(layers), torch.float64, torch.device("cpu"))
    grads = weights.zeros()
    stacked.bind(weights.parts, grads.parts)
    for member, layer in enumerate(layers):
        pairs = stacked.pairs(member, weights.parts, layer.weight.data, layer.bias.data)
        for part, place in pairs:
            place.copy_(part)
    return layers, stacked, weights, grads


@pytest.mark.parametrize(
    ("blocks", "out_sizes"),
    [([(3,), (5,)], [2, 4]), ([(2, 3), (2, 1), (4, 4)], [1, 5, 3]), ([(1,)], [1])],
)
def test_linear_layers_are_torchs(blocks, out_sizes):
    layers, stacked, weights, grads = linear_of(blocks, out_sizes)
    inputs = [[normal(7, n) for n in sizes] for sizes in blocks]
    upstream = [normal(7, n) for n in out_sizes]
    xs = [
        padded(list(block), width)
        for block, width in zip(
            zip(*inputs, strict=True), stacked.in_widths, strict=True
        )
    ]
    y = stacked.forward(xs).clone()
    x_grads = stacked.backward(padded(upstream, stacked.width), [True] * len(xs))
    for i, layer in enumerate(layers):
        x = torch.cat(inputs[i], dim=1).requires_grad_()
        out = layer(x)
        out.backward(upstream[i])
        torch.testing.assert_close(y[i, :, : out_sizes[i]], out.detach())
        assert not y[i, :, out_sizes[i] :].any()
        pairs = stacked.pairs(i, grads.parts, layer.weight.grad, layer.bias.grad)
        for own, place in pairs:
            torch.testing.assert_close(place, own)
        of_blocks = x.grad.split(blocks[i], dim=1)
        for own, x_grad in zip(of_blocks, x_grads, strict=True):
            torch.testing.assert_close(x_grad[i, :, : own.shape[1]], own)
            assert not x_grad[i, :, own.shape[1] :].any()
    n_own = sum(
        parameter.numel() for layer in layers for parameter in layer.parameters()
    )
    assert int((weights.flat != 0).sum()) == n_own
    assert int((grads.flat != 0).sum()) == n_own


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_activations_are_torchs(kind):
    sizes = [4, 2]
    stacked = StackedActivation(kind, sizes)
    stacked.bind(normal(1))
    lone = [normal(6, size).requires_grad_() for size in sizes]
    upstream = [normal(6, size) for size in sizes]
    y = stacked.forward(padded([x.detach() for x in lone], 4)).clone()
    grad = stacked.backward(padded(upstream, 4))
    for i, x in enumerate(lone):
        out = kind()(x)
        out.backward(upstream[i])
        torch.testing.assert_close(y[i, :, : sizes[i]], out.detach())
        torch.testing.assert_close(grad[i, :, : sizes[i]], x.grad)
        assert not y[i, :, sizes[i] :].any()
        assert not grad[i, :, sizes[i] :].any()


def test_memory_is_used_again():
    memory = Memory(2, 3, torch.zeros(1))
    large = memory.rows(5)
    assert large.shape == (2, 5, 3)
    assert memory.rows(2).data_ptr() == memory.rows(5).data_ptr() == large.data_ptr()


def test_weights_are_views_that_can_be_taken_and_put():
    weights = Weights([(2, 3), (1,)], 4, torch.float32, torch.device("cpu"))
    weights.flat.copy_(torch.arange(float(len(weights.flat))))
    taken = weights.take(torch.tensor([2, 0]))
    for part, of_all in zip(taken.parts, weights.parts, strict=True):
        assert torch.equal(part, of_all[[2, 0]])
    other = weights.zeros()
    other.put(torch.tensor([1]), weights)
    assert torch.equal(other.parts[0][1], weights.parts[0][1])
    assert not other.parts[0][[0, 2, 3]].any()


def test_masks():
    mask = mask_of([2, 0], 3, torch.zeros(1))
    assert mask.tolist() == [[[1, 1, 0]], [[0, 0, 0]]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_hyperbolic_tangent_is_torchs(dtype):
    x = torch.arange(-1000, 1001, dtype=dtype) / 50
    expected = torch.tanh(x)
    error = (tanh(x, out=torch.empty_like(x)) - expected).abs().max()
    assert error <= 2 * torch.finfo(dtype).eps
    assert tanh(x, out=x) is x
    assert x[1000] == 0
    limits = torch.tensor([-torch.inf, torch.inf, torch.nan], dtype=dtype)
    torch.testing.assert_close(
        tanh(limits, out=torch.empty_like(limits)), limits.tanh(), equal_nan=True
    )
