"""Tasks are shared out among processes, in which fits train together."""

import logging
import os
import pickle
import signal
import threading

import joblib
import numpy as np
import pytest
import torch
from helpers.data import low_rank as data
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from twins import (
    assert_follow_the_configuration_and_filters,
    assert_twins,
    dense,
    interrupted,
    scores,
)

import skae
from skae import LSTMAutoencoder, fit_stack
from skae.search import EvolutionarySearchCV
from skae.stacking.meeting._rendezvous import Rendezvous


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


# Searches


def test_a_grid_search_is_shared_out(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3, 4]}, cv=3)
    alone = scores(clone(search).fit(data()))
    with skae.stacked(n_processes=2):
        together = scores(search.fit(data()))
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert groups()[0] == [[6], [6]]


def test_joblibs_name_of_the_backend(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3]}, cv=2, refit=False)
    with joblib.parallel_config("skae-stacked", n_jobs=-1, n_processes=2):
        search.fit(data())
    assert groups()[0] == [[3], [3]]


def test_fewer_jobs_than_fits(groups):
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3, 4, 5]}, cv=4, n_jobs=4)
    alone = scores(clone(search).set_params(n_jobs=1).fit(data()))
    with skae.stacked(n_processes=2):
        np.testing.assert_allclose(scores(search.fit(data())), alone, atol=1e-6)
    sizes = [size for stack in groups()[0] for size in stack]
    assert sum(sizes) == 20
    assert max(sizes) == 2


def test_searches_within_cross_validation(groups):
    inner = GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2, n_jobs=4)
    alone = cross_validate(clone(inner).set_params(n_jobs=1), data(), cv=4)
    with skae.stacked(n_processes=2):
        together = cross_validate(inner, data(), cv=4)
    np.testing.assert_allclose(together["test_score"], alone["test_score"], atol=1e-6)
    assert [8] in groups()[0]  # of two folds, with two candidates and two folds each


def test_searches_that_remember(tmp_path, groups):
    def search():
        return EvolutionarySearchCV(
            dense(),
            {"n_components": (1, 5)},
            population_size=4,
            n_generations=1,
            cv=2,
            refit=False,
            random_state=0,
            store=tmp_path / "scores.db",
        )

    alone = scores(search().set_params(store=None).fit(data()))
    n_stacks = []
    for _ in range(2):
        with skae.stacked(n_processes=2):
            np.testing.assert_allclose(scores(search().fit(data())), alone, atol=1e-6)
        n_stacks.append(len(groups()[0]))
    assert n_stacks[0] > 0
    assert n_stacks[1] == n_stacks[0]  # nothing was fitted twice


def test_one_task_is_enough():
    with skae.stacked(n_processes=2):
        (fitted,) = Parallel()(delayed(dense().fit)(data()) for _ in range(1))
    assert_twins(fitted, dense().fit(data()), rtol=1e-6)


def test_generators_of_results():
    with skae.stacked(n_processes=2, n_jobs=4):
        parallel = Parallel(return_as="generator_unordered")
        fitted = list(parallel(delayed(dense().fit)(data()) for _ in range(20)))
    assert len(fitted) == 20


def test_calls_that_overlap():
    with skae.stacked(n_processes=2), Parallel() as parallel:
        several = [
            Parallel(return_as="generator")(
                delayed(dense(n_components=k).fit)(data()) for _ in range(6)
            )
            for k in (1, 2)
        ]
        third = parallel(delayed(dense(n_components=3).fit)(data()) for _ in range(6))
        groups = list(zip(*several, third, strict=True))
    found = [[model.n_components for model in group] for group in groups]
    assert found == [[1, 2, 3]] * 6


def test_all_cores(groups):
    with skae.stacked(n_processes=-1):
        Parallel()(delayed(dense().fit)(data()) for _ in range(2 * joblib.cpu_count()))
    sizes = [size for stack in groups()[0] for size in stack]
    assert sum(sizes) == 2 * joblib.cpu_count()


# Lists of estimators


def test_a_list_of_estimators_is_fitted_itself():
    pipeline = make_pipeline(StandardScaler(), dense())
    models = [dense(), pipeline, PCA(2), LSTMAutoencoder(max_epochs=1, random_state=0)]
    alone = [clone(model).fit(data()) for model in models]
    together = fit_stack(models, [data()] * 4, n_processes=2)
    assert all(ours is given for ours, given in zip(together, models, strict=True))
    assert models[1] is pipeline
    for ours, theirs in zip(models, alone, strict=True):
        np.testing.assert_allclose(
            ours.transform(data()), theirs.transform(data()), atol=1e-6
        )


def test_lists_of_estimators_follow_the_configuration_and_filters():
    assert_follow_the_configuration_and_filters(n_processes=2)


def test_large_arrays_stack_too(groups):
    X = data(200_000)  # which joblib would map from a file
    with skae.stacked(n_processes=2):
        model = dense(max_epochs=1, batch_size=10**5)
        Parallel()(delayed(clone(model).fit)(X) for _ in range(4))
    assert groups() == ([[2], [2]], [0, 0])


# Logs


def test_a_log_that_is_not_wanted_is_not_sent(caplog):
    caplog.set_level(logging.WARNING, "skae.stacking")
    fit_stack([dense(), dense()], [data()] * 2, n_processes=2)
    assert not caplog.records


# Failures


def test_an_error_ends_the_search():
    models = [dense() for _ in range(7)] + [dense(n_components=-1)]
    with pytest.raises(ValueError, match="n_components"):
        fit_stack(models, [data()] * 8, n_processes=2)


@pytest.mark.slow
def test_one_call_after_another_and_after_an_error():
    with skae.stacked(n_processes=2), Parallel() as parallel:
        parallel(delayed(dense().fit)(data()) for _ in range(4))
        with pytest.raises(ValueError, match="n_components"):
            parallel(delayed(dense(n_components=k).fit)(data()) for k in (1, -1))
        fitted = parallel(delayed(dense().fit)(data()) for _ in range(4))
    assert_twins(fitted[3], dense().fit(data()), rtol=1e-6)


def die(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return dense().fit(data())


def test_a_process_that_is_killed_ends_the_search_and_others_go_on():
    with skae.stacked(n_processes=2):
        with pytest.raises(TerminatedWorkerError):
            Parallel()(delayed(die)(number) for number in range(8))
        fitted = Parallel()(delayed(dense().fit)(data()) for _ in range(4))
    assert_twins(fitted[3], dense().fit(data()), rtol=1e-6)


def test_what_cannot_be_pickled_says_so():
    lock = threading.Lock()
    with (
        skae.stacked(n_processes=2),
        pytest.raises(pickle.PicklingError, match="n_processes=1"),
    ):
        Parallel()(delayed(lambda: lock)() for _ in range(4))


def test_results_that_cannot_be_pickled_say_so():
    with (
        skae.stacked(n_processes=2),
        pytest.raises(pickle.PicklingError, match=r"returns .* n_processes=1"),
    ):
        Parallel()(delayed(threading.Lock)() for _ in range(4))


class TwoParts(Exception):
    """Is pickled, but does not come back."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


def fail_in_two_parts():
    raise TwoParts("this", "that")


def fail_with_a_lock():
    error = ValueError("this: that")
    error.lock = threading.Lock()
    raise error


@pytest.mark.parametrize("fail", [fail_in_two_parts, fail_with_a_lock])
def test_errors_that_cannot_be_sent_say_what_they_say(fail):
    with (
        skae.stacked(n_processes=2),
        pytest.raises(RuntimeError, match=r"(?s)In another process.*this: that"),
    ):
        Parallel()(delayed(fail)() for _ in range(4))


def test_interrupts_end_a_search_and_its_processes():
    code = """
        import os, signal
        import numpy as np
        import skae
        from joblib import Parallel, delayed
        from sklearn.model_selection import GridSearchCV

        def is_alive(pid):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return False
            return True

        # a shell's background jobs, and what they start, ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        X = np.random.default_rng(0).normal(size=(300, 6))
        search = GridSearchCV(
            skae.DenseAutoencoder(max_epochs=10**6), {"n_components": [1, 2, 3]}
        )
        try:
            with skae.stacked(n_processes=2):
                pids = set(Parallel()(delayed(os.getpid)() for _ in range(4)))
                print("ready", flush=True)
                search.fit(X)
        except KeyboardInterrupt:
            print("some alive" if any(map(is_alive, pids)) else "none alive")
    """
    assert "none alive" in interrupted(code, "ready", seconds=1.0)


# Settings


def test_processes_share_the_cores():
    def n_threads():
        return torch.get_num_threads()

    with skae.stacked(n_processes=joblib.cpu_count()):
        found = Parallel()(delayed(n_threads)() for _ in range(4))
    assert found == [int(os.environ.get("OMP_NUM_THREADS", 1))] * 4


def test_a_place_to_meet_is_one_in_another_process():
    place = Rendezvous(8, 2**20, 1)
    sent = [pickle.loads(pickle.dumps(place)) for _ in range(2)]
    assert sent[0] is sent[1]
    assert sent[0] is not place
    assert (sent[0].max_members, sent[0].memory, sent[0].n_workers) == (8, 2**20, 1)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_within_tasks_there_are_threads_only(backend):
    def nested():
        with skae.stacked(n_processes=2):
            return Parallel()(delayed(os.getpid)() for _ in range(4)), os.getpid()

    outer = Parallel(n_jobs=2, backend=backend)
    for pids, own in outer(delayed(nested)() for _ in range(2)):
        assert set(pids) == {own}
