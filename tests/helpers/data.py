"""Data that tests are made of; the same arguments give the same numbers."""

from functools import partial

import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from torch.utils.data import Dataset, IterableDataset


def normal(*shape, seed=0, dtype=float):
    """Return standard normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tensor(*shape, seed=0, dtype=torch.float64):
    """Return standard normal numbers as a tensor."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def drawing_tensors(seed=0):
    """Return a function that makes tensors of normal numbers, others each time."""
    generator = torch.Generator().manual_seed(seed)
    return partial(torch.randn, generator=generator, dtype=torch.float64)


def padded(tensors, width):
    """Return tensors that differ in their last axis as one, with zeros at the ends."""
    shape = len(tensors), *tensors[0].shape[:-1], width
    out = torch.zeros(shape, dtype=torch.float64)
    for place, own in zip(out, tensors, strict=True):
        place[..., : own.shape[-1]] = own
    return out


def clusters(n_samples=90, spread=4.0, seed=0):
    """Return rows of three clusters in 6 features, in turn."""
    rng = np.random.default_rng(seed)
    centres = spread * rng.normal(size=(3, 6))
    return centres[np.arange(n_samples) % 3] + rng.normal(size=(n_samples, 6))


def low_rank(n_samples=60, n_features=6, *, noise=0.1, seed=0, dtype=float):
    """Return rows near a plane of two dimensions through the origin."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, n_features))
    return (X + noise * rng.normal(size=X.shape)).astype(dtype)


def plane(n_samples=80, seed=0):
    """Return rows on a plane of two dimensions in 6 features."""
    return low_rank(n_samples, noise=0, seed=seed)


def cube(n_samples, d):
    """Return rows from a cube of d dimensions."""
    return np.random.default_rng(d).uniform(size=(n_samples, d))


def grid(side, d):
    """Return the points of a grid in d dimensions, with so many along a side."""
    axes = [np.arange(float(side))] * d
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, d)


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


def wine():
    """Return the wines, scaled."""
    return StandardScaler().fit_transform(load_wine().data)


class Items(Dataset):
    """A torch data set with a length."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, number):
        return self.items[number]


class Stream(IterableDataset):
    """A torch data set that is read from its beginning to its end."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)
