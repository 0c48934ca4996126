"""Conditions of rows in scorers and searches: codes and scores are free of them."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import VAE, DenseAutoencoder, LatentDimensionSearchCV, select_dimension
from skae.datasets import make_smooth_manifold
from skae.scorers import RootMeanSquaredError, get_scorer, locate

RNG = np.random.RandomState(0)
X = make_smooth_manifold(400, 2, 10, noise=0.02, random_state=0).X
MACHINE = RNG.choice(["A", "B", "C"], len(X))
SHIFTS = dict(zip("ABC", 3 * RNG.standard_normal((3, X.shape[1])), strict=True))
SHIFTED = X + np.array([SHIFTS[machine] for machine in MACHINE])
HEAT = RNG.standard_normal((len(X), 1))
HEATED = X + 3 * HEAT @ RNG.standard_normal((1, X.shape[1]))


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture(scope="module")
def model():
    return VAE(2, max_epochs=3, random_state=0).fit(SHIFTED, condition=MACHINE)


def asking(estimator):
    estimator.set_fit_request(condition=True).set_transform_request(condition=True)
    return estimator


# Scorers


@pytest.mark.parametrize("name", ["reconstruction", "mse", "kernel_mi"])
def test_scorers_take_the_condition_of_rows(model, name):
    score = get_scorer(name)(model, SHIFTED, condition=MACHINE)
    moved = get_scorer(name)(model, SHIFTED, condition=np.roll(MACHINE, 1))
    assert moved < score
    with pytest.raises(ValueError, match="needs one here: pass condition="):
        get_scorer(name)(model, SHIFTED)


def test_scores_are_those_of_the_autoencoder(model):
    given = {"condition": MACHINE}
    expected = model.score(SHIFTED, **given)
    assert get_scorer("reconstruction")(model, SHIFTED, **given) == expected
    squares = (SHIFTED - model.reconstruct(SHIFTED, **given)) ** 2
    rmse = RootMeanSquaredError()(model, SHIFTED, **given)
    assert rmse == pytest.approx(-np.sqrt(squares.mean()), rel=1e-5)


def test_draws_are_of_the_condition_of_the_rows(model):
    expected = model.sample(len(X), random_state=0, condition=MACHINE)
    scorer = get_scorer("knn_kl").set_params(random_state=0)
    located = locate(model, SHIFTED, MACHINE)
    np.testing.assert_array_equal(scorer._samples(located)[1], expected)


def test_reducers_without_conditions_are_scored_beside():
    pca = PCA(2).fit(SHIFTED)
    for name in ("reconstruction", "kernel_mi"):
        scorer = get_scorer(name)
        assert scorer(pca, SHIFTED, condition=MACHINE) == scorer(pca, SHIFTED)


def test_one_condition_may_stand_for_all_rows(model):
    rows = MACHINE == "B"
    scores = [
        get_scorer("reconstruction")(model, SHIFTED[rows], condition=condition)
        for condition in ("B", MACHINE[rows])
    ]
    assert scores[0] == scores[1]


# Searches


@pytest.mark.parametrize("scoring", ["kernel_mi", "silhouette"])
def test_searches_pass_on_the_condition_of_each_fold(routing, scoring):
    folds = KFold(2, shuffle=True, random_state=0)
    autoencoder = asking(DenseAutoencoder(2, max_epochs=2, random_state=0))
    pipeline = make_pipeline(
        StandardScaler(), autoencoder, KMeans(3, n_init=1, random_state=0)
    )
    scorer = get_scorer(scoring)
    search = GridSearchCV(
        pipeline,
        {"denseautoencoder__n_components": [2]},
        cv=folds,
        scoring=scorer,
        error_score="raise",
        refit=False,
    ).fit(SHIFTED, condition=MACHINE)
    for fold, (train, test) in enumerate(folds.split(SHIFTED)):
        fitted = clone(pipeline).fit(SHIFTED[train], condition=MACHINE[train])
        expected = scorer(fitted, SHIFTED[test], condition=MACHINE[test])
        found = search.cv_results_[f"split{fold}_test_score"][0]
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("data", "condition"),
    [(SHIFTED, MACHINE), (HEATED, HEAT)],
    ids=["labels", "number"],
)
def test_the_dimension_is_that_of_what_the_condition_leaves(data, condition):
    selection = select_dimension(data, condition=condition, random_state=0)
    low, high = selection.interval
    assert low <= 2 <= high
    assert selection.value == 2


def test_separate_fits_are_given_the_condition():
    model = DenseAutoencoder(max_epochs=3, random_state=0)
    selection = select_dimension(
        SHIFTED, model, condition=MACHINE, n_components=[1, 2], cv=2, random_state=0
    )
    assert (selection.curve.scores > 0.5).all()


def test_the_estimator_is_not_changed():
    model = DenseAutoencoder(max_epochs=2, random_state=0)
    given = {"condition": MACHINE[:60], "random_state": 0}
    select_dimension(SHIFTED[:60], model, n_components=3, cv=2, **given)
    assert not hasattr(model, "_metadata_request")


def test_search_with_routing_refits_with_the_condition(routing):
    model = asking(DenseAutoencoder(max_epochs=2, random_state=0))
    folds = KFold(2, shuffle=True, random_state=0)
    search = LatentDimensionSearchCV(
        model, n_components=[1, 2], cv=folds, random_state=0
    )
    search.fit(SHIFTED, condition=MACHINE)
    assert list(search.best_estimator_.condition_categories_) == ["A", "B", "C"]


def test_routing_is_told_before_a_fit(routing):
    search = LatentDimensionSearchCV(asking(DenseAutoencoder()))
    request = search.get_metadata_routing()
    assert "condition" in request.consumes("fit", ["condition"])


# Errors


def test_without_routing_a_search_says_how_to_pass_a_condition():
    search = LatentDimensionSearchCV(DenseAutoencoder())
    with pytest.raises(ValueError, match=r"use select_dimension\(X, estimator, cond"):
        search.fit(SHIFTED, condition=MACHINE)


def test_only_autoencoders_take_a_condition():
    with pytest.raises(TypeError, match="PCA takes none: pass an autoencoder"):
        select_dimension(SHIFTED, PCA(), condition=MACHINE)
