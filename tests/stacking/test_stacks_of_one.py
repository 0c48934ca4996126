"""A lone fit whose gradients are written by hand ends as by those that torch finds."""

import copy
import pickle

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import low_rank
from sklearn.base import clone
from skorch.callbacks import Callback, Freezer, Unfreezer
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
    "deep": DenseAutoencoder(2, hidden_layer_sizes=(9, 7), linear_path=None, **SHORT),
    "another optimiser": DenseAutoencoder(2, optimizer="sgd", **SHORT),
    "large gradients": DenseAutoencoder(2, max_grad_norm=1e-3, **SHORT),
    "early stopping": DenseAutoencoder(2, early_stopping=True, **SHORT),
    "of a length it finds": DenseAutoencoder(2, random_state=0),
    "variational": VAE(2, **SHORT),
    "noisy": models.composed(input_noise=GaussianNoise(0.1), **SHORT),
    "recurrent": LSTMAutoencoder(2, hidden_size=4, **SHORT),
    "gated": LSTMAutoencoder(2, hidden_size=4, decoder="repeat", **SHORT),
}


@pytest.fixture
def found(monkeypatch):
    """Return a list of the losses that torch is to find the gradients of."""
    losses, of_net = [], AutoencoderNet._losses

    def counted(net, *args, **kwargs):
        loss, *others = of_net(net, *args, **kwargs)
        losses.extend([loss] * loss.requires_grad)
        return loss, *others

    monkeypatch.setattr(AutoencoderNet, "_losses", counted)
    return losses


@pytest.fixture
def by_autograd(monkeypatch):
    """Return a function that fits a model by the gradients that torch finds."""

    def fitted(model, X):
        with monkeypatch.context() as patch:
            patch.setattr(_rendezvous, "_by_hand", lambda net: None)
            return clone(model).fit(X)

    return fitted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share_missing", [0, 0.1])
def test_they_end_as_by_autograd(kind, share_missing, found, by_autograd):
    X = low_rank(40)
    X[np.random.default_rng(0).random(X.shape) < share_missing] = np.nan
    expected = by_autograd(KINDS[kind], X)
    assert found
    found.clear()
    assert_twins(clone(KINDS[kind]).fit(X), expected, rtol=1e-6)
    assert not found


def test_sequences_that_end_early(found, by_autograd):
    X = np.random.default_rng(0).normal(size=(30, 6, 2))
    X[::3, 4:] = np.nan
    model = LSTMAutoencoder(2, hidden_size=4, **SHORT)
    expected = by_autograd(model, X)
    found.clear()
    assert_twins(model.fit(X), expected, rtol=1e-6)
    assert not found


class OwnError(SquaredError):
    is_elementwise = True

    def elementwise(self, x, x_hat):
        return (x - x_hat).square()


class OwnNoise(GaussianNoise):
    """Noise of another module."""


@pytest.mark.parametrize(
    "parts", [{"reconstruction": OwnError()}, {"input_noise": OwnNoise(0.1)}], ids=str
)
def test_parts_of_others_train_by_autograd(parts, found):
    models.composed(**{**SHORT, **parts}).fit(low_rank(40))
    assert found


def test_a_network_that_is_frozen_goes_on_by_autograd(found):
    def weights(epochs):
        frozen = Freezer("encoder*", at=3)
        params = {**SHORT, "max_epochs": epochs, "learning_rate_schedule": "constant"}
        model = DenseAutoencoder(2, callbacks=[frozen], batch_size=20, **params)
        return dict(model.fit(low_rank(40)).net_.module_.named_parameters())

    before, after = weights(2), weights(4)
    assert len(found) == 2 * 2
    for name, value in after.items():
        assert torch.equal(value, before[name]) == name.startswith("encoder")


def test_parameters_that_were_frozen_for_a_while_go_on_by_autograd(found):
    thawed = [Freezer("encoder*", at=1), Unfreezer("encoder*", at=3)]
    model = DenseAutoencoder(2, warm_start=True, callbacks=thawed, **SHORT)
    model.fit(low_rank(40)).set_params(callbacks=None)
    found.clear()
    model.fit(low_rank(40))
    assert found
    steps = {float(state["step"]) for state in model.net_.optimizer_.state.values()}
    assert steps == {6, 8}


class Looker(Callback):
    """Keep what there is to see of gradients and of the optimiser."""

    def __init__(self, grads, states):
        self.grads = grads
        self.states = states

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.grads.append([param.grad.clone() for _, param in named_parameters])

    def on_epoch_end(self, net, **kwargs):
        for other in net, pickle.loads(pickle.dumps(net)), copy.deepcopy(net):
            states = copy.deepcopy(other.optimizer_.state_dict()["state"])
            self.states.append([v for state in states.values() for v in state.values()])


def test_callbacks_see_gradients_and_the_optimiser(by_autograd):
    seen = []
    for fitted in by_autograd, lambda model, X: model.fit(X):
        looker = Looker([], [])
        model = DenseAutoencoder(2, callbacks=[looker], batch_size=20, **SHORT)
        fitted(model, low_rank(40))
        seen.append(looker.grads + looker.states)
    assert len(seen[0]) == 4 * 2 + 4 * 3
    torch.testing.assert_close(*seen, rtol=1e-6, atol=1e-9)


def test_what_follows_goes_on_from_it():
    X = low_rank(40)
    model = DenseAutoencoder(2, warm_start=True, **SHORT).fit(X)
    assert len(model.fit(X).history_) == 8
    model = DenseAutoencoder(2, **SHORT).fit(X)
    before = model.transform(X)
    assert np.abs(model.partial_fit(X).transform(X) - before).max() > 0


def test_fitted_weights_have_their_own_memory():
    net = DenseAutoencoder(2, **SHORT).fit(low_rank(40)).net_
    tensors = [param.data for param in net.module_.parameters()]
    tensors += [v for state in net.optimizer_.state.values() for v in state.values()]
    places = {tensor.untyped_storage().data_ptr() for tensor in tensors}
    assert len(places) == len(tensors)
    for tensor in tensors:
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
