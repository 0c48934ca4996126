"""ONNX models compute what the estimators' methods do."""

import sys
from functools import cache

import numpy as np
import pytest
import torch
from helpers.data import normal
from instances import AUTOENCODERS
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import skae
from skae.exceptions import UnknownNameError
from skae.networks import DenseNetwork, RecurrentNetwork

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

X = normal(40, 6, dtype=np.float32)


@cache
def fitted(i):
    return clone(AUTOENCODERS[i]).set_params(random_state=0).fit(X)


def check(model, method, rows, folder, **kwargs):
    path = folder / "model.onnx"
    model.to_onnx(path, method=method, **kwargs)
    session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name
    for n in (1, 7):
        (given,) = session.run(None, {name: rows[:n]})
        expected = getattr(model, method)(rows[:n])
        assert given.shape == expected.shape
        assert given.dtype == rows.dtype
        np.testing.assert_allclose(given, expected, atol=1e-5, rtol=1e-5)
    return onnx.load(path)


def test_a_recurrent_one(tmp_path):
    check(fitted(3), "transform", X, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["transform", "inverse_transform", "reconstruct"])
@pytest.mark.parametrize("i", range(len(AUTOENCODERS)))
def test_every_one(i, method, tmp_path):
    model = fitted(i)
    rows = model.transform(X) if method == "inverse_transform" else X
    check(model, method, rows, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_both_directions_and_layers(cell, tmp_path):
    network = RecurrentNetwork(
        5, 2, cell=cell, bidirectional=True, decoder="stateful", n_channels=2
    )
    model = skae.Autoencoder(network=network, max_epochs=2, random_state=0).fit(X)
    check(model, "reconstruct", X, tmp_path)


def test_the_model_says_what_it_is(tmp_path):
    double = X.astype(np.float64)
    model = skae.DenseAutoencoder(max_epochs=2, random_state=0).fit(double)
    exported = check(model, "transform", double, tmp_path)
    onnx.checker.check_model(exported, full_check=True)
    assert exported.opset_import[0].version == 18
    assert [value.name for value in exported.graph.input] == ["X"]
    assert [value.name for value in exported.graph.output] == ["Z"]
    properties = {item.key: item.value for item in exported.metadata_props}
    assert properties["estimator"] == "DenseAutoencoder"


@pytest.mark.slow
def test_sequences_and_their_dtype(tmp_path):
    sequences = X.reshape(20, 6, 2).astype(np.float64)
    model = skae.LSTMAutoencoder(hidden_size=4, max_epochs=2, random_state=0).fit(
        sequences
    )
    with pytest.raises(ValueError, match=r"LSTM in float32 only.*dtype='float32'"):
        model.to_onnx(tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]
    check(model, "transform", sequences.astype("f"), tmp_path, dtype="float32")


def test_bad_arguments(tmp_path):
    with pytest.raises(NotFittedError):
        skae.DenseAutoencoder().to_onnx(tmp_path / "model.onnx")
    with pytest.raises(UnknownNameError, match="Unknown method 'encode'"):
        fitted(0).to_onnx(tmp_path / "model.onnx", method="encode")
    with pytest.raises(UnknownNameError, match="Unknown dtype 'half'"):
        fitted(0).to_onnx(tmp_path / "model.onnx", dtype="half")


def test_without_the_packages(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"pip install 'skae\[onnx\]'"):
        fitted(0).to_onnx(tmp_path / "model.onnx")


class _Branching(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.out_features = layer, layer.out_features

    def forward(self, x):
        return self.layer(x if x.sum().item() > 0 else -x)


class BranchingNetwork(DenseNetwork):
    def build(self, event_shape, n_components):
        encoder, decoder = super().build(event_shape, n_components)
        return _Branching(encoder), decoder


@pytest.mark.slow
def test_what_onnx_cannot_express(tmp_path):
    model = skae.Autoencoder(
        network=BranchingNetwork(), max_epochs=1, random_state=0
    ).fit(X)
    with pytest.raises(ValueError, match="BranchingNetwork can't be exported to ONNX"):
        model.to_onnx(tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]


def test_missing_values_are_given_the_means_of_the_fit(tmp_path):
    rows = np.where(normal(40, 6, seed=1) > 1, np.nan, X)
    rows[:, 0] = X[:, 0]
    model = skae.DenseAutoencoder(max_epochs=2, random_state=0).fit(rows)
    check(model, "reconstruct", rows, tmp_path)
