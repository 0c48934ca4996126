"""What can't be saved is refused, and nothing is written."""

import numpy as np
import pytest
import torch
from helpers.data import normal
from sklearn.callback import ProgressBar
from skorch.callbacks import EpochScoring
from torch import nn

import skae
from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import PointBottleneck
from skae.networks import NETWORKS, DenseNetwork
from skae.noise import GaussianNoise
from skae.objectives import MMD, Objective
from skae.persistence import load

X = normal(30, 4)


def my_prior(n, k, generator):
    return torch.randn(n, k, generator=generator)


class MyOptimizer(torch.optim.SGD):
    pass


class MyNoise(GaussianNoise):
    pass


def with_prior():
    return skae.Autoencoder(
        objective=Objective(penalties=[("mmd", MMD(prior=my_prior))])
    )


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (with_prior(), "^objective__mmd__prior can't be saved.*my_prior.*joblib"),
        (
            skae.VAE(beta=lambda epoch, n_epochs=None: 0.1),
            "^beta can't be saved.*function.*built-in",
        ),
        (
            skae.DenseAutoencoder(optimizer=MyOptimizer),
            "^optimizer can't be saved.*MyOptimizer.*torch.optim",
        ),
        (
            skae.DenseAutoencoder(callbacks=[EpochScoring("loss")]),
            r"^callbacks\[0\] can't be saved.*set_params\(callbacks=None\)",
        ),
        (
            skae.DenseAutoencoder(random_state=np.random.RandomState(0)),
            "^random_state can't be saved.*integer",
        ),
        (
            skae.Autoencoder(bottleneck=PointBottleneck(noise=MyNoise())),
            "^bottleneck__noise can't be saved.*MyNoise.*Register",
        ),
        (
            skae.DenseAutoencoder(hidden_layer_sizes={8}),
            "^hidden_layer_sizes can't be saved.*set",
        ),
    ],
    ids=["part", "function", "optimizer", "callback", "generator", "class", "set"],
)
def test_what_would_have_to_be_pickled(estimator, message, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=message):
        estimator.save(path)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_attributes_too(tmp_path):
    model = skae.VAE(max_epochs=1, random_state=0).fit(X)
    model.sampler_ = nn.Identity()
    with pytest.raises(ValueError, match=r"^sampler_ can't be saved.*Identity"):
        model.save(tmp_path / "model")


def test_callbacks_of_scikit_learn(tmp_path):
    model = skae.DenseAutoencoder().set_callbacks(ProgressBar())
    with pytest.raises(ValueError, match=r"ProgressBar.*Call set_callbacks\(\) first"):
        model.save(tmp_path / "model")
    model.set_callbacks().save(tmp_path / "model")


def test_estimators_without_a_name(tmp_path):
    class Unknown(skae.DenseAutoencoder):
        pass

    with pytest.raises(ValueError, match=r"^The estimator can't be saved.*Unknown"):
        Unknown().save(tmp_path / "model")


@pytest.mark.parametrize(
    "params",
    [
        {"n_components": 3},
        {"hidden_layer_sizes": (8,)},
        {"activation": "tanh"},
        {"output_activation": "softplus"},
        {"reconstruction": "huber"},
        {"beta": 3.0},
        {"optimizer": "sgd"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_parameters_that_the_net_does_not_have(params, tmp_path):
    model = skae.VAE(max_epochs=1, random_state=0).fit(X)
    before = model.get_params()
    with pytest.raises(ValueError, match="set after the fit"):
        model.set_params(**params).save(tmp_path / "model")
    assert not [*tmp_path.iterdir()]
    model.set_params(**before).save(tmp_path / "model")


def test_parameters_of_training_may_change(tmp_path):
    model = skae.VAE(max_epochs=1, random_state=0).fit(X)
    model.set_params(learning_rate=0.1, max_epochs=7, batch_size=3)
    model.save(tmp_path / "model")
    assert "max_epochs=7" in repr(load(tmp_path / "model"))


class _Counting(nn.Module):
    """Computes something that depends on how often it was trained."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.out_features, self.n_calls = layer, layer.out_features, 0

    def forward(self, x):
        self.n_calls += self.training
        return self.layer(x) + self.n_calls


class CountingNetwork(DenseNetwork):
    def build(self, event_shape, n_components):
        encoder, decoder = super().build(event_shape, n_components)
        return _Counting(encoder), decoder


def test_state_outside_of_parameters_and_buffers(tmp_path):
    NETWORKS.register("counting")(CountingNetwork)
    try:
        model = skae.Autoencoder(
            network=CountingNetwork(), max_epochs=2, random_state=0
        ).fit(X)
        with pytest.raises(ValueError, match=r"module\.encoder\.n_calls"):
            model.save(tmp_path / "model")
    finally:
        del NETWORKS._classes["counting"]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_failure_leaves_the_old_file(step, tmp_path, monkeypatch):
    path = tmp_path / "model"
    model = skae.DenseAutoencoder()
    model.save(path)
    old = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    target = "pathlib.Path.write_bytes" if step == "write_bytes" else "os.replace"
    monkeypatch.setattr(target, fail)
    with pytest.raises(OSError, match="disk full"):
        model.set_params(max_epochs=3).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == old
    assert [*tmp_path.iterdir()] == [path]


def test_every_estimator_has_a_name():
    classes = {ESTIMATORS.get(name) for name in ESTIMATORS.names()}
    assert {getattr(skae, name) for name in ("Autoencoder", "VAE", "MMDVAE")} <= classes
    assert {skae.DenseAutoencoder, skae.LSTMAutoencoder} <= classes
