"""Gaps of tables, filled by all networks of a fit."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

import skae
from skae import TabularAutoencoder, fit_stack

FEW = {"n_components": 4, "random_state": 0}


def wines(share=0.2):
    """Return a table of numbers and two categories, and one with gaps in it."""
    wine = load_wine(as_frame=True)
    X = wine.data.iloc[:, :6].assign(
        cultivar=wine.target_names[wine.target],
        colour=np.where(wine.data["color_intensity"] > 5, "deep", "light"),
    )
    hidden = np.random.default_rng(0).random(X.shape) < share
    hidden[hidden.all(axis=1), 0] = False
    return X, X.mask(hidden)


@pytest.fixture(scope="module")
def X():
    return wines()[0]


@pytest.fixture(scope="module")
def holes():
    return wines()[1]


@pytest.fixture(scope="module")
def model(holes):
    return TabularAutoencoder(**FEW).fit(holes)


def alone(model):
    """Return each network of a fit as a model with no other."""
    models = []
    for weights in (None, *model._weights_of_parts):
        one = deepcopy(model)
        del one._weights_of_parts
        if weights is not None:
            one.net_.module_.load_state_dict(weights)
        models.append(one)
    return models


def test_gaps_have_the_mean_of_all_networks(model, holes):
    assert len(model._weights_of_parts) == 5
    models = alone(model)
    tables = [one.impute(holes) for one in models]
    mean = sum(table["alcohol"] for table in tables) / len(tables)
    np.testing.assert_allclose(model.impute(holes)["alcohol"], mean, rtol=1e-5)
    probabilities = [one.category_probabilities(holes)["cultivar"] for one in models]
    expected = sum(probabilities) / len(models)
    gaps = holes["cultivar"].isna()
    found = model.category_probabilities(holes)["cultivar"]
    np.testing.assert_allclose(found[gaps], expected[gaps], atol=1e-5)
    assert (found.idxmax(axis=1) == model.impute(holes)["cultivar"])[gaps].all()


def test_the_mean_is_nearer_to_what_is_hidden_than_networks_are(model, X, holes):
    numbers = X.columns[:6]

    def error(model):
        gaps = (model.impute(holes)[numbers] - X[numbers])[holes[numbers].isna()]
        return np.nanmean((gaps / X[numbers].std()) ** 2)

    errors = [error(one) for one in alone(model)]
    assert error(model) < 0.97 * np.mean(errors)


def test_what_depends_on_a_threshold_is_told():
    """Half of the rows have spent nothing, others a lot, or next to nothing."""
    rng = np.random.default_rng(0)
    spent = np.where(rng.random(300) < 0.5, 0, rng.lognormal(0, 2, 300))
    X = pd.DataFrame(
        {
            "spent": spent,
            "age": rng.normal(50, 10, 300),
            "height": rng.normal(170, 9, 300),
            "buys": np.where(spent > 0, "yes", "no"),
        }
    )
    hidden = rng.random(300) < 0.3
    holes = X.assign(buys=X["buys"].mask(hidden))
    model = TabularAutoencoder(3, max_epochs=60, random_state=0).fit(holes)
    hits = (model.impute(holes)["buys"] == X["buys"])[hidden]
    assert hits.mean() > 0.97


def test_numbers_have_bins_where_cells_are_missing_in_the_fit(X, holes):
    def bins(X, condition=None, **params):
        model = TabularAutoencoder(max_epochs=1, **FEW, **params)
        return model.fit(X, condition=condition).net_.module_.bins

    assert bins(holes).n_features == 6 * 8
    assert bins(X) is None
    assert bins(X, masking=0.2) is None
    assert bins(holes, masking=0) is None
    assert bins(holes, condition=np.arange(len(holes)) % 2) is None


def test_probabilities_in_gaps_are_drawn_towards_the_shares_of_levels(model, holes):
    (one, *_), gaps = alone(model), holes["cultivar"].isna()
    told = one.category_probabilities(holes)["cultivar"][gaps]
    rows = one.encoder_.transform(holes)
    place = one.encoder_.places[list(holes).index("cultivar")]
    network = one._reconstruct(rows)[gaps.to_numpy(), place]
    shares = holes["cultivar"].value_counts(normalize=True)[told.columns]
    expected = 0.8 * network + 0.2 * shares.to_numpy()
    np.testing.assert_allclose(told, expected, atol=1e-5)


def test_what_is_seen_is_reconstructed_as_it_was(model, holes):
    seen = holes.dropna()
    expected = alone(model)[0].category_probabilities(seen)["cultivar"]
    found = model.category_probabilities(seen)["cultivar"]
    pd.testing.assert_frame_equal(found, expected)
    assert (found.idxmax(axis=1) == model.reconstruct(seen)["cultivar"]).all()


@pytest.mark.usefixtures("few_steps")
def test_fits_without_gaps_or_with_a_given_length_have_one_network(X, holes):
    whole = TabularAutoencoder(**FEW).fit(X)
    given = TabularAutoencoder(max_epochs=5, **FEW).fit(holes)
    for model in (whole, given):
        assert len(model._weights_of_parts) == 0
    gaps = holes["alcohol"].isna()
    told = given.reconstruct(holes)["alcohol"][gaps]
    pd.testing.assert_series_equal(given.impute(holes)["alcohol"][gaps], told)


def test_files_and_pickles_have_all_networks(model, holes, tmp_path):
    filled = model.impute(holes)
    model.save(tmp_path / "table.safetensors")
    same = skae.load(tmp_path / "table.safetensors")
    assert same.impute(holes).equals(filled)
    assert pickle.loads(pickle.dumps(model)).impute(holes).equals(filled)


def test_networks_that_would_stay_behind_are_forgotten(model, X, holes):
    model = deepcopy(model).partial_fit(holes)
    assert len(model._weights_of_parts) == 0
    assert model.impute(holes).notna().all(axis=None)


@pytest.mark.usefixtures("few_steps")
def test_stacked_fits_fill_gaps_as_lone_ones(holes):
    models = [TabularAutoencoder(4, random_state=seed) for seed in (0, 1)]
    models = fit_stack(models, [holes] * 2)
    lone = TabularAutoencoder(4, random_state=1).fit(holes)
    assert len(models[1]._weights_of_parts) == 5
    np.testing.assert_allclose(
        models[1].impute(holes)["ash"], lone.impute(holes)["ash"], rtol=1e-3
    )
