"""A lone fit that trains as a stack of one ends as it would have by autograd."""

import numpy as np
import pytest
from helpers import models
from helpers.data import low_rank
from sklearn.base import clone
from twins import assert_twins

from skae import VAE, DenseAutoencoder, LSTMAutoencoder
from skae.noise import GaussianNoise
from skae.objectives import SquaredError
from skae.stacking.meeting import _rendezvous
from skae.training._net import AutoencoderNet

SHORT = {"max_epochs": 4, "random_state": 0}
KINDS = {
    "dense": DenseAutoencoder(2, **SHORT),
    "given batches": DenseAutoencoder(2, batch_size=7, **SHORT),
    "early stopping": DenseAutoencoder(2, early_stopping=True, **SHORT),
    "of a length it finds": DenseAutoencoder(2, random_state=0),
    "variational": VAE(2, **SHORT),
    "noisy": models.composed(input_noise=GaussianNoise(0.1), **SHORT),
    "recurrent": LSTMAutoencoder(2, hidden_size=4, **SHORT),
}


@pytest.fixture
def steps(monkeypatch):
    """Return a list of the steps that are taken by autograd."""
    taken, step = [], AutoencoderNet.train_step

    def counted(net, *args, **kwargs):
        taken.append(net)
        return step(net, *args, **kwargs)

    monkeypatch.setattr(AutoencoderNet, "train_step", counted)
    return taken


@pytest.fixture
def as_stacks(monkeypatch):
    monkeypatch.setattr(_rendezvous, "STACKS_OF_ONE", True)


@pytest.mark.parametrize("kind", KINDS)
def test_they_end_as_by_autograd(kind, steps, monkeypatch):
    X = low_rank(40)
    alone = clone(KINDS[kind]).fit(X)
    assert steps
    steps.clear()
    monkeypatch.setattr(_rendezvous, "STACKS_OF_ONE", True)
    assert_twins(clone(KINDS[kind]).fit(X), alone, rtol=1e-6)
    assert not steps


@pytest.mark.parametrize(
    "params", [{"verbose": True}, {"batch_size": 10**6, "hidden_layer_sizes": (64,)}]
)
def test_fits_that_tell_their_epochs_or_are_large_train_by_autograd(
    params, steps, as_stacks, capsys
):
    DenseAutoencoder(2, **{**SHORT, **params}).fit(low_rank(40))
    assert steps


def test_what_follows_goes_on_from_it(as_stacks):
    X = low_rank(40)
    model = DenseAutoencoder(2, warm_start=True, **SHORT).fit(X)
    assert len(model.fit(X).history_) == 8
    model = DenseAutoencoder(2, **SHORT).fit(X)
    before = model.transform(X)
    assert np.abs(model.partial_fit(X).transform(X) - before).max() > 0


def test_a_stack_that_fails_trains_by_autograd(
    as_stacks, monkeypatch, steps, stacks_may_fail
):
    expected = clone(KINDS["dense"]).fit(low_rank(40)).transform(low_rank(40))

    def fail(stack, check):
        raise RuntimeError("no stack today")

    monkeypatch.setattr(_rendezvous.Stack, "train", fail)
    model = clone(KINDS["dense"]).fit(low_rank(40))
    assert steps
    np.testing.assert_allclose(model.transform(low_rank(40)), expected, atol=1e-6)


def test_an_interrupted_fit_ends(as_stacks, monkeypatch):
    def interrupt(stack):
        raise KeyboardInterrupt

    monkeypatch.setattr(_rendezvous.Stack, "_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clone(KINDS["dense"]).fit(low_rank(40))


class OwnError(SquaredError):
    is_elementwise = True

    def elementwise(self, x, x_hat):
        return (x - x_hat).square()


class OwnNoise(GaussianNoise):
    """Noise of another module."""


@pytest.mark.parametrize(
    "parts", [{"reconstruction": OwnError()}, {"input_noise": OwnNoise(0.1)}], ids=str
)
def test_parts_of_others_train_by_autograd(parts, steps, as_stacks):
    models.composed(**{**SHORT, **parts}).fit(low_rank(40))
    assert steps
