"""Searches in other processes, which start slowly: all tests here share them."""

import contextlib
import os
import shutil
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skae import DenseAutoencoder, LatentDimensionSearchCV
from skae.datasets import make_linear_manifold
from skae.exceptions import DimensionWarning
from skae.search import EvolutionarySearchCV, ScoreStore
from skae.search.fits import remember
from skae.search.fits._limits import limited
from skae.training._devices import auto_device
from skae.training._workers import worker_number

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


def test_an_evolution_is_the_same_on_any_number_of_jobs():
    X = np.random.default_rng(0).normal(size=(30, 4))
    search = EvolutionarySearchCV(
        Ridge(),
        {"alpha": (1e-3, 1e3, "log-uniform"), "fit_intercept": [False, True]},
        objectives=["score", "n_parameters"],
        population_size=4,
        n_generations=3,
        n_repeats=2,
        cv=2,
        random_state=0,
    )
    alone = search.fit(X, X[:, 0] + X[:, 1] ** 2)
    found, generations = alone.cv_results_, alone.generations_
    together = search.set_params(n_jobs=2).fit(X, X[:, 0] + X[:, 1] ** 2)
    assert together.generations_ == generations
    assert together.cv_results_["params"] == found["params"]
    for key in ("split1_test_score", "cost_n_parameters"):
        np.testing.assert_array_equal(together.cv_results_[key], found[key])


def test_the_search_for_a_dimension_is_the_same_on_any_number_of_jobs():
    X = make_linear_manifold(80, 2, 6, noise=0.05, random_state=0).X
    estimator = DenseAutoencoder(max_epochs=3)
    searches = [
        LatentDimensionSearchCV(
            estimator, n_components=3, random_state=1, n_jobs=n_jobs, refit=False
        )
        for n_jobs in (1, 2)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        one, two = (search.fit(X).selection_.curve.scores for search in searches)
    np.testing.assert_allclose(one, two)


def test_a_store_takes_what_several_jobs_compute(tmp_path):
    store, found = ScoreStore(tmp_path / "scores.db"), []
    for n_jobs in (2, 1):  # one that computes nothing finds what two have computed
        search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, n_jobs=n_jobs)
        with remember(search, store):
            found.append(search.fit(X, X[:, 0]).cv_results_)
        assert len(store) == 3 * 5
    np.testing.assert_array_equal(*[x["mean_test_score"] for x in found])
    np.testing.assert_array_equal(*[x["mean_fit_time"] for x in found])


class Lost(Ridge):
    """Makes a folder a file, wherever it is fitted."""

    def __init__(self, alpha=1.0, folder=None):
        super().__init__(alpha)
        self.folder = folder

    def fit(self, X, y):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(self.folder)
            Path(self.folder).touch()
        return super().fit(X, y)


def test_what_workers_cannot_use_is_said_in_the_process_of_the_search(tmp_path):
    model = Lost(folder=str(tmp_path / "folder"))
    search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2, n_jobs=2, refit=False)
    with (
        remember(search, tmp_path / "folder" / "scores.db"),
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.simplefilter("always")
        search.fit(X, X[:, 0])
    texts = [str(each.message) for each in told if "The store" in str(each.message)]
    assert any("cannot be used now" in text for text in texts)
    assert len(texts) == len(set(texts))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
