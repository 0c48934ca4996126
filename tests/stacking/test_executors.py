"""Tasks are shared out among the workers of an executor, which may die."""

import pickle
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from helpers.data import low_rank as data
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from twins import assert_twins, dense, scores

import skae
from skae import DenseAutoencoder, fit_stack
from skae.search import EvolutionarySearchCV, ScoreStore, remember
from skae.stacking.meeting import _pools, _shipping
from skae.stacking.meeting._shares import WorkersDiedError


class WorkerDiedError(Exception):
    """What an executor raises for a task whose worker has died."""


class Workers(Executor):
    """A thread in place of workers, some of which die.

    Parameters
    ----------
    n_lost : int
        How many of the first tasks are lost.
    """

    def __init__(self, n_lost=0):
        self._pool = ThreadPoolExecutor(1)
        self.n_lost = n_lost
        self.sent = []

    def submit(self, function, *args):
        self.sent.append(args)
        return self._pool.submit(self._run, function, args)

    def _run(self, function, args):
        self.n_lost -= 1
        if self.n_lost >= 0:
            raise WorkerDiedError("killed")
        DEATHS.clear()
        outcome = function(*args)
        if DEATHS:
            raise WorkerDiedError("killed by a task")
        return outcome

    def shutdown(self, wait=True, **others):
        self._pool.shutdown(wait)


DEATHS = []


class Deadly(DenseAutoencoder):
    """Kills its worker for codes of three units."""

    def fit(self, X, y=None):
        if self.n_components == 3:
            DEATHS.append(threading.get_ident())
            raise MemoryError
        return super().fit(X, y)


@pytest.fixture
def workers():
    with Workers() as executor:
        yield executor


@pytest.fixture(autouse=True)
def nothing_is_kept():
    yield
    _shipping._KEPT.clear()


def on(executor, **settings):
    return skae.stacked(executor=executor, **{"n_processes": 2, **settings})


def grid(model=None, **settings):
    settings = {"cv": 3, "refit": False, **settings}
    model = dense() if model is None else model
    return GridSearchCV(model, {"n_components": [1, 2, 3, 4]}, **settings)


@pytest.fixture(scope="module")
def alone():
    return scores(grid().fit(data()))


# Searches


def test_a_search_on_an_executor_is_that_of_one_process(workers, alone):
    with on(workers):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)
    assert len(workers.sent) == 2


def test_shares_are_no_larger_than_stacks(workers, alone):
    with on(workers, max_members=2):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)
    assert len(workers.sent) >= 12 / 2


def test_one_worker_is_enough(workers, alone):
    with on(workers, n_processes=1):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)
    assert len(workers.sent) == 1


def test_lists_of_estimators(workers):
    (fitted, _) = fit_stack(
        [dense(), dense()], [data()] * 2, executor=workers, n_processes=2
    )
    assert_twins(fitted, dense().fit(data()), rtol=1e-6)


def test_an_executor_that_says_how_many_it_has(alone):
    with ThreadPoolExecutor(2) as pool, skae.stacked(executor=pool):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)


# Stores


def test_a_store_is_asked_and_filled_where_the_search_is(workers, alone, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    for _ in range(2):
        with on(workers), remember(grid(), store) as search:
            np.testing.assert_allclose(scores(search.fit(data())), alone, atol=1e-6)
        assert len(store) == 12
        assert len(workers.sent) == 2  # nothing was sent twice
    assert not any(b"scores.db" in args[0] for args in workers.sent)


def test_a_search_with_a_store_goes_on_where_it_was(workers, alone, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    with remember(grid(), store) as search:
        search.set_params(param_grid={"n_components": [1, 3]}).fit(data())
    with on(workers), remember(grid(), store) as search:
        np.testing.assert_allclose(scores(search.fit(data())), alone, atol=1e-6)
    assert len(store) == 12


@pytest.mark.filterwarnings("ignore:1 of the 2 candidates have no score")
def test_failures_are_not_kept(workers, tmp_path):
    search = EvolutionarySearchCV(
        Deadly(**dense().get_params()),
        {"n_components": [2, 3]},
        population_size=2,
        n_generations=0,
        cv=2,
        refit=False,
        random_state=0,
        store=tmp_path / "scores.db",
    )
    with on(workers), pytest.warns(FitFailedWarning, match="n_components=3"):
        search.fit(data())
    assert len(ScoreStore(tmp_path / "scores.db")) == 2


# Workers that die


@pytest.mark.parametrize("n_lost", [1, 2, 3])
def test_what_is_lost_with_a_worker_is_run_again(n_lost, alone):
    with Workers(n_lost) as workers, on(workers):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_candidate_that_kills_its_workers_fails_alone(workers, alone):
    search = grid(Deadly(**dense().get_params()))
    told = r"2 workers in a row died while they ran Deadly, n_components=3"
    with on(workers), pytest.warns(FitFailedWarning, match=told):
        search.fit(data())
    found = scores(search)
    assert np.isnan(found[2]).all()
    np.testing.assert_allclose(found[[0, 1, 3]], alone[[0, 1, 3]], atol=1e-6)


def test_a_candidate_that_kills_its_workers_is_an_error_where_wanted(workers):
    search = grid(Deadly(**dense().get_params()), error_score="raise")
    with on(workers), pytest.raises(WorkersDiedError, match="n_components=3"):
        search.fit(data())


def test_a_task_that_kills_workers_is_not_run_here(workers):
    place = threading.get_ident()
    with on(workers), pytest.raises(WorkersDiedError, match="they ran a task"):
        Parallel()(delayed(Deadly(k).fit)(data()) for k in (3, 3))
    assert place not in DEATHS


# Large arrays


@pytest.fixture
def large():
    return np.tile(data(), (200_000 // len(data()), 1)).astype(np.float64)


def bytes_sent(workers):
    return sum(len(array) for args in workers.sent for array in args[2].values())


def test_a_large_array_goes_to_each_worker_once(workers, large):
    model = dense(max_epochs=1, batch_size=10**5)
    with on(workers, max_members=1):
        for _ in range(2):
            Parallel()(delayed(clone(model).fit)(large) for _ in range(4))
    assert len(workers.sent) == 8
    assert 2 * large.nbytes <= bytes_sent(workers) <= 2.01 * large.nbytes
    assert sum(len(args[0]) for args in workers.sent) < 0.01 * large.nbytes


def test_a_worker_asks_for_what_it_does_not_have(workers, large):
    model = dense(max_epochs=1, batch_size=10**5)
    with on(workers):
        Parallel()(delayed(clone(model).fit)(large) for _ in range(2))
        _shipping._KEPT.clear()  # as in a worker that is new
        Parallel()(delayed(clone(model).fit)(large) for _ in range(2))
    assert 3 * large.nbytes <= bytes_sent(workers) <= 4.01 * large.nbytes


def test_workers_keep_the_last_arrays_only():
    for k in range(6):
        work, arrays = _shipping.ship(np.full(2**18, float(k)).sum)
        sent = {key: pickle.dumps(array) for key, array in arrays.items()}
        outcome = _shipping.run_shipped(work, list(arrays), sent, skae.__version__)
        assert pickle.loads(outcome) == (True, k * 2.0**18)
    assert len(_shipping._KEPT) == _shipping.MOST_KEPT
    missing = _shipping.run_shipped(b"", ["another"], {}, skae.__version__)
    assert missing == ("another",)


def test_arrays_are_known_by_content():
    one, same, other = np.zeros(2**18), np.zeros(2**18), np.ones(2**18)
    keys = [list(_shipping.ship(array.sum)[1]) for array in (one, same, other)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] == [joblib.hash(one)]


# Errors


def test_errors_of_tasks_are_theirs(workers):
    models = [dense(), dense(n_components=-1)]
    with pytest.raises(ValueError, match="n_components"):
        fit_stack(models, [data()] * 2, executor=workers, n_processes=2)
    assert len(workers.sent) == 2  # and is no death of a worker


def test_an_executor_that_is_shut_down():
    workers = Workers()
    workers.shutdown()
    with on(workers), pytest.raises(RuntimeError, match="executor takes no more tasks"):
        grid(error_score="raise").fit(data())


def test_what_cannot_be_pickled_says_so(workers):
    lock = threading.Lock()
    with on(workers), pytest.raises(pickle.PicklingError, match="cannot be pickled"):
        Parallel()(delayed(lambda: lock)() for _ in range(4))


def test_workers_of_another_version_say_so():
    outcome = _shipping.run_shipped(b"", [], {}, "0.0.1")
    is_well, error = pickle.loads(outcome)
    assert not is_well
    assert "the search runs with 0.0.1: install the same" in str(error)


def test_workers_without_the_library_say_so():
    pool = _pools.ExecutorPool(Workers())
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(__import__, "skaeandmore")
        with pytest.raises(RuntimeError, match="A worker cannot import skaeandmore"):
            pool.result(future)


def test_an_executor_has_to_be_one():
    with pytest.raises(TypeError, match=r"of a Dask client, pass client\.get_exec"):
        skae.stacked(executor="tcp://127.0.0.1:8786", n_processes=2)


def test_an_executor_has_to_say_how_many_workers_it_has(workers):
    with pytest.raises(ValueError, match="pass n_processes, as the number"):
        skae.stacked(executor=workers)
    with pytest.raises(ValueError, match="n_processes=-1"):
        skae.stacked(executor=workers, n_processes=-1)


# No worker


class NoWorkers(Executor):
    """Has no workers after some tasks: what comes then waits for ever."""

    def __init__(self, n_done=0):
        self.n_done, self.waiting = n_done, []

    def submit(self, function, *args):
        future = Future()
        if self.n_done:
            self.n_done -= 1
            future.set_result(function(*args))
        else:
            self.waiting.append(future)
        return future


def test_a_search_without_workers_ends(tmp_path):
    executor, store = NoWorkers(n_done=1), tmp_path / "scores.db"
    search = grid()
    with (
        remember(search, store),
        on(executor, max_members=2, timeout=0.5),
        pytest.raises(RuntimeError, match=r"anything for timeout=0\.5 seconds"),
    ):
        search.fit(data())
    assert executor.waiting
    assert all(future.cancelled() for future in executor.waiting)
    assert len(ScoreStore(store))


def test_workers_in_time_are_waited_for(workers, alone):
    with on(workers, timeout=60):
        np.testing.assert_allclose(scores(grid().fit(data())), alone, atol=1e-6)


def test_no_timer_is_left(workers):
    with on(workers, timeout=60):
        grid().fit(data())
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers)


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_time_out_is_positive(workers, timeout):
    with pytest.raises(ValueError, match=f"timeout={timeout}"):
        on(workers, timeout=timeout)


def test_a_time_out_is_for_executors():
    with pytest.raises(ValueError, match="for the workers of an executor"):
        skae.stacked(n_processes=2, timeout=5)
