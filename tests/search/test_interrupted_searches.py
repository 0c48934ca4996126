"""Searches that Ctrl-C ends while a callback of one of their fits runs."""

import os
import signal
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV, KFold
from skorch.callbacks import Callback

from skae import DenseAutoencoder, LatentDimensionSearchCV, stacked
from skae.search import (
    BayesSearchCV,
    EvolutionarySearchCV,
    ScoreStore,
    remember,
)

pytestmark = pytest.mark.usefixtures("pythons_own_handler")

X = np.random.default_rng(0).normal(size=(60, 6))
CV = KFold(2)


class CtrlC(Callback):
    """A Ctrl-C in the third epoch of the fit that takes the last file of a folder."""

    def __init__(self, folder):
        self.folder = folder

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 3 and self._taken() == "0":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    def _taken(self):
        for path in sorted(Path(self.folder).iterdir(), reverse=True):
            with suppress(FileNotFoundError):  # another fit was faster
                path.unlink()
                return path.name
        return None


@pytest.fixture
def new_workers():
    get_reusable_executor().shutdown(wait=True)
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.fixture
def countdown(tmp_path):
    """A function that lets Ctrl-C come in the n-th fit, and the folder that counts."""

    def start(n):
        for number in range(n):
            (start.folder / str(number)).touch()

    start.folder = tmp_path / "countdown"
    start.folder.mkdir()
    return start


def model(countdown):
    return DenseAutoencoder(
        hidden_layer_sizes=(8,),
        max_epochs=20,
        callbacks=[CtrlC(str(countdown.folder))],
        random_state=0,
    )


def scores_of(search):
    return search.cv_results_["mean_test_score"].tolist()


SEARCHES = {
    "bayes": lambda model: BayesSearchCV(
        model, {"n_components": (1, 4)}, n_iter=4, cv=CV, random_state=0
    ),
    "evolution": lambda model: EvolutionarySearchCV(
        model,
        {"learning_rate": (1e-4, 1e-2)},
        population_size=2,
        n_generations=1,
        cv=CV,
        random_state=0,
    ),
    "dimension": lambda model: LatentDimensionSearchCV(
        model, n_components=[1, 2, 3, 4], cv=CV, random_state=0
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_was_finished_counts_and_no_more(name, countdown, tmp_path):
    def search(store):
        return SEARCHES[name](model(countdown)).set_params(store=store)

    store = ScoreStore(tmp_path / "scores.db")
    countdown(6)
    cut = search(store)
    if name == "dimension":
        with pytest.raises(KeyboardInterrupt):
            cut.fit(X)
    else:
        with pytest.warns(UserWarning, match=r"[Ii]nterrupted after"):
            cut.fit(X)
        assert cut.interrupted_
        assert len(cut.cv_results_["params"]) == 2
    assert len(store) == 5
    assert scores_of(search(store).fit(X)) == scores_of(search(None).fit(X))


@pytest.mark.parametrize(
    ("n_jobs", "surroundings"),
    [
        pytest.param(None, nullcontext, id="alone"),
        pytest.param(None, stacked, id="stacked"),
        pytest.param(2, nullcontext, id="two jobs", marks=pytest.mark.slow),
        pytest.param(
            None,
            lambda: stacked(n_processes=2),
            id="stacked in two processes",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_wherever_its_fits_are(n_jobs, surroundings, countdown, tmp_path, new_workers):
    """In worker processes it is the worker that is told."""

    def search():
        candidates = {"n_components": [1, 2, 3]}
        return GridSearchCV(model(countdown), candidates, cv=CV, n_jobs=n_jobs)

    store = ScoreStore(tmp_path / "scores.db")
    countdown(2)
    with (
        pytest.raises(KeyboardInterrupt),
        surroundings(),
        remember(search(), store) as cut,
    ):
        cut.fit(X)
    with remember(search().set_params(n_jobs=None), store) as resumed:
        resumed.fit(X)
    assert scores_of(resumed) == scores_of(search().set_params(n_jobs=None).fit(X))
