"""Noise that takes entries from other rows."""

import numpy as np
import pandas as pd
import pytest
import torch

from skae import Autoencoder, TabularAutoencoder
from skae.exceptions import DimensionWarning
from skae.networks import DenseNetwork
from skae.noise import GaussianNoise, MaskingNoise, SwapNoise


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_entries_are_those_of_other_rows_in_the_same_feature():
    x = torch.arange(1000.0)[:, None] + torch.tensor([0.0, 0.1, 0.2])
    swapped = SwapNoise(0.3).build((3,))(x, generator())
    assert all(set(swapped[:, j].tolist()) <= set(x[:, j].tolist()) for j in range(3))
    kept = (swapped == x).float().mean(0)
    np.testing.assert_allclose(kept, 0.7, atol=0.05)
    assert abs(np.corrcoef((swapped == x).float().T)[0, 1]) < 0.1  # each by itself


def test_columns_of_a_variable_come_from_one_row():
    x = torch.eye(4).repeat(100, 1)
    swapped = SwapNoise(0.5, columns=(1, 3)).build((4,))(x, generator())
    assert set(swapped[:, 1:].sum(1).tolist()) <= {0.0, 1.0}
    assert not torch.equal(swapped[:, 1:], x[:, 1:])


@pytest.mark.parametrize("p", [-0.1, 1.5, "0.2"])
def test_no_probability(p):
    with pytest.raises(ValueError, match="a probability, from 0 to 1, is needed"):
        SwapNoise(p).build((3,))


def test_rows_of_several_axes_are_refused():
    with pytest.raises(ValueError, match=r"rows of one axis.*\(4, 2\)"):
        SwapNoise().build((4, 2))


def composed(noise=None, n_components=2, **params):
    usual = {"network": DenseNetwork(linear_path="pca"), "random_state": 0}
    return Autoencoder(n_components, input_noise=noise, **{**usual, **params})


def circle(n_rows, seed=0):
    """Return points on a circle, and two more features of noise."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n_rows)
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.hstack([X, 0.5 * rng.normal(size=(n_rows, 2))])


def test_new_rows_are_reconstructed_as_they_are():
    """Where all entries are swapped, features are told although none tells another."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1)) * np.ones(3)  # rows on a line
    apart = rng.normal(size=(300, 3))
    errors = []
    for noise in (None, SwapNoise(1.0)):
        model = composed(noise, 3, max_epochs=40).fit(X)
        errors.append(np.mean((model.reconstruct(apart) - apart) ** 2))
    assert errors[1] < 0.05 * errors[0]


def test_held_out_rows_are_as_they_are():
    X = circle(60)
    model = composed(SwapNoise(0.5), max_epochs=1).fit(X, X_val=X)
    error = np.mean((model.reconstruct(X) - X) ** 2)
    assert model.history_[-1, "valid_loss"] == pytest.approx(error, rel=1e-6)


def test_targets_are_refused():
    X = circle(40)
    with pytest.raises(ValueError, match=r"y holds clean rows.*SwapNoise.*pass no y"):
        composed(SwapNoise(), max_epochs=1).fit(X + 0.1, X)


def test_codes_may_be_copies_where_rows_are_reconstructed_with_their_noise():
    X = circle(40)
    with pytest.warns(DimensionWarning, match="may copy rows"):
        composed(SwapNoise(), 5, max_epochs=1).fit(X)
    composed(GaussianNoise(), 5, max_epochs=1).fit(X)  # without a warning


def mixed(n_rows=150, seed=0):
    """Return a table of two numbers and two categories, all of chance."""
    rng = np.random.default_rng(seed)
    numbers = {name: rng.normal(size=n_rows) for name in ("a", "z")}
    names = {name: rng.choice(list("uvw"), n_rows) for name in ("b", "c")}
    return pd.DataFrame({**numbers, **names})


def test_complete_tables_swap_cells_where_the_length_is_found(fewer_steps):
    X = mixed()
    model = TabularAutoencoder(2, random_state=0).fit(X)
    noise = model.net_.module_.input_noise.part
    assert (noise.p, tuple(noise.columns)) == (0.3, (1, 1, 3, 3))
    assert max(model.history_[:, "learning_rate"]) > 0.007
    assert model.net_.batch_size > 64


@pytest.mark.parametrize(
    "params",
    [
        {"max_epochs": 1},
        {"nested": True},
        {"masking": 0.2},
        {"swapping": 0.0},
        {"n_components": 3},
    ],
    ids=str,
)
def test_fits_without_swapped_cells(params, few_steps):
    model = TabularAutoencoder(random_state=0, **params).fit(mixed(40))
    noise = model.net_.module_.input_noise
    assert noise is None or not noise.in_targets
    assert model.net_.batch_size <= 64


def test_rows_with_weights_are_not_given_cells_of_others(few_steps):
    X = mixed(60)
    weight = np.r_[np.ones(30), np.full(30, 1e-6)]
    model = TabularAutoencoder(2, random_state=0).fit(X, sample_weight=weight)
    assert model.net_.module_.input_noise is None


@pytest.mark.slow
def test_rows_on_a_curved_surface_are_not_left():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(300, 2))
    X = np.tanh(Z @ rng.normal(size=(2, 6))) + 0.03 * rng.normal(size=(300, 6))
    X = pd.DataFrame(X, columns=[*"abcdef"]).assign(
        side=np.where(Z[:, 0] > 0, "r", "l")
    )
    scores = []
    for swapping in ("auto", 0.3):
        model = TabularAutoencoder(2, swapping=swapping, random_state=0)
        scores.append(model.fit(X[:200]).score(X[200:]))
    assert scores[0] > 0.99
    assert scores[0] > scores[1] + 0.005


@pytest.mark.parametrize("columns", [(2, 2), (1,), (2.0, 3.0), "ab", (2, 0, 3)])
@pytest.mark.parametrize("noise", [MaskingNoise, SwapNoise])
def test_columns_have_to_be_those_of_a_row(noise, columns):
    with pytest.raises(ValueError, match="add up to the 5 features"):
        noise(0.3, columns).build((5,))


@pytest.mark.parametrize("columns", [["a"], ["b", "c"]])
def test_columns_of_one_kind_are_not_swapped(columns, few_steps):
    model = TabularAutoencoder(1, random_state=0).fit(mixed(40)[columns])
    assert model.net_.module_.input_noise is None


def gappy():
    X = mixed(60)
    X.loc[::5, "b"] = None
    return X


@pytest.mark.parametrize(("masking", "kind"), [("auto", MaskingNoise), (0, SwapNoise)])
def test_where_cells_are_missing_they_are_swapped_if_none_are_hidden(
    masking, kind, few_steps
):
    model = TabularAutoencoder(2, masking=masking, random_state=0).fit(gappy())
    assert type(model.net_.module_.input_noise.part) is kind
    assert np.isfinite(model.score(gappy()))


def test_gaps_are_swapped_on_demand():
    X = gappy()
    model = TabularAutoencoder(2, swapping=0.2, max_epochs=2, random_state=0).fit(X)
    assert model.net_.module_.input_noise.part.p == 0.2
    assert not model.impute(X).isna().any(axis=None)
    with pytest.raises(ValueError, match=r"masking=0.1 and swapping=0.2"):
        model.set_params(masking=0.1).fit(X)


@pytest.mark.slow
def test_swapped_cells_teach_what_few_rows_do_not():
    """Held-out rows of few are reconstructed better, in both kinds of columns."""
    X, others = (mixed(*of).drop(columns="z") for of in ((120, 0), (1000, 1)))
    said = []
    for swapping in (0.0, 0.3):
        model = TabularAutoencoder(2, swapping=swapping, random_state=0).fit(X)
        X_hat = model.reconstruct(others)
        told = (X_hat[["b", "c"]] == others[["b", "c"]]).to_numpy().mean()
        said.append([1 - told, np.mean((X_hat.a - others.a) ** 2)])
    assert said[1][0] < said[0][0]
    assert said[1][1] < said[0][1]
