"""Fits that go on from former weights, with parameters set in between."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import plane
from sklearn.base import clone

from skae import VAE, Autoencoder, LSTMAutoencoder, load
from skae.networks import DenseNetwork
from skae.noise import SNRNoise
from skae.objectives import AbsoluteError, L1Activity, Objective

dense = partial(
    models.dense, linear_path=None, max_epochs=3, batch_size=16, warm_start=True
)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.net_.module_.parameters()])


@pytest.fixture(params=["fit", "partial_fit"])
def go_on(request):
    return lambda model, X: getattr(model, request.param)(X)


# What takes effect


def test_the_objective_follows(go_on):
    vae = VAE(2, beta=0.0, warm_start=True, max_epochs=2, random_state=0)
    go_on(vae, plane())
    go_on(vae.set_params(beta=0.5, free_bits=0.1), plane())
    found = vae.history_[:, "kl_weight"]
    n = len(found) // 2
    assert found == [0.0] * n + [0.5] * n
    assert vae.net_.criterion_.penalties["kl"].free_bits == 0.1


def test_the_reconstruction_term_follows(go_on):
    vae = VAE(2, beta=0.0, warm_start=True, max_epochs=2, random_state=0)
    go_on(vae, plane())
    go_on(vae.set_params(reconstruction="absolute_error"), plane())
    assert type(vae.net_.criterion_.reconstruction) is AbsoluteError


def test_penalties_that_are_parts_follow(go_on):
    model = Autoencoder(2, warm_start=True, max_epochs=1, random_state=0)
    go_on(model, plane())
    objective = Objective(penalties=[("sparse", L1Activity(3.0))])
    go_on(model.set_params(objective=objective), plane())
    assert "train_sparse" not in model.history_[0]
    assert model.history_[-1, "sparse_weight"] == 3.0


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": "sgd"},
        {"optimizer": torch.optim.NAdam},
        {"weight_decay": 5.0},
        {"learning_rate": 0.02},
        {"batch_size": 5},
        {"max_grad_norm": 1e-4},
    ],
    ids=str,
)
def test_what_steps_are_like_follows(go_on, changed):
    models = [dense(), dense()]
    for model in models:
        go_on(model, plane())
    before = weights(models[0])
    go_on(models[0], plane())
    go_on(models[1].set_params(**changed), plane())
    assert not torch.equal(weights(models[0]), weights(models[1]))
    assert not torch.equal(weights(models[1]), before)


def test_an_optimiser_takes_its_own_settings_only(go_on):
    model = dense(optimizer="sgd")
    go_on(model, plane())
    go_on(model.set_params(optimizer="adam"), plane())
    assert type(model.net_.optimizer_) is torch.optim.Adam
    assert "momentum" not in model.net_.get_params_for("optimizer")
    go_on(model.set_params(optimizer="sgd", weight_decay=0.3), plane())
    (group,) = model.net_.optimizer_.param_groups
    assert (group["momentum"], group["weight_decay"]) == (0.9, 0.3)


def test_moments_are_kept_while_the_optimiser_is(go_on):
    model = dense(optimizer="adamw")
    go_on(model, plane())
    steps = [state["step"].item() for state in model.net_.optimizer_.state.values()]
    go_on(model.set_params(weight_decay=0.3, batch_size=80, max_epochs=1), plane())
    after = [state["step"].item() for state in model.net_.optimizer_.state.values()]
    assert after == [step + 1 for step in steps]
    assert model.net_.optimizer_.param_groups[0]["weight_decay"] == 0.3


def test_schedules_follow():
    model = dense(learning_rate_schedule="constant").fit(plane())
    model.set_params(learning_rate_schedule="cosine", max_epochs=5).fit(plane())
    rates = model.history_[:, "learning_rate"]
    assert len(set(rates[:3])) == 1
    assert len(set(rates[3:])) == 5


def test_what_has_not_changed_makes_no_difference(go_on):
    whole, again = dense(), dense()
    for model in (whole, again):
        go_on(model, plane())
    again.net_.follow = lambda *args: None
    for model in (whole, again):
        go_on(model, plane())
    assert torch.equal(weights(whole), weights(again))


# What is refused, by its name


CHANGES = {
    "hidden_layer_sizes": (dense(), (8,), r"was \(64, 64\).*is \(8,\)"),
    "activation": (dense(), "tanh", "was 'silu'.*is 'tanh'"),
    "output_activation": (dense(), "leaky_relu", "was 'identity'.*is 'leaky_relu'"),
    "linear_path": (dense(), "pca", "was None.*is 'pca'"),
    "n_components": (dense(), 3, "was 2.*is 3"),
    "hidden_size": (LSTMAutoencoder(2, hidden_size=3, max_epochs=1), 4, "was 3.*is 4"),
    "bottleneck": (
        Autoencoder(2, max_epochs=1),
        "gaussian",
        "was 'point'.*is 'gaussian' now",
    ),
    "input_noise": (Autoencoder(2, max_epochs=1), SNRNoise(5.0), "was None.*SNRNoise"),
    "network": (
        Autoencoder(2, max_epochs=1),
        DenseNetwork((5,)),
        r"was 'dense'.*is DenseNetwork\(hidden_layer_sizes=\(5,\)\) now",
    ),
}


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.parametrize("name", CHANGES)
def test_another_network_is_refused(go_on, name):
    model, value, match = CHANGES[name]
    model = clone(model).set_params(warm_start=True, random_state=0)
    go_on(model, plane())
    before = weights(model)
    old = model.get_params()[name]
    with pytest.raises(ValueError, match=f"{name} {match}"):
        go_on(model.set_params(**{name: value}), plane())
    assert torch.equal(weights(model), before)
    go_on(model.set_params(**{name: old}), plane())
    model.set_params(**{name: value}, warm_start=False).fit(plane())


def test_a_part_that_was_changed_in_place_is_refused(go_on):
    network = DenseNetwork((8,))
    model = Autoencoder(
        2, network=network, warm_start=True, max_epochs=1, random_state=0
    )
    go_on(model, plane())
    with pytest.raises(ValueError, match=r"network was DenseNetwork.*\(8,\).*\(5,\)"):
        go_on(model.set_params(network__hidden_layer_sizes=(5,)), plane())


def test_the_same_network_in_other_words_goes_on(go_on):
    model = Autoencoder(2, warm_start=True, max_epochs=1, random_state=0)
    go_on(model, plane())
    go_on(model.set_params(network=DenseNetwork()), plane())
    model = dense(hidden_layer_sizes=(8, 8))
    go_on(model, plane())
    go_on(
        model.set_params(hidden_layer_sizes=[8, 8], n_components=np.int64(2)), plane()
    )


def test_a_model_from_a_file_knows_its_network(go_on, tmp_path):
    go_on(model := dense(), plane())
    model.save(tmp_path / "model")
    model = load(tmp_path / "model")
    go_on(model.set_params(weight_decay=0.2), plane())
    with pytest.raises(ValueError, match="activation was 'silu'"):
        go_on(model.set_params(activation="relu"), plane())


def test_without_warm_start_everything_is_new():
    model = dense(warm_start=False).fit(plane())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(hidden_layer_sizes=(8,), n_components=3).fit(plane())
    assert model.transform(plane()).shape == (80, 3)
