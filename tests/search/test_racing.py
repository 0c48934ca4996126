"""Candidates of an evolution that are hopeless on their first folds end there."""

import os
import warnings

import numpy as np
import pytest
from helpers.data import low_rank
from joblib import parallel_config
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import KFold

from skae import DenseAutoencoder, stacked
from skae.search import EvolutionarySearchCV, KeepIfBetter
from skae.search.evolution._race import least_on

X = np.arange(60.0)[:, None]


class Noisy(BaseEstimator):
    """Scores its place, beside noise and an effect of the fold."""

    def __init__(self, place=0.0, noise=0.01, log=os.devnull):
        self.place = place
        self.noise = noise
        self.log = log

    def fit(self, X, y=None):
        with open(self.log, "a") as log:
            log.write(f"{self.place}\n")
        self.n_features_in_ = 1
        return self

    def score(self, X, y=None):
        fold = int(X[0, 0])
        rng = np.random.default_rng([fold, int(1e6 * self.place)])
        return self.place + 0.1 * fold + self.noise * rng.normal()


def racing(racing_folds=1, estimator=None, **parameters):
    settings = {"population_size": 6, "n_generations": 8, "random_state": 0}
    return EvolutionarySearchCV(
        Noisy() if estimator is None else estimator,
        {"place": (0.0, 1.0)},
        cv=KFold(4),
        refit=False,
        racing_folds=racing_folds,
        **{**settings, **parameters},
    )


def n_lines(path):
    return len(path.read_text().splitlines())


def test_the_same_best_from_fewer_fits(tmp_path):
    every = racing(None).fit(X).cv_results_
    search = racing(estimator=Noisy(log=str(tmp_path / "log"))).fit(X)
    results = search.cv_results_
    n_of_all = 4 * len(every["params"])
    assert n_lines(tmp_path / "log") == results["n_folds"].sum() < 0.8 * n_of_all
    assert results["params"] == every["params"]
    assert search.best_index_ == every["mean_test_score"].argmax()


def test_what_has_ended_ranks_last_and_says_so():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search = racing().fit(X)
    results = search.cv_results_
    ended = results["n_folds"] == 1
    assert ended.any()
    np.testing.assert_array_equal(np.isnan(results["mean_test_score"]), ended)
    assert np.isfinite(results["split0_test_score"]).all()
    assert np.isnan(results["split1_test_score"][ended]).all()
    assert results["rank_test_score"][ended].min() > (~ended).sum()
    assert not set(search.population_) & set(np.flatnonzero(ended))
    assert not ended[:6].any()  # the first population has nothing to be compared with


@pytest.mark.parametrize("strategy", ["mu_plus_lambda", KeepIfBetter()])
def test_jobs_strategies_and_stores_change_nothing(strategy, tmp_path):
    log = tmp_path / "log"
    search = racing(2, Noisy(log=str(log)), strategy=strategy)
    expected = clone(search).fit(X).cv_results_
    n_fits = n_lines(log)
    search.set_params(store=tmp_path / "scores.db")
    with parallel_config("threading", n_jobs=3):
        first = clone(search).fit(X).cv_results_
    again = clone(search).fit(X).cv_results_
    assert n_lines(log) == 2 * n_fits
    for results in (first, again):
        for key in ("mean_test_score", "split2_test_score", "n_folds"):
            np.testing.assert_array_equal(results[key], expected[key])


def test_leaders_are_reevaluated_on_all_folds():
    results = racing(n_reevaluated=2).fit(X).cv_results_
    again = results["n_repeats"] > 1
    assert again.any()
    assert (results["n_folds"][again] == 4).all()


def test_several_metrics_and_repeats():
    scoring = {"place": lambda e, X, y=None: e.score(X), "zero": lambda e, X, y=None: 0}
    search = racing(scoring=scoring, n_repeats=2).set_params(refit=False).fit(X)
    results = search.cv_results_
    ended = results["n_folds"] == 1
    assert ended.any()
    for name in scoring:
        np.testing.assert_array_equal(np.isnan(results[f"mean_test_{name}"]), ended)


class Breaking(Noisy):
    """Fails in the lower half, and scores with a dict."""

    def fit(self, X, y=None):
        if self.place < 0.5:
            raise RuntimeError("this place is taken")
        return super().fit(X, y)


def as_dict(estimator, X, y=None):
    return {"own": estimator.score(X)}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("scoring", [None, as_dict])
@pytest.mark.parametrize("random_state", range(4))
def test_candidates_that_fail_are_told_apart(scoring, random_state):
    settings = {"scoring": scoring, "random_state": random_state, "population_size": 4}
    search = racing(1, Breaking(), n_generations=12, **settings)
    with pytest.warns(UserWarning, match="candidates have no score") as caught:
        results = search.fit(X).cv_results_
    failed = np.array([params["place"] < 0.5 for params in results["params"]])
    told = next(str(w.message) for w in caught if "no score" in str(w.message))
    assert int(told.split()[0]) == failed.sum()
    name = "own" if scoring else "score"
    assert np.isnan(results[f"mean_test_{name}"][failed]).all()


def test_stacked_searches_race():
    model = DenseAutoencoder(2, max_epochs=2, hidden_layer_sizes=(4,), random_state=0)
    space = {"n_components": (1, 6), "learning_rate": (1e-5, 1e-1, "log-uniform")}
    search = EvolutionarySearchCV(
        model,
        space,
        cv=4,
        population_size=5,
        n_generations=3,
        racing_folds=1,
        random_state=0,
    )
    alone = clone(search).fit(low_rank(60)).cv_results_
    with stacked():
        together = search.fit(low_rank(60)).cv_results_
    np.testing.assert_array_equal(together["n_folds"], alone["n_folds"])
    np.testing.assert_allclose(
        together["mean_test_score"], alone["mean_test_score"], atol=1e-6
    )


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"racing_folds": 4}, "cv has 4 folds"),
        ({"objectives": ["score", "n_parameters"]}, "has several"),
    ],
)
def test_what_cannot_race_is_refused(params, match):
    with pytest.raises(ValueError, match=match):
        racing().set_params(**params).fit(X)


def test_the_bound_is_below_the_worst_by_twice_the_noise_of_other_folds():
    rng = np.random.default_rng(0)
    places, n = np.linspace(0, 1, 20_000)[:, None], 5
    scores = places + 0.1 * np.arange(n) + 0.01 * rng.normal(size=(len(places), n))
    noise = 0.01 * np.sqrt(1 - 1 / n)
    least = scores.mean(1).min() - 0.2 - 2 * noise
    assert least_on(scores, 1) == pytest.approx(least, abs=1e-3)
