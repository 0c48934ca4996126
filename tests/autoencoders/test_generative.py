import math

import numpy as np
import pytest
import torch
from helpers.data import low_rank
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.mixture import BayesianGaussianMixture
from sklearn.model_selection import GridSearchCV

from skae import MMDVAE, VAE, Autoencoder
from skae.bottlenecks import GaussianBottleneck, Latent, PointBottleneck
from skae.datasets import make_cube_surface
from skae.exceptions import CollapseWarning, IncompatiblePartsError, UnknownNameError
from skae.networks import DenseNetwork
from skae.noise import GaussianNoise, SNRNoise
from skae.objectives import (
    MMD,
    KLDivergence,
    MomentMatching,
    Objective,
    SquaredError,
    kl_to_standard_normal,
)
from skae.samplers import MixtureSampler, PriorSampler
from skae.schedules import LinearWarmup
from skae.scorers import GenerationKL


@pytest.fixture(scope="module")
def vae(wine):
    return VAE(3, max_epochs=60, random_state=0).fit(wine)


# Oracles


def test_the_divergence_is_that_of_monte_carlo():
    generator = torch.Generator().manual_seed(0)
    mean, log_var = torch.tensor([[0.5, -1.0]]), torch.tensor([[-1.0, 0.4]])
    q = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    noise = torch.randn(200_000, 2, generator=generator)
    z = mean + (0.5 * log_var).exp() * noise
    p = torch.distributions.Normal(0.0, 1.0)
    estimate = (q.log_prob(z) - p.log_prob(z)).mean(0)
    torch.testing.assert_close(
        kl_to_standard_normal(mean, log_var)[0], estimate, atol=0.01, rtol=0
    )


def test_free_bits_and_capacity():
    mean, log_var = torch.ones(5, 3), torch.zeros(5, 3)  # half a nat per unit
    latent = Latent(mean, mean, log_var)
    assert KLDivergence()(latent) == 1.5
    assert KLDivergence(free_bits=0.4)(latent) == 1.5
    assert KLDivergence(free_bits=0.7)(latent) == pytest.approx(2.1)
    assert KLDivergence(capacity=2.0)(latent) == 0.5


def test_rows_weigh_in_the_divergence():
    mean = torch.tensor([[1.0], [3.0]])
    latent = Latent(mean, mean, torch.zeros(2, 1))
    value = KLDivergence()(latent, weight=torch.tensor([3.0, 1.0]))
    assert value == pytest.approx((3 * 0.5 + 1 * 4.5) / 4)


def test_a_linear_vae_finds_the_likelihood_of_probabilistic_pca(wine):
    """Tipping & Bishop (1999): the maximum is known in closed form."""
    k, n_features = 2, wine.shape[1]
    pca = PCA(k).fit(wine)
    expected = pca.score(wine)
    v = pca.noise_variance_
    model = VAE(
        k,
        hidden_layer_sizes=(),
        reconstruction="squared_error",
        beta=2 * v / n_features,
        max_epochs=400,
        learning_rate=0.01,
        weight_decay=0,
        random_state=0,
    ).fit(wine)
    found = model.log_likelihood(wine, decoder_variance=v, n_draws=200).mean()
    assert found == pytest.approx(expected, abs=0.1)
    assert model.elbo(wine, decoder_variance=v).mean() == pytest.approx(found, abs=0.1)


def test_the_bound_is_below_the_likelihood_and_tightens(vae, wine):
    elbo = vae.elbo(wine, n_draws=64).mean()
    few = vae.log_likelihood(wine, n_draws=4).mean()
    many = vae.log_likelihood(wine, n_draws=200).mean()
    assert elbo < few < many
    assert vae.elbo(wine).shape == (178,)


def test_the_bound_is_the_loss_in_other_units(wine):
    """With beta = 2 v / D, ``-ELBO = D / (2 v) * loss + D / 2 * log(2 pi v)``."""
    v, n_features = 0.3, wine.shape[1]
    model = VAE(2, beta=2 * v / n_features, max_epochs=30, random_state=0).fit(wine)
    mean, log_var = model.transform_distribution(wine)
    kl = kl_to_standard_normal(torch.tensor(mean), torch.tensor(log_var)).sum(-1)
    Z = mean + np.exp(log_var / 2) * np.random.default_rng(0).normal(size=mean.shape)
    error = ((wine - model.inverse_transform(Z)) ** 2).mean()
    loss = error + model.beta * kl.mean().item()
    expected = -n_features / 2 * (loss / v + math.log(2 * math.pi * v))
    assert model.elbo(wine, decoder_variance=v).mean() == pytest.approx(
        expected, rel=0.02
    )


def test_the_log_density_of_a_normal_decoder():
    x, x_hat = torch.zeros(2, 3), torch.ones(2, 3)
    normal = torch.distributions.Normal(x_hat, math.sqrt(0.5))
    torch.testing.assert_close(
        SquaredError().log_likelihood(x, x_hat, 0.5), normal.log_prob(x).sum(-1)
    )


# Codes


def test_transform_returns_means(vae, wine):
    mean, log_var = vae.transform_distribution(wine)
    np.testing.assert_array_equal(vae.transform(wine), mean)
    assert log_var.shape == (178, 3)


def test_draws_have_the_distribution_they_should(vae, wine):
    mean, log_var = vae.transform_distribution(wine)
    draws = np.stack([vae.transform_sample(wine, seed) for seed in range(400)])
    deviation = (draws - mean) / np.exp(log_var / 2)
    assert abs(deviation.mean()) < 0.01
    assert deviation.std() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(vae.transform_sample(wine, 3), draws[3])


def test_per_unit_divergences_and_active_units(vae, wine):
    mean, log_var = vae.transform_distribution(wine)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)
    np.testing.assert_allclose(vae.kl_per_unit_, kl.mean(0), rtol=1e-6)
    assert vae.active_units_.all()


def test_point_codes_have_no_distribution(wine):
    model = Autoencoder(2, max_epochs=1, random_state=0).fit(wine)
    for name in ("transform_distribution", "elbo", "log_likelihood"):
        assert not hasattr(model, name)


# Collapse


@pytest.mark.parametrize(
    "model",
    [
        VAE(3, beta=1.0, reconstruction="squared_error"),
        MMDVAE(
            3,
            reconstruction="squared_error",
            mmd_weight=1.0,
            beta=LinearWarmup(50, final=1.0),
        ),
        VAE(3, beta=1.0, reconstruction="squared_error", linear_path=None),
    ],
)
def test_the_literal_beta_collapses_and_is_named(model):
    """Standard in articles; with a mean over features no direction bears it."""
    X = make_cube_surface(512, random_state=0).astype(np.float32)
    with pytest.warns(CollapseWarning, match=r"weighs 1 \(beta\).*lower beta"):
        clone(model).set_params(random_state=0, max_epochs=60, learning_rate=1e-3).fit(
            X
        )


def test_the_default_does_not_collapse_on_standardised_data(wine):
    model = VAE(3, random_state=0).fit(wine)
    assert model.active_units_.all()
    assert model.score(wine) > 0.6


# Generation


@pytest.mark.parametrize(
    "sampler",
    [
        "prior",
        "gaussian",
        "gmm",
        BayesianGaussianMixture(n_components=2, random_state=0),
    ],
)
def test_generated_rows(wine, sampler):
    model = VAE(2, sampler=sampler, max_epochs=30, random_state=0).fit(wine)
    X = model.sample(50, random_state=0)
    assert X.shape == (50, 13)
    assert X.dtype == wine.dtype
    np.testing.assert_array_equal(X, model.sample(50, random_state=0))
    assert not np.allclose(X, model.sample(50, random_state=1))
    assert np.abs(X.mean(0)).max() < 1.0


def test_generated_sequences_are_sequences():
    from skae.networks import RecurrentNetwork

    X = np.random.default_rng(0).normal(size=(30, 5, 2))
    model = Autoencoder(2, network=RecurrentNetwork(4), max_epochs=1, random_state=0)
    assert model.fit(X).sample(3, random_state=0).shape == (3, 5, 2)


def test_samplers_that_are_fitted_need_a_fit(wine):
    assert VAE(random_state=0).partial_fit(wine).sample(2, 0).shape == (2, 13)
    with pytest.raises(ValueError, match="sampler='gmm' is fitted to codes by fit"):
        VAE(sampler="gmm", random_state=0).partial_fit(wine).sample()


def test_warnings_point_to_the_users_line(wine):
    with pytest.warns(CollapseWarning) as record:
        VAE(beta=50.0, max_epochs=200, learning_rate=1e-2, random_state=0).fit(wine)
    assert record[0].filename == __file__


def test_unknown_samplers_are_named_before_the_training(wine):
    model = VAE(sampler="gm", max_epochs=1, random_state=0)
    with pytest.raises(UnknownNameError, match=r"sampler 'gm'.*mean 'gmm'\?"):
        model.fit(wine)
    assert not hasattr(model, "history_")


def test_a_warm_start_may_come_with_another_sampler(wine):
    model = VAE(sampler="gmm", max_epochs=1, random_state=0, warm_start=True).fit(wine)
    model.set_params(sampler="prior").fit(wine)
    assert isinstance(model.sampler_, PriorSampler)


@pytest.mark.parametrize("sampler", [MixtureSampler(2), BayesianGaussianMixture()])
def test_a_sampler_without_a_random_state_has_that_of_the_model(wine, sampler):
    fits = [VAE(2, sampler=sampler, max_epochs=1, random_state=0) for _ in range(2)]
    rows = [model.fit(wine).sample(5, random_state=1) for model in fits]
    np.testing.assert_array_equal(*rows)
    assert sampler.random_state is None


def test_samplers_in_a_search(wine):
    model = VAE(2, max_epochs=2, random_state=0)
    mixtures = {"sampler": [MixtureSampler()], "sampler__max_modes": [1, 2]}
    space = [{"sampler": ["prior", "gaussian"]}, mixtures]
    search = GridSearchCV(model, space, scoring=GenerationKL(), cv=2).fit(wine)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.cv_results_["params"]) == 4


# The five models of one article are compositions


def composed(bottleneck, *penalties):
    return Autoencoder(
        3,
        network=DenseNetwork((64, 64)),
        bottleneck=bottleneck,
        objective=Objective(penalties=list(penalties)),
        max_epochs=6,
        random_state=0,
    )


FIVE = {
    "f1": composed(PointBottleneck(noise=SNRNoise(15))),
    "f2": composed(
        PointBottleneck(noise=SNRNoise(15)), ("moments", MomentMatching(1.0))
    ),
    "f3": composed("gaussian", ("kl", KLDivergence(0.01))),
    "f4": composed("gaussian", ("mmd", MMD(1.0))),
    "f5": composed(
        "gaussian",
        ("kl", KLDivergence(LinearWarmup(4, final=0.01))),
        ("mmd", MMD(LinearWarmup(2, final=1.0))),
    ),
}


@pytest.mark.parametrize("name", FIVE)
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_every_term_and_weight_is_logged_apart(name):
    X = make_cube_surface(512, random_state=0)
    model = clone(FIVE[name]).fit(X, X_val=make_cube_surface(128, random_state=1))
    penalties = [name for name, _ in model.objective.penalties]
    for row in model.history_:
        for part in ("train", "valid"):
            weighted = sum(row[f"{p}_weight"] * row[f"{part}_{p}"] for p in penalties)
            expected = row[f"{part}_reconstruction"] + weighted
            assert row[f"{part}_loss"] == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_schedules_are_told_when_training_ends():
    X = make_cube_surface(128, random_state=0)
    model = clone(FIVE["f5"]).set_params(max_epochs=3).fit(X)
    assert model.history_[:, "kl_weight"] == [0.0, 0.005, 0.01]
    assert model.history_[:, "mmd_weight"] == [0.0, 0.5, 1.0]


def test_incompatible_parts_are_refused_before_training(wine):
    with pytest.raises(IncompatiblePartsError, match=r"KLDivergence.*PointBottleneck"):
        composed("point", ("kl", KLDivergence())).fit(wine)


def test_parts_are_searched_by_nested_names():
    model = clone(FIVE["f5"])
    model.set_params(
        objective__kl__weight__final=0.5,
        network__hidden_layer_sizes="8",
        bottleneck=GaussianBottleneck(),
    )
    assert model.objective.penalties[0][1].weight.final == 0.5
    assert FIVE["f5"].objective.penalties[0][1].weight.final == 0.01


def test_cross_entropy_takes_probabilities(wine):
    X = (wine - wine.min(0)) / np.ptp(wine, axis=0)
    model = VAE(
        reconstruction="bernoulli_cross_entropy",
        output_activation="sigmoid",
        max_epochs=5,
        random_state=0,
    )
    assert np.isfinite(model.fit(X).elbo(X)).all()
    with pytest.raises(ValueError, match=r"data in \[0, 1\]"):
        model.fit(wine)
    with pytest.raises(IncompatiblePartsError, match="'identity'"):
        model.set_params(output_activation="identity").fit(X)


# Noise


def test_codes_cannot_outgrow_noise_at_a_fixed_ratio():
    X = make_cube_surface(1024, random_state=0)
    model = clone(FIVE["f1"]).set_params(max_epochs=20).fit(X)
    Z = model.transform(X)
    noise = model.transform_sample(X, random_state=0) - Z
    ratio = Z.var(0) / noise.var(0)
    np.testing.assert_allclose(10 * np.log10(ratio), 15, atol=0.7)


def test_noise_on_the_input_is_for_training_only(wine):
    model = Autoencoder(
        3, input_noise=GaussianNoise(0.5), max_epochs=5, random_state=0
    ).fit(wine)
    np.testing.assert_array_equal(model.transform(wine), model.transform(wine))
    plain = Autoencoder(3, max_epochs=5, random_state=0).fit(wine)
    assert model.history_[-1, "train_loss"] > plain.history_[-1, "train_loss"]


def test_codes_with_noise_tell_how_many_bits_get_through():
    X = make_cube_surface(500, random_state=0)
    model = Autoencoder(
        3,
        bottleneck=PointBottleneck(noise=SNRNoise(3.0, unit="ratio")),
        max_epochs=20,
        random_state=0,
    ).fit(X)
    np.testing.assert_allclose(model.information_rate_per_unit_, 1.0, atol=0.1)
    assert 0 < model.information_rate_ <= model.information_rate_per_unit_.sum()
    model.set_params(bottleneck="point").fit(X)
    assert not hasattr(model, "information_rate_")


def test_draws_of_codes_are_of_rows_in_the_units_of_the_network():
    X = low_rank(80, 6) * 100 + 5
    model = VAE(2, max_epochs=2, random_state=0).fit(X)
    mean, log_var = model.transform_distribution(X)
    draws = np.stack([model.transform_sample(X, seed) for seed in range(200)])
    deviations = (draws.mean(axis=0) - mean) / np.exp(log_var / 2)
    assert np.abs(deviations).max() < 5 / np.sqrt(200)
