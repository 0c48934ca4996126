"""Threads of torch while networks train."""

import numpy as np
import pytest
import torch
from helpers.data import plane

from skae import Autoencoder, DenseAutoencoder, fit_stack
from skae.networks import ConvolutionalNetwork
from skae.training._net import AutoencoderNet
from skae.training._threads import one_thread


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def in_steps(monkeypatch):
    """Return a list that grows by the number of threads in each step."""
    numbers, train_step = [], AutoencoderNet.train_step

    def noted(self, *args, **kwargs):
        numbers.append(torch.get_num_threads())
        return train_step(self, *args, **kwargs)

    monkeypatch.setattr(AutoencoderNet, "train_step", noted)
    return numbers


def model(**parameters):
    return DenseAutoencoder(2, max_epochs=1, random_state=0, **parameters)


def test_small_networks_train_on_one_thread(in_steps):
    model().fit(plane(40))
    assert set(in_steps) == {1}
    assert torch.get_num_threads() == 3


def test_large_ones_on_those_that_there_are(in_steps):
    X = np.random.default_rng(0).normal(size=(128, 400))
    model(hidden_layer_sizes=(400,), batch_size=128).fit(X)
    assert set(in_steps) == {3}


def test_convolutions_on_those_that_there_are(in_steps):
    X = np.random.default_rng(0).normal(size=(16, 1, 8, 8))
    Autoencoder(2, network=ConvolutionalNetwork(), max_epochs=1, random_state=0).fit(X)
    assert set(in_steps) == {3}


def test_threads_are_given_back_when_a_fit_fails(monkeypatch):
    def fails(self, *args, **kwargs):
        raise RuntimeError("in a step")

    monkeypatch.setattr(AutoencoderNet, "train_step", fails)
    with pytest.raises(RuntimeError, match="in a step"):
        model().fit(plane(40))
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("network", ["dense", "convolutional"])
def test_small_stacks_train_on_one_thread(network, monkeypatch):
    from skae.stacking.training._stack import Stack

    numbers, step = [], Stack._step

    def noted(self):
        numbers.append(torch.get_num_threads())
        return step(self)

    monkeypatch.setattr(Stack, "_step", noted)
    models = [
        Autoencoder(k, network=network, max_epochs=1, random_state=0) for k in (1, 2)
    ]
    fit_stack(models, [plane(40), plane(40)])
    assert set(numbers) == {1}
    assert torch.get_num_threads() == 3


def test_within_one_thread_there_is_one():
    with one_thread(), one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
