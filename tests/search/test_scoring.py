"""Scorers by their names in searches: skae's own, and scikit-learn's."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skae import (
    BayesSearchCV,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    get_scorer,
)
from skae.exceptions import UnknownNameError

X, Y = load_iris(return_X_y=True)
PARAM = "pca__n_components"


def grid(**settings):
    model = make_pipeline(PCA(), LogisticRegression())
    return GridSearchCV(model, {PARAM: [1, 2, 3]}, cv=3, **settings)


def bayes(**settings):
    search = BayesSearchCV(grid().estimator, {PARAM: (1, 3)}, n_iter=3, **settings)
    return search.set_params(cv=3, random_state=0).fit(X, Y)


def evolution(**settings):
    search = EvolutionarySearchCV(
        grid().estimator,
        {PARAM: (1, 3)},
        population_size=3,
        n_generations=0,
        **settings,
    )
    return search.set_params(cv=3, random_state=0).fit(X, Y)


each_search = pytest.mark.parametrize("searched", [bayes, evolution])


def scores(results, metric="score"):
    """Return the scores of every fold by the number of components."""
    order = np.argsort(results[f"param_{PARAM}"].astype(int))
    folds = [results[f"split{fold}_test_{metric}"] for fold in range(3)]
    return np.array(folds)[:, order]


@each_search
def test_names_are_those_of_skae_and_of_scikit_learn(searched):
    names = ["trustworthiness", "accuracy"]
    expected = grid(
        scoring={name: get_scorer(name) for name in names}, refit=False
    ).fit(X, Y)
    for scoring in (names, tuple(names), {name: name for name in names}):
        found = searched(scoring=scoring, refit="accuracy").cv_results_
        for name in names:
            np.testing.assert_array_equal(
                scores(found, name), scores(expected.cv_results_, name)
            )


@each_search
@pytest.mark.parametrize("name", ["trustworthiness", "accuracy"])
def test_one_name_will_do(searched, name):
    expected = grid(scoring=get_scorer(name)).fit(X, Y)
    found = searched(scoring=name)
    np.testing.assert_array_equal(
        scores(found.cv_results_), scores(expected.cv_results_)
    )
    assert found.scoring == name
    assert found.score(X, Y) == expected.score(X, Y)


@each_search
@pytest.mark.parametrize("scoring", ["kernel", ["kernel", "accuracy"]])
def test_names_of_nothing_are_refused(searched, scoring):
    with pytest.raises(UnknownNameError, match=r"'kernel'.*mean 'kernel_mi'"):
        searched(scoring=scoring, refit=False)


def test_searches_of_scikit_learn_take_the_scorer_and_not_its_name():
    message = r"'scoring' parameter of GridSearchCV must be a str among .*'kernel_mi'"
    with pytest.raises(ValueError, match=message):
        grid(scoring="kernel_mi").fit(X, Y)
    assert np.isfinite(grid(scoring=get_scorer("kernel_mi")).fit(X, Y).best_score_)


@each_search
def test_a_name_given_twice_is_refused(searched):
    with pytest.raises(ValueError, match="Duplicate"):
        searched(scoring=["accuracy", "accuracy"], refit=False)


def test_the_latent_dimension_by_what_a_classifier_makes_of_the_codes():
    pipeline = grid().estimator
    search = LatentDimensionSearchCV(
        pipeline, scoring="accuracy", cv=3, rule="best", random_state=0
    ).fit(X, Y)
    expected = grid(scoring="accuracy").fit(X, Y)
    np.testing.assert_array_equal(
        scores(search.cv_results_), scores(expected.cv_results_)
    )
    assert search.n_components_ == expected.best_params_[PARAM]
