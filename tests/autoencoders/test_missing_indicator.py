"""Encoders that are told which entries are missing."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_wine

import skae
from skae import (
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    fit_stack,
)
from skae.networks import ConvolutionalNetwork, DenseNetwork, RecurrentNetwork
from skae.noise import GaussianNoise, MaskingNoise
from skae.training._seeding import generator_for
from skae.training._sources import ArraySource, Rows


def table(n_samples=60, seed=0):
    """Return rows of which some lack the first or second feature, never the last."""
    rng = np.random.default_rng(seed)
    X = 3 + rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, 4))
    X[rng.uniform(size=n_samples) < 0.3, 0] = np.nan
    X[rng.uniform(size=n_samples) < 0.3, 1] = np.nan
    return X


def sequences(n_samples=24, seed=0):
    """Return sequences with gaps in the first channel, of which some end early."""
    rng = np.random.default_rng(seed)
    X = np.sin(rng.uniform(0, 6, (n_samples, 1, 2)) + np.arange(6)[:, None] / 2)
    X[:, :4, 0][rng.uniform(size=(n_samples, 4)) < 0.3] = np.nan
    X[::3, 5] = np.nan
    return X


def images(n_samples=24, seed=0):
    X = np.random.default_rng(seed).normal(size=(n_samples, 1, 6, 6))
    X[::2, 0, 2, 2] = np.nan
    return X


def composed(network, **parameters):
    return Autoencoder(2, network=network, **parameters)


PCA_PATH = DenseNetwork(linear_path="pca")

CASES = {
    "dense": (DenseAutoencoder(), table),
    "dense, alone": (DenseAutoencoder(linear_path=None), table),
    "vae": (VAE(), table),
    "masked": (
        composed(PCA_PATH, input_noise=MaskingNoise(0.3)),
        table,
    ),
    "masked, hidden entries first": (
        composed(PCA_PATH, input_noise=MaskingNoise(0.3, kept_weight=0.2)),
        table,
    ),
    "noisy": (
        composed(PCA_PATH, input_noise=GaussianNoise(0.1)),
        table,
    ),
    "lstm": (LSTMAutoencoder(hidden_size=4), sequences),
    "lstm, alone": (LSTMAutoencoder(hidden_size=4, linear_path=None), sequences),
    "gru, masked": (
        composed(RecurrentNetwork(4, cell="gru"), input_noise=MaskingNoise(0.3)),
        sequences,
    ),
    "convolutional": (
        composed(ConvolutionalNetwork((2,), linear_path="pca")),
        sequences,
    ),
    "images": (composed(ConvolutionalNetwork((2,))), images),
}


@pytest.fixture(params=CASES)
def case(request):
    """Return a model that is told of gaps, and rows with some."""
    model, rows = CASES[request.param]
    settings = {"max_epochs": 4, "batch_size": 8, "random_state": 0}
    model = clone(model).set_params(missing_indicator=True, **settings)
    return model.set_params(learning_rate=1e-2), rows()


def test_codes_tell_gaps_from_means(case):
    model, X = case
    model.fit(X)
    ended = np.isnan(model.reconstruct(X))
    means = model.net_.means_.numpy()
    whole = np.where(np.isnan(X) & ~ended, means, X)
    has_gaps = (np.isnan(X) & ~ended).any(axis=tuple(range(1, X.ndim)))
    distance = abs(model.transform(X) - model.transform(whole)).max(axis=1)
    assert (distance[has_gaps] > 1e-6).all()
    assert distance[~has_gaps].max() < 1e-9


def test_gaps_of_features_that_had_none_are_not_told():
    X = table()
    model = DenseAutoencoder(2, missing_indicator=True, max_epochs=4, random_state=0)
    model.fit(X)
    holed, whole = X[:10].copy(), X[:10].copy()
    holed[:, 3], whole[:, 3] = np.nan, model.net_.means_[3]
    np.testing.assert_allclose(model.transform(holed), model.transform(whole))


def test_rows_without_gaps_teach_what_masked_entries_are():
    X = np.nan_to_num(table(), nan=3.0)
    noise, network = MaskingNoise(0.3), PCA_PATH
    model = composed(network, input_noise=noise, missing_indicator=True)
    model.set_params(max_epochs=20, random_state=0).fit(X)
    holed, whole = X[:10].copy(), X[:10].copy()
    holed[:, 3], whole[:, 3] = np.nan, model.net_.means_[3]
    distance = abs(model.transform(holed) - model.transform(whole)).max(axis=1)
    assert distance.min() > 1e-4


def test_masked_entries_are_given_as_missing_ones():
    X = np.nan_to_num(table(), nan=3.0)
    network = PCA_PATH
    model = composed(network, input_noise=MaskingNoise(0.4), missing_indicator=True)
    model.set_params(max_epochs=3, random_state=0).fit(X)
    module, x = model.net_.module_.train(), torch.from_numpy(X)
    module.units = None
    given = []
    module.encoder.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    module.encode(x, torch.Generator().manual_seed(1))
    values, gaps = given[0][:, :4], given[0][:, 4:].bool()
    assert 0.3 < gaps.double().mean() < 0.5
    means = model.net_.means_.expand_as(x)
    torch.testing.assert_close(values, torch.where(gaps, means, x))


def weighed_error(model, X, generator, kept_weight):
    """Return the mean square over present entries when noise hides some, weighed."""
    net, x = model.net_, torch.from_numpy(X)
    kept = model.input_noise.draw(x, generator)
    gaps = x.isnan() | ~kept
    given = torch.where(gaps, net.means_, x)
    with torch.no_grad():
        x_hat = net.module_.eval()(torch.cat([given, gaps.double()], dim=1))[0]
    squares = np.square(np.nan_to_num(X) - x_hat.numpy())
    weights = np.where(kept, kept_weight, 1) * np.isfinite(X)
    return (weights * squares).sum() / weights.sum()


@pytest.mark.parametrize("kept_weight", [1.0, 0.2])
def test_held_out_rows_have_entries_hidden(kept_weight):
    noise = MaskingNoise(0.4, kept_weight=kept_weight)
    model = composed(PCA_PATH, input_noise=noise, missing_indicator=True)
    X = table()
    model.set_params(max_epochs=3, batch_size=20, random_state=0).fit(X, X_val=X[:15])
    net = model.net_
    expected = weighed_error(model, X[:15], generator_for(net.seed, 0), kept_weight)
    np.testing.assert_allclose(net.history[-1, "valid_loss"], expected, rtol=1e-6)


def test_entries_that_are_kept_weigh_less_in_training():
    X = table()
    noise = MaskingNoise(0.4, kept_weight=0.2)
    model = composed(PCA_PATH, input_noise=noise, missing_indicator=True)
    model.set_params(max_epochs=1, batch_size=60, learning_rate=1e-9, random_state=0)
    net = model.fit(X).net_
    order = net.get_iterator(Rows(ArraySource(X, has_missing=True)), training=True)
    (batch, *_), *_ = order.epoch(0)
    expected = weighed_error(model, batch.numpy(), generator_for(net.seed, 0), 0.2)
    np.testing.assert_allclose(net.history[-1, "train_loss"], expected, rtol=1e-6)


def test_weights_of_hidden_entries_need_an_indicator():
    model = composed(
        PCA_PATH, input_noise=MaskingNoise(kept_weight=0.1), random_state=0
    )
    with pytest.raises(ValueError, match="missing_indicator=True, or kept_weight=1"):
        model.fit(table())
    model.set_params(input_noise=MaskingNoise(kept_weight=0.0), missing_indicator=True)
    with pytest.raises(ValueError, match="it has to be above 0 and at most 1"):
        model.fit(table())


def test_stacks_hold_out_rows_as_lone_fits_do(case):
    model, X = case
    models = [clone(model).set_params(random_state=seed) for seed in (0, 1)]
    for one in models:
        one.set_params(early_stopping=True, validation_fraction=0.3)
    for stacked, alone in zip(
        fit_stack(models, [X, X]), map(clone, models), strict=True
    ):
        np.testing.assert_allclose(
            stacked.history_[:, "valid_loss"],
            alone.fit(X).history_[:, "valid_loss"],
            rtol=1e-5,
        )


def test_what_is_missing_for_a_reason_tells():
    """One feature is missing where another is 1, and of mean zero elsewhere."""
    signs, values = np.random.default_rng(0).choice([-1.0, 1.0], (2, 300))
    X = np.column_stack([np.where(signs > 0, np.nan, values), signs, signs])
    asked = np.array([[np.nan, np.nan, 0.0], [np.nanmean(X[:, 0]), np.nan, 0.0]])
    network, noise, found = PCA_PATH, MaskingNoise(0.5), []
    for told in (False, True):
        model = composed(network, input_noise=noise, missing_indicator=told)
        model.set_params(max_epochs=60, learning_rate=1e-2, random_state=0).fit(X)
        with_gap, without = model.reconstruct(asked)[:, 1]
        found.append(with_gap - without)
    assert abs(found[0]) < 1e-9
    assert found[1] > 0.1


def test_stacks_are_as_lone_fits(case):
    model, X = case
    models = [clone(model).set_params(random_state=seed) for seed in (0, 1)]
    rows = [X, X[::-1]]
    for stacked, alone, own in zip(
        fit_stack(models, rows), map(clone, models), rows, strict=True
    ):
        np.testing.assert_allclose(
            stacked.transform(own), alone.fit(own).transform(own), atol=1e-6
        )


def test_files_keep_what_is_told(case, tmp_path):
    model, X = case
    model.fit(X).save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), model.transform(X))


def test_on_and_off_are_different_networks():
    X = table()
    model = DenseAutoencoder(2, warm_start=True, max_epochs=2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="missing_indicator was False"):
        model.set_params(missing_indicator=True).fit(X)


def test_tables_and_conditions():
    X = pd.DataFrame(table(), columns=list("abcd"))
    X["kind"] = np.where(np.arange(len(X)) % 3 == 0, None, "x")
    X.loc[::2, "kind"] = "y"
    model = TabularAutoencoder(2, missing_indicator=True, max_epochs=3, random_state=0)
    filled = model.fit(X).impute(X)
    assert not filled.isna().any().any()
    batch = np.array(["A", "B"])[np.arange(len(X)) % 2]
    model = VAE(2, missing_indicator=True, max_epochs=3, random_state=0)
    X = X[list("abcd")].to_numpy()
    Z = model.fit(X, condition=batch).transform(X, condition=batch)
    assert np.isfinite(Z).all()
    assert np.isfinite(model.elbo(X, condition=batch, random_state=0)).all()


def test_onnx_tells_gaps(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    X = table().astype(np.float32)
    network = DenseNetwork((4,), linear_path="pca")
    model = composed(network, missing_indicator=True, max_epochs=3, random_state=0)
    model.fit(X).to_onnx(tmp_path / "model.onnx", method="reconstruct")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    (X_hat,) = session.run(None, {"X": X})
    np.testing.assert_allclose(X_hat, model.reconstruct(X), atol=1e-4)


def mixed(n_samples=60):
    """Return a table of three kinds in one column, and numbers that tell them."""
    X = np.nan_to_num(table(n_samples), nan=3.0)
    kind = np.array(list("xyz"))[np.arange(n_samples) % 3]
    X[:, 0] += 5 * (np.arange(n_samples) % 3)
    return pd.DataFrame(X, columns=list("abcd")).assign(kind=kind)


def test_tables_with_gaps_hide_cells_in_training():
    X, model = mixed(), TabularAutoencoder(2, max_epochs=3, random_state=0)
    assert clone(model).fit(X)._input_noise() is None
    holed = X.mask(np.eye(len(X), 5, dtype=bool))
    module = model.fit(holed).net_.module_.train()
    assert model._input_noise().p == 0.3
    kept = module.input_noise(torch.ones(2000, 7), torch.Generator().manual_seed(0))
    assert (kept[:, 4:] == kept[:, 4:5]).all()  # the levels of a category
    np.testing.assert_allclose(kept.mean(0), 0.7, atol=0.05)
    assert clone(model).set_params(masking=0.0).fit(holed)._input_noise() is None


def test_masking_changes_nothing_of_complete_tables():
    X, model = mixed(), TabularAutoencoder(2, max_epochs=3, random_state=0)
    plain = clone(model).set_params(masking=0.0)
    np.testing.assert_array_equal(model.fit_transform(X), plain.fit_transform(X))


def test_hidden_cells_teach_to_impute():
    wine, errors = load_wine(as_frame=True), []
    X = wine.data.iloc[:, :8].assign(cultivar=wine.target_names[wine.target])
    is_hidden = np.random.default_rng(0).uniform(size=X.shape) < 0.3
    numbers, spread = X.iloc[:, :8].to_numpy(), X.std(numeric_only=True).to_numpy()
    for masking in (0.0, "auto"):
        model = TabularAutoencoder(6, masking=masking, max_epochs=60, random_state=0)
        model.set_params(learning_rate=1e-2).fit(X.mask(is_hidden))
        filled = model.impute(X.mask(is_hidden))
        squares = ((filled.iloc[:, :8].to_numpy() - numbers) / spread) ** 2
        missed = (filled["cultivar"] != X["cultivar"])[is_hidden[:, 8]].mean()
        errors.append([missed, np.sqrt(squares[is_hidden[:, :8]].mean())])
    assert errors[1][0] <= errors[0][0]
    assert errors[1][1] < 0.93 * errors[0][1]


def test_tables_with_hidden_cells_train_in_stacks_and_are_saved(tmp_path):
    X = mixed().mask(np.eye(60, 5, dtype=bool))
    model = TabularAutoencoder(2, max_epochs=3, random_state=0)
    stacked, _ = fit_stack([model, clone(model).set_params(random_state=1)], [X, X])
    alone = clone(model).fit(X)
    np.testing.assert_allclose(stacked.transform(X), alone.transform(X), atol=1e-5)
    alone.save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), alone.transform(X))
