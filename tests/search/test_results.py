import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

import skae
from skae.exceptions import UnknownNameError
from skae.scorers import Reconstruction
from skae.search import Best, EvolutionarySearchCV, Saturation
from skae.search import _results as read


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(30, 4))


@pytest.fixture(scope="module")
def results(X):
    """Two grids and two metrics, one called as the other with a prefix."""
    return (
        GridSearchCV(
            PCA(),
            [{"n_components": [1, 2, 9]}, {"whiten": [True]}],
            scoring={"r2": Reconstruction(), "test_r2": lambda model, X: 1.0},
            refit="r2",
            cv=12,
        )
        .fit(X)
        .cv_results_
    )


pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the test scores"),
]


def test_scores_fold_by_fold_have_the_means_that_are_given(results):
    assert read.metrics(results) == ["r2", "test_r2"]
    for metric in ("r2", "test_r2"):
        folds = read.fold_scores(results, metric)
        assert folds.shape == (4, 12)
        np.testing.assert_allclose(
            folds.mean(axis=1), read.mean_scores(results, metric)
        )
    assert np.isnan(read.mean_scores(results, "r2")).tolist() == [0, 0, 1, 0]


def test_reading_changes_nothing(results):
    scores = read.mean_scores(results, "r2")
    scores[:] = 0
    read.candidates(results).clear()
    assert read.mean_scores(results, "r2")[0] != 0
    assert len(read.candidates(results)) == 4


@pytest.mark.parametrize(
    ("refit", "metric"),
    [
        ("b", "b"),
        (Best(metric="b"), "b"),
        (Best(), "a"),
        (False, "a"),
        (True, "a"),
        (len, "a"),
    ],
)
def test_the_metric_that_guides(refit, metric):
    given = {"mean_test_a": [1.0], "mean_test_b": [1.0]}
    assert read.guiding_metric(given, refit) == metric


def test_an_evolution_goes_by_the_metric_of_its_rule(X):
    search = EvolutionarySearchCV(
        PCA(),
        {"n_components": (1, 3)},
        scoring={"small": lambda model, X: -model.n_components, "r2": Reconstruction()},
        refit=Saturation(metric="r2"),
        population_size=2,
        n_generations=1,
        random_state=0,
        cv=2,
    ).fit(X)
    fitness = {each["index"]: each["fitness"] for each in search.generations_}
    r2 = read.mean_scores(search.cv_results_, "r2")
    assert fitness == {index: r2[index] for index in fitness}


def test_parameters_are_those_that_a_candidate_has(results):
    assert read.values_of(results, "n_components") == {0: 1, 1: 2, 2: 9}
    assert read.values_of(results, "whiten") == {3: True}
    assert read.candidates(results) == results["params"]


def test_parameters_are_read_from_their_columns_too(results):
    columns = {key: column for key, column in results.items() if key != "params"}
    assert read.candidates(columns) == results["params"]


def test_numbers_of_numpy_are_plain():
    found = read.values_of({"params": [{"k": np.int64(3)}, {"k": (1, 2)}]}, "k")
    assert list(map(type, found.values())) == [int, tuple]


@pytest.mark.parametrize(
    ("function", "name", "message"),
    [
        (read.mean_scores, "rr2", "Unknown metric 'rr2'.*Did you mean 'r2'"),
        (read.fold_scores, "rr2", "Unknown metric 'rr2'.*Did you mean 'r2'"),
        (read.values_of, "n_component", "parameter.*Did you mean 'n_components'"),
    ],
)
def test_unknown_names_are_told(results, function, name, message):
    with pytest.raises(UnknownNameError, match=message):
        function(results, name)


def test_times_and_costs_by_name(results):
    assert (read.mean_seconds(results, "fit_time") >= 0).all()
    assert read.costs(results) == []
    given = {read.cost_key("n_parameters"): [3], "cost_rate": [1], "params": []}
    assert read.costs(given) == ["n_parameters", "rate"]


def test_training_scores_are_ranked_with_failures_last():
    given = {"mean_train_r2": np.array([0.1, np.nan, 0.9, 0.9]), "params": []}
    read.rank_train_scores(given)
    assert given["rank_train_r2"].tolist() == [3, 4, 1, 1]


KEYS = re.compile(r"(mean|std)_t(est|rain)_|rank_test_|split\{|[\"']param_|cost_[\"'{]")


@pytest.mark.parametrize("part", ["search", "plotting", "cli"])
def test_no_other_module_knows_the_keys(part):
    paths = (Path(skae.__file__).parent / part).rglob("*.py")
    found = {path for path in paths if KEYS.search(path.read_text())}
    assert found <= {Path(read.__file__)}
