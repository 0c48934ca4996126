import numpy as np
import pandas as pd
import pytest
import torch
from helpers.models import dense
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skae import VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.interpretation import (
    code_sensitivities,
    feature_names,
    first_layer_weights,
)
from skae.networks import ConvolutionalNetwork, RecurrentNetwork

X = np.random.default_rng(0).normal(size=(30, 6))
NAMES = list("abcdef")
FRAME = pd.DataFrame(X, columns=NAMES)


def linear(n_components=2):
    return dense(n_components, hidden_layer_sizes=(), linear_path=None)


def encoder_matrix(autoencoder):
    return autoencoder.net_.module_.bottleneck.mean.weight.detach().numpy().T


# Sensitivities


@pytest.mark.parametrize("absolute", [False, True])
def test_linear_sensitivities_are_the_weight_matrix(absolute):
    model = linear().fit(FRAME)
    S = code_sensitivities(model, FRAME, absolute=absolute)
    weights = encoder_matrix(model)
    np.testing.assert_allclose(S, abs(weights) if absolute else weights, rtol=1e-12)
    assert list(S.index) == NAMES
    assert list(S.columns) == ["denseautoencoder0", "denseautoencoder1"]


def test_sensitivities_of_a_hidden_layer_by_hand():
    model = dense(2, hidden_layer_sizes=(5,), activation="tanh").fit(X)
    module = model.net_.module_
    first = module.encoder.layers[0]
    W = first.weight.detach().numpy()
    out = module.bottleneck.mean.weight.detach().numpy()
    direct, out = out[:, :6], out[:, 6:]
    units = module.units
    rows = (X - units.shift.numpy()) / units.scale.numpy()
    slopes = 1 - np.tanh(rows @ W.T + first.bias.detach().numpy()) ** 2
    by_row = direct.T + np.einsum("kh,nh,hi->nik", out, slopes, W)
    by_row /= units.scale.numpy()[:, None]
    np.testing.assert_allclose(code_sensitivities(model, X), by_row.mean(0), rtol=1e-8)
    absolute = code_sensitivities(model, X, absolute=True)
    np.testing.assert_allclose(absolute, abs(by_row).mean(0), rtol=1e-8)


MODELS = [
    VAE(2, max_epochs=2, random_state=0),
    LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0),
    Autoencoder(
        2,
        network=RecurrentNetwork(4, 2, cell="gru", bidirectional=True),
        max_epochs=2,
        random_state=0,
    ),
    Autoencoder(
        2,
        network=ConvolutionalNetwork("4", image_shape=(2, 3)),
        max_epochs=2,
        random_state=0,
    ),
]


@pytest.mark.parametrize("model", MODELS, ids=["vae", "lstm", "gru", "convolutional"])
def test_sensitivities_are_differences_of_codes(model):
    model.fit(X)
    step = 1e-5
    expected = [
        (model.transform(X + shift) - model.transform(X - shift)).mean(0) / (2 * step)
        for shift in step * np.eye(6)
    ]
    S = code_sensitivities(model, X)
    np.testing.assert_allclose(S, expected, rtol=1e-5, atol=1e-8)


def test_chunks_make_no_difference(monkeypatch):
    model = dense(2).fit(X)
    whole = code_sensitivities(model, X, absolute=True)
    monkeypatch.setattr(
        "skae.interpretation._sensitivities._CHUNK_BYTES", 7 * X[:1].nbytes
    )
    chunked = code_sensitivities(model, X, absolute=True)
    np.testing.assert_allclose(chunked, whole, rtol=1e-12)


def test_sensitivities_leave_no_gradients_behind():
    model = dense(2).fit(X)
    before = [p.grad for p in model.net_.module_.parameters()]
    with torch.no_grad():
        code_sensitivities(model, X)
    after = [p.grad for p in model.net_.module_.parameters()]
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_time_steps_that_are_missing_do_not_count():
    sequences = X.reshape(30, 3, 2).copy()
    model = LSTMAutoencoder(
        2, hidden_size=4, linear_path=None, max_epochs=1, random_state=0
    ).fit(sequences)
    whole = code_sensitivities(model, sequences[:, :2])
    sequences[:, 2] = np.nan
    S = code_sensitivities(model, sequences)
    assert list(S.index) == ["x0_t0", "x1_t0", "x0_t1", "x1_t1", "x0_t2", "x1_t2"]
    np.testing.assert_allclose(S[:4], whole, rtol=1e-10)
    assert (S[4:] == 0).all(axis=None)


def test_sensitivities_are_those_of_the_step_in_a_pipeline():
    model = make_pipeline(StandardScaler(), linear()).fit(100 * FRAME)
    S = code_sensitivities(model, 100 * FRAME)
    np.testing.assert_allclose(S, encoder_matrix(model[-1]), rtol=1e-12)
    assert list(S.index) == NAMES


def test_float32():
    model = linear().fit(X.astype(np.float32))
    S = code_sensitivities(model, X.astype(np.float32))
    assert (S.dtypes == np.float64).all()
    np.testing.assert_allclose(S, encoder_matrix(model), rtol=1e-6)


# Weights


def test_weights_of_the_first_hidden_layer():
    model = dense(2, hidden_layer_sizes=(4, 3), linear_path=None).fit(FRAME)
    weights = first_layer_weights(model)
    first = model.net_.module_.encoder.layers[0].weight.detach().numpy()
    np.testing.assert_array_equal(weights, first.T)
    assert list(weights.columns) == ["hidden0", "hidden1", "hidden2", "hidden3"]
    assert list(weights.index) == NAMES


def test_weights_of_the_linear_path():
    model = dense(2, hidden_layer_sizes=(4,)).fit(FRAME)
    weights = first_layer_weights(model)
    codes = list(model.get_feature_names_out())
    assert list(weights.columns[4:]) == codes
    scale = model.net_.module_.units.scale.numpy()[:, None]
    np.testing.assert_array_equal(weights[codes], encoder_matrix(model)[:6] / scale)


def test_weights_without_hidden_layers():
    model = linear(3).fit(X)
    weights = first_layer_weights(model)
    np.testing.assert_array_equal(weights, encoder_matrix(model))
    assert list(weights.columns) == list(model.get_feature_names_out())


def test_weights_are_a_copy():
    model = linear().fit(X)
    weights = first_layer_weights(model)
    weights.iloc[:] = 0
    assert encoder_matrix(model).any()


@pytest.mark.parametrize("model", MODELS[1:], ids=["lstm", "gru", "convolutional"])
def test_weights_of_what_is_not_dense(model):
    with pytest.raises(TypeError, match=r"is not dense.*Use code_sensitivities"):
        first_layer_weights(model.fit(X))


@pytest.mark.parametrize("estimator", [PCA(2), DenseAutoencoder()])
def test_without_a_fitted_autoencoder(estimator):
    with pytest.raises(TypeError, match="has no fitted autoencoder"):
        first_layer_weights(estimator)
    with pytest.raises(TypeError, match="has no fitted autoencoder"):
        code_sensitivities(estimator, X)


def test_weights_of_a_search():
    search = GridSearchCV(linear(), {"n_components": [1]}, cv=2).fit(FRAME)
    weights = first_layer_weights(search)
    np.testing.assert_array_equal(weights, encoder_matrix(search.best_estimator_))
    np.testing.assert_allclose(code_sensitivities(search, FRAME), weights)
    assert list(weights.index) == NAMES


# Names


@pytest.mark.parametrize(
    ("before", "data", "names"),
    [
        (StandardScaler(), FRAME, NAMES),
        (StandardScaler(), X, [f"x{i}" for i in range(6)]),
        (StandardScaler().set_output(transform="pandas"), FRAME, NAMES),
        (PCA(3), FRAME, ["pca0", "pca1", "pca2"]),
        (FunctionTransformer(), FRAME.to_numpy(), [f"x{i}" for i in range(6)]),
    ],
)
def test_names_are_followed_through_steps(before, data, names):
    assert feature_names(make_pipeline(before, linear()).fit(data)) == names
