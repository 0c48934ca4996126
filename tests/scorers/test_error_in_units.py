import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.preprocessing import SequenceScaler
from skae.scorers import RootMeanSquaredError, reconstruct_in_units

X = np.random.default_rng(0).normal(size=(30, 5)) * [1, 10, 100, 1, 1] + 7


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), "passthrough"])
def test_scaling_is_undone(scaler):
    model = Pipeline([("scale", scaler), ("pca", PCA(5))]).fit(X)
    np.testing.assert_allclose(reconstruct_in_units(model, X), X, rtol=1e-8)
    assert RootMeanSquaredError()(model, X) == pytest.approx(0, abs=1e-8)


def test_it_is_the_error_in_units_of_the_data():
    model = PCA(2).fit(X)
    X_hat = model.inverse_transform(model.transform(X))
    expected = -np.sqrt(np.mean((X - X_hat) ** 2))
    assert RootMeanSquaredError()(model, X) == pytest.approx(expected)


def test_sequences_keep_their_shape():
    windows = X.reshape(30, 5, 1)
    model = Pipeline(
        [
            ("scale", SequenceScaler()),
            ("autoencoder", LSTMAutoencoder(max_epochs=1, random_state=0)),
        ]
    ).fit(windows)
    assert reconstruct_in_units(model, windows).shape == windows.shape
    assert RootMeanSquaredError()(model, windows) < 0


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_it_is_finite_where_the_reconstruction_is_not(value):
    autoencoder = DenseAutoencoder(2, max_epochs=1, random_state=0)
    model = make_pipeline(StandardScaler(), autoencoder).fit(X)
    for weights in autoencoder.net_.module_.decoder.parameters():
        weights.data.fill_(value)
    assert RootMeanSquaredError()(model, X) == RootMeanSquaredError.worst
