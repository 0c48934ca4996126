import math

import numpy as np
import pytest
from helpers.data import clusters, normal
from helpers.models import Given
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.exceptions import UnknownNameError
from skae.scorers import Silhouette


def raw(n_clusters=8, **params):
    return Silhouette(n_clusters, adjusted=False, **params)


# The silhouette itself


def test_of_the_pipelines_own_clusters():
    X = clusters()
    pipeline = make_pipeline(PCA(2), KMeans(2, random_state=0)).fit(X)
    Z = pipeline[:-1].transform(X)
    expected = silhouette_score(Z, pipeline.predict(X))
    assert raw(5)(pipeline, X) == pytest.approx(expected)


def test_of_k_means():
    X = clusters()
    pca = PCA(2).fit(X)
    labels = KMeans(3, n_init=10, random_state=0).fit_predict(pca.transform(X))
    expected = silhouette_score(pca.transform(X), labels)
    assert raw(3)(pca, X) == pytest.approx(expected)


@pytest.mark.parametrize("clusterer", [AgglomerativeClustering(3), HDBSCAN(copy=True)])
def test_of_clusterers_that_cannot_predict(clusterer):
    X = clusters()
    pipeline = make_pipeline(PCA(2), clusterer).fit(X)
    Z = pipeline[:-1].transform(X)
    labels = pipeline[-1].labels_
    clustered = labels != -1
    expected = silhouette_score(Z[clustered], labels[clustered]) * clustered.mean()
    assert raw()(pipeline, X) == pytest.approx(expected)


@pytest.mark.parametrize("adjusted", [True, False])
def test_noise_counts_as_zero(adjusted):
    X = np.vstack([clusters(), [[50.0] * 6]])
    pipeline = make_pipeline(PCA(2), DBSCAN(eps=2.0)).fit(X)
    Z, labels = pipeline[:-1].transform(X), pipeline[-1].labels_
    clustered = labels != -1
    assert 0 < clustered.sum() < len(X)
    scorer = Silhouette(adjusted=adjusted)
    found = scorer(pipeline, X)
    pipeline.steps[0] = ("pca", Given(Z[clustered]))
    expected = clustered.mean() * scorer(pipeline, X[clustered])
    assert found == pytest.approx(expected)
    assert expected > 0.1


def test_rows_are_evenly_spaced():
    Z = normal(1000, 2)
    whole, part = Given(Z), Given(Z[[0, 249, 499, 749, 999]])
    scorer = raw(3, max_samples=5)
    assert scorer(whole, Z) == scorer(part, Z)


# Beside noise


@pytest.mark.parametrize("n_clusters", [3, 8])
@pytest.mark.parametrize("n_components", [1, 2, 4, 8, 16])
def test_noise_of_any_dimension_scores_zero(n_components, n_clusters):
    scorer = Silhouette(n_clusters, n_draws=2)
    scores = [
        scorer(Given(normal(400, n_components, seed=seed)), None) for seed in range(3)
    ]
    assert np.mean(scores) == pytest.approx(0, abs=0.07)
    assert np.std(scores) < 0.09


@pytest.mark.parametrize(("n_components", "expected"), [(1, 0.53), (4, 0.18)])
def test_unadjusted_noise_scores_as_documented(n_components, expected):
    codes = Given(normal(1000, n_components))
    assert raw()(codes, None) == pytest.approx(expected, abs=0.02)


def test_noise_of_any_covariance_scores_zero():
    mixing = normal(6, 6, seed=1) * [1, 1, 3, 10, 0.1, 0.01]
    codes = Given(100 + normal(800, 6) @ mixing)
    assert Silhouette()(codes, None) == pytest.approx(0, abs=0.06)
    assert raw()(codes, None) > 0.15


def test_it_is_the_formula():
    Z = np.vstack([normal(200, 3), normal(200, 3, seed=1) * [1, 2, 1] + [4, 0, 0]])
    rng = np.random.default_rng(7)
    draws = [
        rng.multivariate_normal(Z.mean(axis=0), np.cov(Z.T), len(Z)) for _ in range(10)
    ]
    chance = np.mean([raw(2)(Given(draw), None) for draw in draws])
    expected = (raw(2)(Given(Z), None) - chance) / (1 - chance)
    found = Silhouette(2, n_draws=10)(Given(Z), None)
    assert expected > 0.15
    assert found == pytest.approx(expected, abs=0.03)


def test_points_score_one_whatever_the_dimension():
    corners = np.repeat(np.eye(4), 25, axis=0) + 1e-6 * normal(100, 4)
    for n_components in (1, 2, 4):
        Z = corners @ normal(4, n_components, seed=3)
        assert Silhouette(4)(Given(Z), None) == pytest.approx(1, abs=1e-3)


def test_dimensions_compare_on_digits_as_documented():
    X = load_digits().data[::2]
    score = {}
    for k in (1, 2, 8):
        model = PCA(k, random_state=0).fit(X)
        score[k] = Silhouette(10)(model, X)
        score[k, "raw"] = raw(10)(model, X)
    assert score[1, "raw"] > score[2, "raw"] > score[8, "raw"]
    assert score[1] == pytest.approx(0, abs=0.04)
    assert score[8] == pytest.approx(0.21, abs=0.04)
    assert score[1] < score[2] < score[8]


def test_without_clusters_it_can_rise_above_zero():
    angle = 2 * np.pi * np.random.default_rng(0).uniform(size=1000)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    assert Silhouette()(Given(circle), None) == pytest.approx(0.3, abs=0.05)
    square = np.random.default_rng(0).uniform(size=(1000, 2))
    assert Silhouette()(Given(square), None) == pytest.approx(0.09, abs=0.05)


def test_scale_and_rotation_change_nothing():
    Z = clusters()[:, :2]
    rotation = np.linalg.qr(normal(2, 2))[0]
    turned = Given(1000 * Z @ rotation + 5)
    expected = Silhouette(3)(Given(Z), None)
    assert Silhouette(3)(turned, None) == pytest.approx(expected, abs=1e-6)


# In the space of the data


@pytest.mark.parametrize("adjusted", [True, False])
def test_what_is_decoded_does_not_depend_on_the_basis_of_the_codes(adjusted):
    X = clusters()
    plain, whitened = PCA(3).fit(X), PCA(3, whiten=True).fit(X)
    decoded = Silhouette(3, space="decoded", adjusted=adjusted)
    latent = Silhouette(3, adjusted=adjusted)
    assert decoded(whitened, X) == pytest.approx(decoded(plain, X))
    assert latent(whitened, X) != pytest.approx(latent(plain, X), abs=0.05)


def test_decoded_is_measured_between_reconstructions():
    X = clusters()
    pipeline = make_pipeline(PCA(2), KMeans(3, random_state=0)).fit(X)
    X_hat = pipeline[0].inverse_transform(pipeline[0].transform(X))
    stretched = X_hat * [9, 1, 1, 1, 1, 1]
    reducer = Given(pipeline[0].transform(X), stretched)
    pipeline.steps[0] = ("pca", reducer)
    expected = silhouette_score(stretched, pipeline[-1].labels_)
    assert raw(space="decoded")(pipeline, X) == pytest.approx(expected)


@pytest.mark.parametrize("space", ["latent", "decoded"])
def test_sequences_that_end_early(space):
    X = clusters().reshape(90, 3, 2)
    X[::3, 2:] = np.nan
    model = LSTMAutoencoder(2, hidden_size=8, max_epochs=3, random_state=0).fit(X)
    score = Silhouette(3, space=space)(model, X)
    assert -1 < score <= 1


def test_reconstructions_that_are_not_finite_score_the_worst():
    Z = clusters()[:, :2]
    reducer = Given(Z, np.full((90, 6), np.nan))
    assert Silhouette(space="decoded")(reducer, clusters()) == -1.0
    assert Silhouette()(reducer, clusters()) > -1.0


def test_unknown_spaces():
    with pytest.raises(UnknownNameError, match=r"space 'code'.*'decoded', 'latent'"):
        Silhouette(space="code")(PCA(2).fit(clusters()), clusters())


# What cannot be scored


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_codes_that_differ_by_rounding_are_collapsed(dtype):
    steps = np.arange(90)[:, None] % 3
    code = np.array([0.1, 3.0], dtype=dtype)
    rounded = (code * (1 + steps * np.finfo(dtype).eps)).astype(dtype)
    assert len(np.unique(rounded, axis=0)) == 3
    assert Silhouette(3)(Given(rounded), None) == -1.0


def test_one_unit_may_be_constant():
    Z = clusters()[:, :2] * [1, 0]
    assert Silhouette(3)(Given(Z), None) > 0
    alone = Silhouette(3)(Given(Z[:, :1]), None)
    assert Silhouette(3)(Given(Z), None) == pytest.approx(alone)


def test_one_cluster_is_the_worst():
    pipeline = make_pipeline(PCA(2), DBSCAN(eps=100.0)).fit(clusters())
    assert Silhouette()(pipeline, clusters()) == -1.0


def test_few_rows():
    X = clusters()
    model = PCA(2).fit(X)
    for n_samples in range(1, 12):
        assert math.isfinite(Silhouette()(model, X[:n_samples]))
    assert Silhouette()(model, X[:2]) == -1.0


# In searches


def test_in_a_search_with_other_metrics():
    model = make_pipeline(
        StandardScaler(),
        DenseAutoencoder(max_epochs=3, random_state=0),
        StandardScaler(),
        KMeans(3, random_state=0),
    )
    scoring = {"latent": Silhouette(), "decoded": Silhouette(space="decoded")}
    scores = cross_validate(model, clusters(), scoring=scoring, cv=2)
    for name in scoring:
        assert (scores[f"test_{name}"] > -1).all()


def test_a_search_repeats_itself():
    def scores():
        grid = {"n_components": [1, 3]}
        search = GridSearchCV(PCA(random_state=0), grid, scoring=Silhouette(3), cv=3)
        return search.fit(clusters()).cv_results_["mean_test_score"]

    np.testing.assert_array_equal(scores(), scores())
