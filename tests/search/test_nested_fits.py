from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skae import (
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LatentDimensionSearchCV,
    LSTMAutoencoder,
    TabularAutoencoder,
    select_dimension,
    stacked,
)
from skae.bottlenecks import Bottleneck, GaussianBottleneck, PointBottleneck
from skae.datasets import make_linear_manifold, make_smooth_manifold, make_sphere
from skae.networks import ConvolutionalNetwork, DenseNetwork
from skae.noise import NestedDropout
from skae.scorers import prefix_scores
from skae.scorers._nested import NestedReadings, bend_of
from skae.search import Saturation
from skae.search._curve import ScoreCurve
from skae.search._nested import NestedCurve
from skae.search._nested_fits import ordered
from skae.search._nested_verdict import select


def linear(d=3, n_features=12, n_samples=240, seed=0):
    made = make_linear_manifold(n_samples, d, n_features, noise=0.1, random_state=seed)
    return made.X


def composed(**bottleneck):
    network = DenseNetwork(linear_path="pca")
    return Autoencoder(network=network, bottleneck=PointBottleneck(**bottleneck))


def chosen(X, **settings):
    with stacked():
        return select_dimension(X, random_state=0, **settings)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_one_fit_a_fold_tells_the_dimension(d):
    selection = chosen(linear(d))
    assert selection.value == d
    assert selection.verdict.kind == "clear"
    assert selection.interval == (d, d)
    assert selection.probability == 0.85
    assert selection.curve.values.tolist() == list(range(1, 12))


def test_a_curved_surface():
    X = make_smooth_manifold(500, 2, 15, noise=0.05, random_state=3).X
    assert chosen(X).value == 2


def test_a_sphere_may_take_a_unit_more_than_it_has_dimensions():
    X = make_sphere(500, 2, 12, noise=0.02, random_state=0).X
    selection = chosen(X)
    assert selection.value == 2
    assert selection.interval == (2, 3)
    assert "a code that loses nothing may take 3 units" in str(selection)


def test_columns_of_noise_do_not_count():
    rng = np.random.default_rng(0)
    X = make_smooth_manifold(500, 2, 12, noise=0.05, random_state=1).X
    selection = chosen(np.hstack([X, rng.normal(size=(500, 15))]))
    assert selection.value in (2, 3)
    assert selection.unexplained_features == tuple(range(12, 27))
    assert (
        "Codes of that size explain next to nothing of 15 of the 27 features, as of "
        "noise: 12, 13, 14, 15, 16, 17, 18, 19 and 7 more."
    ) in str(selection)


def test_columns_without_structure_are_named_as_the_frame_names_them():
    X = np.hstack([linear(2), np.random.default_rng(0).normal(size=(240, 14))])
    names = [f"gene {j}" for j in range(26)]
    selection = chosen(pd.DataFrame(X, columns=names), n_components=3)
    assert selection.value == 2
    assert selection.unexplained_features == tuple(names[12:])
    assert "as of noise: gene 12, gene 13," in str(selection)


@pytest.mark.parametrize("n_samples", [60, 400])
def test_no_column_that_is_explained_is_named(n_samples):
    X = StandardScaler().fit_transform(linear(3, 15, n_samples))
    X[::100] = 30  # of all variance, next to all is that of a few gross errors
    X[:, 3] *= -1
    selection = chosen(np.hstack([X, np.ones((n_samples, 1))]))
    assert selection.verdict.is_settled
    assert selection.unexplained_features == ()
    assert "next to nothing" not in str(selection)


def test_gross_errors_do_not_count():
    rng = np.random.default_rng(0)
    X = StandardScaler().fit_transform(linear(3, 20, 600))
    wrong = rng.random(X.shape) < 0.005
    X[wrong] = 10 * rng.normal(size=wrong.sum())
    assert chosen(X).value == 3


NOTHING = {
    "white noise": lambda rng: rng.normal(size=(300, 15)),
    "coloured noise": lambda rng: (
        rng.normal(size=(300, 15))
        @ np.linalg.cholesky(
            0.7 ** np.abs(np.subtract.outer(np.arange(15), np.arange(15)))
        )
    ),
    "a spectrum without end": lambda rng: (
        rng.normal(size=(400, 40)) * np.arange(1, 41) ** -0.5
    ),
    "a cube": lambda rng: rng.uniform(size=(400, 12)),
}


@pytest.mark.parametrize("what", NOTHING)
def test_nothing_is_found_where_there_is_nothing(what):
    X = NOTHING[what](np.random.default_rng(0))
    selection = chosen(X, estimator=DenseAutoencoder())
    assert selection.verdict.kind == "flat"
    assert not selection.verdict.is_settled
    assert "No value stands out" in str(selection)
    assert selection.unexplained_features == ()


def test_few_rows_are_never_clear():
    selection = chosen(linear(2, n_samples=40))
    assert selection.value == 2
    assert selection.verdict.kind == "ambiguous"
    assert "40 rows are few" in str(selection)


def test_few_rows_are_said_beside_a_flat_verdict():
    X = np.random.default_rng(0).normal(size=(30, 6))
    assert "But 30 rows are few to tell by. " in str(chosen(X))


def test_the_largest_value_tried_is_no_choice():
    selection = chosen(linear(5), n_components=4)
    assert selection.value == 4
    assert selection.verdict.kind == "edge"
    assert "n_components=8" in str(selection)
    assert chosen(linear(5), n_components=5).verdict.kind == "clear"


def test_features_that_more_units_would_explain_are_not_named():
    selection = chosen(linear(3), n_components=2)
    assert selection.verdict.kind == "edge"
    assert selection.unexplained_features == ()


@pytest.mark.usefixtures("few_steps")
def test_the_search_refits_a_plain_network_of_the_size_chosen():
    search = LatentDimensionSearchCV(
        make_pipeline(StandardScaler(), DenseAutoencoder(max_epochs=7)), random_state=0
    ).fit(linear(2))
    best = search.best_estimator_[-1]
    assert (best.n_components, best.nested, best.max_epochs) == (2, False, 7)
    assert best.n_iter_ == 7
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert search.score(linear(2)) == pytest.approx(search.best_score_, abs=0.05)
    row = search.cv_results_["param_denseautoencoder__n_components"].tolist().index(2)
    assert row == search.best_index_


@pytest.mark.usefixtures("few_steps")
def test_restarts_are_averaged_and_stacks_make_no_difference():
    settings = {"n_components": 4, "n_restarts": 2, "refit": False, "random_state": 0}
    search = LatentDimensionSearchCV(
        DenseAutoencoder(), cv=KFold(2, shuffle=True, random_state=0), **settings
    )
    X = StandardScaler().fit_transform(linear(2, n_samples=100))
    alone = search.fit(X).selection_
    with stacked():
        together = search.fit(X).selection_
    np.testing.assert_allclose(alone.curve.scores, together.curve.scores, atol=1e-6)
    assert alone.value == together.value == 2


def test_evidence_is_told_item_by_item():
    selection = chosen(linear(2))
    names = [item.name for item in selection.evidence]
    assert names == [
        "nested fits",
        "neighbours of codes",
        "neighbours of codes beyond",
        "neighbours of rows",
    ]
    assert [round(item.says) for item in selection.evidence[:3]] == [2, 2, 4]
    assert "the bend is at 2 in 4 folds" in selection.evidence[0].text


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"rule": Saturation()}, "Saturation"),
        ({"scoring": "kernel_mi"}, "'kernel_mi'"),
        ({"n_components": [2, 5]}, "single dimensions"),
        ({"estimator": PCA()}, "no parameter `nested`"),
        ({"estimator": composed(noise="snr")}, "nor a bottleneck without noise"),
    ],
)
def test_what_nested_fits_cannot_tell_is_refused(settings, why):
    estimator = settings.pop("estimator", DenseAutoencoder())
    search = LatentDimensionSearchCV(estimator, curve="nested", **settings)
    with pytest.raises(ValueError, match=f"(?s){why}.*curve='separate'"):
        search.fit(linear())


@pytest.mark.parametrize(
    "plain",
    [DenseAutoencoder(linear_path=None), Autoencoder()],
    ids=["recipe", "parts"],
)
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_networks_that_do_not_start_as_pca_have_separate_fits(plain):
    plain = plain.set_params(max_epochs=2)
    search = LatentDimensionSearchCV(plain, n_components=3, refit=False, random_state=0)
    assert search.fit(linear()).selection_.interval is None
    assert not any("nested" in key for key in search.cv_results_)


@pytest.mark.usefixtures("few_steps")
def test_compositions_are_told_as_the_recipes_over_their_parts():
    X, settings = linear(2, n_samples=100), {"n_components": 4, "random_state": 0}
    scores, values = [], []
    for estimator in (DenseAutoencoder(), composed()):
        search = LatentDimensionSearchCV(estimator, cv=2, refit=False, **settings)
        scores.append(search.fit(X).selection_.curve.scores)
        values.append(search.n_components_)
        assert search.curve_ == "nested"
    np.testing.assert_allclose(*scores)
    assert values == [2, 2]


def test_pictures_have_nested_fits_with_a_linear_path_beside_convolutions():
    places = np.random.default_rng(0).uniform(2, 6, size=(2, 300, 1, 1))
    down, across = np.mgrid[:8, :8]
    X = np.exp(-((down - places[0]) ** 2 + (across - places[1]) ** 2) / 8)
    network = ConvolutionalNetwork((4,), linear_path="pca")
    model = Autoencoder(network=network, max_epochs=1)
    search = LatentDimensionSearchCV(
        model, cv=KFold(2, shuffle=True, random_state=0), random_state=0
    ).fit(X[:, None].astype(np.float32))
    assert (search.curve_, search.n_components_) == ("nested", 2)
    assert search.best_estimator_.bottleneck == "point"


@pytest.mark.parametrize("kind", [PointBottleneck, GaussianBottleneck])
def test_bottlenecks_without_noise_can_be_nested(kind):
    bottleneck = kind()
    asked = ordered(Autoencoder(bottleneck=bottleneck))["bottleneck"]
    assert isinstance(asked, kind)
    assert (asked.noise, bottleneck.noise) == ("nested_dropout", None)
    again = Autoencoder(bottleneck=kind(noise=NestedDropout()))
    assert ordered(again)["bottleneck"].noise == "nested_dropout"
    assert ordered(Autoencoder(bottleneck=kind(noise="snr"))) is None


def test_bottlenecks_that_know_no_noise_cannot_be_nested():
    class Plain(Bottleneck):
        def build(self, n_features, n_components):
            raise NotImplementedError

    assert ordered(Autoencoder(bottleneck=Plain())) is None


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("end_early", [False, True])
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_sequences_have_nested_fits_where_they_are_equally_long(end_early):
    X = linear(n_features=6, n_samples=60)[..., None].copy()
    if end_early:
        X[::5, 4:] = np.nan
    search = LatentDimensionSearchCV(
        LSTMAutoencoder(hidden_size=3, max_epochs=1),
        n_components=3,
        cv=KFold(2, shuffle=True, random_state=0),
        refit=False,
        random_state=0,
    ).fit(X)
    assert bool(search.selection_.evidence) != end_early


@pytest.mark.parametrize(
    "estimator", [VAE(nested=True), LSTMAutoencoder(nested=True)], ids=["vae", "lstm"]
)
def test_other_codes_are_ordered_too(estimator):
    X = StandardScaler().fit_transform(linear(2, n_features=6))
    estimator.set_params(n_components=3, max_epochs=40, random_state=0)
    scores = prefix_scores(estimator.fit(X), X)
    assert scores[0] < scores[1] - 0.1
    assert scores[2] == pytest.approx(estimator.score(X))


def test_prefixes_of_principal_components_are_smaller_pcas():
    X = linear()
    expected = [PCA(k).fit(X) for k in range(1, 5)]
    expected = [
        1
        - ((X - p.inverse_transform(p.transform(X))) ** 2).sum()
        / ((X - X.mean(axis=0)) ** 2).sum()
        for p in expected
    ]
    np.testing.assert_allclose(prefix_scores(PCA(4).fit(X), X), expected)


def test_readings_take_constant_features_and_sequences():
    X = np.column_stack([linear(), np.ones(240)])
    said = NestedReadings()(PCA(3).fit(X), X)
    assert all(np.isfinite(value) for value in said.values())
    series = linear()[:, :, None]
    model = LSTMAutoencoder(2, nested=True, max_epochs=1, random_state=0).fit(series)
    assert set(NestedReadings()(model, series)) == {
        f"{name}_{k}" for name in ("r2", "log_error", "dimension") for k in (1, 2)
    }


def test_readings_tell_from_how_many_units_a_column_is_explained():
    Z = np.random.default_rng(0).normal(size=(200, 3)) * [9, 3, 1]
    X = np.column_stack([Z, Z[:, 0] + Z[:, 1], np.ones(200)])
    said = NestedReadings()(PCA(3).fit(X[:, :3]), X[:, :3])
    assert [said[f"explained_from_{j}"] for j in range(3)] == [1, 2, 3]
    said = NestedReadings()(PCA(2).fit(X), X)
    assert [said[f"explained_from_{j}"] for j in range(5)] == [1, 2, 3, 1, 0]


def table():
    """Return numbers of two dimensions, and categories that not all folds have."""
    made = make_linear_manifold(160, 2, 6, noise=0.1, random_state=0)
    X = pd.DataFrame(made.X, columns=[*"abcdef"])
    X["luck"] = np.random.default_rng(0).choice([*"xyz"], 160)
    return X.assign(rare=["a", "b"] * 79 + ["c", "d"])


MODELS_OF_TABLES = {
    "table": TabularAutoencoder(random_state=0),
    "one-hot": make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["luck", "rare"]),
            remainder=StandardScaler(),
            sparse_threshold=0,
        ),
        DenseAutoencoder(random_state=0),
    ),
}


@pytest.mark.parametrize("form", [lambda X: X, lambda X: X.to_numpy(object)])
@pytest.mark.parametrize("name", MODELS_OF_TABLES)
def test_folds_may_differ_in_their_categories(name, form, few_steps):
    X, model = form(table()), MODELS_OF_TABLES[name]
    if name == "one-hot" and not isinstance(X, pd.DataFrame):
        model = clone(model)
        model[0].transformers = [(*model[0].transformers[0][:2], [6, 7])]
    assert select_dimension(X, model, random_state=0).value >= 2


def test_categories_are_read_as_the_column_that_they_are_of():
    X = table()
    model = TabularAutoencoder(6, nested=True, random_state=0).fit(X)
    said = NestedReadings(columns=[*X, "another"])(model, X)
    fewest = [said[f"explained_from_{j}"] for j in range(9)]
    assert 0 < min(fewest[:7]) <= max(fewest[:7]) <= 6
    assert fewest[8] == 0
    assert "explained_from_9" not in said


def test_a_few_gross_errors_leave_a_column_explained():
    X = StandardScaler().fit_transform(linear(1, 8))
    pca = PCA(1).fit(X)
    X[:5, 2] = 100
    assert NestedReadings()(pca, X)["explained_from_2"] == 1


def test_a_column_is_unexplained_where_most_folds_say_so():
    nested = reading([0, -1, -2], [1, 2], n_folds=3)
    assert nested.unexplained(1) == ()
    nested = replace(nested, explained_from=np.array([[3, 1, 3], [1, 3, 1], [0, 0, 0]]))
    assert nested.unexplained(2) == (0,)
    assert nested.unexplained(3) == ()
    assert replace(nested, names=["a", "b", "c"]).unexplained(1) == ("a",)


def test_the_bend_is_where_the_fall_slows_down():
    log_error = -np.array([0.0, 1.0, 2.0, 5.0, 5.1, 5.2])
    assert bend_of(log_error, 20) == 3
    assert bend_of(np.array([0.0, -1.0, -2.0, -9.0]), 3) == 1  # 2 of 3 is next to all


def reading(log_error, filled, *, two_nn=np.inf, n_features=30, n_folds=4):
    log_error = np.array([log_error] * n_folds, float).T
    filled = np.array([filled] * n_folds, float).T
    most = len(filled) - 1
    return NestedCurve(log_error, filled, two_nn, n_features, 500, most)


def test_neighbours_decide_where_the_curve_hardly_bends():
    nested = reading([0, -1, -2, -2.6, -3, -3.3], [1, 2, 2.1, 2.2, 2.2])
    assert nested.choice().by == "neighbours"
    assert nested.choice().value == 2


def test_neighbours_decide_where_they_are_far_below_a_weak_bend():
    nested = reading([0, -1, -2, -3, -4, -5, -5.4, -5.7], [0, 0, 0, 0, 2.8, 3, 3])
    choice = nested.choice()
    assert (nested.bend, choice.value, choice.low, choice.high) == (5, 3, 3, 5)
    strong = reading([0, -1, -2, -3, -4, -5, -5.1, -5.2], [0, 0, 0, 0, 4.2, 5, 5])
    assert strong.choice().value == 5


def test_data_that_few_units_keep_are_not_called_noise():
    falls, filled = np.arange(0, -3.2, -0.15), np.arange(1, 21)
    nested = reading(falls[:21], filled, two_nn=3.1)
    assert nested.choice(np.linspace(0.1, 0.9, 19)).by == "none"
    choice = nested.choice([0.7, 0.9, 0.96] + 16 * [0.97])
    assert (choice.by, choice.value) == ("neighbours", 3)


def test_no_choice_is_clear_while_the_variance_falls_on():
    nested = reading([0, -1, -1.05, -1.1, -1.15, -1.2], [1, 2, 3, 4, 5])
    values = np.arange(1, 5)
    steady = 1 - 0.8 ** values[:, None] * np.ones((1, 4))
    assert select(nested, ScoreCurve(values, steady)).verdict.kind == "ambiguous"
    bent = 1 - np.array([[0.3], [0.28], [0.26], [0.25]]) * np.ones((1, 4))
    assert select(nested, ScoreCurve(values, bent)).verdict.kind == "clear"


class Particular(DenseAutoencoder):
    """An autoencoder that does not take large values."""

    def fit(self, X, y=None, **params):
        if np.abs(X).max() > 1e3:
            raise ValueError("too large")
        return super().fit(X, y, **params)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_fits_that_fail_are_told():
    X = linear(n_samples=60)
    X[3] *= 1e4
    search = LatentDimensionSearchCV(
        Particular(random_state=0), refit=False, random_state=0
    )
    with pytest.raises(ValueError, match="Not all nested fits could be made"):
        search.fit(X)


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_folds_of_a_row_or_two_have_separate_fits():
    settings = {"n_components": 2, "cv": 20, "refit": False, "random_state": 0}
    estimator = DenseAutoencoder(max_epochs=2)
    search = LatentDimensionSearchCV(estimator, **settings)
    assert search.fit(linear(n_samples=40)).curve_ == "separate"
    with pytest.raises(ValueError, match="20 folds of 40 rows are too small"):
        search.set_params(curve="nested").fit(linear(n_samples=40))


def test_the_interval_has_the_choice_inside():
    nested = reading([0, -1, -4, -4.1, -4.2, -4.3], [1, 3.1, 4, 5, 5])
    assert (nested.bend, nested.low, nested.filled(2)) == (2, 2, 2.0)


def test_readings_compare_with_clean_rows_where_they_are_given():
    X = linear()
    noisy = X + np.random.default_rng(0).normal(size=X.shape)
    reducer = PCA(3).fit(X)
    of_clean, of_noisy = (NestedReadings()(reducer, noisy, y) for y in (X, None))
    left = X - reducer.inverse_transform(reducer.transform(noisy))
    expected = 1 - (left**2).sum() / ((X - X.mean(axis=0)) ** 2).sum()
    assert of_clean["r2_3"] == pytest.approx(expected)
    assert abs(of_clean["r2_3"] - of_noisy["r2_3"]) > 0.1
