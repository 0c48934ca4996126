"""Few threads compute at a time, and none waits for ever."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from skae.stacking.meeting._turns import Turns


class Count:
    """How many are within a context, and how many were at most."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *error):
        with self._lock:
            self.now -= 1


def in_threads(task, n):
    with ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(task) for _ in range(n)]]


def test_few_compute_at_a_time():
    turns, count = Turns(2, patience=20), Count()

    def task():
        with turns.taken(), count:
            time.sleep(0.01)

    in_threads(task, 12)
    assert count.most == 2


def test_those_that_wait_let_others_compute():
    turns, everybody = Turns(1, patience=20), threading.Barrier(6)

    def task():
        with turns.taken():
            with turns.given_back():
                everybody.wait(timeout=20)
            return turns.n_taken

    assert max(in_threads(task, 6)) == 12


def test_nobody_waits_for_one_that_waits_for_others():
    turns, everybody = Turns(2, patience=0.05), threading.Barrier(6)

    def task():
        with turns.taken():
            everybody.wait(timeout=20)

    in_threads(task, 6)
    assert turns.n_taken == 2


def test_turns_come_back_after_an_error():
    turns = Turns(1, patience=0.01)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="Not today"), turns.taken():
            raise RuntimeError("Not today.")
    assert turns.n_taken == 3


def test_what_has_no_turn_gives_none_back():
    turns = Turns(1, patience=0.01)
    with turns.given_back(), turns.taken():
        pass
    with turns.taken():
        in_threads(lambda: turns.taken().__enter__(), 2)
    assert turns.n_taken == 2
