"""What stands between a search and its fits, for all searches and ways to run them."""

import warnings
from contextlib import ExitStack, nullcontext
from functools import partial
from inspect import getclosurevars

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, ProgressBar
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from sklearn.utils.parallel import Parallel
from skopt import BayesSearchCV as SkoptSearchCV

from skae import EvolutionarySearchCV, stacked
from skae.search import BayesSearchCV, limited
from skae.search.fits import ScoreStore, remember
from skae.search.fits._evaluation import Failures, tasks_through

X = np.random.default_rng(0).normal(size=(24, 2))
Y = X.sum(axis=1)
SPACE = {"a": [1, 2, 3]}


class Shifted(CallbackSupportMixin, BaseEstimator):
    """Counts the fits in this process; its score has its maximum at 2."""

    fits = []

    def __init__(self, a=0):
        self.a = a

    def fit(self, X, y, sample_weight=None):
        if self.a < 0:
            raise RuntimeError("negative")
        self.fits.append(self.a)
        self.shift_ = self.a if sample_weight is None else sample_weight.sum()
        return self

    def score(self, X, y):
        return float(X.sum() - (self.shift_ - 2) ** 2)


EVOLUTION = {"population_size": 3, "n_generations": 1, "random_state": 0}
SEARCHES = {
    "grid": partial(GridSearchCV, Shifted(), SPACE),
    "random": partial(RandomizedSearchCV, Shifted(), SPACE, n_iter=3),
    "halving": partial(
        HalvingGridSearchCV, Shifted(), SPACE, min_resources=8, random_state=0
    ),
    "halving at random": partial(
        HalvingRandomSearchCV, Shifted(), SPACE, min_resources=8, random_state=0
    ),
    "skopt": partial(SkoptSearchCV, Shifted(), {"a": (1, 9)}, n_iter=4, random_state=0),
    "bayes": partial(BayesSearchCV, Shifted(), {"a": (1, 9)}, n_iter=4, random_state=0),
    "evolution": partial(EvolutionarySearchCV, Shifted(), SPACE, **EVOLUTION),
}
PLACES = {
    "one after the other": nullcontext,
    "threads": partial(parallel_config, "threading", n_jobs=2),
    "stacked": stacked,
}


def search(name, **params):
    return SEARCHES[name](cv=2, **params)


def fitted(search, *surroundings, place=nullcontext, **params):
    """Return the scores of a search, and how many fits it took."""
    Shifted.fits.clear()
    with ExitStack() as stack:
        for surround in surroundings:
            stack.enter_context(surround(search))
        stack.enter_context(place())
        search.fit(X, Y, **params)
    return search.cv_results_["mean_test_score"].tolist(), len(Shifted.fits) - 1


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SEARCHES)
def test_a_store_and_limits_stand_around_every_fit(name, place, tmp_path):
    remembered = partial(remember, store=tmp_path / "scores.db")
    timed = partial(limited, max_fit_seconds=1e3)
    plain, n_plain = fitted(search(name))
    first, n_first = fitted(search(name), remembered, timed, place=PLACES[place])
    again, n_again = fitted(search(name), timed, remembered, place=PLACES[place])
    assert plain == first == again
    assert n_plain >= n_first > n_again == 0  # skopt asks for a point twice


class Peeking(GridSearchCV):
    """Shows what scikit-learn has passed to it."""

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        self.evaluate = evaluate_candidates
        super()._run_search(evaluate_candidates, callback_ctx=callback_ctx)


@pytest.mark.parametrize("a", [1, -1])
def test_nothing_of_scikit_learn_is_changed_for_longer_than_a_search(a, tmp_path):
    watched = Peeking(Shifted(), {"a": [a]}, cv=2, error_score="raise")
    with (
        remember(watched, tmp_path / "scores.db"),
        limited(watched, max_fit_seconds=1e3),
        pytest.raises(RuntimeError, match="negative") if a < 0 else nullcontext(),
    ):
        watched.fit(X, Y)
    variables = getclosurevars(watched.evaluate)
    assert type(variables.nonlocals["parallel"]) is Parallel
    assert watched.evaluate.__globals__ is vars(sklearn.model_selection._search)


class OwnFit(GridSearchCV):
    """Evaluates its candidates without scikit-learn."""

    def fit(self, X, y=None):
        self.cv_results_ = {"mean_test_score": [0.0]}
        return self


class OwnWay(GridSearchCV):
    """Hands on something else than what scikit-learn has passed."""

    def fit(self, X, y=None):
        self._run_search(lambda candidates: {})


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (OwnFit, "OwnFit .* was fitted without its _run_search"),
        (OwnWay, "has no variable"),
        (lambda model, grid: model, "Shifted .* has no _run_search"),
    ],
    ids=["own fit", "own way", "no search"],
)
@pytest.mark.parametrize("kept", [True, False])
def test_searches_of_another_kind_are_refused(kept, kind, reason, tmp_path):
    surround = partial(remember, store=tmp_path / "scores.db")
    if not kept:
        surround = partial(limited, max_fit_seconds=1)
    with pytest.raises(
        TypeError, match=f"{reason}.*built on scikit-learn's BaseSearchCV"
    ):
        fitted(kind(Shifted(), SPACE), surround)


def test_tasks_go_through_a_function_to_joblib():
    seen = []

    def run(parallel, tasks):
        results = parallel(seen.append(task[2]) or task for task in tasks)
        return [{**result, "test_scores": 7.0} for result in results]

    class Through(GridSearchCV):
        def _run_search(self, evaluate_candidates, *, callback_ctx=None):
            with tasks_through(evaluate_candidates, run) as evaluate:
                super()._run_search(evaluate, callback_ctx=callback_ctx)

    scores, _ = fitted(Through(Shifted(), SPACE, cv=2))
    assert scores == [7.0] * 3
    assert [task["parameters"]["a"] for task in seen] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("name", ["grid", "bayes"])
def test_metadata_is_routed(name, tmp_path):
    weights = np.arange(24.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = Shifted().set_fit_request(sample_weight=True)
        searches = [search(name).set_params(estimator=model) for _ in range(3)]
        plain, _ = fitted(searches[0], sample_weight=weights)
        remembered = partial(remember, store=tmp_path / "scores.db")
        first, _ = fitted(searches[1], remembered, sample_weight=weights)
        again, n_again = fitted(searches[2], remembered, sample_weight=weights)
    assert plain == first == again
    assert n_again == 0
    with sklearn.config_context(enable_metadata_routing=True):
        other, n_other = fitted(searches[2], remembered, sample_weight=weights + 1)
    assert n_other > 0
    assert other != again


def test_callbacks_see_what_is_found(tmp_path, capsys):
    for _ in range(2):
        watched = search("grid").set_callbacks(ProgressBar())
        fitted(watched, partial(remember, store=tmp_path / "scores.db"))
        assert "GridSearchCV - fit" in capsys.readouterr().out
    assert len(Shifted.fits) == 1


# Failures


class Surviving(GridSearchCV):
    """Evaluates one candidate at a time, and goes on where one fails."""

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        failures = Failures(self.error_score)
        with failures.survived_by(evaluate_candidates) as evaluate:
            for a in self.param_grid["a"]:
                evaluate([{"a": a}])
        failures.raise_if_all_failed()


def named(estimator, X, y):
    return {"score": estimator.score(X, y), "one": 1.0}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scoring", [None, named])
@pytest.mark.parametrize("order", [[1, -1, 2], [-1, 1, 2], [-1, -2, 2]])
def test_candidates_that_fail_have_the_error_score(order, scoring):
    survivor = Surviving(
        Shifted(), {"a": order}, cv=2, error_score=-50, scoring=scoring, refit=False
    )
    scores = survivor.fit(X, Y).cv_results_["mean_test_score"]
    good = search("grid", scoring=scoring, refit=False).fit(X, Y)
    expected = dict(zip(SPACE["a"], good.cv_results_["mean_test_score"], strict=True))
    assert scores.tolist() == [expected.get(a, -50) for a in order]


def test_failures_are_told_once_and_all_of_them_are_an_error():
    survivor = Surviving(Shifted(), {"a": [-1, -2]}, cv=2)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="All the 2 fits failed"):
            survivor.fit(X, Y)
    texts = [str(each.message) for each in told]
    assert sum("All the 2 fits failed" in text for text in texts) == 1


def test_a_store_keeps_no_failure_that_was_survived(tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    survivor = Surviving(Shifted(), {"a": [1, -1]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted(survivor, partial(remember, store=store))
    assert len(store) == 2
