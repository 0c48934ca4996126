"""Terms with a link, which categories and mixed tables have, train in stacks."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import models
from sklearn.base import clone
from torch import nn
from twins import assert_stacked_like_alone

from skae import VAE, TabularAutoencoder, TabularVAE
from skae.networks import DenseNetwork, RecurrentNetwork
from skae.objectives import (
    CategoricalLikelihood,
    ColumnLikelihood,
    SquaredError,
)

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

SETTINGS = {"hidden_layer_sizes": (6,), "batch_size": 16, "learning_rate": 1e-2}


def table(n_rows, seed=0, gaps=0.0):
    """Return a frame of two numbers, and of categories that depend on them."""
    rng = np.random.RandomState(seed)
    numbers = rng.randn(n_rows, 2)
    frame = pd.DataFrame(numbers, columns=["a", "b"])
    for name, levels in (("c", "xyz"), ("d", "pqrst"), ("e", "uvw")):
        logits = numbers @ rng.randn(2, len(levels)) + rng.gumbel(size=len(levels))
        frame[name] = np.array(list(levels))[logits.argmax(axis=1)]
        frame.loc[: len(levels) - 1, name] = list(levels)  # all in each
    hidden = rng.rand(*frame.shape) < gaps
    hidden[:5] = False
    return frame.mask(hidden) if gaps else frame


def one_hot(n_rows, blocks, seed=0):
    rng = np.random.RandomState(seed)
    return np.hstack([np.eye(n)[rng.randint(n, size=n_rows)] for n in blocks])


def several(base):
    own = [(1, 4, 0), (3, 3, 1), (2, 5, 2)]
    return [
        clone(base).set_params(n_components=k, max_epochs=epochs, random_state=seed)
        for k, epochs, seed in own
    ]


def assert_stacks(caplog, models, Xs):
    caplog.set_level(logging.INFO, logger="skae.stacking")
    assert_stacked_like_alone(models, Xs)
    assert "3 fits: 3 in 1 stacks of 3, 0 alone" in caplog.messages


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("kind", [TabularAutoencoder, TabularVAE])
def test_mixed_tables_stack(kind, gaps, caplog):
    tables = [table(n, seed, gaps) for seed, n in enumerate((65, 49, 33))]
    assert_stacks(caplog, several(kind(**SETTINGS)), tables)


def test_likelihoods_of_categories_stack(caplog):
    blocks = (2, 2, 3)
    base = VAE(reconstruction=CategoricalLikelihood(blocks), **SETTINGS)
    tables = [one_hot(n, blocks, seed) for seed, n in enumerate((65, 49, 33))]
    assert_stacks(caplog, several(base), tables)


def test_likelihoods_of_columns_stack_for_counts(caplog):
    parts = [(2, "gaussian"), (2, "poisson")]
    base = VAE(reconstruction=ColumnLikelihood(parts), **SETTINGS)
    rng = np.random.RandomState(0)
    tables = [
        np.hstack([rng.randn(n, 2), rng.poisson(3, (n, 2)) * 1.0]) for n in (65, 49, 33)
    ]
    assert_stacks(caplog, several(base), tables)


def test_sequences_of_categories_stack(caplog):
    base = models.composed(
        network=RecurrentNetwork(hidden_size=4, n_channels=3),
        reconstruction=CategoricalLikelihood((3,)),
        batch_size=16,
        learning_rate=1e-2,
    )
    sequences = [
        one_hot(4 * n, (3,), seed).reshape(n, 4, 3)
        for seed, n in enumerate((65, 49, 33))
    ]
    assert_stacks(caplog, several(base), sequences)


def test_parts_of_columns_say_whether_all_stack():
    likelihoods = [(1, "gaussian"), (1, "negative_binomial")]
    assert ColumnLikelihood(likelihoods[:1]).is_elementwise
    assert not ColumnLikelihood(likelihoods).is_elementwise


class Stretch(nn.Module):
    """Outputs times a number that is the fit's own."""

    low, high = -torch.inf, torch.inf
    inverse = staticmethod(np.array)

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, u):
        return self.factor * u


class Stretched(SquaredError):
    """Squared error behind a link that learns."""

    def link(self):
        return Stretch()


def test_fits_with_a_link_that_learns_train_alone(caplog):
    caplog.set_level(logging.INFO, logger="skae.stacking")
    network = DenseNetwork((5,), linear_path=None)
    base = models.composed(network=network, reconstruction=Stretched(), batch_size=16)
    X = np.random.RandomState(0).randn(40, 4)
    assert_stacked_like_alone(several(base), [X] * 3)
    assert not any("stacks of" in message for message in caplog.messages)
