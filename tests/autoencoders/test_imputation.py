"""Filling of missing entries."""

import numpy as np
import pandas as pd
import pytest
from helpers.data import low_rank, sines
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skae import MMDVAE, VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.networks import DenseNetwork

SETTINGS = {"max_epochs": 3, "random_state": 0}


def holed(X, share=0.2, seed=0):
    """Return rows without some entries, each with its first one."""
    X, rng = X.copy(), np.random.default_rng(seed)
    missing = rng.uniform(size=X.shape) < share
    missing[(slice(None), *[0] * (X.ndim - 1))] = False
    X[missing] = np.nan
    return X


def linear(k=2, **params):
    """Return an autoencoder that stays the principal components it starts as."""
    network = DenseNetwork((), linear_path="pca")
    settings = {"max_epochs": 1, "learning_rate": 1e-12, "random_state": 0}
    return Autoencoder(k, network=network, **settings, **params)


@pytest.mark.parametrize("model", [DenseAutoencoder(2), VAE(2), MMDVAE(2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_observed_stays(model, dtype):
    X = holed(3 + low_rank()).astype(dtype)
    filled = clone(model).set_params(**SETTINGS).fit(X).impute(X)
    assert filled.dtype == dtype
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])


def test_one_step_fills_in_the_reconstruction():
    X = holed(3 + low_rank())
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    gaps = np.isnan(X)
    np.testing.assert_array_equal(model.impute(X)[gaps], model.reconstruct(X)[gaps])


def test_complete_rows_come_back_as_they_are():
    X = low_rank()
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    filled = model.impute(X)
    np.testing.assert_array_equal(filled, X)
    filled[:] = 0
    assert X.any()
    whole = np.arange(60).reshape(10, 6)
    np.testing.assert_array_equal(
        DenseAutoencoder(2, **SETTINGS).fit(whole).impute(whole), whole
    )


def test_filled_entries_of_a_plane_are_found():
    X = 2 + low_rank(noise=0)
    model = linear().fit(X)
    holes = X.copy()
    holes[::2, 3] = np.nan
    few, many = (
        np.abs(model.impute(holes, max_iter=n, tol=0) - X).max() for n in (3, 1000)
    )
    assert many < 1e-5 < few


def test_a_row_does_not_depend_on_others():
    X = holed(3 + low_rank())
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    alone = np.concatenate([model.impute(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(model.impute(X), alone, atol=1e-9)


def test_rows_are_done_when_they_stay():
    X = holed(3 + low_rank())
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    filled = model.impute(X, max_iter=500, tol=1e-4)
    again = np.where(np.isnan(X), model.reconstruct(filled), X)
    change = np.linalg.norm(again - filled, axis=1)
    distance = np.linalg.norm(filled - np.nanmean(X, axis=0), axis=1)
    assert (change <= 2e-4 * distance).all()


def test_rows_that_come_to_no_rest_stay_as_they_were():
    X = holed(3 + low_rank())
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    reconstruct = model._reconstruct

    def outwards(X, condition):
        X_hat = reconstruct(X, condition)
        return 3 + 2 * (X_hat - 3) + (X_hat - 3) ** 3

    model._reconstruct = outwards
    assert np.abs(model.impute(X, max_iter=50)).max() < 1e3


def test_frames_keep_names_index_and_columns_without_gaps():
    X = pd.DataFrame(
        {"n": range(30), "a": low_rank(30)[:, 0], "b": low_rank(30)[:, 1]},
        index=[f"row {i}" for i in range(30)],
    )
    X.loc[X.index[3:6], "b"] = np.nan
    model = DenseAutoencoder(2, **SETTINGS).fit(X)
    filled = model.impute(X)
    pd.testing.assert_frame_equal(filled[["n", "a"]], X[["n", "a"]])
    assert list(filled.columns) == ["n", "a", "b"]
    assert filled.index.equals(X.index)
    array = X.to_numpy()
    np.testing.assert_array_equal(filled, clone(model).fit(array).impute(array))
    assert X["b"].isna().sum() == 3


def test_sequences_are_filled_up_to_their_ends():
    X = holed(sines(20))
    X[::3, -2:] = np.nan
    X[:, -3, 0] = 0.5
    model = LSTMAutoencoder(2, hidden_size=4, **SETTINGS).fit(X)
    filled = model.impute(X)
    np.testing.assert_array_equal(np.isnan(filled[::3, -2:]), True)
    np.testing.assert_array_equal(np.isfinite(filled[:, :-2]), True)


def test_conditions():
    batch = np.arange(60) % 2
    X = holed(low_rank() + 5 * batch[:, None])
    model = DenseAutoencoder(2, **SETTINGS).fit(X, condition=batch)
    filled = model.impute(X, condition=batch)
    assert np.isfinite(filled).all()
    one = model.impute(X[:1], condition=batch[:1])
    np.testing.assert_allclose(filled[:1], one, atol=1e-9)
    with pytest.raises(ValueError, match="needs one here"):
        model.impute(X)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**20), share=st.floats(0, 0.9), n=st.integers(1, 20))
def test_any_pattern_of_gaps(seed, share, n):
    X = holed(low_rank(n, 5, seed=seed), share, seed)
    filled = _MODEL.impute(X)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])


_MODEL = DenseAutoencoder(2, **SETTINGS).fit(low_rank(40, 5))


# Draws


def test_draws_are_those_of_the_normal_distribution_of_what_is_missing():
    X = 3 + low_rank(400, 4, noise=0.5)
    vae = VAE(2, hidden_layer_sizes=(), max_epochs=1, learning_rate=1e-9)
    vae.set_params(random_state=0).fit(X)  # probabilistic PCA
    row = X[:1].copy()
    row[0, 2] = np.nan
    draws = vae.impute(np.repeat(row, 4000, 0), n_draws=1, max_iter=60, random_state=0)
    z = vae.sample(200_000, random_state=0, noise=True)
    covariance, mean = np.cov(z.T), z.mean(axis=0)
    others = [0, 1, 3]
    slopes = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, 2])
    expected = mean[2] + (row[0, others] - mean[others]) @ slopes
    spread = np.sqrt(covariance[2, 2] - slopes @ covariance[others, 2])
    np.testing.assert_allclose(draws[0, :, 2].mean(), expected, atol=0.05 * spread)
    np.testing.assert_allclose(draws[0, :, 2].std(), spread, rtol=0.05)
    np.testing.assert_array_equal(
        draws[0][:, others], np.repeat(row, 4000, 0)[:, others]
    )


def test_draws_have_a_shape_and_a_seed():
    X = holed(3 + low_rank(30)).astype(np.float32)
    vae = VAE(2, **SETTINGS).fit(X)
    draws = vae.impute(X, n_draws=3, random_state=0)
    assert draws.shape == (3, 30, 6)
    assert draws.dtype == np.float32
    gaps = np.isnan(X)
    assert (draws.std(axis=0)[gaps] > 0).all()
    np.testing.assert_array_equal(draws[:, ~gaps], np.repeat(X[~gaps][None], 3, 0))
    np.testing.assert_array_equal(draws, vae.impute(X, n_draws=3, random_state=0))
    frame = pd.DataFrame(X)
    np.testing.assert_array_equal(draws, vae.impute(frame, n_draws=3, random_state=0))


@pytest.mark.parametrize(
    "model", [Autoencoder(2), VAE(2, reconstruction="huber", beta=1e-3)]
)
def test_draws_need_a_density(model):
    X = holed(3 + low_rank(30))
    model = clone(model).set_params(**SETTINGS).fit(X)
    with pytest.raises(ValueError, match="n_draws draws from a density"):
        model.impute(X, n_draws=2, random_state=0)


def test_settings_are_checked():
    X = low_rank()
    vae = VAE(2, **SETTINGS).fit(X)
    for bad in ({"max_iter": 0}, {"tol": -1.0}, {"n_draws": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            vae.impute(X, **bad)
