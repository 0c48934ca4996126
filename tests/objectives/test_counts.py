"""Likelihoods of counts: densities, dispersions that are learned, and their fits."""

import pickle
from math import lgamma, log

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.models import weights
from scipy import stats
from sklearn.base import clone

from skae import (
    MMDVAE,
    VAE,
    Autoencoder,
    Checkpoint,
    load,
)
from skae.exceptions import IncompatiblePartsError
from skae.networks import RecurrentNetwork
from skae.objectives import (
    CategoricalLikelihood,
    NegativeBinomialLikelihood,
    Objective,
    PoissonLikelihood,
)

RNG = np.random.RandomState(0)
MEANS = np.exp(RNG.standard_normal((7, 3)) + [0, 2, 5])
COUNTS = RNG.poisson(MEANS).astype(float)
R = np.array([0.3, 2.0, 50.0])
x, x_hat, r = (torch.from_numpy(values) for values in (COUNTS, MEANS, R[None]))

# Counts of many features, whose means differ and move with two factors.
FACTORS = RNG.standard_normal((300, 2))
RATES = np.exp(RNG.normal(1, 1, 12) + FACTORS @ RNG.standard_normal((2, 12)) * 0.7)
DISPERSIONS = np.exp(RNG.uniform(0, 2, 12))
POISSON = RNG.poisson(RATES).astype(np.float32)
NOISY = RNG.poisson(RNG.gamma(DISPERSIONS, RATES / DISPERSIONS)).astype(np.float32)

SEQUENCES = RecurrentNetwork(4, output_activation="exp", linear_path="pca")


def vae(reconstruction="poisson", output_activation="exp", **params):
    usual = {"max_epochs": 5, "learning_rate": 3e-3, "random_state": 0}
    return VAE(
        2,
        reconstruction=reconstruction,
        output_activation=output_activation,
        **{**usual, **params},
    )


# Densities


def double_loop(x, m, r):
    """Return the log probability of every entry, written out."""
    log_p = np.empty(x.shape)
    for i, j in np.ndindex(*x.shape):
        choices = lgamma(x[i, j] + r[j]) - lgamma(r[j]) - lgamma(x[i, j] + 1)
        of_r = r[j] * log(r[j] / (r[j] + m[i, j]))
        log_p[i, j] = choices + of_r + x[i, j] * log(m[i, j] / (r[j] + m[i, j]))
    return log_p


def test_negative_binomial_is_that_of_a_double_loop_and_of_scipy():
    found = NegativeBinomialLikelihood().log_density(x, x_hat, r)
    np.testing.assert_allclose(found, double_loop(COUNTS, MEANS, R))
    expected = stats.nbinom.logpmf(COUNTS, R, R / (R + MEANS))
    np.testing.assert_allclose(found, expected)
    rows = NegativeBinomialLikelihood().log_likelihood(x, x_hat, r)
    np.testing.assert_allclose(rows, expected.sum(1))
    loss = NegativeBinomialLikelihood()(x, x_hat, variance=r)
    np.testing.assert_allclose(loss, -expected.sum(1).mean())


def test_poisson_is_that_of_scipy():
    expected = stats.poisson.logpmf(COUNTS, MEANS)
    found = PoissonLikelihood().log_density(x, x_hat)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(PoissonLikelihood()(x, x_hat), -expected.sum(1).mean())
    np.testing.assert_allclose(
        PoissonLikelihood().log_likelihood(x, x_hat), expected.sum(1)
    )


def test_poisson_is_the_limit_of_the_negative_binomial():
    found = NegativeBinomialLikelihood().log_density(x, x_hat, 1e6)
    np.testing.assert_allclose(
        found, PoissonLikelihood().log_density(x, x_hat), atol=0.1
    )


def test_large_counts_in_single_precision():
    count, mean = np.array([[40_000.0]]), np.array([[40_100.0]])
    single = [torch.tensor(values, dtype=torch.float32) for values in (count, mean)]
    found = PoissonLikelihood().log_density(*single)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(stats.poisson.logpmf(count, mean).item())
    found = NegativeBinomialLikelihood().log_density(*single, 1e5)
    expected = stats.nbinom.logpmf(count, 1e5, 1e5 / (1e5 + mean))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("mean", [0.0, 1e-38])
def test_means_that_have_vanished(mean):
    mean = torch.full((2, 1), mean, requires_grad=True)
    for term in (PoissonLikelihood(), NegativeBinomialLikelihood()):
        losses = term.elementwise(torch.tensor([[0.0], [3.0]]), mean)
        assert losses.isfinite().all()
        assert torch.autograd.grad(losses.sum(), mean)[0].isfinite().all()


def test_missing_entries_do_not_count():
    gap = x.clone()
    gap[2, 1] = torch.nan
    expected = stats.nbinom.logpmf(COUNTS, R, R / (R + MEANS))
    expected[2, 1] = 0
    found = NegativeBinomialLikelihood().log_likelihood(gap, x_hat, r)
    np.testing.assert_allclose(found, expected.sum(1))


# Dispersions


def test_dispersions_by_moments():
    rng = np.random.RandomState(1)
    means = np.exp(rng.standard_normal((100_000, 3)))
    r = np.array([0.5, 2.0, 8.0])
    term, like = NegativeBinomialLikelihood(), torch.from_numpy(means)
    drawn = torch.from_numpy(term.draw(means, r, rng)).double()
    np.testing.assert_allclose(term.variance(drawn, like)[0], r, rtol=0.1)
    poisson = torch.from_numpy(PoissonLikelihood().draw(means, None, rng)).double()
    assert (term.variance(poisson, like) > 50).all()
    rows = torch.zeros(100_000, 3, dtype=torch.double)
    rows[:50] = 1
    torch.testing.assert_close(
        term.variance(drawn, like, rows), term.variance(drawn[:50], like[:50])
    )


def test_draws_have_the_density():
    rng, means = np.random.RandomState(0), np.full((40_000, 1), 3.0)
    for term, variance, expected in [
        (PoissonLikelihood(), None, stats.poisson(3)),
        (NegativeBinomialLikelihood(), 2.0, stats.nbinom(2, 2 / 5)),
    ]:
        drawn = term.draw(means, variance, rng).ravel()
        shares = np.bincount(drawn, minlength=20)[:20] / len(drawn)
        np.testing.assert_allclose(shares, expected.pmf(range(20)), atol=0.01)


# Fits


@pytest.mark.parametrize("output_activation", ["exp", "softplus"])
def test_counts_are_better_told_than_by_their_means(output_activation):
    train, test = POISSON[:200], POISSON[200:]
    model = vae("poisson", output_activation, max_epochs=60).fit(train)
    of_means = stats.poisson.logpmf(test, train.mean(axis=0)).sum(axis=1).mean()
    of_truth = stats.poisson.logpmf(test, RATES[200:]).sum(axis=1).mean()
    bound = model.elbo(test).mean()
    assert of_means + 20 < bound < of_truth
    assert model.log_likelihood(test).mean() > bound
    assert (model.reconstruct(test) > 0).all()
    assert not hasattr(model, "decoder_variance_")


@pytest.mark.parametrize("reconstruction", ["poisson", "negative_binomial"])
def test_the_loss_is_the_negative_bound(reconstruction):
    X = POISSON if reconstruction == "poisson" else NOISY
    model = vae(reconstruction, max_epochs=30).fit(X, X_val=np.tile(X, (9, 1)))
    bound = model.elbo(X, n_draws=50).mean()
    assert -model.history_[-1, "valid_loss"] == pytest.approx(bound, abs=0.5)


def test_dispersions_are_learned():
    model = vae("negative_binomial", max_epochs=120, learning_rate=1e-2).fit(NOISY)
    errors = np.log(model.decoder_dispersion_) - np.log(DISPERSIONS)
    assert np.abs(errors).mean() < 0.4
    bound, of_poisson = (
        fitted.elbo(NOISY).mean() for fitted in (model, vae(max_epochs=60).fit(NOISY))
    )
    assert bound > of_poisson + 10
    started = vae("negative_binomial", learning_rate=1e-30, max_epochs=1).fit(NOISY)
    moments = NOISY.mean(0) ** 2 / (NOISY.var(0) - NOISY.mean(0))
    np.testing.assert_allclose(started.decoder_dispersion_, moments, rtol=1e-4)


@pytest.mark.parametrize("reconstruction", ["poisson", "negative_binomial"])
def test_rows_with_noise_are_counts_around_their_means(reconstruction):
    X = POISSON if reconstruction == "poisson" else NOISY
    model = vae(reconstruction).fit(X)
    rows = model.sample(4000, random_state=0, noise=True)
    assert rows.dtype == X.dtype
    assert (rows == np.rint(rows)).all()
    assert (rows >= 0).all()
    m = model.sample(4000, random_state=0)
    r = getattr(model, "decoder_dispersion_", np.inf)
    squares = (rows - m) ** 2 / (m + m**2 / r)
    np.testing.assert_allclose(squares.mean(axis=0), 1, atol=0.2)
    assert squares.mean() == pytest.approx(1, abs=0.05)


def test_counts_of_sequences():
    X = POISSON[:120].reshape(120, 4, 3)
    model = Autoencoder(
        2,
        network=SEQUENCES,
        bottleneck="gaussian",
        objective=Objective("negative_binomial", [("kl", "kl")]),
        max_epochs=2,
        random_state=0,
    ).fit(X)
    assert model.decoder_dispersion_.shape == (12,)
    assert np.isfinite(model.elbo(X)).all()


# What is learned stays with the weights


def dispersions(model):
    return model.net_.module_.dispersion[0].detach().numpy()


def test_dispersions_are_saved_and_pickled(tmp_path):
    model = vae("negative_binomial").fit(NOISY)
    model.save(tmp_path / "vae.skae")
    for again in (load(tmp_path / "vae.skae"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(
            again.decoder_dispersion_, model.decoder_dispersion_
        )
        np.testing.assert_array_equal(again.elbo(NOISY), model.elbo(NOISY))
        before = dispersions(again).copy()
        again.partial_fit(NOISY)
        assert (dispersions(again) != before).all()
        np.testing.assert_array_equal(again.decoder_dispersion_, dispersions(again))


def test_fits_and_clones_share_no_dispersions():
    model = vae(NegativeBinomialLikelihood()).fit(NOISY)
    kept = model.decoder_dispersion_.copy()
    other = clone(model).fit(3 * NOISY)
    assert (other.decoder_dispersion_ != kept).all()
    np.testing.assert_array_equal(dispersions(model), kept)
    np.testing.assert_array_equal(model.fit(NOISY).decoder_dispersion_, kept)


def test_early_stopping_keeps_the_best_dispersions():
    params = {"early_stopping": True, "learning_rate_schedule": "constant"}
    model = vae(
        "negative_binomial",
        max_epochs=150,
        n_iter_no_change=5,
        learning_rate=0.03,
        **params,
    ).fit(NOISY)
    best = int(np.argmin(model.history_[:, "valid_loss"])) + 1
    assert best < model.n_iter_
    rows = vae("negative_binomial", max_epochs=best, learning_rate=0.03, **params)
    np.testing.assert_array_equal(
        model.decoder_dispersion_, rows.fit(NOISY).decoder_dispersion_
    )


class Killed(Exception):
    pass


def test_a_killed_fit_goes_on_with_its_dispersions(tmp_path):
    from skorch.callbacks import Callback

    class Kill(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise Killed

    def model(*others):
        callbacks = [Checkpoint(tmp_path, interval=0), *others]
        return vae("negative_binomial", callbacks=callbacks)

    whole = model().fit(NOISY)
    with pytest.raises(Killed):
        model(Kill()).fit(NOISY)
    assert len([*tmp_path.iterdir()]) == 1
    resumed = model().fit(NOISY)
    np.testing.assert_array_equal(dispersions(resumed), dispersions(whole))
    for found, expected in zip(weights(resumed), weights(whole), strict=True):
        assert torch.equal(found, expected)


def test_weights_without_dispersions_cannot_follow():
    model = vae("poisson", warm_start=True).fit(NOISY)
    with pytest.raises(ValueError, match=r"reconstruction was 'poisson' when the"):
        model.set_params(reconstruction="negative_binomial").fit(NOISY)
    # another network for other kinds of fits, and the same for these
    model.set_params(reconstruction="bernoulli_cross_entropy")
    with pytest.raises(IncompatiblePartsError):
        model.fit(NOISY)


# Outputs


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (VAE(reconstruction="poisson"), "exp"),
        (MMDVAE(reconstruction="bernoulli_cross_entropy"), "sigmoid"),
        (VAE(reconstruction="huber"), "identity"),
        (VAE(reconstruction=CategoricalLikelihood()), "identity"),
        (VAE(reconstruction="poisson", output_activation="softplus"), "softplus"),
    ],
)
def test_outputs_are_what_the_term_takes_unless_given(model, name):
    assert model._network().output_activation == name


def test_counts_need_no_output_activation():
    usual = vae().fit(POISSON).transform(POISSON)
    np.testing.assert_array_equal(
        vae(output_activation="auto").fit(POISSON).transform(POISSON), usual
    )


# Bad input


@pytest.mark.parametrize("reconstruction", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("output_activation", ["identity", "silu", "tanh"])
def test_outputs_have_to_be_positive(reconstruction, output_activation):
    message = f"output_activation='{output_activation}' may leave: use 'exp'"
    for X_val in (None, NOISY):
        with pytest.raises(IncompatiblePartsError, match=message):
            vae(reconstruction, output_activation, max_epochs="auto").fit(
                NOISY, X_val=X_val
            )


@pytest.mark.parametrize(
    ("value", "shown"), [(-1.0, r"-1\.0"), (2.5, r"2\.5"), (-0.01, r"-0\.01")]
)
@pytest.mark.parametrize("reconstruction", ["poisson", "negative_binomial"])
def test_what_is_no_count_is_refused_by_name(reconstruction, value, shown):
    good = pd.DataFrame(NOISY, columns=[f"gene {j}" for j in range(12)]).astype(float)
    bad = good.copy()
    bad.iloc[7, 3] = value
    takes = f"takes counts, whole numbers from 0 on, and column 'gene 3' has {shown} in"
    message = rf"{takes} row 7: .*neither scaled nor .*another reconstruction term"
    fitted = vae(reconstruction, max_epochs=1).fit(good)
    for refuse in [
        vae(reconstruction).fit,
        vae(reconstruction, max_epochs="auto").fit,
        vae(reconstruction).partial_fit,
        lambda X: vae(reconstruction).fit(good, X_val=X),
        fitted.elbo,
        fitted.log_likelihood,
        fitted.partial_fit,
    ]:
        with pytest.raises(ValueError, match=message):
            refuse(bad)
    with pytest.raises(ValueError, match=f"and column 3 has {shown} in row 7"):
        vae(reconstruction).fit(bad.to_numpy())


def test_whole_numbers_and_roundings_of_them_are_counts():
    of_floats = vae().fit(NOISY)
    of_ints = vae().fit(NOISY.astype(int))
    np.testing.assert_array_equal(of_ints.elbo(NOISY), of_floats.elbo(NOISY))
    with pytest.raises(ValueError, match=r"column \d+ has -1 in row"):
        vae().fit(NOISY.astype(int) - 1 - NOISY.min().astype(int))
    rounded = NOISY.astype(float) * (1 + 1e-12)
    vae().fit(rounded).elbo(rounded)


def test_entries_of_sequences_are_named_by_their_place():
    X = POISSON[:20].reshape(20, 4, 3).copy()
    X[5, 2, 1] = 0.5
    model = Autoencoder(2, network=SEQUENCES, objective="poisson", max_epochs=1)
    with pytest.raises(ValueError, match=r"entry \(2, 1\) of an event has 0.5 in row"):
        model.fit(X)
