"""Autoencoders of tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skae
from skae import LatentDimensionSearchCV, TabularAutoencoder, TabularVAE, stacked
from skae.scorers import Reconstruction, locate


def frame(n_rows=200, seed=0):
    """Return a table of two numbers, a count and two categories of one latent number.

    One in ten of the colours is of chance.
    """
    rng = np.random.default_rng(seed)
    level = rng.random(n_rows)
    colours = np.array(["red", "green", "blue", "grey"])
    chance = rng.random(n_rows) < 0.1
    place = np.where(chance, rng.random(n_rows), level)
    return pd.DataFrame(
        {
            "colour": colours[(4 * place).astype(int)],
            "height": 170 + 30 * level + rng.normal(size=n_rows),
            "weight": 1e-3 * (level + 0.05 * rng.normal(size=n_rows)),
            "visits": rng.poisson(20 * level**2),
            "old": pd.Categorical(level > 0.5, [True, False]),
        },
        index=[f"row {number}" for number in range(n_rows)],
    )


def tabular(cls=TabularAutoencoder, n_components=1, **params):
    usual = {"max_epochs": 40, "learning_rate": 5e-3, "random_state": 0}
    return cls(n_components, **{**usual, **params})


@pytest.fixture(scope="module")
def X():
    return frame()


@pytest.fixture(scope="module")
def model(X):
    return tabular().fit(X)


@pytest.fixture(scope="module")
def vae(X):
    return tabular(TabularVAE).fit(X)


def test_reconstructions_are_tables_of_the_same_kind(model, X):
    X_hat = model.reconstruct(X)
    assert X_hat.index.equals(X.index)
    pd.testing.assert_series_equal(X_hat.dtypes, X.dtypes)
    assert (X_hat.colour == X.colour).mean() > 0.8
    assert (X_hat.old == X.old).mean() > 0.95
    noise = X.visits.mean() / X.visits.var()  # Poisson's, which nothing tells
    for name, most in (("height", 0.15), ("weight", 0.15), ("visits", noise + 0.1)):
        error = ((X_hat[name] - X[name]) ** 2).mean()
        assert error < most * X[name].var(), name
    back = model.inverse_transform(model.transform(X))
    assert back.reset_index(drop=True).equals(X_hat.reset_index(drop=True))


def test_columns_are_shown(model, X):
    assert [column.kind for column in model.columns_] == [
        *("categorical", "numeric", "numeric", "count", "categorical"),
    ]
    assert repr(model.columns_).splitlines()[4].split() == ["visits", "count", "int64"]
    assert model.n_features_in_ == 5
    assert list(model.feature_names_in_) == list(X)


def test_each_column_weighs_the_same_before_anything_is_known(X):
    """Of a category with many levels as of two, and of numbers."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"n": rng.normal(size=400), "two": rng.integers(0, 2, 400).astype(bool)}
    ).assign(many=rng.integers(0, 20, 400).astype(str))
    model = tabular(linear_path=None, max_epochs=1, learning_rate=1e-9).fit(table)
    rows = model.encoder_.transform(table).astype(np.float64)
    term = model._objective().reconstruction
    import torch

    x = torch.from_numpy(rows)
    entries = term.elementwise(x, x.mean(0).expand_as(x)).mean(0).numpy()
    by_column = np.add.reduceat(entries, [0, 1, 3]) * len(term.columns) / term.width
    np.testing.assert_allclose(by_column, 1, atol=1e-6)


def test_scores_are_means_over_columns(model, X):
    rows = model.encoder_.transform(X).astype(np.float64)
    of_matrices = model._as_steps()[1]
    errors = np.square(rows - of_matrices.reconstruct(rows.astype(np.float32)))
    variances = np.square(rows - rows.mean(axis=0))
    starts = [0, 1, 2, 3, 7]
    shares = [
        1 - np.add.reduceat(errors.sum(0), starts)[j] / total
        for j, total in enumerate(np.add.reduceat(variances.sum(0), starts))
    ]
    np.testing.assert_allclose(model.score(X), np.mean(shares), rtol=1e-5)
    by_column = np.add.reduceat(errors, starts, axis=1)
    by_column /= np.add.reduceat(variances.mean(0), starts)
    scores = model.score_samples(X)
    np.testing.assert_allclose(scores, -by_column.mean(axis=1), rtol=1e-4, atol=1e-6)
    odd = X.copy()
    odd.loc["row 3", "old"] = not odd.loc["row 3", "old"]
    assert model.score_samples(odd)[3] < scores[3] - 0.5


def test_probabilities_of_categories(model, X):
    p = model.category_probabilities(X)
    assert list(p) == ["colour", "old"]
    assert list(p["colour"]) == ["blue", "green", "grey", "red"]
    assert p["colour"].index.equals(X.index)
    np.testing.assert_allclose(p["colour"].sum(axis=1), 1, rtol=1e-5)
    assert (p["colour"].idxmax(axis=1) == model.reconstruct(X).colour).all()


def test_a_table_of_numbers_alone_is_reconstructed_as_by_pca():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2)) @ rng.normal(size=(2, 5)) * [1, 10, 100, 1, 1]
    model = tabular(n_components=2, max_epochs=1, learning_rate=1e-9).fit(X)
    np.testing.assert_allclose(model.reconstruct(X), X, atol=1e-4)
    assert model.score(X) > 1 - 1e-6


def test_codes_of_frames_and_pipelines(X):
    codes = tabular().set_output(transform="pandas").fit_transform(X)
    assert list(codes) == ["tabularautoencoder0"]
    assert codes.index.equals(X.index)
    labels = make_pipeline(tabular(), KMeans(3, random_state=0)).fit_predict(X)
    assert len(set(labels)) == 3


def test_codes_do_not_depend_on_the_order_of_levels_in_a_dtype(model, X):
    other = X.assign(old=pd.Categorical(X.old, [False, True]))
    np.testing.assert_array_equal(model.transform(other), model.transform(X))


# Gaps


@pytest.mark.parametrize("cls", [TabularAutoencoder, TabularVAE])
def test_missing_cells_are_filled_and_others_left_alone(cls, X):
    rng = np.random.default_rng(1)
    holes = X.astype({"visits": "Int64"}).mask(rng.random(X.shape) < 0.2)
    holes = holes[holes.notna().any(axis=1)]
    model = tabular(cls).fit(holes)
    filled, truth = model.impute(holes), X.loc[holes.index]
    pd.testing.assert_series_equal(filled.dtypes, holes.dtypes)
    assert filled.notna().all(axis=None)
    given = holes.notna()
    assert filled.where(given).equals(holes)
    was_gap = ~given["colour"]
    usual = truth.colour.value_counts(normalize=True).max()
    hits = (filled.colour == truth.colour)[was_gap].mean()
    assert hits > usual + 0.2
    gaps = (filled.height - truth.height)[~given["height"]]
    assert np.sqrt((gaps**2).mean()) < 0.6 * truth.height.std()


@pytest.mark.parametrize(
    ("n_missing", "kept_weight"), [(0, None), (1, 1.0), (20, 0.6), (50, 0.1), (80, 0.1)]
)
def test_hidden_cells_weigh_more_the_more_are_missing(X, n_missing, kept_weight):
    X = X.copy()
    rows = np.random.default_rng(0).permutation(len(X))[:n_missing]
    X.loc[X.index[rows], X.columns[0]] = None
    noise = tabular(max_epochs=1).fit(X).net_.module_.input_noise
    assert (noise and noise.kept_weight) == kept_weight


def test_columns_without_a_value_are_no_gaps(X):
    model = tabular(max_epochs=1).fit(X.assign(empty=None))
    assert model.net_.module_.input_noise is None


def test_missing_cells_are_drawn_from_categories_that_are_there(vae, X):
    holes = X.copy()
    holes.iloc[::3, 0] = None
    draws = vae.impute(holes, n_draws=3, random_state=0)
    assert len(draws) == 3
    for draw in draws:
        assert set(draw.colour) <= set(X.colour)
        assert draw.iloc[1::3].equals(X.iloc[1::3])
    assert not draws[0].colour.equals(draws[1].colour)


def test_unknown_categories_are_missing_or_an_error(model, X):
    new = X.copy()
    new.loc["row 1", "colour"] = "pink"
    gap = X.copy()
    gap.loc["row 1", "colour"] = None
    np.testing.assert_array_equal(model.transform(new), model.transform(gap))
    strict = tabular(handle_unknown="error", max_epochs=1).fit(X)
    with pytest.raises(ValueError, match="Column 'colour' has 'pink' in row 1"):
        strict.transform(new)


# Rows drawn


def test_rows_are_drawn_with_their_kinds_and_associations(vae, X):
    drawn = vae.sample(1000, random_state=0)
    pd.testing.assert_series_equal(drawn.dtypes, X.dtypes)
    assert set(drawn.colour) <= set(X.colour)
    assert drawn.visits.min() >= 0
    shares, expected = (part.colour.value_counts(normalize=True) for part in (drawn, X))
    np.testing.assert_allclose(shares[expected.index], expected, atol=0.1)
    correlation = drawn.height.corr(drawn.weight)
    assert abs(correlation - X.height.corr(X.weight)) < 0.1
    again = vae.sample(1000, random_state=0)
    assert again.equals(drawn)
    modes = vae.sample(1000, random_state=0, noise=False)
    assert modes.height.std() < drawn.height.std()


def test_the_bound_is_above_that_of_independent_columns(vae, X):
    rows = vae.encoder_.transform(X).astype(np.float64)
    p = rows[:, 3:].mean(axis=0)
    independent = -0.5 * 3 * (np.log(2 * np.pi) + 1) + (p * np.log(p)).sum()
    assert vae.elbo(X).mean() > independent + 1
    assert vae.log_likelihood(X).mean() >= vae.elbo(X).mean()


# Searches, scorers, files


def test_scorers_see_matrices(model, X):
    located = locate(make_pipeline(model), X)
    assert located.X.shape == (200, 9)
    assert 0 < Reconstruction()(model, X) < 1


def test_a_grid_search_over_the_dimension(X):
    search = GridSearchCV(tabular(max_epochs=5), {"n_components": [1, 2]}, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.usefixtures("few_steps")
def test_the_dimension_is_searched_by_nested_fits(X):
    search = LatentDimensionSearchCV(TabularAutoencoder(), random_state=0)
    with stacked():
        search.fit(X)
    assert search.curve_ == "nested"
    assert search.n_features_ == 9
    assert search.best_estimator_.reconstruct(X).shape == X.shape


@pytest.mark.parametrize("name", ["model", "vae"])
def test_files_bring_all_back(name, request, X, tmp_path):
    given = request.getfixturevalue(name)
    given.save(tmp_path / "table.safetensors")
    same = skae.load(tmp_path / "table.safetensors")
    np.testing.assert_array_equal(same.transform(X), given.transform(X))
    assert same.reconstruct(X).equals(given.reconstruct(X))
    assert repr(same.columns_) == repr(given.columns_)
    unfitted = clone(given)
    unfitted.save(tmp_path / "table.safetensors")
    assert repr(skae.load(tmp_path / "table.safetensors")) == repr(unfitted)


def test_a_fit_goes_on_with_the_columns_that_it_knows(X):
    model = tabular().partial_fit(X).partial_fit(X.iloc[:50])
    assert model.n_iter_ == 2
    assert list(model.category_probabilities(X)["colour"]) == sorted(set(X.colour))


def test_thousands_of_levels_stay_few_columns():
    rng = np.random.default_rng(0)
    names = rng.zipf(1.2, 5000).clip(max=5000)
    X = pd.DataFrame({"tail": names.astype(str), "size": np.log(names)})
    model = tabular(max_epochs=1, max_categories=50).fit(X)
    assert model.encoder_.sizes == (1, 50)
    assert set(model.reconstruct(X)["tail"]) <= set(X["tail"])


def test_what_is_no_table_is_refused(model):
    from helpers.data import Items

    with pytest.raises(TypeError, match="takes data frames and arrays, not a torch"):
        tabular().fit(Items([np.ones(2)] * 5))
    with pytest.raises(TypeError, match=r"use save, which skae.load opens"):
        model.to_onnx("model.onnx")


def test_codes_beside_those_of_pca_on_one_hot_columns(X):
    """One unit of the network knows the latent number, as one component does."""
    encoded = pd.get_dummies(X, columns=["colour", "old"], dtype=float)
    scaled = (encoded - encoded.mean()) / encoded.std()
    of_pca = PCA(1).fit_transform(scaled)[:, 0]
    code = tabular().fit_transform(X)[:, 0]
    truth = X.height.to_numpy()
    ours, theirs = (abs(np.corrcoef(z, truth)[0, 1]) for z in (code, of_pca))
    assert ours > theirs - 0.02


@pytest.mark.parametrize("cls", [TabularAutoencoder, TabularVAE])
def test_columns_without_a_second_level_change_nothing(cls):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=40), "c": list("xxyz") * 10})
    constant = X.assign(last="u")
    constant.insert(1, "b", "v")
    model, same = (cls(1, max_epochs=2, random_state=0).fit(f) for f in (X, constant))
    np.testing.assert_array_equal(model.transform(X), same.transform(constant))
    assert model.score(X) == same.score(constant)
    np.testing.assert_array_equal(model.score_samples(X), same.score_samples(constant))
