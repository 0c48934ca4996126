"""Stacked recurrent layers against torch's own, one member at a time."""

import pytest
import torch
from helpers.data import drawing_tensors, padded
from torch import nn

from skae.networks._recurrent import N_TIME_CODES, time_code
from skae.stacking.layers._gru import StackedGRU
from skae.stacking.layers._inputs import StackedCodes, StackedSequences
from skae.stacking.layers._linear import Weights
from skae.stacking.layers._lstm import StackedLSTM

normal = drawing_tensors()
CELLS = [(nn.LSTM, StackedLSTM), (nn.GRU, StackedGRU)]
SIZES = [3, 1, 4]
N_STEPS, N_ROWS = 4, 5


def stack_of(torchs, cell, inputs, n_inputs):
    """Return lone layers, and the stacked one of the same weights, and `Weights`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        lone = [
            torchs(n_in, size, batch_first=True).double()
            for n_in, size in zip(n_inputs, SIZES, strict=True)
        ]
    stacked = cell(inputs, SIZES, N_STEPS)
    weights = Weights(stacked.shapes, len(lone), torch.float64, torch.device("cpu"))
    grads = weights.zeros()
    stacked.bind(weights.parts, grads.parts)
    for own, place in pairs_of(stacked, lone, weights):
        place.copy_(own)
    return lone, stacked, weights, grads


def pairs_of(stacked, lone, weights, tensors=lambda p: p.detach()):
    for member, layer in enumerate(lone):
        own = list(map(tensors, layer.all_weights[0]))
        yield from stacked.pairs(member, weights.parts, *own)


def assert_padded(stacked, tensors):
    expected = padded([t.detach() for t in tensors], stacked.shape[-1])
    torch.testing.assert_close(stacked, expected)


def assert_weights(stacked, lone, weights, grads):
    """Assert that gradients are torch's, and zero where members have no unit."""
    for own, place in pairs_of(stacked, lone, grads, tensors=lambda p: p.grad):
        torch.testing.assert_close(place, own)
    n_own = sum(p.numel() for layer in lone for p in layer.parameters())
    assert int((weights.flat != 0).sum()) == n_own
    assert int((grads.flat != 0).sum()) == n_own


def by_time(x):
    """Return sequences with time before rows, as stacked ones."""
    return x.transpose(-2, -3)


@pytest.mark.parametrize(("torchs", "cell"), CELLS)
@pytest.mark.parametrize("blocks", [[(2,)] * 3, [(2, 3), (1, 1), (4, 2)]])
def test_layers_of_sequences_are_torchs(torchs, cell, blocks):
    inputs = StackedSequences(blocks)
    lone, stacked, weights, grads = stack_of(torchs, cell, inputs, [*map(sum, blocks)])
    own = [normal(N_ROWS, N_STEPS, sum(b)).requires_grad_() for b in blocks]
    upstream = [normal(N_ROWS, N_STEPS, size) for size in SIZES]
    parts = zip(
        *(x.split(b, -1) for x, b in zip(own, blocks, strict=True)), strict=True
    )
    xs = [
        padded([by_time(x.detach()) for x in part], width)
        for part, width in zip(parts, inputs.widths, strict=True)
    ]
    hidden = stacked.forward(xs).clone()
    x_grads, states = stacked.backward(
        padded([*map(by_time, upstream)], 4).unbind(1), True
    )
    outputs = [layer(x)[0] for layer, x in zip(lone, own, strict=True)]
    torch.autograd.backward(outputs, upstream)
    assert_padded(hidden, [*map(by_time, outputs)])
    assert_weights(stacked, lone, weights, grads)
    assert states == []
    of_blocks = (x.grad.split(b, -1) for x, b in zip(own, blocks, strict=True))
    for grad, part in zip(x_grads, zip(*of_blocks, strict=True), strict=True):
        assert_padded(grad, [*map(by_time, part)])


@pytest.mark.parametrize(("torchs", "cell"), CELLS)
@pytest.mark.parametrize("n_times", [0, N_TIME_CODES])
def test_layers_of_codes_and_states_are_torchs(torchs, cell, n_times):
    sizes = [2, 3, 1]
    inputs = StackedCodes(sizes, N_STEPS, n_times)
    n_inputs = [k + n_times for k in sizes]
    lone, stacked, weights, grads = stack_of(torchs, cell, inputs, n_inputs)
    codes = [normal(N_ROWS, k).requires_grad_() for k in sizes]
    states = [
        [normal(N_ROWS, size).requires_grad_() for size in SIZES]
        for _ in range(cell.n_states)
    ]
    upstream = [normal(N_ROWS, N_STEPS, size) for size in SIZES]
    firsts = [padded([s.detach() for s in of_kind], 4) for of_kind in states]
    hidden = stacked.forward([padded([z.detach() for z in codes], 3)], firsts).clone()
    (z_grad,), state_grads = stacked.backward(
        padded([*map(by_time, upstream)], 4).unbind(1), True
    )
    times = time_code(N_STEPS, codes[0])[:, :n_times].expand(N_ROWS, -1, -1)
    outputs = []
    for layer, z, *firsts in zip(lone, codes, *states, strict=True):
        x = torch.cat([z.unsqueeze(1).expand(-1, N_STEPS, -1), times], dim=-1)
        first = tuple(state.unsqueeze(0) for state in firsts)
        outputs.append(layer(x, first if len(first) > 1 else first[0])[0])
    torch.autograd.backward(outputs, upstream)
    assert_padded(hidden, [*map(by_time, outputs)])
    assert_weights(stacked, lone, weights, grads)
    assert_padded(z_grad, [z.grad for z in codes])
    for grad, of_kind in zip(state_grads, states, strict=True):
        assert_padded(grad, [state.grad for state in of_kind])


@pytest.mark.parametrize(("torchs", "cell"), CELLS)
def test_numbers_of_rows_may_change(torchs, cell):
    inputs = StackedSequences([(2,)] * 3)
    lone, stacked, weights, grads = stack_of(torchs, cell, inputs, [2, 2, 2])
    for n_rows in (2, 6, 2):
        x = normal(3, n_rows, N_STEPS, 2)
        hidden = stacked.forward([by_time(x).contiguous()]).clone()
        assert_padded(
            hidden, [by_time(layer(own)[0]) for layer, own in zip(lone, x, strict=True)]
        )
        for layer, own in zip(lone, x, strict=True):
            layer.zero_grad()
            layer(own)[0].sum().backward()
        ones = padded([torch.ones(N_STEPS, n_rows, size) for size in SIZES], 4)
        stacked.backward(ones.unbind(1), False)
        assert_weights(stacked, lone, weights, grads)


@pytest.mark.parametrize(("torchs", "cell"), CELLS)
def test_members_can_leave(torchs, cell):
    inputs = StackedCodes([2, 3, 1], N_STEPS, 0)
    lone, stacked, weights, _ = stack_of(torchs, cell, inputs, [2, 3, 1])
    index = torch.tensor([2, 0])
    stacked.keep([2, 0])
    kept = weights.take(index)
    stacked.bind(kept.parts, kept.zeros().parts)
    z = [normal(N_ROWS, 1), normal(N_ROWS, 2)]
    hidden = stacked.forward([padded(z, 3)])
    for own, code, layer, size in zip(
        hidden, z, (lone[2], lone[0]), (4, 3), strict=True
    ):
        x = code.unsqueeze(1).expand(-1, N_STEPS, -1)
        torch.testing.assert_close(own[..., :size], by_time(layer(x)[0]).detach())
