"""Gradients of Gaussian codes in few operations are those that torch finds."""

import pytest
import torch
from helpers.data import drawing_tensors, padded

from skae.bottlenecks import GaussianBottleneck, PointBottleneck
from skae.objectives import MMD, KLDivergence, L1Activity
from skae.stacking.training._code import _AnyCode, _GaussianCode, stack_codes
from skae.stacking.training._draws import Batch, presence

normal = drawing_tensors()
N_ROWS = 7
PENALTIES = {
    "bound": {"kl": KLDivergence()},
    "free bits": {"kl": KLDivergence(free_bits=2.0)},
    "capacity": {"kl": KLDivergence(capacity=4.0)},
    "several": {
        "kl": KLDivergence(),
        "other": KLDivergence(free_bits=1.5, capacity=5.0),
    },
}
BATCHES = {
    "of one size": ([N_ROWS, N_ROWS, N_ROWS], False),
    "of unequal sizes": ([N_ROWS, 4, 2], False),
    "weighted": ([N_ROWS, 4, N_ROWS], True),
}


def built(bottleneck, widths):
    """Return modules of codes of these widths."""
    with torch.random.fork_rng(devices=[]):
        return [bottleneck.build(3, k).double() for k in widths]


def bottlenecks(widths, is_scaled):
    """Return modules, of which the scales of units differ, or are one."""
    modules = built(GaussianBottleneck(), widths)
    for module in modules if is_scaled else ():
        module.scale.copy_(normal(*module.scale.shape).exp())
    return modules


def generators(draws):
    """Return the members' generators, None where nothing is to be drawn."""
    seeds = range(len(BATCHES["weighted"][0]))
    return [torch.Generator().manual_seed(seed) for seed in seeds] if draws else None


def batch_of(sizes, is_weighted):
    like = normal(1)
    present = weight = presence(sizes, like)
    if is_weighted:
        weight = present * normal(*present.shape).exp()
    return Batch(sizes, present, weight)


def of_units(widths):
    """Return numbers for the members' units, zero in the place of what is padding."""
    return padded([normal(N_ROWS, k) for k in widths], max(widths))


def outputs_of_maps(widths):
    """Return means and logarithms of variances, some of which are beyond limits."""
    mean, log_var = of_units(widths), of_units(widths)
    log_var[0, 0, 0], log_var[1, 1, 0] = -36.0, 11.0
    return [mean, log_var]


@pytest.mark.parametrize("draws", [True, False], ids=["drawn", "means"])
@pytest.mark.parametrize("is_scaled", [False, True], ids=["plain", "scaled"])
@pytest.mark.parametrize("widths", [(3, 3, 3), (2, 4, 1)], ids=str)
@pytest.mark.parametrize("of_batch", BATCHES)
@pytest.mark.parametrize("of_penalties", PENALTIES)
def test_gradients_are_torchs(of_penalties, of_batch, widths, is_scaled, draws):
    modules, penalties = bottlenecks(widths, is_scaled), PENALTIES[of_penalties]
    maps, g = outputs_of_maps(widths), of_units(widths)
    weights = {name: normal(len(widths)).exp() for name in penalties}
    batch = batch_of(*BATCHES[of_batch])

    def results(kind):
        code = kind(modules, penalties)
        code.bind(g)
        own = batch._replace(generators=generators(draws))
        z, terms = code.forward(maps, own, weights)
        return [z, *terms.values(), *code.backward(g)]

    ours, theirs = results(_GaussianCode), results(_AnyCode)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert ours[-1].abs().max() > 0.01


class OwnDivergence(KLDivergence):
    """Divergence with a formula of its own, perhaps."""


@pytest.mark.parametrize(
    ("bottleneck", "penalties", "expected"),
    [
        (GaussianBottleneck(), {"kl": KLDivergence()}, _GaussianCode),
        (GaussianBottleneck(), {}, _AnyCode),
        (GaussianBottleneck(), {"own": OwnDivergence()}, _AnyCode),
        (GaussianBottleneck(), {"kl": KLDivergence(), "mmd": MMD()}, _AnyCode),
        (GaussianBottleneck("nested_dropout"), {"kl": KLDivergence()}, _AnyCode),
        (PointBottleneck(), {"l1": L1Activity()}, _AnyCode),
    ],
    ids=str,
)
def test_what_is_not_known_has_the_gradients_that_torch_finds(
    bottleneck, penalties, expected
):
    codes = stack_codes(built(bottleneck, (2, 4)), penalties)
    assert type(codes) is expected


OPTIONS = [{}, {"free_bits": 0.5}, {"capacity": 4.5}]


@pytest.mark.parametrize("nats", [[0.2, 0.9, 3.0], [4.0, 0.1, 2.0]])
@pytest.mark.parametrize(
    "options", [{}, {"free_bits": 0.5}, {"capacity": 4.5}], ids=str
)
def test_slopes_of_divergences_are_torchs(options, nats):
    nats = torch.tensor(nats, requires_grad=True)
    penalty, units = KLDivergence(**options), torch.tensor([True, True, False])
    for own in None, units:
        (expected,) = torch.autograd.grad(penalty.of_nats(nats, own), nats)
        assert torch.equal(penalty.slopes(nats.detach(), own), expected)
