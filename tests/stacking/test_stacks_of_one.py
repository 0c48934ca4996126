"""A lone fit in fewer calls of torch ends as one that torch steps by itself."""

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

from skae import VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
from skae.noise import GaussianNoise
from skae.objectives import Huber, KLDivergence, SquaredError
from skae.stacking.meeting import _rendezvous
from skae.stacking.training._joint import JointOptimizer
from skae.training._net import AutoencoderNet

SHORT = {"max_epochs": 4, "random_state": 0}
BOTH_WAYS = RecurrentNetwork(4, cell="gru", bidirectional=True)
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
    "LSTM": LSTMAutoencoder(2, hidden_size=4, **SHORT),
    "two LSTMs": LSTMAutoencoder(2, hidden_size=4, n_layers=2, **SHORT),
    "LSTM with a decoder of a state": LSTMAutoencoder(
        2, hidden_size=4, decoder="stateful", linear_path=None, **SHORT
    ),
    "LSTM of many units": LSTMAutoencoder(
        2, hidden_size=256, patch_length=1, batch_size=32, **SHORT
    ),
    "LSTM of a length it finds": LSTMAutoencoder(2, hidden_size=4, random_state=0),
    "GRU": Autoencoder(2, network=BOTH_WAYS, **SHORT),
    "variational LSTM": VAE(2, network=RecurrentNetwork(4, linear_path="pca"), **SHORT),
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


DENSE = DenseAutoencoder(2, batch_size=20, **SHORT)
SMALL = LSTMAutoencoder(2, hidden_size=4, batch_size=20, **SHORT)
PICTURES = ConvolutionalNetwork((2,), image_shape=(4, 4))
JOINT = {
    "LSTM": SMALL,
    "LSTM without a linear path": clone(SMALL).set_params(linear_path=None),
    "decoder of a state": clone(SMALL).set_params(decoder="stateful"),
    "large gradients": clone(SMALL).set_params(max_grad_norm=1e-3),
    "of a length it finds": LSTMAutoencoder(2, hidden_size=4, random_state=0),
    "GRU": Autoencoder(2, network=BOTH_WAYS, **SHORT),
    "convolutional": VAE(2, network=PICTURES, **SHORT),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share_missing", [0, 0.1])
def test_they_end_as_by_autograd(kind, share_missing, found, by_autograd, few_steps):
    X = low_rank(40)
    X[np.random.default_rng(0).random(X.shape) < share_missing] = np.nan
    expected = by_autograd(KINDS[kind], X)
    assert found
    found.clear()
    assert_twins(clone(KINDS[kind]).fit(X), expected, rtol=1e-6)
    assert not found


@pytest.fixture
def joint(monkeypatch):
    """Return a list of the joint tensors that optimisers step."""
    tensors, step = [], JointOptimizer.step

    def counted(optimizer):
        tensors.append(optimizer.joint)
        return step(optimizer)

    monkeypatch.setattr(JointOptimizer, "step", counted)
    return tensors


@pytest.mark.parametrize("kind", JOINT)
def test_parameters_are_stepped_as_one(kind, joint, by_autograd, few_steps):
    X = low_rank(40, n_features=16)
    expected = by_autograd(JOINT[kind], X)
    assert not joint
    assert_twins(clone(JOINT[kind]).fit(X), expected, rtol=1e-6)
    assert joint


def test_parameters_without_a_gradient_stay(joint):
    model = clone(SMALL).set_params(warm_start=True).fit(low_rank(40))
    joint.clear()
    model.net_.module_.decoder.unused = torch.nn.Parameter(torch.ones(3))
    model.net_.initialize_optimizer()
    unused = model.fit(low_rank(40)).net_.module_.decoder.unused
    assert not joint
    assert torch.equal(unused, torch.ones(3))


@pytest.mark.parametrize(
    "model",
    [
        LSTMAutoencoder(2, hidden_size=4, patch_length=1, batch_size=16, **SHORT),
        Autoencoder(2, network=PICTURES, **SHORT),
        DenseAutoencoder(2, hidden_layer_sizes=(9000, 9000), **SHORT),
    ],
    ids=["long", "convolutional", "large"],
)
def test_others_train_by_autograd(model, found):
    model.set_params(max_epochs=1).fit(low_rank(40, n_features=16))
    assert found


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


class Acts(Callback):
    """Do something at the end of the second epoch."""

    def __init__(self, act):
        self.act = act

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            self.act(net)


def output_of(net):
    return net.module_.decoder.last


def rebind(net):
    output_of(net).weight.data = output_of(net).weight.data.clamp(min=0)


def replace(net):
    output_of(net).weight = torch.nn.Parameter(torch.ones_like(output_of(net).weight))


def hook(net):
    output_of(net).register_forward_hook(lambda module, args, output: 0 * output)


def forget(net):
    net.initialize_optimizer()


def roll_back(net):
    state = copy.deepcopy(net.optimizer_.state_dict())
    for of_param in state["state"].values():
        of_param["exp_avg_sq"] *= 100
    net.optimizer_.load_state_dict(state)


def rescale(net):
    net.module_.units.scale.mul_(2)


def keep_a_copy(net):
    pickle.loads(pickle.dumps(net)), copy.deepcopy(net)


SIZES = []


def note_size(net):
    SIZES.append(len(pickle.dumps(net)))


def follow_steps(net):
    def halve_weights(optimizer, args, kwargs):
        with torch.no_grad():
            output_of(net).weight.mul_(0.5)

    net.optimizer_.register_step_post_hook(halve_weights)


def edit(net):
    with torch.no_grad():
        output_of(net).weight.clamp_(min=0)


def replace_term(net):
    net.criterion_.reconstruction = Huber()


@pytest.mark.parametrize(
    "act",
    [
        rebind,
        replace,
        hook,
        forget,
        roll_back,
        rescale,
        keep_a_copy,
        follow_steps,
        edit,
        replace_term,
    ],
)
@pytest.mark.parametrize("model", [DENSE, SMALL], ids=["dense", "recurrent"])
def test_callbacks_may_change_what_they_want(model, act, by_autograd, found):
    model = clone(model).set_params(callbacks=[Acts(act)])
    expected = by_autograd(model, low_rank(40))
    found.clear()
    fitted = clone(model).fit(low_rank(40))
    if type(model) is DenseAutoencoder:
        assert len(found) == (0 if act is edit else 2 * 2)
    for ours, theirs in zip(
        fitted.net_.module_.parameters(),
        expected.net_.module_.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


class Doubled(KLDivergence):
    """A divergence that weighs twice as much."""

    def __call__(self, *args, **kwargs):
        return 2 * super().__call__(*args, **kwargs)


def replace_penalty(net):
    net.criterion_.penalties["kl"] = Doubled(net.criterion_.penalties["kl"].weight)


def replace_codes(net):
    bottleneck = net.module_.bottleneck
    bottleneck.latent = lambda *args: type(bottleneck).latent(bottleneck, args[0])


@pytest.mark.parametrize("act", [replace_penalty, replace_codes])
def test_callbacks_may_change_codes_and_penalties(act, by_autograd, found):
    model = VAE(2, max_epochs=4, random_state=0, callbacks=[Acts(act)])
    expected = by_autograd(model, low_rank(40))
    found.clear()
    fitted = clone(model).fit(low_rank(40))
    assert found
    np.testing.assert_allclose(
        fitted.history_[:, "train_loss"], expected.history_[:, "train_loss"], rtol=1e-5
    )


def test_pickles_of_a_callback_are_small():
    model = DenseAutoencoder(2, callbacks=[Acts(note_size)], **SHORT).fit(low_rank(40))
    assert SIZES.pop() < 1.5 * len(pickle.dumps(model.net_))


class Gradients(Callback):
    """Keep the gradients of each step, or do something with them."""

    def __init__(self, act, seen):
        self.act = act
        self.seen = seen

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.seen += [param.grad.clone() for _, param in named_parameters]
        if len(net.history) == 2:
            self.act([param for _, param in named_parameters])


def look(params):
    pass


def halve(params):
    for param in params:
        param.grad *= 0.5


def skip(params):
    params[0].grad = None


def replace_gradient(params):
    params[0].grad = 0.5 * params[0].grad


@pytest.mark.parametrize("act", [look, halve, skip, replace_gradient])
@pytest.mark.parametrize("model", [DENSE, SMALL], ids=["dense", "recurrent"])
def test_callbacks_see_gradients_and_may_change_them(model, act, by_autograd, found):
    X, models = low_rank(40), []
    for fitted in by_autograd, lambda model, X: model.fit(X):
        found.clear()
        callback = Gradients(act, [])
        model = clone(model).set_params(callbacks=[callback])
        weights = list(fitted(model, X).net_.module_.parameters())
        models.append([*callback.seen, *weights])
    if type(model) is DenseAutoencoder:
        assert bool(found) == (act in {skip, replace_gradient})
    torch.testing.assert_close(*models, rtol=1e-6, atol=1e-9)


def test_weighted_folds_end_apart(caplog):
    X, weight = np.random.default_rng(0).normal(size=(67, 5)), np.ones(67)
    weight[::7] = 0
    DenseAutoencoder(2, random_state=0).fit(X, sample_weight=weight)
    assert not caplog.records


def test_what_follows_goes_on_from_it():
    X = low_rank(40)
    model = DenseAutoencoder(2, warm_start=True, **SHORT).fit(X)
    assert len(model.fit(X).history_) == 8
    model = DenseAutoencoder(2, **SHORT).fit(X)
    before = model.transform(X)
    assert np.abs(model.partial_fit(X).transform(X) - before).max() > 0


@pytest.mark.parametrize("model", [DENSE, SMALL], ids=["dense", "recurrent"])
def test_fitted_weights_have_their_own_memory(model):
    net = clone(model).fit(low_rank(40)).net_
    tensors = [param.data for param in net.module_.parameters()]
    tensors += [v for state in net.optimizer_.state.values() for v in state.values()]
    places = {tensor.untyped_storage().data_ptr() for tensor in tensors}
    assert len(places) == len(tensors)
    for tensor in tensors:
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
