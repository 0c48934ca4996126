from types import SimpleNamespace

import numpy as np
import pytest
from helpers.data import normal
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skae.cli._outcome import Outcome
from skae.cli._plan import PARAM
from skae.cli.report import scores_table
from skae.cli.report._figures import _errors
from skae.cli.report._page import _rows
from skae.cli.report._search_figures import search_figures
from skae.scorers import Reconstruction, RootMeanSquaredError
from skae.search import (
    Architecture,
    BayesSearchCV,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    Saturation,
)

LAYERS = "autoencoder__hidden_layer_sizes"
SCORING = {"reconstruction": Reconstruction(), "neg_rmse": RootMeanSquaredError()}
SHARED = {"scoring": SCORING, "refit": "reconstruction", "cv": 2}
DIMENSIONS = {PARAM: [1, 2, 3]}


class Reducer(PCA):
    """PCA with layers, which make no difference."""

    def __init__(self, n_components=1, hidden_layer_sizes=()):
        super().__init__(n_components)
        self.hidden_layer_sizes = hidden_layer_sizes


PIPELINE = Pipeline([("autoencoder", Reducer())])
PLAN = SimpleNamespace(
    settings=SimpleNamespace(scorer="reconstruction", restarts=1), scoring=SCORING
)


@pytest.fixture(scope="module")
def X():
    return normal(30, 6) * [5, 4, 3, 2, 1, 1]


def evolution(space, **settings):
    settings |= {"population_size": 3, "n_generations": 2, "random_state": 0}
    return EvolutionarySearchCV(PIPELINE, space, **settings, **SHARED)


def size(pipeline):
    return pipeline[-1].n_components


LAYERED = {**DIMENSIONS, LAYERS: Architecture(0, 2, 2, 9)}
SEARCHES = {
    "curve": LatentDimensionSearchCV(
        PIPELINE, n_components=3, n_restarts=2, rule="best", random_state=0, **SHARED
    ),
    "bayes": BayesSearchCV(
        PIPELINE, {PARAM: (1, 4)}, n_iter=2, random_state=0, **SHARED
    ),
    "evolution": evolution(DIMENSIONS),
    "evolution of two": evolution(LAYERED, objectives=["score", size]),
}
FIGURES = {
    "curve": [],
    "bayes": ["convergence"],
    "evolution": ["convergence", "generations"],
    "evolution of two": ["convergence", "generations", "pareto", "parameters"],
}


def outcome_of(search):
    """Return what a run finds by a search."""
    rule = Saturation(0.8, metric="reconstruction", param=PARAM)
    search.selection_ = rule.from_cv_results(search.cv_results_)
    return Outcome(search, linear_curves={}, n_recalled=0, seconds=0.0)


@pytest.mark.parametrize("name", SEARCHES)
def test_figures_of_each_search(name, X):
    outcome = SimpleNamespace(search=SEARCHES[name].fit(X))
    figures = search_figures(PLAN, outcome)
    assert [figure.name for figure in figures] == FIGURES[name]
    for figure in figures:
        assert figure.png.startswith(b"\x89PNG")
        assert figure.title
        assert figure.caption.endswith(".")
        assert figure.wide == (figure.name == "parameters")


@pytest.fixture(scope="module")
def outcome(X):
    return outcome_of(evolution(LAYERED).fit(X))


def test_errors_are_those_of_the_candidates_with_the_best_scores(outcome):
    errors = _errors(outcome)
    rows = outcome.curve.rows
    assert errors.values.tolist() == outcome.curve.values.tolist()
    mean = outcome.cv_results["mean_test_neg_rmse"][rows]
    np.testing.assert_allclose(errors.mean, mean)


def test_the_table_has_all_parameters_of_each_candidate(outcome):
    results = outcome.cv_results
    table = scores_table(results, SCORING)
    assert list(table.columns[:3]) == [
        "n_components",
        "hidden_layer_sizes",
        "mean_reconstruction",
    ]
    assert len(table) == len(results["params"])
    assert table["n_components"].is_monotonic_increasing
    for index, row in table.iterrows():
        assert row["hidden_layer_sizes"] == results["params"][index][LAYERS]
        assert row["mean_rmse"] == -results["mean_test_neg_rmse"][index]


def test_one_candidate_is_the_chosen_one(outcome):
    rows = _rows(PLAN, outcome)
    chosen = [row for row in rows if row["remark"] == "chosen"]
    params = outcome.cv_results["params"][outcome.selection.index]
    text = f"{params[PARAM]}, {params[LAYERS]}"
    assert [row["n_components"] for row in chosen] == [text]
    others = [row["remark"] for row in rows if row not in chosen]
    assert others.count("runner-up") == (outcome.selection.runner_up is not None)


def test_failed_candidates_are_called_so(X):
    outcome = outcome_of(GridSearchCV(PIPELINE, DIMENSIONS, **SHARED).fit(X))
    for name in ("mean_test_reconstruction", "split0_test_reconstruction"):
        outcome.cv_results[name][0] = np.nan
    rows = _rows(PLAN, outcome)
    assert [row["n_components"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["remark"] == "failed"
    assert [row["remark"] for row in rows].count("chosen") == 1
