"""Fits in stacks are written down, and go on alone."""

import numpy as np
import pytest
import torch
from helpers.data import low_rank
from skorch.callbacks import Callback
from twins import assert_twins, dense

from skae import VAE, Checkpoint, DenseAutoencoder, LSTMAutoencoder, fit_stack
from skae.stacking.training._stack import Stack

ANGLES = np.linspace(0, 6, 90)[:, None] * [1, 2, 3]
CURVE = np.hstack([np.sin(ANGLES), np.cos(ANGLES)])
WINDOWS = np.random.default_rng(0).normal(size=(40, 5, 2)).cumsum(1)
MODELS = {
    "plain": (dense(max_epochs=8), low_rank(60)),
    "early stopping": (
        dense(max_epochs=30, early_stopping=True, n_iter_no_change=6, tol=0.05),
        low_rank(60),
    ),
    "found length": (DenseAutoencoder(1, hidden_layer_sizes=(16,)), CURVE),
    "gaussian": (VAE(2, hidden_layer_sizes=(6,), max_epochs=8), low_rank(60)),
    "recurrent": (LSTMAutoencoder(2, hidden_size=4, max_epochs=8), WINDOWS),
    "rmsprop": (
        dense(max_epochs=8, optimizer="rmsprop"),
        low_rank(60),
    ),
}

# Times, and what is noted as an epoch begins.
OF_NO_USE = {"dur", "epoch_start_time_", "candidate_"}


class Crash(Exception):
    pass


class Cut(Callback):
    """End all work, once, at the beginning of an epoch of the last training."""

    follows_epochs = True

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if net.history[-1]["epoch"] == self.epoch:
            raise Crash


class Epochs(Callback):
    """Note which epochs are trained."""

    follows_epochs = True

    def __init__(self, seen):
        self.seen = seen

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(net.history[-1]["epoch"])


def fits(model, folder, *others):
    callbacks = [Checkpoint(folder, interval=0), *others]
    models = []
    for seed in range(3):
        params = model.get_params() | {"random_state": seed, "callbacks": callbacks}
        models.append(type(model)(**params))
    return models


@pytest.fixture
def stacks(monkeypatch):
    """Sizes of the stacks that train."""
    sizes, train = [], Stack.train

    def counted(self, *args):
        sizes.append(len(self.members))
        return train(self, *args)

    monkeypatch.setattr(Stack, "train", counted)
    return sizes


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_they_end_as_undisturbed_ones(name, tmp_path, stacks, few_steps):
    model, X = MODELS[name]
    with pytest.raises(Crash):
        fit_stack(fits(model, tmp_path, Cut(4)), [X] * 3)
    assert stacks[-1] == 3
    assert len(list(tmp_path.iterdir())) == 3
    seen = []
    again = fit_stack(fits(model, tmp_path, Epochs(seen)), [X] * 3)
    assert seen.count(4) == 3
    assert min(seen) == 4
    assert not list(tmp_path.iterdir())
    for one, other in zip(again, fits(model, tmp_path / "others"), strict=True):
        assert_twins(one, other.fit(X))


def crashed(model, X, folder):
    with pytest.raises(Crash):
        fit_stack(fits(model, folder, Cut(4)), [X] * 3)
    return {path.name: torch.load(path, weights_only=True) for path in folder.iterdir()}


def alone(model, X, folder):
    for one in fits(model, folder, Cut(4)):
        with pytest.raises(Crash):
            one.fit(X)
    return {path.name: torch.load(path, weights_only=True) for path in folder.iterdir()}


def assert_alike(ours, theirs, name=""):
    if isinstance(theirs, dict):
        assert ours.keys() | OF_NO_USE == theirs.keys() | OF_NO_USE, name
        for key in theirs.keys() - OF_NO_USE:
            assert_alike(ours[key], theirs[key], f"{name} {key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), name
        for one, other in zip(ours, theirs, strict=True):
            assert_alike(one, other, name)
    elif isinstance(theirs, float | torch.Tensor):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=name)
    else:
        assert ours == theirs, name


@pytest.mark.parametrize("name", MODELS)
def test_files_are_those_of_lone_fits(name, tmp_path, few_steps):
    model, X = MODELS[name]
    assert_alike(
        crashed(model, X, tmp_path / "stack"), alone(model, X, tmp_path / "alone")
    )
