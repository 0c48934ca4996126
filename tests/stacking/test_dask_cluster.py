"""Searches on a Dask cluster of processes, some of which are killed."""

import os
import random
import signal
import threading
import time

import numpy as np
import pytest
from helpers.data import low_rank as data
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from twins import dense, scores

import skae
from skae import DenseAutoencoder

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

# Dask's own: of its threads, its sockets, and of functions as bytes.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph"),
    pytest.mark.filterwarnings("ignore:One or more of the test scores"),
]


@pytest.fixture(scope="module")
def client():
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.profile.enabled": False,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Dask keeps some of its own, in place of the fixture that looks for ours.

    It draws from Python's random numbers, too.
    """
    state = random.getstate()
    yield
    random.setstate(state)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("skae")]


def search(model=None, max_epochs=3):
    model = model or dense(max_epochs=max_epochs)
    return GridSearchCV(model, {"n_components": [1, 2, 3, 4]}, cv=5, refit=False)


def on(client, **settings):
    return skae.stacked(executor=client.get_executor(), n_processes=2, **settings)


def kill_one(client, seconds):
    pids = list(client.run(os.getpid).values())
    timer = threading.Timer(seconds, os.kill, (pids[0], signal.SIGKILL))
    timer.start()
    return timer


def test_a_search_on_a_cluster_is_that_of_one_process(client):
    alone = scores(search().fit(data()))
    with on(client, max_members=4):
        np.testing.assert_allclose(scores(search().fit(data())), alone, atol=1e-6)


def test_a_worker_may_be_killed(client):
    long = search(max_epochs=60)
    alone = scores(long.fit(data()))
    with on(client, max_members=4):
        timer = kill_one(client, seconds=0.3)
        np.testing.assert_allclose(scores(long.fit(data())), alone, atol=1e-5)
        timer.join()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_worker_may_be_killed_at_any_time(client, seed):
    long = search(max_epochs=60)
    start = time.perf_counter()
    with on(client, max_members=4):
        alone = scores(long.fit(data()))
        took = time.perf_counter() - start
        timer = kill_one(client, np.random.RandomState(seed).uniform(0, took))
        np.testing.assert_allclose(scores(long.fit(data())), alone, atol=1e-5)
        timer.join()


class Deadly(DenseAutoencoder):
    """Kills its process for codes of three units."""

    def fit(self, X, y=None):
        if self.n_components == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


@pytest.mark.slow
def test_a_candidate_that_kills_workers_fails_alone(client):
    alone = scores(search().fit(data()))
    deadly = search(Deadly(**dense().get_params()))
    with on(client), pytest.warns(FitFailedWarning, match="Deadly, n_components=3"):
        deadly.fit(data())
    found = scores(deadly)
    assert np.isnan(found[2])
    np.testing.assert_allclose(found[[0, 1, 3]], alone[[0, 1, 3]], atol=1e-6)
