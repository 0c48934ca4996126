"""Sparse matrices are what the dense ones with the same values are."""

import numpy as np
import pytest
from helpers import models
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skae import (
    VAE,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    get_scorer,
    select_dimension,
    stacked,
)
from skae.noise import MaskingNoise

COUNTS = np.random.RandomState(0).poisson(0.4, (90, 12))
X = COUNTS * np.linspace(0.5, 1.5, 12)
HOLED = np.where((X > 1.2) & (np.arange(90) % 3 == 0)[:, None], np.nan, X)
FORMS = [
    sparse.csr_array,
    sparse.csc_array,
    sparse.csr_matrix,
    sparse.coo_array,
    sparse.lil_array,
]


@pytest.fixture(params=[True, False], ids=["batch by batch", "small"])
def lazy(request, monkeypatch):
    """Let no table be small enough to be made at once, or let all be so."""
    if request.param:
        monkeypatch.setattr("skae._arrays._lazy.SMALL", 0)
    return request.param


def results(model, X):
    """Return what a fitted model makes of rows."""
    Z = model.transform(X)
    return [
        Z,
        model.inverse_transform(Z),
        model.reconstruct(X),
        model.score_samples(X),
        model.score(X),
    ]


def assert_alike(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert isinstance(a, np.ndarray | float)
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_any_form_of_sparse_data(form):
    model, expected = models.dense(batch_size=16), models.dense(batch_size=16).fit(X)
    assert_alike(results(model.fit(form(X)), form(X)), results(expected, X))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True, "max_epochs": 4},
        {"linear_path": None},
        {"nested": True},
    ],
    ids=str,
)
def test_fits_are_those_of_dense_data(params, lazy):
    fits = [
        models.dense(batch_size=16, **params).fit(rows)
        for rows in (sparse.csr_array(X), X)
    ]
    found = results(fits[0], sparse.csr_array(X)), results(fits[1], X)
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("likelihood", ["poisson", "negative_binomial"])
def test_counts_have_likelihoods(likelihood, lazy):
    model, other = (
        VAE(
            2,
            reconstruction=likelihood,
            output_activation="exp",
            max_epochs=2,
            random_state=0,
        )
        for _ in range(2)
    )
    model.fit(sparse.csr_array(COUNTS))
    assert_alike(
        [model.elbo(sparse.csr_array(COUNTS), random_state=0)],
        [other.fit(COUNTS).elbo(COUNTS, random_state=0)],
    )


def test_sparse_values_may_be_missing(lazy):
    rows = sparse.csr_array(HOLED)
    assert_alike(
        results(models.dense().fit(rows), rows),
        results(models.dense().fit(HOLED), HOLED),
    )
    np.testing.assert_array_equal(
        models.dense().fit(rows).impute(rows), models.dense().fit(HOLED).impute(HOLED)
    )


def test_rows_without_any_value_are_refused(lazy):
    empty = X.copy()
    empty[[5, 40]] = np.nan
    with pytest.raises(ValueError, match="number 5, 40"):
        models.dense().fit(sparse.csr_array(empty))


def test_weights_of_rows_and_noise_and_validation_rows(lazy):
    weight = np.random.RandomState(0).randint(3, size=90)
    params = {"input_noise": MaskingNoise(0.3), "max_epochs": 3, "random_state": 0}
    fits = [
        models.composed(**params).fit(make(X), X_val=make(X[:20]), sample_weight=weight)
        for make in (sparse.csr_array, np.array)
    ]
    assert_alike(results(fits[0], X), results(fits[1], X))
    losses = [fit.history_[:, "valid_loss"] for fit in fits]
    np.testing.assert_allclose(*losses)


def test_clean_rows_are_dense(lazy):
    noisy = np.where(np.random.RandomState(0).rand(*X.shape) < 0.1, 0, X)
    found = models.dense().fit(sparse.csr_array(noisy), X)
    assert_alike(results(found, noisy), results(models.dense().fit(noisy, X), noisy))
    with pytest.raises(TypeError, match=r"y is sparse .* y.toarray\(\)"):
        models.dense().fit(noisy, sparse.csr_array(X))


def test_parts_of_sparse_data(lazy):
    fits = [models.dense(), models.dense()]
    for part in (slice(0, 50), slice(50, 90)):
        fits[0].partial_fit(sparse.csr_array(X[part]))
        fits[1].partial_fit(X[part])
    codes = np.empty((90, 2))
    fits[0].transform(sparse.csr_array(X), out=codes)
    np.testing.assert_allclose(codes, fits[1].transform(X), rtol=1e-10)


@pytest.mark.parametrize("kind", [DenseAutoencoder, VAE])
def test_where_few_rows_tell_of_the_start_others_go_with_them(kind, monkeypatch):
    monkeypatch.setattr("skae._arrays._lazy.SMALL", 0)
    monkeypatch.setattr("skae._arrays._lazy.FEWEST", 10)
    monkeypatch.setattr("skae._arrays.SparseRows.sample_bytes", 2000)
    labels = np.repeat(["a", "b"], 45)
    model = kind(2, max_epochs=3, random_state=0)
    model.fit(sparse.csr_array(X), X + 0.1, condition=labels)
    assert np.isfinite(model.score(sparse.csr_array(X), condition=labels))


@pytest.mark.parametrize(
    "name", ["mse", "reconstruction", "kernel_mi", "trustworthiness"]
)
def test_scorers(name, lazy):
    model, scorer = models.dense().fit(X), get_scorer(name)
    assert scorer(model, sparse.csr_array(X)) == pytest.approx(scorer(model, X))


def test_searches(lazy):
    found = []
    for rows in (sparse.csr_array(X), X):
        search = GridSearchCV(models.dense(), {"n_components": [1, 3]}, cv=2)
        with stacked():
            found.append(search.fit(rows).cv_results_["mean_test_score"])
    np.testing.assert_allclose(*found, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_the_latent_dimension_of_sparse_data():
    rng = np.random.RandomState(0)
    codes = rng.rand(120, 2) * (rng.rand(120, 2) > 0.5)
    rows = codes @ np.repeat(np.eye(2), 4, axis=1) + 0.01 * (rng.rand(120, 8) > 0.9)
    settings = {"n_components": 4, "cv": 2, "random_state": 0}
    pipeline = make_pipeline(StandardScaler(with_mean=False), DenseAutoencoder())
    with stacked():
        found = select_dimension(sparse.csr_array(rows), **settings)
        expected = select_dimension(rows, pipeline, **settings)
    assert found.value == expected.value
    assert found.evidence


def test_pipelines_with_one_hot_columns():
    labels = np.random.RandomState(0).randint(4, size=(60, 3))
    model = make_pipeline(OneHotEncoder(), models.dense(3))
    assert model.fit_transform(labels).shape == (60, 3)


@pytest.mark.parametrize("kind", [LSTMAutoencoder, TabularAutoencoder])
def test_other_networks_refuse_sparse_data(kind):
    with pytest.raises(TypeError, match=r"Sparse data was passed.*dense data.*toarray"):
        kind().fit(sparse.csr_array(X))
