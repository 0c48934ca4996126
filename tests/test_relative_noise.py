"""Noise relative to the signal, where sequences end early."""

import numpy as np
import pytest
import torch

from skae import Autoencoder
from skae.networks import RecurrentNetwork
from skae.noise import SNRNoise


def ending_early(n_samples=4000, n_timesteps=3):
    """Return sequences with spreads 1, 2, 3, half of which lack the last step."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n_samples, n_timesteps, 1, generator=generator)
    x *= torch.arange(1.0, n_timesteps + 1)[:, None]
    x[::2, -1] = torch.nan
    return x


def test_each_step_has_the_noise_of_the_sequences_that_have_it():
    x = ending_early()
    noise = SNRNoise(4.0, unit="ratio").build((3, 1))
    noisy = noise(x, torch.Generator().manual_seed(1))
    assert torch.equal(noisy.isnan(), x.isnan())
    spreads = (noisy - x)[1::2].std(0).flatten()
    np.testing.assert_allclose(spreads, [0.5, 1.0, 1.5], rtol=0.05)
    np.testing.assert_allclose(
        noise.noise_variance.flatten(), [0.25, 1.0, 2.25], rtol=0.1
    )


def test_a_step_that_one_sequence_has_takes_the_running_estimate():
    x = ending_early(10)
    noise = SNRNoise(1.0, unit="ratio").build((3, 1))
    noise(x, torch.Generator().manual_seed(0))
    known = noise.signal_variance.clone()
    x[1:, -1] = torch.nan
    x[0, -1] = 1e6
    noisy = noise(x, torch.Generator().manual_seed(0))
    assert abs(noisy[0, -1] - 1e6) < 6 * known[-1].sqrt()
    assert noise.signal_variance[-1] == known[-1]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_step_that_no_batch_tells_of_has_the_noise_of_the_others(scale):
    x = scale * torch.randn(50, 4, 2, generator=torch.Generator().manual_seed(0))
    x[1:, -1] = torch.nan
    noise = SNRNoise(1.0, unit="ratio").build((4, 2))
    for seed in range(3):
        noise(x, torch.Generator().manual_seed(seed))
    of_channels = noise.signal_variance[:-1].mean(0)
    torch.testing.assert_close(noise.signal_variance[-1], of_channels, rtol=0.3, atol=0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_encoders_read_what_goes_on(cell):
    """Sequences that end do not cut others short."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6, 1))
    X[::2, 3:] = np.nan
    X[1::2, 3:] = np.sign(X[1::2, :1]) * 5
    model = Autoencoder(
        2,
        network=RecurrentNetwork(cell=cell),
        input_noise=SNRNoise(20.0),
        max_epochs=60,
        learning_rate=1e-2,
        random_state=0,
    ).fit(X)
    assert model.net_.module_.input_noise.signal_variance.isfinite().all()
    X_hat = model.reconstruct(X[1::2])
    assert np.abs(X_hat[:, 3:] - X[1::2, 3:]).mean() < 1.0
