"""Tables, flattened windows and images some of whose entries are missing."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.data import low_rank, sines
from instances import AUTOENCODERS, name_of
from instances import RECONSTRUCTIONS as TERMS
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from torch.utils.data import TensorDataset

import skae
from skae import MMDVAE, VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.networks import ConvolutionalNetwork
from skae.networks._incomplete import linear_gaussian_of_present
from skae.objectives import (
    ColumnError,
    ColumnLikelihood,
    GaussianLikelihood,
    PoissonLikelihood,
    SquaredError,
)
from skae.stacking import stacked

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

NAN = np.nan


def holed(X, share=0.2, seed=0):
    """Return rows without some entries, each with its first one."""
    X, rng = X.copy(), np.random.default_rng(seed)
    missing = rng.uniform(size=X.shape) < share
    missing[(slice(None), *[0] * (X.ndim - 1))] = False
    X[missing] = NAN
    return X


def table(n_samples=60):
    return holed(3 + low_rank(n_samples))


def filled(X, like):
    return np.where(np.isnan(X), np.nanmean(like, axis=0), X)


SETTINGS = {"max_epochs": 3, "batch_size": 16, "random_state": 0}
MODELS = {
    "dense": DenseAutoencoder(2, hidden_layer_sizes=(5,)),
    "dense without a linear path": DenseAutoencoder(2, linear_path=None),
    "vae": VAE(2, hidden_layer_sizes=(5,)),
    "factor analysis": VAE(2, reconstruction=GaussianLikelihood(per_feature=True)),
    "mmd": MMDVAE(2, hidden_layer_sizes=(5,)),
    "noisy": Autoencoder(2, input_noise="snr"),
}


@pytest.fixture(params=MODELS)
def model(request):
    return clone(MODELS[request.param]).set_params(**SETTINGS)


@pytest.mark.parametrize("model", AUTOENCODERS, ids=name_of)
def test_all_autoencoders_say_that_they_take_missing_values(model):
    assert get_tags(model).input_tags.allow_nan
    X = table(20)
    Z = clone(model).set_params(random_state=0).fit(X).transform(X)
    assert np.isfinite(Z).all()


def test_the_loss_is_that_of_a_loop_over_entries_that_are_present():
    X = table(30)
    model = DenseAutoencoder(2, max_epochs=1, batch_size=30, random_state=0)
    model.set_params(learning_rate=1e-9, linear_path=None).fit(X)
    X_hat = model.reconstruct(X)
    squares = [
        (X[i, j] - X_hat[i, j]) ** 2
        for i in range(len(X))
        for j in range(X.shape[1])
        if not np.isnan(X[i, j])
    ]
    np.testing.assert_allclose(
        model.history_[-1, "train_loss"], np.mean(squares), rtol=1e-6
    )


# Of terms that are composed column by column.
WIDTHS = {ColumnLikelihood: 9, ColumnError: 4}


@pytest.mark.parametrize("term", TERMS, ids=name_of)
def test_gradients_of_missing_entries_are_zero(term):
    shape = 20, WIDTHS.get(type(term), 3)
    X = (np.random.default_rng(0).uniform(size=shape) > 0.5).astype(float)
    x = torch.from_numpy(holed(X))
    x_hat = torch.full(shape, 0.4, dtype=torch.float64, requires_grad=True)
    weight = x.isfinite().double()
    variance = (torch.ones(1, shape[1]).double(),) * term.learns_dispersion
    term(x.nan_to_num(), x_hat, weight, *variance).backward()
    assert x_hat.grad.isfinite().all()
    assert not x_hat.grad[weight == 0].any()
    assert x_hat.grad[weight == 1].any()


@pytest.mark.parametrize("name", ["dense", "dense without a linear path", "noisy"])
def test_missing_entries_have_no_part_in_the_loss(name):
    X, model = table(), clone(MODELS[name]).set_params(**SETTINGS)
    alike = clone(model).fit(filled(X, X), X)
    model.fit(X)
    np.testing.assert_allclose(
        model.history_[:, "train_loss"], alike.history_[:, "train_loss"], rtol=1e-9
    )
    np.testing.assert_allclose(model.transform(X), alike.transform(X), atol=1e-9)


def test_codes_are_those_of_rows_with_means_in_the_gaps(model):
    X = table()
    Z = model.fit_transform(X)
    np.testing.assert_allclose(Z, model.transform(filled(X, X)), atol=1e-12)
    np.testing.assert_allclose(Z[:5], model.transform(X[:5]), atol=1e-12)


def test_fits_of_complete_rows_take_gaps_and_the_reverse(model):
    X, whole = table(), 3 + low_rank()
    np.testing.assert_allclose(
        model.fit(whole).transform(X), model.transform(filled(X, whole)), atol=1e-12
    )
    assert np.isfinite(model.fit(X).transform(whole)).all()


def test_what_is_hidden_does_not_matter(model):
    X = table()
    model.fit(X)
    X_hat = model.reconstruct(X)
    assert np.isfinite(X_hat).all()
    np.testing.assert_allclose(
        model.score_samples(X), -np.nanmean((X - X_hat) ** 2, axis=1)
    )
    scatter = np.nansum((X - np.nanmean(X, axis=0)) ** 2)
    np.testing.assert_allclose(
        model.score(X), 1 - np.nansum((X - X_hat) ** 2) / scatter
    )


def test_files_and_data_sets(model, tmp_path):
    X = table()
    model.fit(X).save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), model.transform(X))
    dataset = TensorDataset(torch.from_numpy(X))
    Z = clone(model).fit(dataset).transform(dataset)
    np.testing.assert_allclose(Z, model.transform(X), atol=1e-9)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"noisy"}))
def test_stacks_have_the_losses_of_lone_fits(name):
    model = clone(MODELS[name]).set_params(**SETTINGS)
    search = GridSearchCV(model, {"n_components": [1, 2, 3]}, cv=2)
    X = table()
    alone = clone(search).fit(X).cv_results_["mean_test_score"]
    with stacked():
        together = search.fit(X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_they_do_stack():
    from skae.stacking.meeting._groups import kind_of
    from skae.training._sources import ArraySource, Rows

    X = table()
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    net, rows = model.net_, Rows(ArraySource(X, has_missing=True))
    net.history.clear()
    assert kind_of(net, rows, None, last=True) is not None


def test_held_out_rows_and_found_lengths():
    X = table(150)
    model = DenseAutoencoder(2, hidden_layer_sizes=(4,), random_state=0)
    assert clone(model).fit(X).score(X) > 0.8
    model.set_params(max_epochs=3, early_stopping=True).fit(X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()
    whole = 3 + low_rank()
    model.set_params(early_stopping=False).fit(whole, X_val=X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()


def test_partial_fits():
    X = table()
    model = DenseAutoencoder(2, random_state=0).partial_fit(X[:20])
    assert np.isfinite(model.partial_fit(X).score(X))


def test_the_linear_path_starts_as_pca_of_filled_rows():
    X = table()
    model = DenseAutoencoder(2, learning_rate=1e-9, max_epochs=1, random_state=0)
    Z = model.fit_transform(X)
    expected = PCA(2, whiten=True).fit_transform(filled(X, X))
    np.testing.assert_allclose(np.abs(Z), np.abs(expected), atol=1e-5)


def test_clean_rows_may_have_what_others_lack():
    X = table()
    y = filled(X, X)
    y[4, 3] = NAN
    model = DenseAutoencoder(2, **SETTINGS).fit(X, y)
    other = clone(model).fit(filled(X, X), y)
    np.testing.assert_allclose(model.transform(X), other.transform(X), atol=1e-9)


# What cannot be known


@pytest.mark.parametrize(
    "method", ["fit", "transform", "score", "reconstruct", "impute"]
)
def test_rows_without_any_value_are_named(method):
    X = table()
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    X[[4, 7]] = NAN
    with pytest.raises(ValueError, match="2 of its rows, by number 4, 7: leave"):
        getattr(model, method)(X)


def test_columns_without_any_value_are_named_and_count_nowhere(tmp_path):
    X = pd.DataFrame(table(), columns=list("abcdef"))
    X["c"] = NAN
    model = DenseAutoencoder(2, linear_path=None, **SETTINGS)
    with pytest.warns(UserWarning, match=r"1 of 6 features .* no value at all: 'c'"):
        model.fit(X)
    alone = clone(model).fit(X.fillna({"c": 0.0}), X.to_numpy())
    np.testing.assert_allclose(model.transform(X), alone.transform(X), atol=1e-9)
    assert (model.impute(X)["c"] == 0).all()
    model.save(tmp_path / "model.safetensors")
    assert (skae.load(tmp_path / "model.safetensors").impute(X)["c"] == 0).all()


# Flattened windows and images


@pytest.mark.parametrize("linear_path", ["pca", None])
def test_flattened_windows_have_gaps_at_their_ends(linear_path):
    X = sines(30)
    flat = holed(X.reshape(30, -1))
    flat[:5, -4:] = NAN
    model = LSTMAutoencoder(2, n_channels=2, hidden_size=4, linear_path=linear_path)
    model.set_params(**SETTINGS)
    Z = model.fit_transform(flat)
    means = np.nanmean(flat.reshape(-1, 2), axis=0)
    whole = np.where(np.isnan(flat), np.tile(means, 8), flat)
    np.testing.assert_allclose(Z, model.transform(whole), atol=1e-12)
    alike = clone(model).fit(whole, flat)
    np.testing.assert_allclose(Z, alike.transform(whole), atol=1e-9)
    assert np.isfinite(model.reconstruct(flat)).all()
    assert np.isfinite(model.impute(flat)).all()


def test_windows_stack():
    flat = holed(sines(30).reshape(30, -1))
    flat[:5, -4:] = NAN
    model = LSTMAutoencoder(2, n_channels=2, hidden_size=4, linear_path=None)
    search = GridSearchCV(model.set_params(**SETTINGS), {"n_components": [1, 2]}, cv=2)
    alone = clone(search).fit(flat).cv_results_["mean_test_score"]
    with stacked():
        together = search.fit(flat).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


@pytest.mark.parametrize("linear_path", ["pca", None])
def test_images_are_filled_with_the_means_of_pixels(linear_path):
    images = holed(2 + low_rank(30, 50).reshape(30, 2, 5, 5))
    images[:, 1, 2, 3] = NAN  # a dead pixel
    network = ConvolutionalNetwork((4,), linear_path=linear_path, image_shape=(2, 5, 5))
    model = Autoencoder(2, network=network, **SETTINGS)
    Z = model.fit_transform(images)
    of_channel, present = np.nanmean(images[:, 1]), ~np.isnan(images)
    means = np.nansum(images, axis=0) / np.maximum(1, present.sum(axis=0))
    means[1, 2, 3] = of_channel
    whole = np.where(np.isnan(images), means, images)
    np.testing.assert_allclose(Z, model.transform(whole), atol=1e-12)
    alike = clone(model).fit(whole, images)
    np.testing.assert_allclose(Z, alike.transform(whole), atol=1e-9)
    flat = images.reshape(30, -1)
    np.testing.assert_allclose(Z, model.transform(flat), atol=1e-12)
    np.testing.assert_allclose(model.impute(images)[:, 1, 2, 3], of_channel)


# Likelihoods


def test_bounds_are_those_of_the_columns_that_are_present():
    X = 3 + low_rank()
    X[:, 4:] = NAN
    with pytest.warns(UserWarning, match="no value"):
        model = VAE(2, **SETTINGS).fit(X)
    bounds = model.elbo(X, n_draws=2)
    variance = model.decoder_variance_
    mean, log_var = model.transform_distribution(X)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    generator = np.random.default_rng(0)
    log_p = []
    for _ in range(4000):
        z = mean + np.exp(log_var / 2) * generator.normal(size=mean.shape)
        errors = (X - model.inverse_transform(z))[:, :4]
        log_p.append(-0.5 * (errors**2 / variance + np.log(2 * np.pi * variance)))
    many = model.elbo(X, n_draws=2000)
    np.testing.assert_allclose(many, np.mean(log_p, axis=0).sum(1) - kl, atol=0.3)
    assert np.isfinite(bounds).all()


def test_likelihoods_of_counts_take_gaps():
    rng = np.random.default_rng(0)
    X = holed(rng.poisson(np.exp(1 + low_rank(80) / 3)).astype(float))
    for term in ("poisson", "negative_binomial"):
        model = VAE(2, reconstruction=term, output_activation="exp", **SETTINGS).fit(X)
        assert np.isfinite(model.elbo(X)).all()
        assert np.isfinite(model.impute(X)).all()


def test_the_linear_model_beside_a_diagnosis_is_that_of_present_entries():
    X = holed(low_rank(100, noise=0.5))
    diagnosis = VAE(2, **SETTINGS).fit(X).diagnose(X)
    model = linear_gaussian_of_present(X, 2)
    covariance = model.loadings.T @ model.loadings + np.diag(model.psi)
    log_p = [
        multivariate_normal(model.mean[o], covariance[np.ix_(o, o)]).logpdf(x[o])
        for x, o in zip(X, ~np.isnan(X), strict=True)
    ]
    np.testing.assert_allclose(diagnosis.linear, np.mean(log_p), atol=1e-3)
    assert np.isfinite(diagnosis).all()


@pytest.mark.parametrize("per_feature", [False, True])
def test_the_linear_model_of_complete_rows_is_scikit_learns(per_feature):
    X = 5 + low_rank(200, noise=0.5)
    model = FactorAnalysis(2) if per_feature else PCA(2)
    found = linear_gaussian_of_present(X, 2, per_feature).log_likelihood
    np.testing.assert_allclose(found, model.fit(X).score(X), atol=2e-3)


# Pipelines and searches


def test_pipelines_and_searches():
    X = table(90)
    model = make_pipeline(StandardScaler(), DenseAutoencoder(2, **SETTINGS))
    scores = cross_val_score(model, X, cv=3, error_score="raise")
    assert (scores > 0).all()


def test_terms_have_their_variance_from_present_entries():
    x, x_hat = torch.zeros(4, 2), torch.ones(4, 2)
    weight = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    x_hat = x_hat * torch.tensor([2.0, 9.0])
    assert GaussianLikelihood().variance(x, x_hat, weight).item() == 4
    assert SquaredError()(x, x_hat, weight) == 4
    assert torch.isfinite(PoissonLikelihood()(x, x_hat, weight))
