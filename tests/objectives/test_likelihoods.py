"""Likelihoods as reconstruction terms: densities, their variances, and the bound."""

import warnings

import numpy as np
import pytest
import torch
from helpers.data import normal, sines
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import load_diabetes, load_wine
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.preprocessing import StandardScaler

from skae import MMDVAE, VAE, Autoencoder, load
from skae.autoencoders import _length
from skae.bottlenecks import GaussianBottleneck
from skae.exceptions import CollapseWarning
from skae.networks import DenseNetwork
from skae.networks._factor_analysis import factor_analysis
from skae.objectives import (
    GaussianLikelihood,
    KLDivergence,
    LaplaceLikelihood,
    Objective,
    StudentTLikelihood,
)

WINE = StandardScaler().fit_transform(load_wine().data)
RNG = np.random.RandomState(0)
x, x_hat = (torch.from_numpy(RNG.standard_normal((7, 3))) for _ in range(2))

DENSITIES = {
    GaussianLikelihood: lambda x, mean, v: stats.norm.logpdf(x, mean, v**0.5),
    LaplaceLikelihood: lambda x, mean, v: stats.laplace.logpdf(x, mean, (v / 2) ** 0.5),
    StudentTLikelihood: lambda x, mean, v: stats.t.logpdf(x, 4, mean, (v / 2) ** 0.5),
}
each_density = pytest.mark.parametrize(("kind", "density"), DENSITIES.items())
either = pytest.mark.parametrize("per_feature", [False, True])


@each_density
@either
def test_the_term_is_the_mean_log_density_of_rows(kind, density, per_feature):
    term = kind(per_feature=per_feature)
    variance = term.variance(x, x_hat).numpy()
    expected = density(x.numpy(), x_hat.numpy(), variance).sum(axis=1)
    np.testing.assert_allclose(-term(x, x_hat), expected.mean())
    np.testing.assert_allclose(-term.elementwise(x, x_hat).sum(1), expected)
    variance = torch.from_numpy(variance)
    np.testing.assert_allclose(term.log_likelihood(x, x_hat, variance), expected)


@each_density
@either
def test_no_other_variance_is_more_likely(kind, density, per_feature):
    term = kind(per_feature=per_feature)
    best = term.variance(x, x_hat)
    for factor in (0.9, 1.1):
        other = term.log_likelihood(x, x_hat, factor * best).mean()
        assert other < -term(x, x_hat)


@each_density
@either
def test_weights_of_rows_and_entries(kind, density, per_feature):
    term = kind(per_feature=per_feature)
    rows = torch.tensor([3.0, 1, 1, 2, 0, 1, 0])
    repeated = [0, 0, 0, 1, 2, 3, 3, 5]
    weighted = term(x, x_hat, rows[:, None].expand(7, 3))
    torch.testing.assert_close(weighted, term(x[repeated], x_hat[repeated]))
    present = torch.ones(7, 3, dtype=torch.double)
    present[2, 1] = 0
    variance = term.variance(x, x_hat, present).numpy()
    expected = density(x.numpy(), x_hat.numpy(), variance)
    expected[2, 1] = 0
    np.testing.assert_allclose(-term(x, x_hat, present), expected.sum(1).mean())
    gap = x.clone()
    gap[2, 1] = torch.nan
    found = term.log_likelihood(gap, x_hat, torch.from_numpy(variance))
    np.testing.assert_allclose(found, expected.sum(1))


@pytest.mark.parametrize("df", [2.1, 4, 50])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@either
def test_the_scale_of_students_t_is_the_most_likely_one(df, scale, per_feature):
    errors = np.random.RandomState(0).standard_t(df, (64, 3))
    term = StudentTLikelihood(df, per_feature=per_feature)
    rows = torch.from_numpy(scale * errors)
    found = term.variance(rows, torch.zeros_like(rows)).sqrt().ravel() / scale
    samples = errors.T if per_feature else [errors.ravel()]
    expected = np.array([stats.t.fit(e, fdf=df, floc=0)[2] for e in samples])
    np.testing.assert_allclose(found, expected * (df / (df - 2)) ** 0.5, rtol=1e-3)


@each_density
def test_the_gradient_is_that_of_the_loss(kind, density):
    leaf = x_hat.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x_hat: kind()(x, x_hat), leaf, atol=1e-4)


def test_degrees_of_freedom_without_a_variance():
    with pytest.raises(ValueError, match=r"df=2: Student's t has .* larger df"):
        StudentTLikelihood(df=2)(x, x_hat)


def test_heavy_tails_move_students_t_and_laplace_less():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 8))
    clean = X + 0.1 * rng.standard_normal(X.shape)
    gross = np.where(rng.random_sample(X.shape) < 0.02, 30.0, clean)
    params = {"max_epochs": 60, "learning_rate": 3e-3, "random_state": 0}

    def error(name):
        model = VAE(2, reconstruction=name, **params).fit(gross)
        return np.abs(model.reconstruct(clean) - X).mean()

    assert error("student_t") < error("gaussian")
    assert error("laplace") < error("gaussian")


@each_density
def test_losses_of_parts_are_pooled_under_one_variance(kind, density):
    term = kind()
    parts = [(x[:3], x_hat[:3]), (x[3:6], 2 * x_hat[3:6])]
    each = np.array([term(*part).item() for part in parts])
    pooled = term.pooled(each, n_features=3)
    if kind is GaussianLikelihood:
        variance = np.mean([term.variance(*part).item() for part in parts])
        expected = [-term.log_likelihood(*p, variance).mean() for p in parts]
        np.testing.assert_allclose(pooled, expected)
    assert pooled.mean() > each.mean()
    np.testing.assert_allclose(term.pooled(each[:1], 3), each[:1])


@each_density
def test_errors_so_many_times_as_large(kind, density):
    term = kind()
    loss, other = term(x, x_hat).item(), term(x, x + 3 * (x_hat - x)).item()
    assert term.multiplied(loss, 9, 3) == pytest.approx(other)
    assert term.ratio(other, loss, 3) == pytest.approx(9)


@each_density
def test_draws_have_the_variance(kind, density):
    rows = kind().draw(np.zeros((40_000, 2)), 0.5, np.random.RandomState(0))
    np.testing.assert_allclose(rows.var(axis=0), 0.5, rtol=0.05)


# The start


def before_training(k, X, **params):
    still = {"max_epochs": 1, "learning_rate": 1e-30, "weight_decay": 0}
    return VAE(k, random_state=0, **{**still, **params}).fit(X)


@pytest.mark.parametrize("k", [1, 2, 5, 13, 20])
def test_the_bound_before_training_is_that_of_probabilistic_pca(k):
    vae = before_training(k, 7 * WINE + 3)
    pca = PCA(min(k, 13)).fit(7 * WINE + 3)
    bounds = vae.elbo(7 * WINE + 3, n_draws=100)
    assert bounds.mean() == pytest.approx(pca.score(7 * WINE + 3), abs=0.03)
    rows = pca.score_samples(7 * WINE + 3)
    assert np.corrcoef(bounds, rows)[0, 1] > 0.99


def test_the_bound_before_training_is_that_of_factor_analysis():
    X = WINE * np.logspace(-3, 3, 13)
    term = GaussianLikelihood(per_feature=True)
    vae = before_training(3, X, reconstruction=term)
    model = FactorAnalysis(3).fit(WINE)
    expected = model.score(WINE) - np.log(np.logspace(-3, 3, 13)).sum()
    assert vae.elbo(X, n_draws=100).mean() == pytest.approx(expected, abs=0.05)
    assert vae.decoder_variance_.shape == (13,)


def test_the_start_is_scikit_learns_factor_analysis():
    X = WINE * np.logspace(-3, 3, 13)
    loadings, noise, _ = factor_analysis(X, 3, seed=0)
    expected = FactorAnalysis(3, random_state=0).fit(WINE)
    scale = X.std(axis=0)
    np.testing.assert_allclose(noise / scale**2, expected.noise_variance_, rtol=1e-8)
    np.testing.assert_allclose(
        (loadings / scale).T @ (loadings / scale),
        expected.components_.T @ expected.components_,
        atol=1e-8,
    )


def test_units_beyond_the_rank_start_as_the_prior():
    X = WINE[:, :2] @ np.random.RandomState(0).standard_normal((2, 6))
    vae = before_training(4, X)
    np.testing.assert_allclose(vae.kl_per_unit_[2:], 0, atol=1e-12)
    assert vae.active_units_.tolist() == [True, True, False, False]


@settings(max_examples=8, deadline=None)
@given(c=st.sampled_from([1e-4, 0.3, 20.0, 1e5]), b=st.sampled_from([0.0, -5.0, 40.0]))
def test_a_scale_of_the_data_changes_nothing_else(c, b):
    X = load_diabetes().data[:120]
    Y = c * X + b * c
    params = {"max_epochs": 15, "learning_rate": 3e-3, "random_state": 0}
    of_x, of_y = VAE(2, **params).fit(X), VAE(2, **params).fit(Y)
    np.testing.assert_allclose(of_y.transform(Y), of_x.transform(X), atol=1e-3)
    moved = of_y.elbo(Y).mean() - of_x.elbo(X).mean()
    assert moved == pytest.approx(-10 * np.log(c), abs=1e-3)
    expected = c**2 * of_x.decoder_variance_
    assert of_y.decoder_variance_ == pytest.approx(expected, rel=1e-3)


# The fit


@each_density
def test_the_loss_is_the_negative_bound(kind, density):
    vae = VAE(2, reconstruction=kind(), max_epochs=20, batch_size=178, random_state=0)
    vae.fit(WINE, X_val=np.tile(WINE, (40, 1)))
    bound = vae.elbo(WINE, n_draws=50).mean()
    assert -vae.history_[-1, "valid_loss"] == pytest.approx(bound, abs=0.05)


def test_training_only_improves_on_probabilistic_pca():
    train, test = WINE[::2], WINE[1::2]
    vae = VAE(2, random_state=0).fit(train)
    of_pca = PCA(2).fit(train).score(test)
    assert vae.elbo(test, n_draws=64).mean() >= of_pca - 0.05


def test_a_row_far_from_all_others_does_not_widen_the_decoder():
    X = WINE.copy()
    X[0] *= 20
    vae = VAE(2, random_state=0).fit(X)
    assert vae.decoder_variance_ < 1.05 * PCA(2).fit(X).noise_variance_


def own_and_new_errors():
    """Return a model of few rows with the errors of these and of new ones."""
    own, new = WINE[::3], np.delete(WINE, np.s_[::3], axis=0)
    vae = VAE(3, learning_rate=2e-2, random_state=0).fit(own)
    return vae, *(
        ((X - vae.inverse_transform(vae.transform_sample(X, 0))) ** 2).mean()
        for X in (own, new)
    )


def test_what_only_rows_of_the_fit_gain_does_not_sharpen_the_decoder(monkeypatch):
    vae, of_own, of_new = own_and_new_errors()
    assert of_own < vae.decoder_variance_ < 1.1 * of_new
    # and where all is kept of such a training
    monkeypatch.setattr(_length, "share_to_keep", lambda *_: 1.0)
    vae, of_own, of_new = own_and_new_errors()
    assert 1.1 * of_own < vae.decoder_variance_ < 1.1 * of_new


def test_rows_with_noise():
    vae = VAE(2, random_state=0, max_epochs=5).fit(WINE)
    plain = vae.sample(5000, random_state=1)
    noisy = vae.sample(5000, random_state=1, noise=True)
    assert noisy.dtype == plain.dtype
    spread = (noisy - plain).var()
    assert spread == pytest.approx(vae.decoder_variance_, rel=0.05)
    # the model's variances are those of the data, features' means apart
    assert noisy.var(axis=0).mean() == pytest.approx(1, abs=0.1)
    with pytest.raises(ValueError, match="reconstruction='gaussian'"):
        before_training(2, WINE, reconstruction="huber").sample(2, 0, noise=True)


def test_weighted_rows_weigh_in_the_variance():
    X = np.concatenate([WINE, 10 * WINE[::-1]])
    weight = np.repeat([1.0, 0.0], len(WINE))
    params = {"max_epochs": 3, "random_state": 0}
    vae = VAE(2, **params).fit(X, sample_weight=weight)
    whole = VAE(2, **params).fit(X)
    assert vae.decoder_variance_ < whole.decoder_variance_ / 5


def test_a_file_keeps_the_decoders_variance(tmp_path):
    term = GaussianLikelihood(per_feature=True)
    vae = VAE(2, reconstruction=term, max_epochs=2, random_state=0).fit(WINE)
    vae.save(tmp_path / "vae.skae")
    again = load(tmp_path / "vae.skae")
    np.testing.assert_array_equal(again.elbo(WINE), vae.elbo(WINE))


def test_a_likelihood_in_a_composition():
    model = Autoencoder(
        2,
        network=DenseNetwork(linear_path="pca"),
        bottleneck=GaussianBottleneck(),
        objective=Objective("gaussian", [("kl", KLDivergence(1.0))]),
        max_epochs=5,
        random_state=0,
    ).fit(WINE)
    assert np.isfinite(model.elbo(WINE)).all()
    point = Autoencoder(2, objective="gaussian", max_epochs=5, random_state=0)
    assert point.fit(WINE).score(WINE) > -1


# Codes that tell nothing


@pytest.mark.parametrize("k", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_codes_of_noise_are_said_to_tell_nothing(k):
    noise = np.random.RandomState(0).standard_normal((200, 20))
    with pytest.warns(CollapseWarning, match="tell nothing of new rows"):
        VAE(k, random_state=0).fit(noise)


@pytest.mark.parametrize(
    "data",
    [WINE, pytest.param(load_diabetes().data, marks=pytest.mark.slow)],
    ids=["wine", "diabetes"],
)
def test_codes_of_structure_are_not(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        VAE(2, random_state=0).fit(data)


def test_a_collapse_by_beta_names_what_data_could_bear():
    with pytest.warns(CollapseWarning, match="weighs 50 .* times the mean"):
        VAE(2, beta=50.0, max_epochs=200, learning_rate=1e-2, random_state=0).fit(WINE)


def test_a_collapse_under_counts_does_not_speak_of_normal_noise():
    rng = np.random.RandomState(0)
    counts = rng.poisson(np.exp(rng.standard_normal((200, 1)) + np.ones(6)))
    settings = {"reconstruction": "poisson", "output_activation": "exp", "beta": 1e3}
    said = "Under PoissonLikelihood, no code was worth .* weighs 1000 "
    with pytest.warns(CollapseWarning, match=said):
        VAE(2, max_epochs=100, random_state=0, **settings).fit(counts)


# The diagnosis


def test_a_diagnosis_in_words():
    vae = VAE(3, random_state=0).fit(WINE)
    found = vae.diagnose(WINE)
    assert found.bound == pytest.approx(vae.elbo(WINE).mean())
    assert found.linear == pytest.approx(PCA(3).fit(WINE).score(WINE))
    assert found.active == 3
    assert found.nats == pytest.approx(vae.kl_per_unit_.sum(), rel=1e-6)
    assert 0.6 < found.dispersion < 1.1
    assert "above" in str(found)
    assert "it is right" in str(found)
    wild = vae.diagnose(WINE * 3)
    assert wild.dispersion > 2
    assert "vary more" in str(wild)


def test_a_diagnosis_of_a_collapse():
    vae = VAE(2, beta=50.0, max_epochs=200, learning_rate=1e-2, random_state=0)
    with pytest.warns(CollapseWarning):
        vae.fit(WINE)
    found = vae.diagnose(WINE)
    assert found.active == 0
    assert "Collapsed" in str(found)
    assert "BELOW" in str(found)


# Sequences


@pytest.mark.parametrize("network", ["recurrent", "convolutional"])
@pytest.mark.parametrize("estimator", [VAE, MMDVAE])
def test_sequences(estimator, network, tmp_path):
    X = sines(60, 8)[:, :, :1] + normal(60, 8, 1) / 10
    model = estimator(2, network=network, max_epochs=2, random_state=0).fit(X)
    assert model.sample(3, random_state=0).shape == (3, 8, 1)
    assert model.elbo(X).mean() > PCA(2).fit(X[..., 0]).score(X[..., 0]) - 1
    model.save(tmp_path / "model.skae")
    np.testing.assert_array_equal(
        load(tmp_path / "model.skae").transform(X), model.transform(X)
    )


def test_a_network_of_ones_own_is_taken_as_it_is():
    network = DenseNetwork((5,), activation="tanh")
    named = VAE(2, network=network, max_epochs=2, random_state=0).fit(WINE)
    described = VAE(
        2,
        hidden_layer_sizes=(5,),
        activation="tanh",
        linear_path=None,
        max_epochs=2,
        random_state=0,
    ).fit(WINE)
    np.testing.assert_array_equal(named.transform(WINE), described.transform(WINE))
