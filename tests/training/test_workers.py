"""What a fit in a worker process may use."""

import multiprocessing
import os
from types import SimpleNamespace

import joblib
import pytest
import torch
from helpers.data import normal

from skae import DenseAutoencoder
from skae.training import _workers as workers
from skae.training._devices import auto_device, resolve_device
from skae.training._workers import use_own_share, worker_number


@pytest.fixture
def worker(monkeypatch):
    """Return a function that makes this process look like a worker of joblib."""

    def be(name, level=1, parent="a parent"):
        backend = SimpleNamespace(nesting_level=level)
        process = SimpleNamespace(name=name)
        monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
        monkeypatch.setattr(multiprocessing, "current_process", lambda: process)
        monkeypatch.setattr(workers, "get_active_backend", lambda: (backend, 1))

    return be


@pytest.fixture
def devices(monkeypatch):
    """Return a function that says how many CUDA devices there are."""

    def there_are(n_devices):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n_devices > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n_devices)

    return there_are


@pytest.mark.parametrize(
    ("name", "number"),
    [("LokyProcess-3", 3), ("ForkPoolWorker-12", 12), ("Dask Worker process", None)],
)
def test_the_number_of_a_worker(worker, name, number):
    worker(name)
    assert worker_number() == number


def test_what_is_no_worker(worker):
    assert worker_number() is None
    worker("MainProcess", parent=None)
    assert worker_number() is None
    worker("Process-1", level=0)  # a process that the user has started
    assert worker_number() is None
    worker("Process-1", level=None)
    assert worker_number() is None


# Devices


def test_workers_take_turns_on_the_devices(worker, devices):
    devices(3)
    found = []
    for number in range(5, 12):
        worker(f"LokyProcess-{number}")
        found.append(auto_device())
    assert found[:3] == ["cuda:1", "cuda:2", "cuda:0"]
    counts = [found.count(f"cuda:{index}") for index in range(3)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("n_devices", "name", "device"),
    [(0, "LokyProcess-2", "cpu"), (1, "LokyProcess-2", "cuda"), (4, "Dask", "cuda")],
)
def test_where_there_is_no_choice(worker, devices, n_devices, name, device):
    worker(name)
    devices(n_devices)
    assert auto_device() == device


def test_the_main_process_uses_the_current_device(devices):
    devices(4)
    assert auto_device() == "cuda"


def test_a_device_that_is_named_is_used(worker, devices):
    worker("LokyProcess-2")
    devices(4)
    assert resolve_device("cpu") == torch.device("cpu")


# Threads


@pytest.fixture
def threads(monkeypatch):
    """Return a list of the numbers of threads that torch is told to use."""
    told = []
    for variable in workers.THREAD_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    workers._use_one_thread.cache_clear()
    yield told
    workers._use_one_thread.cache_clear()


def test_a_worker_uses_one_thread_and_is_told_once(worker, threads, monkeypatch):
    monkeypatch.setattr("skae.training._threads.FEWEST_PRODUCTS", 0)
    worker("ForkPoolWorker-1")
    X = normal(20, 4)
    for _ in range(2):
        DenseAutoencoder(2, max_epochs=1, random_state=0).fit(X)
    assert threads == [1]


def test_a_forked_process_is_told_again(worker, threads, monkeypatch):
    worker("ForkPoolWorker-1")
    use_own_share()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    use_own_share()
    assert threads == [1, 1]


@pytest.mark.parametrize("variable", workers.THREAD_VARIABLES)
def test_what_the_environment_says_holds(worker, threads, monkeypatch, variable):
    worker("ForkPoolWorker-1")
    monkeypatch.setenv(variable, "4")
    use_own_share()
    assert threads == []


def test_the_main_process_keeps_its_threads(threads):
    use_own_share()
    assert threads == []
    with joblib.parallel_config("threading", n_jobs=2):
        joblib.Parallel()(joblib.delayed(use_own_share)() for _ in range(2))
    assert threads == []
