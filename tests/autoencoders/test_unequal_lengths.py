import numpy as np
import pytest
from sklearn.base import clone

from skae import Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.networks import RecurrentNetwork
from skae.objectives import KLDivergence, Objective
from skae.preprocessing import SequenceScaler
from skae.scorers import KernelMutualInformation


def unequal(n_samples=24, n_timesteps=9, seed=0):
    """Return sines of 4 to 9 time steps, filled up with NaN."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, size=(n_samples, 1, 2))
    X = np.sin(phase + np.arange(n_timesteps)[:, None] / 2)
    lengths = 4 + np.arange(n_samples) % (n_timesteps - 3)
    X[np.arange(n_timesteps) >= lengths[:, None]] = np.nan
    return X, lengths


@pytest.fixture(params=["repeat", "stateful"])
def model(request):
    return LSTMAutoencoder(
        3, hidden_size=8, decoder=request.param, max_epochs=5, random_state=0
    )


def test_codes_are_those_of_the_sequences_alone(model):
    X, lengths = unequal()
    Z = model.fit_transform(X)
    alone = [model.transform(x[None, :n])[0] for x, n in zip(X, lengths, strict=True)]
    np.testing.assert_allclose(Z, alone, atol=1e-12)


def test_the_fill_has_no_part_in_the_loss(model):
    X, _ = unequal()
    longer = np.concatenate([X, np.full((len(X), 3, 2), np.nan)], axis=1)
    short, long = clone(model).fit(X), clone(model).fit(longer)
    np.testing.assert_allclose(
        short.history_[:, "train_loss"], long.history_[:, "train_loss"], rtol=1e-9
    )
    np.testing.assert_allclose(short.transform(X), long.transform(longer), atol=1e-9)


def test_reconstructions_end_where_the_sequences_end(model):
    X, _ = unequal()
    X_hat = model.fit(X).reconstruct(X)
    np.testing.assert_array_equal(np.isnan(X_hat), np.isnan(X))
    errors = np.nanmean((X - X_hat) ** 2, axis=(1, 2))
    np.testing.assert_allclose(model.score_samples(X), -errors)
    assert np.isfinite(model.score(X))
    assert np.isfinite(KernelMutualInformation()(model, X))
    assert np.isfinite(model.inverse_transform(model.transform(X))).all()


def test_early_stopping_and_scaling(model):
    X, _ = unequal()
    X = SequenceScaler().fit_transform(X)
    model.set_params(early_stopping=True, max_epochs=8).fit(X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()


def test_infinity_is_refused(model):
    X, _ = unequal()
    X[0, 1, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.fit(X)


def test_tables_and_flattened_windows_have_no_ends():
    X = unequal()[0].reshape(len(unequal()[0]), -1)
    for model in (
        DenseAutoencoder(2, max_epochs=2, random_state=0),
        LSTMAutoencoder(2, n_channels=2, hidden_size=4, max_epochs=2, random_state=0),
    ):
        assert np.isfinite(model.fit(X).reconstruct(X)).all()


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_likelihoods_are_those_of_the_sequences_alone():
    X, lengths = unequal()
    model = Autoencoder(
        2,
        network=RecurrentNetwork(8),
        bottleneck="gaussian",
        objective=Objective(penalties=[("kl", KLDivergence(1e-4))]),
        learning_rate=1e-2,
        max_epochs=30,
        random_state=0,
    ).fit(X)
    bounds = model.elbo(X[:1], n_draws=2)
    alone = model.elbo(X[:1, : lengths[0]], n_draws=2)
    np.testing.assert_allclose(bounds, alone)
    assert np.isfinite(model.elbo(X)).all()
