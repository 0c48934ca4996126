"""Parts of others train in stacks by what they declare, and alone where they do not."""

import pytest
import torch
from helpers import models
from helpers.data import low_rank
from instances import name_of
from sklearn.base import clone
from torch import nn
from twins import assert_stacked_like_alone, assert_twins

from skae import fit_stack
from skae.bottlenecks import GaussianBottleneck, PointBottleneck
from skae.networks import DenseNetwork, RecurrentNetwork
from skae.noise import GaussianNoise, Noise, SNRNoise
from skae.objectives import (
    MMD,
    AbsoluteError,
    KLDivergence,
    L2Activity,
    Penalty,
    ReconstructionLoss,
    SquaredError,
    draw_points,
    masked,
    mean_over_rows,
    mean_over_units,
)

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")


class Largest(Penalty):
    """Mean over rows of the largest unit, of the means of squares, and of a draw."""

    requires = frozenset({"sample"})
    takes_units = True

    def __init__(self, weight=0.1):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None, units=None):
        z = masked(latent.sample, units)
        directions = draw_points(_directions, z, generator, weight, units, n=7)
        rows = z.abs().amax(-1) + (z @ directions.mT).square().mean(-1)
        by_unit = None if weight is None else weight.unsqueeze(-2)
        squares = mean_over_units(mean_over_rows(z.square().mT, by_unit), units)
        return mean_over_rows(rows, weight) + squares


def _directions(n, k, generator):
    return torch.randn(n, k, generator=generator)


class LogCosh(ReconstructionLoss):
    is_elementwise = True

    def elementwise(self, x, x_hat):
        return (x - x_hat).cosh().log()


class Speckle(Noise):
    """Entries scaled at random, and rows turned upside down."""

    def __init__(self, std=0.2):
        self.std = std

    def draw(self, x, generator):
        settings = {"generator": generator, "dtype": x.dtype}
        signs = torch.rand(*x.shape[:-1], 1, **settings).round() * 2 - 1
        return signs * (1 + self.std * torch.randn(x.shape, **settings))

    def apply(self, x, draws):
        return x * draws


class Reversal(Noise):
    """Rows that have nothing of their own but a coin; of zero it makes something."""

    def draw(self, x, generator):
        coins = torch.rand(*x.shape[:-1], 1, generator=generator, dtype=x.dtype)
        return coins.round()

    def apply(self, x, draws):
        return torch.where(draws > 0, x, 1 - x)


class MySquares(SquaredError):
    """A subclass that changes nothing."""


class MyKL(KLDivergence):
    """A subclass that changes its default."""

    def __init__(self, weight=0.2, *, free_bits=0.1, capacity=0.0):
        super().__init__(weight, free_bits=free_bits, capacity=capacity)


class MyNoise(GaussianNoise):
    """A subclass that draws otherwise."""

    def draw(self, x, generator):
        return super().draw(x, generator).abs()


def composed(*penalties, **params):
    own = {"network": DenseNetwork((5,)), "batch_size": 16, "learning_rate": 0.01}
    return models.composed(*penalties, **{**own, **params})


def several(base):
    """Return three fits of different sizes, epochs and seeds, and data."""
    models = [
        clone(base).set_params(n_components=k, max_epochs=epochs, random_state=i)
        for i, (k, epochs) in enumerate([(1, 4), (4, 3), (2, 5)])
    ]
    return models, [low_rank(n, seed=i) for i, n in enumerate((65, 49, 33))]


STACKING = [
    composed(Largest()),
    composed(Largest(), bottleneck=GaussianBottleneck()),
    composed(reconstruction=LogCosh()),
    composed(reconstruction=MySquares()),
    composed(MyKL(), bottleneck="gaussian"),
    composed(input_noise=Speckle()),
    composed(input_noise=MyNoise()),
    composed(bottleneck=PointBottleneck(noise=Speckle())),
    composed(L2Activity(), bottleneck=PointBottleneck("sigmoid", noise=Reversal())),
    composed(
        Largest(),
        reconstruction=LogCosh(),
        bottleneck=PointBottleneck(noise=Speckle()),
        input_noise=Reversal(),
    ),
]


@pytest.mark.parametrize("base", STACKING, ids=name_of)
def test_parts_of_others_are_as_alone(base, groups):
    assert_stacked_like_alone(*several(base), rtol=1e-9)
    assert groups() == ([[3]], [0])


@pytest.mark.parametrize("noise", [Speckle(), SNRNoise(10), MyNoise()], ids=name_of)
def test_noise_sees_time_steps_and_channels(noise, groups):
    base = composed(network=RecurrentNetwork(3), input_noise=noise)
    models, Xs = several(base)
    assert_stacked_like_alone(models, [X.reshape(-1, 3, 2) for X in Xs], rtol=1e-6)
    assert groups() == ([[3]], [0])


# What has been overridden without a word


class Doubled(KLDivergence):
    """An override that knows of no units."""

    def __call__(self, latent, generator=None, weight=None):
        return 2 * super().__call__(latent, generator, weight)


class OverTheBatch(AbsoluteError):
    """An override whose entries depend on other rows."""

    def elementwise(self, x, x_hat):
        errors = super().elementwise(x, x_hat)
        return errors / errors.detach().mean()


class Unweighted(SquaredError):
    def __call__(self, x, x_hat, weight=None):
        return self.elementwise(x, x_hat).square().mean((-2, -1))


class Shuffling(Noise):
    """Noise with a module of its own."""

    def build(self, shape):
        return _Shuffling()


class _Shuffling(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        return x[torch.randperm(len(x), generator=generator)]


class Centred(PointBottleneck):
    def build(self, n_features, n_components):
        module = super().build(n_features, n_components)
        module.__class__ = _Centred
        return module


class _Centred(type(PointBottleneck().build(1, 1))):
    def forward(self, features, generator=None):
        return super().forward(features - features.mean(-1, keepdim=True), generator)


ALONE = [
    composed(Doubled(0.1), bottleneck="gaussian"),
    composed(reconstruction=OverTheBatch()),
    composed(reconstruction=Unweighted()),
    composed(input_noise=Shuffling()),
    composed(bottleneck=PointBottleneck(noise=Shuffling())),
    composed(bottleneck=Centred()),
]


@pytest.mark.parametrize("base", ALONE, ids=name_of)
def test_overrides_that_do_not_say_so_train_alone(base, groups):
    models, Xs = several(base)
    alone = [clone(model).fit(X) for model, X in zip(models, Xs, strict=True)]
    for ours, theirs in zip(fit_stack(models, Xs), alone, strict=True):
        assert_twins(ours, theirs, rtol=0)
    assert groups() == ([], [])


def test_priors_of_others_draw_for_their_own_rows_and_units(groups):
    def prior(n, k, generator):
        drawn = torch.rand(n, k, generator=generator)
        return drawn / drawn.sum()  # which depends on both numbers

    assert_stacked_like_alone(*several(composed(MMD(0.3, prior=prior))), rtol=1e-9)
    assert groups() == ([[3]], [0])
