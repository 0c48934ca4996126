"""How many tasks are under way at a time follows from the size of their data."""

import threading

import numpy as np
import pytest
from joblib import delayed
from joblib.parallel import BatchedCalls
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_validate

import skae
from skae.stacking.meeting._memory import bytes_of_data, n_tasks_within


class Meeting(BaseEstimator):
    """Waits for as many others as there may be at a time, and counts them."""

    lock = threading.Lock()
    n_now = most = 0
    everybody = None

    def __init__(self, size=1):
        self.size = size

    def fit(self, X, y=None):
        with Meeting.lock:
            Meeting.n_now += 1
            Meeting.most = max(Meeting.most, Meeting.n_now)
        try:
            Meeting.everybody.wait(timeout=30)
        finally:
            with Meeting.lock:
                Meeting.n_now -= 1
        return self

    def score(self, X, y=None):
        return 0.0


@pytest.fixture
def most_at_a_time():
    def of(run, n_expected):
        Meeting.n_now = Meeting.most = 0
        Meeting.everybody = threading.Barrier(n_expected)
        run()
        return Meeting.most

    return of


X = np.zeros((1000, 250))  # two megabytes


def search(memory):
    grid = {"size": list(range(6))}
    with skae.stacked(memory=memory, n_jobs=12):
        GridSearchCV(Meeting(), grid, cv=2, refit=False).fit(X)


@pytest.mark.parametrize(("copies", "n_tasks"), [(12, 1), (24, 2), (48, 4), (1e6, 12)])
def test_tasks_hold_no_more_than_memory_allows(most_at_a_time, copies, n_tasks):
    assert most_at_a_time(lambda: search(1.01 * copies * X.nbytes), n_tasks) == n_tasks


def test_small_data_do_not_count(most_at_a_time):
    def run():
        with skae.stacked(memory=1, n_jobs=6):
            cross_validate(Meeting(), X[:10], cv=6)

    assert most_at_a_time(run, 6) == 6


def test_parallel_calls_of_other_kinds_are_not_bounded(most_at_a_time):
    def run():
        with skae.stacked(memory=1, n_jobs=4):
            skae.fit_stack([Meeting() for _ in range(4)], [X] * 4)

    assert most_at_a_time(run, 4) == 4


def test_bytes_of_data():
    frame = pytest.importorskip("pandas").DataFrame(X)
    task = delayed(print)(Meeting(), X, X[:, 0], train=[0], test=[1])
    assert bytes_of_data([task]) == X.nbytes + X[:, 0].nbytes
    assert bytes_of_data([delayed(BatchedCalls([task], None))()]) > X.nbytes
    assert bytes_of_data([delayed(print)(Meeting(), frame, train=0, test=0)]) > X.nbytes
    assert bytes_of_data([delayed(print)(X)]) == bytes_of_data([]) == 0
    assert n_tasks_within(1, 2) == 1
