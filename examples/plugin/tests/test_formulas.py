"""What the parts compute, against closed forms and other ways to the same number."""

import numpy as np
import pytest
import torch
from skae.bottlenecks import Latent
from skae.scorers import Trustworthiness
from sklearn.decomposition import PCA

from skae_transformer import (
    Continuity,
    LogCosh,
    SlicedWasserstein,
    SmoothedCodes,
    StepMasking,
    TransformerNetwork,
)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def distance(code, weight=None, **settings):
    latent = Latent(mean=code, sample=code)
    return SlicedWasserstein(**settings)(latent, None, weight).item()


# The penalty


def test_codes_at_the_quantiles_are_at_distance_zero():
    p = (torch.arange(40, dtype=torch.float64) + 0.5) / 40
    assert distance(torch.special.ndtri(p)[:, None]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 2.0), (1.5, 1.0), (-1.0, 0.5)])
def test_one_normal_unit(mean, std):
    # W_2^2 between normal distributions: (difference of means)^2 + (of deviations)^2
    p = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    code = mean + std * torch.special.ndtri(p)[:, None]
    assert distance(code) == pytest.approx(mean**2 + (std - 1) ** 2, rel=0.01)


@pytest.mark.parametrize("n_units", [2, 5])
def test_a_shift_of_many_units(n_units):
    # E (t . m)^2 = |m|^2 / k over unit vectors t
    shift = torch.arange(1, n_units + 1, dtype=torch.float64)
    code = normal(1000, n_units)
    code = shift + code - code.mean(0)
    found = distance(code, n_directions=1000)
    assert found == pytest.approx(shift.square().sum().item() / n_units, rel=0.1)


def test_a_weight_of_two_is_nearly_a_row_given_twice():
    code = normal(300, 2)
    weight = torch.ones(300, dtype=torch.float64)
    weight[::3] = 2
    twice = torch.cat([code, code[::3]])
    assert distance(code, weight) == pytest.approx(distance(twice), abs=2e-3)
    assert distance(code, weight) != pytest.approx(distance(code), rel=1e-3)


def test_it_pulls_codes_to_the_prior():
    code = (3 + 0.1 * normal(200, 2)).requires_grad_()
    for step in range(300):
        generator = torch.Generator().manual_seed(step)
        latent = Latent(mean=code, sample=code)
        (gradient,) = torch.autograd.grad(SlicedWasserstein()(latent, generator), code)
        code = (code - 100 * gradient).detach().requires_grad_()
    assert code.mean().item() == pytest.approx(0, abs=0.1)
    assert code.std().item() == pytest.approx(1, abs=0.1)


# The reconstruction term


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_log_cosh_is_that_and_does_not_overflow(scale):
    x = 2 * normal(30, 4)
    term, zero = LogCosh(scale), torch.zeros_like(x)
    expected = scale**2 * (x / scale).cosh().log()
    torch.testing.assert_close(term.elementwise(x, zero), expected)
    # |e| - scale log 2, times the scale, for large errors
    far = term.elementwise(zero, zero + 1e6)
    expected = scale * (1e6 - scale * np.log(2))
    torch.testing.assert_close(far, torch.full_like(far, expected))


# The noise


def test_time_steps_are_masked_in_all_channels_together():
    x = normal(500, 6, 3)
    noisy = StepMasking(0.3).build((6, 3))(x, torch.Generator().manual_seed(0))
    is_kept = (noisy == x).all(-1)
    assert torch.equal(is_kept, (noisy != 0).any(-1))
    assert is_kept.double().mean().item() == pytest.approx(0.7, abs=0.03)


# The sampler


def test_draws_have_the_moments_of_the_codes_and_of_the_noise():
    Z = np.random.default_rng(0).normal([2, -1], [1, 3], size=(500, 2))
    drawn = SmoothedCodes(random_state=0).fit(Z).sample(100_000)
    np.testing.assert_allclose(drawn.mean(0), Z.mean(0), atol=0.05)
    variance = Z.var(axis=0) * (1 + 500 ** (-2 / 6))
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.02)


def test_without_smoothing_draws_are_codes():
    Z = np.random.default_rng(0).normal(size=(20, 2))
    drawn = SmoothedCodes(0.0, random_state=0).fit(Z).sample(50)
    assert {*map(tuple, drawn)} <= {*map(tuple, Z)}


# The scorer


def test_continuity_sees_what_is_torn_apart_and_not_what_is_put_together():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    torn = _Reducer(lambda X: X + 100 * (X[:, :1] > 0))
    flat = _Reducer(lambda X: X[:, :1])
    assert Continuity()(torn, X) < 0.999 < Trustworthiness()(torn, X) + 1e-3
    assert Continuity()(flat, X) > Trustworthiness()(flat, X) + 0.05


def test_continuity_of_a_rotation_and_of_noise():
    X = np.random.default_rng(0).normal(size=(300, 4))
    assert Continuity()(PCA(4).fit(X), X) == 1.0
    noise = _Reducer(lambda X: np.random.default_rng(1).normal(size=(300, 2)))
    assert Continuity()(noise, X) == pytest.approx(0.5, abs=0.05)


class _Reducer:
    n_components = 2

    def __init__(self, function):
        self.transform = function

    def inverse_transform(self, Z):
        raise NotImplementedError


# The network


def test_ended_sequences_are_read_to_their_end():
    network = TransformerNetwork(8, 2, n_heads=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = network.build((9, 2), 3)[0].double()
    x = normal(5, 9, 2)
    padded = x.clone()
    padded[:, 6:] = torch.nan
    torch.testing.assert_close(encoder(padded), encoder(x[:, :6]))
    assert not torch.allclose(encoder(padded), encoder(x))


def test_the_order_of_time_steps_counts():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, _ = TransformerNetwork(8, n_heads=2).build((9, 1), 3)
    x = normal(5, 9, 1).float()
    assert not torch.allclose(encoder(x), encoder(x.flip(-2)), atol=1e-3)


@pytest.mark.parametrize("name", ["width", "n_layers", "n_heads"])
@pytest.mark.parametrize("value", [0, -2])
def test_there_is_at_least_one_of_each(name, value):
    network = TransformerNetwork(8).set_params(**{name: value})
    with pytest.raises(ValueError, match=rf"{name}={value}: use at least 1"):
        network.build((9, 1), 3)


def test_heads_have_to_share_a_token():
    with pytest.raises(ValueError, match=r"width=10 .* n_heads=4: .* width=8"):
        TransformerNetwork(10).build((9, 1), 3)
