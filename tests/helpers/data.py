"""Data that tests are made of; the same arguments give the same numbers."""

import numpy as np


def normal(*shape, seed=0, dtype=float):
    """Return standard normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def clusters(n_samples=90, spread=4.0, seed=0):
    """Return rows of three clusters in 6 features, in turn."""
    rng = np.random.default_rng(seed)
    centres = spread * rng.normal(size=(3, 6))
    return centres[np.arange(n_samples) % 3] + rng.normal(size=(n_samples, 6))


def low_rank(n_samples=50, n_features=6, *, noise=0.1, seed=0):
    """Return rows near a plane of two dimensions through the origin."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, n_features))
    return X + noise * rng.normal(size=X.shape)


def surface(n_samples, seed=0):
    """Return rows on a curved surface of three dimensions in 32 features."""
    return np.tanh(normal(n_samples, 3, seed=seed) @ normal(3, 32, seed=1))


def related(n_samples, seed=0):
    """Return rows of 3 features with a nonlinear, noisy code of them."""
    X = normal(n_samples, 3, seed=seed)
    return X, np.tanh(X[:, :2]) + 0.1 * normal(n_samples, 2, seed=seed + 1)


def sines(n_samples=20, n_timesteps=8, n_channels=2, seed=0):
    """Return sequences of sines, each channel with a phase of its own."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, size=(n_samples, 1, n_channels))
    return np.sin(phase + np.arange(n_timesteps)[:, None] / 2)
