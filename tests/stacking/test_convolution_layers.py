"""Stacked convolutions against torch's own, one member at a time."""

import pytest
import torch
from helpers.data import drawing_tensors, padded
from torch import nn

from skae.networks._convolutions import Convolutions
from skae.stacking.layers import _patches
from skae.stacking.layers._convolutions import StackedConvolution, StackedTransposed
from skae.stacking.layers._linear import Weights
from skae.stacking.layers._patches import Patches

normal = drawing_tensors()
N_ROWS = 3
#: Numbers of channels of each member, of the larger maps and of the smaller ones.
CHANNELS = [(2, 4), (3, 1), (1, 2)]
SIZES = [(8,), (7,), (1,), (2,), (8, 8), (5, 8), (1, 3), (6, 1)]


def shapes_of(size, large, small, kernel_size):
    event_shape = (*size, large) if len(size) == 1 else (large, *size)
    return Convolutions(event_shape, (small,), kernel_size)


def stack_of(kind, size, kernel_size):
    """Return lone layers, and the stacked layer of the same weights, and `Weights`."""
    lone = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for large, small in CHANNELS:
            stages = shapes_of(size, large, small, kernel_size)
            down, up = stages.down(nn.Identity), stages.up(nn.Identity)
            lone.append((down[0] if kind is StackedConvolution else up[1]).double())
    large, small = map(list, zip(*CHANNELS, strict=True))
    shapes = shapes_of(size, max(large), max(small), kernel_size).shapes
    stacked = kind(Patches.between(*shapes, kernel_size, 2), max(small))
    weights = Weights(stacked.shapes, len(lone), torch.float64, torch.device("cpu"))
    grads = weights.zeros()
    stacked.bind(weights.parts, grads.parts)
    for own, place in pairs_of(stacked, lone, weights):
        place.copy_(own.detach())
    return lone, stacked, shapes, weights, grads


def pairs_of(stacked, lone, weights, of=lambda parameter: parameter):
    for member, layer in enumerate(lone):
        tensors = (of(layer.weight), of(layer.bias))
        yield from stacked.pairs(member, weights.parts, *tensors)


def as_maps(tensors, width):
    """Return lone maps, channels first, as stacked ones."""
    rows = [x.detach().flatten(2).permute(2, 0, 1).flatten(0, 1) for x in tensors]
    return padded(rows, width).mT.contiguous()


@pytest.mark.parametrize("n_bytes", [1, 2**20])
@pytest.mark.parametrize("kind", [StackedConvolution, StackedTransposed])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_convolutions_are_torchs(size, kernel_size, kind, n_bytes, monkeypatch):
    monkeypatch.setattr(_patches, "BYTES_AT_A_TIME", n_bytes)
    lone, stacked, shapes, weights, grads = stack_of(kind, size, kernel_size)
    n_in, n_out = CHANNELS, [pair[::-1] for pair in CHANNELS]
    sizes = shapes[0][1:], shapes[1][1:]
    if kind is StackedTransposed:
        n_in, n_out, sizes = n_out, n_in, sizes[::-1]
    for n_rows in (N_ROWS, 1, N_ROWS):  # in memory that is used again
        xs = [normal(n_rows, n, *sizes[0]).requires_grad_() for n, _ in n_in]
        ys = [layer(x) for layer, x in zip(lone, xs, strict=True)]
        upstream = [normal(*y.shape) for y in ys]
        for layer, x, y, g in zip(lone, xs, ys, upstream, strict=True):
            parameters = [layer.weight, layer.bias]
            found = torch.autograd.grad(y, [x, *parameters], g)
            x.grad, layer.weight.grad, layer.bias.grad = found
        width_in, width_out = (max(n for n, _ in pairs) for pairs in (n_in, n_out))
        y = stacked.forward([as_maps(xs, width_in)])
        torch.testing.assert_close(y, as_maps(ys, width_out))
        (g,) = stacked.backward(as_maps(upstream, width_out), [True])
        torch.testing.assert_close(g, as_maps([x.grad for x in xs], width_in))
        for own, place in pairs_of(stacked, lone, grads, lambda p: p.grad):
            torch.testing.assert_close(place, own)
    n_own = sum(p.numel() for layer in lone for p in layer.parameters())
    assert int((weights.flat != 0).sum()) == n_own
    n_used = sum(int((p.grad != 0).sum()) for layer in lone for p in layer.parameters())
    assert int((grads.flat != 0).sum()) == n_used


@pytest.mark.parametrize("kind", [StackedConvolution, StackedTransposed])
def test_what_is_not_needed_is_not_computed(kind):
    lone, stacked, shapes, _, grads = stack_of(kind, (5, 4), 3)
    shape = shapes[0] if kind is StackedConvolution else shapes[1]
    y = stacked.forward([normal(len(lone), shape[0], 2 * shape[1] * shape[2])])
    assert stacked.backward(normal(*y.shape), [False]) == [None]
    assert grads.flat.any()


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("size", [(1, 9), (7, 4)])
def test_sums_of_patches_are_adjoint_to_patches(size, kernel_size):
    stages = Convolutions((2, *size), (3,), kernel_size)
    patches = Patches.between(*stages.shapes, kernel_size, 2)
    patches.bind(normal(1))
    maps, sums = (normal(3, 2, N_ROWS * size[0] * size[1]) for _ in range(2))
    seen = patches.of(maps).clone()
    others = normal(*seen.shape)
    patches.add_up(others, out=sums)
    torch.testing.assert_close((seen * others).sum(), (maps * sums).sum())


def test_patches_of_few_members_at_a_time(monkeypatch):
    patches = Patches.between((3, 9), (4, 5), 3, 2)
    patches.bind(normal(1))
    n_bytes = 8 * 5 * 9 * N_ROWS
    monkeypatch.setattr(_patches, "BYTES_AT_A_TIME", 2 * n_bytes + 1)
    assert patches.slices(5, N_ROWS) == [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert patches.slices(5, 9 * N_ROWS) == [slice(i, i + 1) for i in range(5)]
