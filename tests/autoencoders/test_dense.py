import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder


def linear(n_components, max_epochs=150):
    return DenseAutoencoder(
        n_components,
        hidden_layer_sizes=(),
        learning_rate=0.02,
        learning_rate_schedule="one_cycle",
        linear_path=None,
        weight_decay=0,
        max_epochs=max_epochs,
        random_state=0,
    )


def test_a_linear_autoencoder_reaches_the_error_of_pca(wine):
    pca = PCA(3).fit(wine)
    best = ((wine - pca.inverse_transform(pca.transform(wine))) ** 2).mean()
    found = -linear(3).fit(wine).score_samples(wine).mean()
    assert best <= found <= 1.01 * best


def test_as_many_components_as_features_lose_nothing(wine):
    assert linear(13, max_epochs=600).fit(wine).score(wine) > 0.999


def test_score_is_the_explained_variance(wine):
    model = DenseAutoencoder(2, max_epochs=5, random_state=0).fit(wine)
    errors = (wine - model.reconstruct(wine)) ** 2
    assert model.score(wine) == pytest.approx(1 - errors.mean() / wine.var())
    np.testing.assert_allclose(model.score_samples(wine), -errors.mean(axis=1))


def test_the_code_activation_bounds_the_code(wine):
    model = DenseAutoencoder(code_activation="relu", max_epochs=5, random_state=0)
    assert model.fit_transform(wine).min() >= 0


def test_in_a_pipeline_with_k_means(wine):
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("autoencoder", DenseAutoencoder(3, random_state=0)),
            ("cluster", KMeans(3, random_state=0)),
        ]
    )
    labels = pipeline.fit_predict(load_wine().data)
    assert set(labels) == {0, 1, 2}
    assert list(pipeline[:-1].get_feature_names_out()) == [
        f"denseautoencoder{i}" for i in range(3)
    ]


def test_outliers_have_low_scores(wine):
    model = DenseAutoencoder(5, random_state=0).fit(wine)
    outlier = wine[:1] + 10 * np.eye(13)[:1]
    assert model.score_samples(outlier) < model.score_samples(wine).min()


def error(model, X):
    return -model.score_samples(X).mean()


def test_training_starts_from_the_principal_components(wine):
    pca = PCA(4).fit(wine)
    model = DenseAutoencoder(4, max_epochs=1, learning_rate=1e-12, random_state=0)
    Z = model.fit_transform(wine)
    np.testing.assert_allclose(
        model.reconstruct(wine), pca.inverse_transform(pca.transform(wine)), atol=1e-6
    )
    np.testing.assert_allclose(np.cov(Z.T), np.eye(4), atol=1e-6)


@pytest.mark.parametrize("n_components", [2, 5, 8])
def test_the_default_is_no_worse_than_pca_on_new_rows(wine, n_components):
    train, test = wine[::2], wine[1::2]
    pca = PCA(n_components).fit(train)
    model = DenseAutoencoder(n_components, random_state=0).fit(train)
    linear_error = ((test - pca.inverse_transform(pca.transform(test))) ** 2).mean()
    assert error(model, test) <= linear_error


def test_more_components_than_the_data_have_directions():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 7))
    model = DenseAutoencoder(6, max_epochs=20, random_state=0).fit(X)
    assert model.score(X) > 0.999
    assert np.isfinite(model.transform(X)).all()


def test_a_bounded_output_starts_linear_in_the_encoder_only(wine):
    X = (wine - wine.min()) / np.ptp(wine)
    model = DenseAutoencoder(2, output_activation="sigmoid", random_state=0).fit(X)
    assert model.score(X) > 0
