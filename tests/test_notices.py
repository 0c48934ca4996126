"""Warnings point at the user's line, once in a call."""

import pickle
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import models
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skae import (
    VAE,
    DenseAutoencoder,
    LatentDimensionSearchCV,
    ReconstructionDetector,
    _notices,
    select_dimension,
    stacked,
)
from skae._notices import Place, are_new, current_call, on_behalf_of, once, warn
from skae.exceptions import CollapseWarning, DimensionWarning, ScaleWarning
from skae.preprocessing import SlidingWindow
from skae.search import BayesSearchCV, EvolutionarySearchCV
from skae.stacking.meeting._backend import StackedBackend
from skae.stacking.meeting._processes import _run

RNG = np.random.default_rng(0)
UNEQUAL = RNG.normal(size=(60, 4)) * [1, 1, 1, 1e4]
NOISE = RNG.normal(size=(60, 5))
FOLDS = KFold(3, shuffle=True, random_state=0)


def said_by(function, action="default"):
    """Return the warnings of a call, as a script of users gets them by default."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter(action)
        function()
    return seen


def dense(n_components=2, **settings):
    settings = {"hidden_layer_sizes": (4,), "max_epochs": 1, **settings}
    return models.dense(n_components, **settings)


def collapsing(n_components=2):
    settings = {"hidden_layer_sizes": (4,), "max_epochs": 200, "learning_rate": 1e-2}
    return VAE(n_components, beta=50.0, **settings, random_state=0)


def grid(model, sizes, X, **settings):
    search = GridSearchCV(model, {"n_components": sizes}, cv=FOLDS, **settings)
    return lambda: search.fit(X)


CALLS = {
    "fit": lambda: dense().fit(UNEQUAL),
    "pipeline": lambda: make_pipeline(FunctionTransformer(), dense()).fit(UNEQUAL),
    "wrapped by pandas": lambda: (
        dense().set_output(transform="pandas").fit_transform(UNEQUAL)
    ),
    "grid": grid(dense(), [1, 2, 3], UNEQUAL),
    "cross_validate": lambda: cross_validate(dense(), UNEQUAL, cv=FOLDS),
    "cross_val_predict": lambda: cross_val_predict(
        make_pipeline(dense(), LinearRegression()), UNEQUAL, NOISE, cv=FOLDS
    ),
    "bayes": lambda: BayesSearchCV(
        dense(), {"n_components": (1, 3)}, n_iter=3, cv=FOLDS, random_state=0
    ).fit(UNEQUAL),
    "evolution": lambda: EvolutionarySearchCV(
        dense(),
        {"n_components": (1, 3)},
        population_size=2,
        n_generations=1,
        cv=FOLDS,
        random_state=0,
    ).fit(UNEQUAL),
    "dimension": lambda: LatentDimensionSearchCV(
        dense(), n_components=[1, 2], cv=FOLDS, random_state=0
    ).fit(UNEQUAL),
    "detector": lambda: ReconstructionDetector(
        dense(), cv=3, level=0.1, random_state=0
    ).fit(UNEQUAL),
}


@pytest.mark.parametrize("in_stacks", [False, True], ids=["alone", "stacked"])
@pytest.mark.parametrize("name", CALLS)
def test_each_call_says_it_once_at_the_users_line(name, in_stacks):
    def call():
        if in_stacks:
            with stacked():
                CALLS[name]()
        else:
            CALLS[name]()

    (seen,) = [one for one in said_by(call) if one.category is ScaleWarning]
    assert seen.filename == __file__


def test_what_is_said_of_one_model_is_said_of_candidates_and_of_the_best():
    call = grid(collapsing(), [1, 2], NOISE)
    with stacked():
        seen = said_by(call, "always")
    of_candidate, of_best = [str(w.message) for w in seen if is_collapse(w)]
    assert "Said once for all fits that are compared" in of_candidate
    assert "Said once" not in of_best
    assert {one.filename for one in seen} == {__file__}


def is_collapse(warning):
    return warning.category is CollapseWarning


@pytest.mark.parametrize("in_stacks", [False, True], ids=["alone", "stacked"])
def test_the_rows_of_a_fold_are_looked_at_once_in_a_search(monkeypatch, in_stacks):
    looked_at = []

    def count(X):
        looked_at.append(len(X))
        return [], 0.0

    monkeypatch.setattr("skae.autoencoders._scales._near_constant", count)
    call = grid(dense(), [1, 2, 3], NOISE)
    for _ in range(2):
        if in_stacks:
            with stacked(n_jobs=2):
                call()
        else:
            call()
    assert sorted(looked_at) == [40] * 6 + [60] * 2  # three folds and all rows, twice


def test_values_are_new_unless_they_were_looked_at_for_the_same():
    values = np.arange(3.0)
    with once():
        assert are_new(values, "scale")
        assert are_new(values, "range")
        assert not are_new(values.copy(), "scale")
        assert are_new(values.astype(np.float32), "scale")
    assert are_new(values, "scale")


def test_searches_one_after_the_other_say_it_each():
    call = grid(dense(), [1, 2], UNEQUAL, refit=False)
    seen = said_by(lambda: [call(), call()], "always")
    assert len(seen) == 2


def test_a_search_of_many_sizes_says_once_that_they_are_too_large():
    call = grid(dense(), [5, 6, 7], UNEQUAL / [1, 1, 1, 1e4], refit=False)
    seen = said_by(call, "always")
    assert [one.category for one in seen] == [DimensionWarning]


def test_a_choice_points_at_the_users_line():
    corners = np.eye(12)  # all at one distance: estimates are infinite
    settings = {"n_components": 3, "curve": "separate", "random_state": 0}
    seen = said_by(lambda: select_dimension(corners, PCA(), **settings))
    assert seen
    assert {one.filename for one in seen} == {__file__}
    assert max(Counter(str(one.message) for one in seen).values()) == 1


def test_windows_left_out_are_said_at_the_users_line():
    series, groups = np.arange(8.0)[:, None], [0, 0, 0, 0, 0, 0, 1, 1]
    (seen,) = said_by(lambda: SlidingWindow(3).fit_transform(series, groups=groups))
    assert seen.filename == __file__


class Wrapped(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = dense().fit(X)
        return self

    def transform(self, X):
        return self.fitted_.transform(X)


def test_an_estimator_of_the_users_own_is_the_place():
    line = Wrapped.fit.__code__.co_firstlineno + 1
    search = GridSearchCV(make_pipeline(Wrapped()), {}, cv=FOLDS, scoring=lambda *_: 0)
    (seen,) = said_by(lambda: search.fit(UNEQUAL))
    assert (seen.filename, seen.lineno) == (__file__, line)


def test_threads_without_a_user_say_no_librarys_path():
    with ThreadPoolExecutor(1) as pool:
        (seen,) = said_by(lambda: pool.submit(dense().fit, UNEQUAL).result())
    assert seen.filename == "<worker of a search>"


def test_threads_speak_on_behalf_of_a_call():
    def task(number):
        with on_behalf_of(call):
            warn("Something.")
            return current_call()

    with once():
        call = current_call()
    with ThreadPoolExecutor(2) as pool:
        seen = said_by(lambda: list(pool.map(task, range(4))), "always")
    assert [one.filename for one in seen] == [__file__]


def test_nested_calls_are_one():
    with once():
        outer = current_call()
        with once():
            assert current_call() is outer
    assert current_call().said is None


def test_a_place_travels_without_what_stays_in_its_process():
    place = Place("script.py", 7, "__main__", {"version": object()})
    assert pickle.loads(pickle.dumps(place)) == ("script.py", 7, "skae", None)


def test_workers_say_it_once_and_name_no_library(monkeypatch):
    monkeypatch.setattr(_notices, "parent_process", object)
    monkeypatch.setattr(_notices, "_SAID_IN_WORKER", _notices._Lately())
    seen = said_by(lambda: [dense().fit(UNEQUAL) for _ in range(2)], "always")
    assert [one.filename for one in seen] == ["<worker of a search>"]
    place = Place("script.py", 7)
    with on_behalf_of(current_call()._replace(place=place)):
        seen = said_by(lambda: [warn("Something."), warn("Something.")], "always")
    assert [(one.filename, one.lineno) for one in seen] == [("script.py", 7)]


def test_workers_say_it_again_in_a_later_search(monkeypatch):
    monkeypatch.setattr(_notices, "parent_process", object)
    monkeypatch.setattr(_notices, "_SAID_IN_WORKER", _notices._Lately())
    now = [0.0]
    monkeypatch.setattr(_notices.time, "monotonic", lambda: now[0])

    def later():
        for now[0] in (0.0, 30.0, 100.0):
            warn("Something.")

    assert len(said_by(later, "always")) == 2


def test_workers_of_stacks_are_told_the_place():
    task = _Task()
    backend = StackedBackend(0)
    (call,), _ = _run([task], backend, 1, False, 30, Place("script.py", 7))
    assert call.place == ("script.py", 7, "skae", None)


class _Task:
    items = ()

    def __call__(self):
        return current_call()


def test_python_forgets_what_it_has_said_and_a_loop_may_say_it_again():
    model = dense()
    seen = said_by(lambda: [clone(model).fit(UNEQUAL) for _ in range(2)], "always")
    assert len(seen) == 2


def test_divergence_is_said_once_at_the_users_line():
    model = DenseAutoencoder(
        2, learning_rate=1e3, optimizer="sgd", max_epochs=3, random_state=0
    )
    (seen,) = said_by(lambda: model.fit(NOISE * 100))
    assert seen.category is ConvergenceWarning
    assert seen.filename == __file__
