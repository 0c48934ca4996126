"""One line of text says how far a fit or a search is."""

import io
import pickle
import re

import numpy as np
import pytest
from helpers import models
from sklearn.model_selection import GridSearchCV, KFold

from skae import progress, stacked
from skae.progress import ProgressLine

X = np.random.default_rng(0).normal(size=(40, 3))


@pytest.fixture(autouse=True)
def every_writing(monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", -1)


def lines_of(estimator):
    file = io.StringIO()
    estimator.set_callbacks(ProgressLine(file)).fit(X)
    assert file.getvalue().endswith("\n")
    return [line.rstrip() for line in file.getvalue().split("\r")[1:]]


def grid():
    folds = KFold(2, shuffle=True, random_state=0)
    model = models.dense(hidden_layer_sizes=(2,), max_epochs=1)
    return GridSearchCV(model, {"n_components": [1, 2, 3]}, cv=folds, refit=False)


def test_epochs_are_counted_to_the_end():
    *lines, last = lines_of(models.dense(hidden_layer_sizes=(2,), max_epochs=4))
    assert [line.split(",")[0] for line in lines] == [
        "DenseAutoencoder: 1 epoch",
        *(f"DenseAutoencoder: {n} epochs" for n in (2, 3, 4)),
    ]
    assert [re.search(r"(\d+)%", line)[1] for line in lines] == [
        "25",
        "50",
        "75",
        "100",
    ]
    assert re.fullmatch(r"DenseAutoencoder: 4 epochs in \d+ s", last)


@pytest.mark.parametrize("in_stacks", [False, True], ids=["alone", "stacked"])
def test_fits_of_searches_are_counted(in_stacks):
    if in_stacks:
        with stacked():
            lines = lines_of(grid())
    else:
        lines = lines_of(grid())
    assert re.fullmatch(r"GridSearchCV: 6 fits in \d+ s", lines[-1])
    shares = [int(re.search(r"(\d+)%", line)[1]) for line in lines[:-1]]
    assert shares == sorted(shares)
    assert len(shares) == 6


def test_a_shorter_line_covers_a_longer_one():
    file = io.StringIO()
    models.dense(hidden_layer_sizes=(2,), max_epochs=2).set_callbacks(
        ProgressLine(file)
    ).fit(X)
    written = file.getvalue().strip("\n").split("\r")[1:]
    assert len(written[-1]) >= len(written[-2].rstrip())


def test_copies_in_other_processes_are_silent():
    copy = pickle.loads(pickle.dumps(ProgressLine(io.StringIO())))
    copy.setup(grid(), None)
    copy.on_fit_task_end(grid(), None)
    copy.teardown(grid(), None)


def test_times_are_told_in_minutes():
    assert progress._time(59.4) == "59 s"
    assert progress._time(125) == "2 min 5 s"
