"""Fits meet wherever joblib runs them, and none waits for ever."""

import threading
import time
from itertools import chain

import joblib
import numpy as np
import pytest
import torch
from helpers.data import low_rank as data
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt import BayesSearchCV
from skorch.callbacks import Callback
from twins import (
    assert_follow_the_configuration_and_filters,
    assert_twins,
    dense,
    interrupted,
    scores,
)

import skae
from skae import Checkpoint, LSTMAutoencoder, fit_stack
from skae.stacking.meeting import _rendezvous

# Searches


def test_all_fits_of_a_grid_search_train_in_one_stack(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3, 4]}, cv=3)
    alone = scores(clone(search).fit(data()))
    with skae.stacked(n_jobs=64):
        together = scores(search.fit(data()))
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert groups()[0] == [[12]] or groups()[0] == [[6, 6]]


def test_there_are_enough_jobs_unless_one_says_otherwise(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3]}, cv=2, refit=False)
    with joblib.parallel_config("skae-stacked"):
        search.fit(data())
        search.set_params(n_jobs=1).fit(data())
    assert groups()[0] == [[6]]


def test_joblibs_name_of_the_backend(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2, refit=False)
    with joblib.parallel_config("skae-stacked", n_jobs=8, max_members=3):
        search.fit(data())
    assert sorted(groups()[0][0]) == [2, 2]


def test_fewer_jobs_than_fits(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3, 4, 5]}, cv=2, n_jobs=4)
    alone = scores(clone(search).set_params(n_jobs=1).fit(data()))
    with skae.stacked():
        np.testing.assert_allclose(scores(search.fit(data())), alone, atol=1e-6)
    stacks, _ = groups()
    assert [sum(sizes) for sizes in stacks] == [4, 4, 2]


def test_waves_are_of_equal_size(groups):
    grid = {"n_components": [1, 2, 3, 4, 5]}
    with skae.stacked(n_jobs=6):
        GridSearchCV(dense(), grid, cv=2, refit=False).fit(data())
    stacks, _ = groups()
    assert [sum(sizes) for sizes in stacks] == [5, 5]


def test_bayesian_search_asks_for_several_points():
    def search():
        return BayesSearchCV(
            dense(),
            {"n_components": (1, 5), "learning_rate": (1e-3, 1e-2, "log-uniform")},
            n_iter=6,
            n_points=3,
            cv=2,
            refit=False,
            random_state=0,
        )

    alone = scores(search().fit(data()))
    with skae.stacked():
        np.testing.assert_allclose(scores(search().fit(data())), alone, atol=1e-6)


def test_pipelines_with_slow_steps_wait_for_each_other(groups):
    class Slow(TransformerMixin, BaseEstimator):
        def __init__(self, seconds=0.0):
            self.seconds = seconds

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            time.sleep(self.seconds)
            return X

    pipeline = make_pipeline(StandardScaler(), Slow(), dense())
    search = GridSearchCV(pipeline, {"slow__seconds": [0.0, 0.1, 0.3]}, cv=2)
    with skae.stacked(n_jobs=6):
        search.set_params(refit=False).fit(data())
    assert groups()[0] == [[6]]


def test_mixes_of_what_stacks_and_what_does_not(groups, tmp_path):
    models = [
        dense(),
        dense(hidden_layer_sizes=(5, 4)),
        dense(activation="tanh"),
        dense(n_components=3),
        dense(learning_rate_schedule="plateau"),
        dense(callbacks=[Checkpoint(tmp_path)]),
        LSTMAutoencoder(hidden_size=4, max_epochs=2, random_state=0),
        make_pipeline(StandardScaler(), dense(activation="tanh")),
        PCA(2),
    ]
    alone = [clone(model).fit(data()) for model in models]
    together = fit_stack(models, [data()] * len(models))
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_allclose(
            ours.transform(data()), theirs.transform(data()), atol=1e-6
        )
    assert sorted(chain(*groups()[0])) == [2, 3]


def test_continued_fits_train_alone(groups):
    models = [dense(warm_start=True) for _ in range(2)]
    fit_stack(models, [data()] * 2)
    fit_stack(models, [data()] * 2)
    stacks, _ = groups()
    assert stacks == [[2]]
    assert all(model.n_iter_ == 6 for model in models)


def test_one_array_is_held_once_and_may_be_read_only():
    X = data()
    X.flags.writeable = False
    together = fit_stack([dense(), dense(n_components=3)], [X, X])
    assert_twins(together[0], dense().fit(X), rtol=1e-6)


# Nested calls


def test_searches_within_cross_validation(groups):
    inner = GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2, n_jobs=4)
    alone = cross_validate(clone(inner).set_params(n_jobs=1), data(), cv=2)
    with skae.stacked(n_jobs=4):
        together = cross_validate(inner, data(), cv=2)
    np.testing.assert_allclose(together["test_score"], alone["test_score"], atol=1e-6)
    assert sum(chain(*groups()[0])) > 4


def test_other_estimators_in_threads_of_their_own():
    pipeline = make_pipeline(
        dense(), RandomForestRegressor(4, n_jobs=2, random_state=0)
    )
    X = data()
    with skae.stacked(n_jobs=3):
        results = cross_validate(pipeline, X, X[:, 0], cv=3)
    assert np.isfinite(results["test_score"]).all()


def test_several_fits_in_each_task(groups):
    def several(seed):
        return [dense(random_state=seed + i).fit(data()) for i in range(3)]

    with skae.stacked(n_jobs=4):
        fitted = Parallel()(delayed(several)(seed) for seed in range(4))
    assert groups()[0] == [[4], [4], [4]]
    assert_twins(fitted[1][2], dense(random_state=3).fit(data()), rtol=1e-6)


def test_generators_of_results():
    with skae.stacked(n_jobs=4):
        parallel = Parallel(return_as="generator_unordered")
        fitted = list(parallel(delayed(dense().fit)(data()) for _ in range(6)))
    assert len(fitted) == 6


def test_calls_that_overlap(monkeypatch):
    monkeypatch.setattr(_rendezvous, "PATIENCE", 0.2)
    with skae.stacked(n_jobs=4):
        several = [
            Parallel(return_as="generator")(
                delayed(dense(n_components=k).fit)(data()) for _ in range(6)
            )
            for k in (1, 2)
        ]
        fitted = [list(results) for results in several]
    found = [[model.n_components for model in models] for models in fitted]
    assert found == [[1] * 6, [2] * 6]


def test_a_call_while_another_keeps_its_threads():
    with skae.stacked(n_jobs=4), Parallel() as parallel:
        for _ in range(2):
            fitted = parallel(delayed(dense().fit)(data()) for _ in range(4))
            found = cross_validate(dense(), data(), cv=2)["test_score"]
    assert_twins(fitted[3], dense().fit(data()), rtol=1e-6)
    alone = cross_validate(dense(), data(), cv=2)["test_score"]
    np.testing.assert_allclose(found, alone, atol=1e-6)


def test_one_call_after_another_in_one_context():
    with skae.stacked(n_jobs=4), Parallel() as parallel:
        for _ in range(2):
            fitted = parallel(delayed(dense().fit)(data()) for _ in range(4))
    assert_twins(fitted[3], dense().fit(data()), rtol=1e-6)


# Failures


class Sometimes(TransformerMixin, BaseEstimator):
    """A step that fails for some candidates."""

    def __init__(self, fails=False):
        self.fails = fails

    def fit(self, X, y=None):
        if self.fails:
            raise ValueError("This step fails.")
        return self

    def transform(self, X):
        return X


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_candidates_that_fail_do_not_stop_the_others():
    search = GridSearchCV(
        make_pipeline(Sometimes(), dense()),
        {
            "sometimes__fails": [False, True],
            "denseautoencoder__n_components": [1, 2, -1],
        },
        cv=2,
    )
    alone = scores(clone(search).fit(data()))
    with skae.stacked():
        together = scores(search.fit(data()))
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.isnan(together).sum() == 4


def test_an_error_ends_the_fits_that_wait():
    models = [dense(), dense(n_components=-1), dense(), dense(max_epochs=3)]
    with pytest.raises(ValueError, match="n_components"):
        fit_stack(models, [data()] * 4)


@pytest.mark.usefixtures("stacks_may_fail")
def test_a_stack_that_fails_is_trained_one_by_one(monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("Not today.")

    monkeypatch.setattr(_rendezvous.Stack, "_step", fail)
    together = fit_stack([dense(), dense(n_components=3)], [data()] * 2)
    assert_twins(together[0], dense().fit(data()), rtol=0)
    assert_twins(together[1], dense(n_components=3).fit(data()), rtol=0)
    assert "failed" in caplog.text


def test_a_task_that_never_comes_to_its_fit_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(_rendezvous, "PATIENCE", 0.2)
    others_are_fitted = threading.Event()

    def task(number):
        if number == 0:
            assert others_are_fitted.wait(20)
        model = dense().fit(data())
        if number:
            others_are_fitted.set()
        return model

    with skae.stacked(n_jobs=3):
        fitted = Parallel()(delayed(task)(number) for number in range(3))
    assert len(fitted) == 3


class Another(Callback):
    """Fits autoencoders of its own."""

    def __init__(self, fit):
        self.fit = fit

    def on_train_begin(self, net, **kwargs):
        self.fit()


def in_time(function, seconds=60):
    """Return whether a function ends within that time."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def fit_alone():
    dense(callbacks=[Callback()]).fit(data())


def search_alone():
    search = {"n_components": [1, 2]}
    model = dense(callbacks=[Callback()])
    GridSearchCV(model, search, cv=2, n_jobs=4).fit(data())


@pytest.mark.parametrize("fit", [fit_alone, search_alone, lambda: dense().fit(data())])
def test_fits_within_lone_fits_need_no_leave(fit, monkeypatch):
    monkeypatch.setattr(_rendezvous, "PATIENCE", 10**6)
    models = [dense(callbacks=[Another(fit)]) for _ in range(3)]
    place = _rendezvous.Rendezvous(4, 2**30, n_workers=1)

    def search():
        with joblib.parallel_config("skae-stacked", rendezvous=place):
            Parallel()(delayed(model.fit)(data()) for model in models)

    assert in_time(search)
    assert all(hasattr(model, "net_") for model in models)


@pytest.mark.parametrize(
    ("callbacks", "sign"), [("[]", "15 fits"), ("[Says()]", "begins")]
)
def test_interrupts_end_a_search_at_once(callbacks, sign):
    """Fits with callbacks train alone; those would take days."""
    code = f"""
        import logging, signal, sys, threading
        import numpy as np
        import skae
        from sklearn.model_selection import GridSearchCV
        from skorch.callbacks import Callback

        class Says(Callback):
            def on_train_begin(self, net, **kwargs):
                print("begins", flush=True)

        # a shell's background jobs, and what they start, ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.basicConfig(level=logging.INFO, stream=sys.stdout)
        X = np.random.default_rng(0).normal(size=(300, 6))
        search = GridSearchCV(
            skae.DenseAutoencoder(max_epochs=10**6, callbacks={callbacks}),
            {{"n_components": [1, 2, 3]}},
        )
        try:
            with skae.stacked():
                search.fit(X)
        except KeyboardInterrupt:
            print("threads", threading.active_count())
    """
    assert "threads 1" in interrupted(code, sign, seconds=0.2)


# What is left alone


def test_nothing_happens_without_the_context(groups):
    GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2).fit(data())
    assert groups() == ([], [])


def test_numbers_of_threads_are_put_back():
    before = torch.get_num_threads()
    fit_stack([dense() for _ in range(14)], [data()] * 14)
    in_new_thread = []
    thread = threading.Thread(
        target=lambda: in_new_thread.append(torch.get_num_threads())
    )
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *in_new_thread] == [before, before]


def test_estimators_and_data_are_checked():
    with pytest.raises(ValueError, match="1 estimators and 2 data"):
        fit_stack([dense()], [data(), data()])
    model = dense()
    with pytest.raises(ValueError, match="given twice"):
        fit_stack([model, model], [data(), data()])
    for given in (model, [type(model)], [model, "pca"]):
        with pytest.raises(TypeError, match="instead of a list of estimators"):
            fit_stack(given, [data()])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"max_members": 0}, ValueError, "max_members=0: give a positive whole"),
        ({"max_members": "3"}, TypeError, "max_members='3'"),
        ({"memory": 0}, ValueError, "memory=0: give a positive number"),
        ({"memory": "1G"}, TypeError, "memory='1G'"),
        ({"n_processes": 0}, ValueError, "n_processes=0: .* or -1 for one"),
        ({"n_processes": -2}, ValueError, "n_processes=-2"),
        ({"n_processes": 1.5}, TypeError, "n_processes=1.5"),
        ({"n_processes": "2"}, TypeError, "n_processes='2'"),
    ],
)
def test_settings_are_checked(settings, error, message):
    with pytest.raises(error, match=message):
        skae.stacked(**settings)


def test_memory_may_be_any_number():
    with skae.stacked(memory=1e9):
        assert Parallel()(delayed(abs)(n) for n in (-1, 1)) == [1, 1]


def test_lists_of_estimators_follow_the_configuration_and_filters():
    assert_follow_the_configuration_and_filters(n_processes=1)
