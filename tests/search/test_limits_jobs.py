"""Limits and shares in other processes, apart from other tests as they start slowly."""

import os
from unittest.mock import patch

import numpy as np
import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from sklearn.model_selection import GridSearchCV

from skae import DenseAutoencoder
from skae.search.limits import limited
from skae.training.devices import auto_device
from skae.training.workers import worker_number

X = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)


def test_limits_reach_worker_processes():
    endless = DenseAutoencoder(2, max_epochs=10**9, random_state=0)
    search = GridSearchCV(
        endless, {"n_components": [1, 2]}, cv=2, n_jobs=2, refit=False
    )
    with (
        limited(search, max_fit_seconds=0.5) as search,
        pytest.raises(ValueError, match=r"All the 4 fits failed(.|\n)*max_fit_seconds"),
    ):
        search.fit(X)


def look():
    """Return what a fit finds in a worker, of which there seem to be two devices."""
    DenseAutoencoder(1, max_epochs=1, random_state=0).fit(X)
    with (
        patch.object(torch.cuda, "is_available", return_value=True),
        patch.object(torch.cuda, "device_count", return_value=2),
    ):
        device = auto_device()
    return os.getpid(), worker_number(), device, torch.get_num_threads()


def test_what_workers_find():
    found = Parallel(n_jobs=2)(delayed(look)() for _ in range(4))
    for process, number, device, n_threads in found:
        assert process != os.getpid()
        assert device == f"cuda:{(number - 1) % 2}"
        share = max(1, cpu_count() // 2)
        assert n_threads == int(os.environ.get("OMP_NUM_THREADS", share))
    numbers = {process: number for process, number, *_ in found}
    assert len(set(numbers.values())) == len(numbers)
