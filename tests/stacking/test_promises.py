"""The kit finds parts that say they stack and do not."""

import pytest
import torch

from skae.noise import Noise
from skae.objectives import (
    MMD,
    L1Activity,
    Penalty,
    SquaredError,
    draw_points,
    masked,
    mean_over_rows,
)
from skae.testing import checks_of


def check(part):
    for instance, of_part in checks_of(part):
        of_part(instance)


def broken(part, match):
    with pytest.raises(AssertionError, match=match):
        check(part)


class Plain(Penalty):
    requires = frozenset({"mean"})

    def __init__(self, weight=1.0):
        self.weight = weight


class CountsPadding(Plain):
    takes_units = True

    def __call__(self, latent, generator=None, weight=None, units=None):
        return mean_over_rows(latent.mean.abs().sum(-1), weight)


class MasksTooLate(Plain):
    """Squares of padding overflow, and infinity times zero is no number."""

    takes_units = True

    def __call__(self, latent, generator=None, weight=None, units=None):
        squares = latent.mean.square()
        if units is not None:
            squares = squares * units[..., None, :]
        return mean_over_rows(squares.sum(-1), weight)


class MeanOverPaddedUnits(Plain):
    takes_units = True

    def __call__(self, latent, generator=None, weight=None, units=None):
        return mean_over_rows(masked(latent.mean, units).abs().mean(-1), weight)


class IgnoresRows(Plain):
    takes_units = True

    def __call__(self, latent, generator=None, weight=None, units=None):
        return masked(latent.mean, units).abs().sum(-1).mean(-1)


class DrawsFromTheFirst(Plain):
    """One set of draws for all members of a stack."""

    takes_units = True

    def __call__(self, latent, generator=None, weight=None, units=None):
        z = masked(latent.mean, units)
        source = generator[0] if isinstance(generator, list) else generator
        points = draw_points(_normal, z, source, n=5)
        return mean_over_rows((z @ points.mT).square().mean(-1), weight)


class KnowsNoUnits(L1Activity):
    takes_units = True

    def __call__(self, latent, generator=None, weight=None):
        return mean_over_rows(latent.mean.abs().sum(-1), weight)


def _normal(n, k, generator):
    return torch.randn(n, k, generator=generator)


@pytest.mark.parametrize(
    ("penalty", "match"),
    [
        (CountsPadding(), r"in_a_stack.*\n.*\n.*the value of 16 rows and 3 units"),
        (MasksTooLate(), r"in_a_stack.*\n.*\n.*padded with 1e\+30"),
        (MeanOverPaddedUnits(), r"in_a_stack.*\n.*\n.*the value of 16 rows and 3"),
        # a promise that is tried before
        (IgnoresRows(), r"check_penalty_weights|in_a_stack"),
        (DrawsFromTheFirst(), r"in_a_stack.*\n.*\n.*the value of"),
        (KnowsNoUnits(), r"in_a_stack.*\n.*\n.*it raised TypeError"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_penalties_that_say_they_take_units(penalty, match):
    broken(penalty, match)


class SaysNothing(CountsPadding):
    """Its base has said so, and not of this."""

    def __call__(self, latent, generator=None, weight=None):
        return mean_over_rows(latent.mean.abs().sum(-1), weight)


def test_penalties_that_say_nothing_need_not_take_units():
    check(SaysNothing())


class Normalised(SquaredError):
    is_elementwise = True

    def elementwise(self, x, x_hat):
        errors = super().elementwise(x, x_hat)
        return errors / (1 + errors.mean((-2, -1), keepdim=True))

    def __call__(self, x, x_hat, weight=None):
        return super(SquaredError, self).__call__(x, x_hat, weight)


def test_terms_that_say_they_are_elementwise():
    broken(Normalised(), r"is_elementwise.*\n.*\n.*before and")


class OfAll(Noise):
    """Noise relative to what all members of a stack have together."""

    def draw(self, x, generator):
        return torch.randn(x.shape, generator=generator, dtype=x.dtype)

    def apply(self, x, draws):
        return x + x.square().mean().add(1e-6).sqrt() * draws


class OfAnyShape(OfAll):
    def draw(self, x, generator):
        draws = super().draw(x, generator)
        return draws.repeat_interleave(2, dim=-1)

    def apply(self, x, draws):
        return x + draws[..., ::2]


@pytest.mark.parametrize(
    ("noise", "match"),
    [
        (OfAll(), r"in_a_stack.*\n.*\n.*noisy rows of a stack"),
        (OfAnyShape(), r"in_a_stack.*\n.*\n.*draws of shape \(20, 6\)"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_noise_that_does_not_stack(noise, match):
    broken(noise, match)


def test_noise_has_to_draw_or_to_build():
    class Nothing(Noise):
        pass

    with pytest.raises(NotImplementedError, match=r"define draw.*or build"):
        Nothing().build((3,))(torch.ones(2, 3), torch.Generator())


def test_one_draw_serves_all_leading_axes_alone():
    z = torch.zeros(4, 6, 3)
    assert draw_points(_normal, z).shape == (6, 3)
    assert draw_points(_normal, z, n=2).shape == (2, 3)


def test_draws_of_members_are_those_alone():
    z = torch.zeros(2, 6, 3, dtype=torch.float64)
    weight = torch.tensor([[1.0] * 6, [1.0] * 4 + [0.0] * 2])
    units = torch.tensor([[True, False, False], [True, True, True]])
    seeds = [torch.Generator().manual_seed(i) for i in range(2)]
    drawn = draw_points(_normal, z, seeds, weight, units)
    for i, (n, k) in enumerate([(6, 1), (4, 3)]):
        alone = draw_points(_normal, z[i, :n, :k], torch.Generator().manual_seed(i))
        torch.testing.assert_close(drawn[i, :n, :k], alone, rtol=0, atol=0)
        assert not drawn[i, n:].any()
        assert not drawn[i, :, k:].any()
    assert MMD().takes_units
