"""Fitted models with classes of the user's own go to other processes."""

import copy
import io
import pickle
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest
import torch
from helpers.data import normal
from sklearn.base import clone
from torch import nn

from skae import Autoencoder, DenseAutoencoder
from skae.bottlenecks import PointBottleneck
from skae.networks import Network, RecurrentNetwork
from skae.noise import SNRNoise
from skae.training._devices import copied_to

X = normal(60, 4)

SCRIPT = """
import copy, sys

import cloudpickle
import numpy as np
from joblib.externals.loky import ProcessPoolExecutor
from torch import nn

from skae import Autoencoder
from skae.networks import Network


class Decoder(nn.Module):
    def __init__(self, n_components, n_features):
        super().__init__()
        self.output = nn.Linear(n_components, n_features)

    def forward(self, z, event_shape):
        return self.output(z)


class Linear(Network):
    def build(self, event_shape, n_components):
        return nn.Linear(event_shape[0], 8), Decoder(n_components, event_shape[0])


if __name__ == "__main__":
    X = np.random.default_rng(0).normal(size=(60, 4))
    model = Autoencoder(2, network=Linear(), max_epochs=2, random_state=0).fit(X)
    with ProcessPoolExecutor(1) as workers:
        codes = workers.submit(model.transform, X).result()
        returned = workers.submit(copy.copy, model).result()
    np.testing.assert_array_equal(codes, model.transform(X))
    np.testing.assert_array_equal(codes, returned.transform(X))
    with open(sys.argv[1], "wb") as file:
        cloudpickle.dump([model, X, codes], file)
"""


def test_a_class_of_a_script(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    path = tmp_path / "model.pickle"
    subprocess.run([sys.executable, tmp_path / "script.py", path], check=True)
    model, rows, codes = pickle.loads(path.read_bytes())
    np.testing.assert_allclose(model.transform(rows), codes, rtol=1e-12)
    model.partial_fit(rows)


def local_model(**params):
    """Return a fitted model whose classes no module has."""

    class Decoder(nn.Module):
        def __init__(self, n_components, n_features):
            super().__init__()
            self.output = nn.Linear(n_components, n_features)

        def forward(self, z, event_shape):
            return self.output(z)

    class Linear(Network):
        def build(self, event_shape, n_components):
            return nn.Linear(event_shape[0], 8), Decoder(n_components, event_shape[0])

    model = Autoencoder(2, network=Linear(), max_epochs=3, random_state=0)
    return model.set_params(**params).fit(X)


def codes_after_an_epoch(model):
    return model.partial_fit(X).transform(X)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", torch.optim.Adagrad])
def test_a_class_within_a_function(optimizer):
    model = local_model(optimizer=optimizer, early_stopping=True)
    sent = pickle.loads(cloudpickle.dumps(model))
    copied = copy.deepcopy(model)
    cloned = clone(model).fit(X)
    np.testing.assert_array_equal(sent.transform(X), model.transform(X))
    np.testing.assert_array_equal(copied.transform(X), model.transform(X))
    np.testing.assert_array_equal(cloned.transform(X), model.transform(X))
    expected = codes_after_an_epoch(model)
    np.testing.assert_array_equal(codes_after_an_epoch(sent), expected)
    np.testing.assert_array_equal(codes_after_an_epoch(copied), expected)


def test_copies_train_apart():
    model = DenseAutoencoder(max_epochs=2, random_state=0).fit(X)
    before = model.transform(X)
    for duplicate in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not np.array_equal(codes_after_an_epoch(duplicate), before)
    np.testing.assert_array_equal(model.transform(X), before)


@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
def test_weights_are_in_a_pickle_once(schedule):
    params = {"learning_rate_schedule": schedule, "hidden_layer_sizes": (300, 300)}
    model = DenseAutoencoder(max_epochs=2, random_state=0, **params).fit(X)
    n_bytes = sum(weight.nbytes for weight in model.net_.module_.state_dict().values())
    with_moments = 3 * n_bytes  # those of the optimiser, the mean and the square
    assert len(pickle.dumps(model)) < 1.1 * with_moments


def test_parts_of_a_pickle_belong_together():
    model = DenseAutoencoder(
        max_epochs=2, learning_rate_schedule="plateau", random_state=0
    ).fit(X)
    net = pickle.loads(pickle.dumps(model)).net_
    [scheduler] = [
        callback.lr_scheduler_
        for _, callback in net.callbacks_
        if hasattr(callback, "lr_scheduler_")
    ]
    weights = net.optimizer_.param_groups[0]["params"]
    assert all(map(torch.is_same_size, weights, net.module_.parameters()))
    assert all(a is b for a, b in zip(weights, net.module_.parameters(), strict=True))
    assert scheduler.optimizer is net.optimizer_


def tensors_within(value):
    """Return all tensors that a pickle of a value would hold."""
    found = []

    class Finder(pickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, torch.Tensor):
                found.append(obj)
                return len(found)
            return None

    Finder(io.BytesIO()).dump(value)
    return found


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_all_tensors_change_devices(cell):
    """On the way from a device; "meta" is one that every machine has."""
    bottleneck = PointBottleneck(noise=SNRNoise(5))
    model = Autoencoder(
        2,
        network=RecurrentNetwork(4, cell=cell),
        bottleneck=bottleneck,
        max_epochs=2,
        early_stopping=True,
        learning_rate_schedule="plateau",
        random_state=0,
    ).fit(X)
    state = {"net": vars(model.net_).copy(), "view": torch.arange(4.0)[1:]}
    before = model.transform(X)
    there = copied_to("meta", state)
    back = copied_to("cpu", state)
    assert {tensor.device.type for tensor in tensors_within(there)} == {"meta"}
    assert len(tensors_within(there)) == len(tensors_within(state))
    for old, new in zip(tensors_within(state), tensors_within(back), strict=True):
        assert old is not new
        assert torch.equal(old, new)
        assert type(old) is type(new)
        assert old.requires_grad == new.requires_grad
    net = back["net"]
    weights = net["optimizer_"].param_groups[0]["params"]
    parameters = net["module_"].parameters()
    assert all(a is b for a, b in zip(weights, parameters, strict=True))
    np.testing.assert_array_equal(model.transform(X), before)
