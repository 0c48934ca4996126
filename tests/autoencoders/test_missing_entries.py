"""Sequences some of whose entries are missing, before their end."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from torch.utils.data import TensorDataset

import skae
from skae import Autoencoder, LSTMAutoencoder
from skae.interpretation import code_sensitivities
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
from skae.objectives import KLDivergence, Objective
from skae.preprocessing import SequenceScaler
from skae.scorers import (
    KernelMutualInformation,
    RootMeanSquaredError,
    Silhouette,
    reconstruction_errors,
)

N_TIMESTEPS = 8


def with_holes(n_samples=24, seed=0, unequal=False):
    """Return sines around 3 with entries missing, of which some end early."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, size=(n_samples, 1, 2))
    X = 3 + np.sin(phase + np.arange(N_TIMESTEPS)[:, None] / 2)
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    X[::4, 2] = np.nan  # whole time steps
    ends = np.full(n_samples, N_TIMESTEPS)
    if unequal:
        ends -= np.arange(n_samples) % 4
        X[np.arange(N_TIMESTEPS) >= ends[:, None]] = np.nan
    X[np.arange(n_samples), ends - 1, 0] = 2.5
    return X


def ended(X):
    """Return which entries come after the last value, by a loop."""
    after = np.zeros(X.shape, dtype=bool)
    for x, out in zip(X, after, strict=True):
        last = max(t for t in range(len(x)) if not np.isnan(x[t]).all())
        out[last + 1 :] = True
    return after


def completed(X, fitted_to, has_ends=True):
    """Return sequences with means of the channels where entries are missing."""
    means = np.nanmean(fitted_to, axis=(0, 1))
    return np.where(np.isnan(X) & ~(ended(X) & has_ends), means, X)


MODELS = {
    "lstm": LSTMAutoencoder(3, hidden_size=5),
    "lstm without a linear path": LSTMAutoencoder(3, hidden_size=5, linear_path=None),
    "both ways": LSTMAutoencoder(3, hidden_size=5, n_layers=2, bidirectional=True),
    "recurrent": Autoencoder(3, network=RecurrentNetwork(5, cell="gru")),
    "convolutional": Autoencoder(3, network=ConvolutionalNetwork((4,))),
    "convolutional beside PCA": Autoencoder(
        3, network=ConvolutionalNetwork((4,), linear_path="pca")
    ),
}


@pytest.fixture(params=MODELS)
def model(request):
    settings = {"max_epochs": 4, "learning_rate": 3e-3, "random_state": 0}
    return clone(MODELS[request.param]).set_params(batch_size=8, **settings)


@pytest.fixture(params=[False, True], ids=["equal", "unequal"])
def X(request):
    return with_holes(unequal=request.param)


def test_codes_are_those_of_sequences_with_means_in_the_holes(model, X):
    Z = model.fit_transform(X)
    whole = completed(X, X, model._network().takes_missing_ends)
    np.testing.assert_allclose(Z, model.transform(whole), atol=1e-12)
    np.testing.assert_allclose(Z[:5], model.transform(X[:5]), atol=1e-12)


def test_missing_entries_have_no_part_in_the_loss(model, X):
    alike = clone(model).fit(completed(X, X), X)
    model.fit(X)
    np.testing.assert_allclose(
        model.history_[:, "train_loss"], alike.history_[:, "train_loss"], rtol=1e-9
    )
    weights = alike.net_.module_.state_dict()
    for name, value in model.net_.module_.state_dict().items():
        np.testing.assert_allclose(value, weights[name], atol=1e-9)


def test_reconstructions_have_values_up_to_the_end(model, X):
    X_hat = model.fit(X).reconstruct(X)
    np.testing.assert_array_equal(np.isnan(X_hat), ended(X))
    errors = np.nanmean((X - X_hat) ** 2, axis=(1, 2))
    np.testing.assert_allclose(model.score_samples(X), -errors)
    scatter = np.nansum((X - np.nanmean(X, axis=0)) ** 2)
    share = 1 - np.nansum((X - X_hat) ** 2) / scatter
    np.testing.assert_allclose(model.score(X), share)


def test_files_keep_the_means(model, X, tmp_path):
    model.fit(X).save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), model.transform(X))


def test_data_sets_with_holes(X):
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    Z = clone(model).fit_transform(X)
    np.testing.assert_allclose(
        model.fit(TensorDataset(torch.from_numpy(X))).transform(X), Z, atol=1e-9
    )


def test_models_of_complete_sequences_take_holes():
    X = with_holes()
    whole = completed(X, X)
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0).fit(whole)
    np.testing.assert_allclose(model.transform(X), model.transform(completed(X, whole)))


def test_holes_in_the_rows_of_validation_only():
    X = with_holes()
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    model.fit(completed(X, X), X_val=X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()


def test_validation_rows_that_end_early():
    X = with_holes(unequal=True)
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    model.fit(completed(with_holes(), X), X_val=X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()


def test_clean_rows_may_have_what_noisy_ones_lack():
    X = with_holes()
    y = completed(X, X) + 1
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    model.fit(X, y)
    other = clone(model).fit(completed(X, X), y)
    np.testing.assert_allclose(
        model.history_[-1, "train_loss"], other.history_[-1, "train_loss"]
    )


def test_the_linear_path_starts_as_pca_of_completed_sequences():
    X = with_holes()
    model = LSTMAutoencoder(3, hidden_size=4, learning_rate=1e-9, max_epochs=1)
    model.set_params(random_state=0)
    Z = model.fit(X).transform(X)
    other = clone(model).fit(completed(X, X)).transform(completed(X, X))
    np.testing.assert_allclose(Z, other, atol=1e-6)


def test_channels_and_time_steps_without_any_value():
    X = with_holes()
    X[:, :, 1] = np.nan
    X[:, 3] = np.nan
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    with pytest.warns(UserWarning, match="1 of 2 features .* no value at all: 1"):
        model.fit(X)
    assert np.isfinite(model.reconstruct(X)).all()
    assert np.isfinite(model.score(X))


@pytest.mark.parametrize("method", ["fit", "transform", "score", "reconstruct"])
def test_sequences_without_any_value_are_named(method):
    X = with_holes(unequal=True)
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(X)
    X[[4, 7]] = np.nan
    with pytest.raises(ValueError, match="2 of its sequences, by number 4, 7: leave"):
        getattr(model, method)(X)


def test_found_lengths_early_stopping_and_partial_fits():
    X = SequenceScaler().fit_transform(with_holes(80))
    model = LSTMAutoencoder(2, hidden_size=4, random_state=0)
    assert model.fit(X).score(X) > 0.5
    model.set_params(max_epochs=3, early_stopping=True).fit(X)
    assert np.isfinite(model.history_[:, "valid_loss"]).all()
    assert np.isfinite(clone(model).partial_fit(X[:9]).partial_fit(X).score(X))


def test_scorers():
    X = with_holes(60, unequal=True)
    model = make_pipeline(
        SequenceScaler(),
        LSTMAutoencoder(3, hidden_size=4, max_epochs=3, random_state=0),
    ).fit(X)
    assert np.isfinite(KernelMutualInformation()(model, X))
    assert np.isfinite(Silhouette(n_clusters=3)(model, X))
    assert np.isfinite(cross_val_score(model, X, scoring=RootMeanSquaredError())).all()
    assert np.isfinite(reconstruction_errors(model, X)["rmse"]).all()
    assert np.isfinite(code_sensitivities(model, X)).all(axis=None)


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_bounds_leave_out_what_is_missing():
    X = with_holes()
    model = Autoencoder(
        2,
        network=RecurrentNetwork(6),
        bottleneck="gaussian",
        objective=Objective(penalties=[("kl", KLDivergence(1e-4))]),
        max_epochs=5,
        random_state=0,
    ).fit(X)
    assert np.isfinite(model.elbo(X)).all()
    # the density of an entry that becomes known is less than that of a normal's mode
    known = completed(X, X)
    n_missing = np.isnan(X).sum(axis=(1, 2))
    gain = model.elbo(known, decoder_variance=1.0) - model.elbo(X, decoder_variance=1.0)
    assert (gain <= -n_missing * np.log(2 * np.pi) / 2 + 1e-9).all()
