"""Many tasks are shared out among processes, and few train in this one."""

import threading

import joblib
import numpy as np
import pytest
from helpers.data import low_rank as data
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from twins import assert_twins, dense, scores

import skae
from skae import fit_stack
from skae.stacking.meeting import _auto


@pytest.fixture(autouse=True)
def six_tasks_a_core_are_many(monkeypatch):
    monkeypatch.setattr(_auto, "FEWEST_TASKS", 6)
    monkeypatch.setattr(_auto, "cpu_count", lambda: 2)


@pytest.fixture(scope="module", autouse=True)
def no_process_is_left():
    yield
    get_reusable_executor().shutdown(wait=True)


# that loky keeps, with a thread to watch them, is none of ours
@pytest.fixture(autouse=True)
def no_thread_is_left(no_process_is_left):
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("skae")]


def search(n_sizes):
    grid = {"n_components": list(range(1, n_sizes + 1))}
    return GridSearchCV(dense(), grid, cv=3, refit=False)


def test_many_fits_are_shared_out_and_few_are_not(groups):
    with skae.stacked(n_processes="auto"):
        search(4).fit(data())
        assert groups()[0] == [[6], [6]]
        search(3).fit(data())
    assert groups()[0][2:] == [[9]]


def test_scores_are_those_of_lone_fits():
    alone = scores(search(4).fit(data()))
    with skae.stacked(n_processes="auto"):
        together = scores(search(4).fit(data()))
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_one_call_after_another_and_after_an_error():
    def fit_all(parallel, n, model):
        return parallel(delayed(clone(model).fit)(data()) for _ in range(n))

    with skae.stacked(n_processes="auto"), Parallel() as parallel:
        for n in (3, 12, 12, 4):
            fitted = fit_all(parallel, n, dense())
            assert_twins(fitted[-1], dense().fit(data()), rtol=1e-6)
        for n in (2, 12):
            with pytest.raises(ValueError, match="n_components"):
                fit_all(parallel, n, dense(n_components=-1))
            assert len(fit_all(parallel, n, dense())) == n


def test_generators_of_results():
    with skae.stacked(n_processes="auto"):
        parallel = Parallel(return_as="generator_unordered")
        for n in (2, 12):
            fitted = list(parallel(delayed(dense().fit)(data()) for _ in range(n)))
            assert len(fitted) == n


def test_a_call_while_another_keeps_its_processes():
    with skae.stacked(n_processes="auto"), Parallel() as parallel:
        parallel(delayed(clone(dense()).fit)(data()) for _ in range(12))
        found = scores(search(4).fit(data()))
    np.testing.assert_allclose(found, scores(search(4).fit(data())), atol=1e-6)


def test_a_list_of_estimators_is_fitted_itself():
    models = [dense(random_state=seed) for seed in range(12)]
    fitted = fit_stack(models, [data()] * 12, n_processes="auto")
    assert fitted == models
    assert_twins(models[7], dense(random_state=7).fit(data()), rtol=1e-6)


def test_searches_within_searches(groups):
    inner = GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2, n_jobs=4)
    outer = GridSearchCV(inner, {"refit": [True]}, cv=2, refit=False)
    with joblib.parallel_config("skae-stacked", n_processes="auto", n_jobs=-1):
        outer.fit(data())
    assert sum(groups()[0][0]) == 8


def test_one_task_at_a_time_is_alone(groups):
    with skae.stacked(n_processes="auto"):
        search(4).set_params(n_jobs=1).fit(data())
    assert not groups()[0]


def test_auto_is_not_for_the_workers_of_others():
    with pytest.raises(ValueError, match="timeout is for the workers"):
        skae.stacked(n_processes="auto", timeout=3)
