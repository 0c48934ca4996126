"""Searches whose fits are limited, and fits that fail for want of memory."""

import logging
import warnings

import numpy as np
import pytest
import torch
from helpers.models import dense
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import Autoencoder, stacked
from skae.exceptions import FitLimitError
from skae.networks import DenseNetwork
from skae.search import BayesSearchCV, EvolutionarySearchCV, LatentDimensionSearchCV
from skae.search.fits import ScoreStore, remember
from skae.search.fits._limits import limited

X = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)
#: No fit takes less, and none takes more.
NO_TIME, ALL_TIME = 1e-9, 1e9
SMALL, LARGE = (4,), (900, 900)
ENOUGH_FOR_SMALL = 2**22


def grid(estimator, space, **params):
    return GridSearchCV(estimator, space, **{"cv": 2, "refit": False, **params})


def sizes(**params):
    return grid(dense(), {"hidden_layer_sizes": [SMALL, LARGE]}, **params)


def fitted(search, store=None, **limits):
    """Return the fitted search, with the warnings that something has failed muted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with limited(search, **limits):
            if store is None:
                return search.fit(X)
            with remember(search, store):
                return search.fit(X)


def succeeded(search, name="mean_test_score"):
    """Return the values of the searched parameter whose fits have scores."""
    results = search.cv_results_
    values = [next(iter(params.values())) for params in results["params"]]
    return [v for v, s in zip(values, results[name], strict=True) if np.isfinite(s)]


class Counting(BaseEstimator):
    """Counts its fits, and fails where it is told to."""

    fits = []

    def __init__(self, a=0):
        self.a = a

    def fit(self, X, y=None):
        self.fits.append(self.a)
        if self.a < 0:
            raise RuntimeError("negative")
        return self

    def score(self, X, y=None):
        return float(self.a)


@pytest.fixture
def fits():
    Counting.fits.clear()
    return Counting.fits


# Limits


def test_a_candidate_that_is_too_large_fails_and_the_search_goes_on(no_growth):
    search = sizes(refit=True)
    with (
        pytest.warns(FitFailedWarning, match="max_fit_memory=4194304 allows 0.00419"),
        pytest.warns(UserWarning, match="non-finite"),
        limited(search, max_fit_memory=ENOUGH_FOR_SMALL),
    ):
        search.fit(X)
    assert succeeded(search) == [SMALL]
    assert search.best_params_ == {"hidden_layer_sizes": SMALL}


def test_a_fit_that_takes_too_long_fails():
    search = grid(dense(), {"max_epochs": [1]})
    with pytest.raises(ValueError, match="before its first epoch: max_fit_seconds"):
        fitted(search, max_fit_seconds=NO_TIME)
    assert succeeded(fitted(search, max_fit_seconds=ALL_TIME)) == [1]


def test_what_cannot_be_interrupted_fails_when_it_is_over(fits):
    search = grid(Counting(), {"a": [1]})
    with pytest.raises(ValueError, match=r"FitLimitError: It took .* max_fit_s"):
        fitted(search, max_fit_seconds=NO_TIME)
    assert len(fits) == 2
    assert succeeded(fitted(search, max_fit_seconds=ALL_TIME)) == [1]


def test_other_failures_stay_what_they_are(fits):
    with pytest.raises(ValueError, match="RuntimeError: negative"):
        fitted(grid(Counting(), {"a": [-1]}), max_fit_seconds=NO_TIME)


def test_pipelines_several_metrics_and_training_scores(no_growth):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), dense()),
        {"denseautoencoder__hidden_layer_sizes": [SMALL, LARGE]},
        scoring={"r2": lambda est, X, y=None: est.score(X), "one": lambda *_: 1.0},
        refit=False,
        cv=2,
        return_train_score=True,
    )
    search = fitted(search, max_fit_memory=ENOUGH_FOR_SMALL)
    for name in ("mean_test_r2", "mean_train_one", "split1_test_one"):
        assert succeeded(search, name) == [SMALL]


@pytest.mark.parametrize(
    ("model", "name"), [(dense(), "max_epochs"), (Counting(), "a")]
)
def test_with_raise_the_error_ends_the_search(model, name):
    search = grid(model, {name: [1]}, error_score="raise")
    with pytest.raises(FitLimitError, match="max_fit_seconds=1e-09"):
        fitted(search, max_fit_seconds=NO_TIME)


def test_halving_is_limited_too(no_growth):
    search = HalvingGridSearchCV(
        dense(),
        {"hidden_layer_sizes": [SMALL, LARGE]},
        cv=2,
        min_resources=12,
        random_state=0,
        refit=False,
    )
    assert set(succeeded(fitted(search, max_fit_memory=ENOUGH_FOR_SMALL))) == {SMALL}


def test_the_refit_is_not_limited_nor_what_comes_after(no_growth):
    search = sizes(refit=lambda results: 1)
    assert succeeded(fitted(search, max_fit_memory=ENOUGH_FOR_SMALL)) == [SMALL]
    assert search.best_estimator_.hidden_layer_sizes == LARGE
    assert succeeded(search.set_params(refit=False).fit(X)) == [SMALL, LARGE]


@pytest.mark.parametrize("value", [0, -1])
def test_limits_are_positive(value):
    with pytest.raises(ValueError, match="max_fit_memory"):
        limited(sizes(), max_fit_memory=value).__enter__()
    search = EvolutionarySearchCV(dense(), {"max_epochs": [1]}, max_fit_seconds=value)
    with pytest.raises(ValueError, match="max_fit_seconds"):
        search.fit(X)


def test_a_search_of_another_kind_is_refused():
    class Own(GridSearchCV):
        def fit(self, X, y=None):
            return self._run_search(lambda candidates: {})

    with (
        limited(Own(dense(), {}), max_fit_seconds=1) as search,
        pytest.raises(TypeError, match="no variable 'parallel'"),
    ):
        search.fit(X)


# The searches of skae


def evolution(estimator, name, values, **params):
    return EvolutionarySearchCV(
        estimator,
        {name: values},
        cv=2,
        population_size=2,
        n_generations=1,
        random_state=0,
        refit=False,
        **params,
    )


def bayes(estimator, name, values, **params):
    return BayesSearchCV(
        estimator, {name: values}, n_iter=2, cv=2, random_state=0, refit=False, **params
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [evolution, bayes])
def test_searches_of_skae_take_limits(make, no_growth):
    values = [SMALL, LARGE]
    search = make(dense(), "hidden_layer_sizes", values)
    assert sorted(succeeded(search.fit(X))) == values
    search.set_params(max_fit_memory=ENOUGH_FOR_SMALL)
    assert succeeded(clone(search).fit(X)) == [SMALL]


@pytest.mark.filterwarnings("ignore")
def test_a_search_for_the_latent_dimension_takes_limits(no_growth):
    search = LatentDimensionSearchCV(
        dense(), n_components=2, refit=False, cv=2, random_state=0
    )
    chosen = search.fit(X).n_components_
    search.set_params(max_fit_seconds=ALL_TIME, max_fit_memory=2**34)
    assert search.fit(X).n_components_ == chosen
    with pytest.raises(ValueError, match="max_fit_seconds"):
        search.set_params(max_fit_seconds=NO_TIME).fit(X)


# Stores


@pytest.mark.parametrize("order", ["limits first", "store first", "own"])
def test_what_a_limit_has_ended_is_tried_again_when_it_is_raised(order, fits, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")

    def n_fits(limit):
        fits.clear()
        search = grid(Counting(), {"a": [1, 2]}, error_score=-1.0)
        if order == "own":
            search = evolution(Counting(), "a", [1, 2], error_score=-1.0, store=store)
            search.set_params(max_fit_seconds=limit)
        scores = run(search, limit).cv_results_["mean_test_score"]
        return len(fits), sorted(scores.tolist())

    def run(search, limit):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if order == "own":
                return search.fit(X)
            if order == "limits first":
                return fitted(search, store, max_fit_seconds=limit)
            with remember(search, store):
                return fitted(search, max_fit_seconds=limit)

    with pytest.raises(ValueError, match="FitLimitError"):
        n_fits(NO_TIME)
    assert len(fits) == 4
    with pytest.raises(ValueError, match="FitLimitError"):
        n_fits(NO_TIME)
    with pytest.raises(ValueError, match="FitLimitError"):
        n_fits(NO_TIME / 2)
    assert len(fits) == 0
    assert n_fits(ALL_TIME) == (4, [1.0, 2.0])
    assert n_fits(None) == (0, [1.0, 2.0])
    # a score that is there costs nothing, so that no limit concerns it
    assert n_fits(NO_TIME) == (0, [1.0, 2.0])


def test_other_failures_are_not_kept(fits, tmp_path):
    for _ in range(2):
        fits.clear()
        search = grid(Counting(), {"a": [-1, 1]})
        fitted(search, tmp_path / "scores.db", max_fit_seconds=ALL_TIME)
        assert fits.count(-1) == 2


def test_an_ended_fit_that_is_recalled_raises_where_that_is_asked_for(tmp_path):
    store = tmp_path / "scores.db"
    search = grid(Counting(), {"a": [1]})
    with pytest.raises(ValueError, match="FitLimitError"):
        fitted(search, store, max_fit_seconds=NO_TIME)
    with pytest.raises(FitLimitError, match="max_fit_seconds"):
        fitted(search.set_params(error_score="raise"), store, max_fit_seconds=NO_TIME)


# Stacks


def test_fits_with_limits_train_alone_in_a_stack(caplog):
    caplog.set_level(logging.INFO, "skae.stacking")
    search = grid(dense(), {"n_components": [1, 2, 3]})
    alone = fitted(search, max_fit_seconds=ALL_TIME).cv_results_["mean_test_score"]
    with stacked():
        limits = {"max_fit_seconds": ALL_TIME, "max_fit_memory": 2**34}
        found = fitted(search, **limits).cv_results_["mean_test_score"]
    assert not caplog.records
    np.testing.assert_array_equal(found, alone)
    with stacked():
        search.fit(X)
    assert "in 1 stacks" in caplog.text or "stacks of" in caplog.text


# Failures of memory that no limit has foreseen


class Hungry(DenseNetwork):
    """A network that fails as torch does, or Python, when memory is out."""

    errors = {
        "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        "python": MemoryError(),
    }

    def __init__(self, error=None):
        super().__init__((4,))
        self.error = error

    def build(self, event_shape, n_components):
        if self.error is not None:
            raise self.errors[self.error]
        return super().build(event_shape, n_components)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("error", Hungry.errors)
@pytest.mark.parametrize("make", [evolution, bayes])
def test_a_lack_of_memory_is_a_failed_candidate(make, error):
    model = Autoencoder(2, network=Hungry(), max_epochs=1, random_state=0)
    search = make(model, "network__error", [None, error]).fit(X)
    assert succeeded(search) == [None]
    assert len(search.cv_results_["params"]) == 2


@pytest.mark.filterwarnings("ignore")
def test_what_torch_cannot_allocate_is_a_failed_candidate():
    values = [SMALL, (2**40,)]
    search = grid(dense(linear_path=None), {"hidden_layer_sizes": values}).fit(X)
    assert succeeded(search) == [SMALL]
