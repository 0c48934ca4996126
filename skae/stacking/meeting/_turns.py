"""Turns of threads that compute, so that few do at a time."""

import threading
from contextlib import contextmanager

__all__ = ["Turns"]


class Turns:
    """Turns, which threads have while they compute, and not while they wait.

    Python lets one thread run at a time. Where a hundred want to, they wake each other
    hundreds of times a second to ask for it, and each has arrays of its own under way.

    A turn is a courtesy, and nobody waits for ever: those who have one may wait for
    something that only others can bring about.

    Parameters
    ----------
    n_turns : int
        How many there are.
    patience : float, default=0.2
        Seconds without anybody's taking a turn after which threads go on without one.

    Attributes
    ----------
    n_taken : int
        How often one was taken.
    """

    def __init__(self, n_turns, patience=0.2):
        self.patience = patience
        self._free = threading.Semaphore(n_turns)
        self.n_taken = 0
        self._here = threading.local()

    @contextmanager
    def taken(self):
        """Wait for a turn, and have it in this context, if there is one in time."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def given_back(self):
        """Let another thread have the turn of this one, if any, in this context."""
        had_one = self._give_back()
        try:
            yield
        finally:
            if had_one:
                self._take()

    def _take(self):
        before, self._here.has_one = None, False
        while not self._here.has_one and before != self.n_taken:
            before = self.n_taken
            self._here.has_one = self._free.acquire(timeout=self.patience)
        self.n_taken += self._here.has_one

    def _give_back(self):
        had_one, self._here.has_one = getattr(self._here, "has_one", False), False
        if had_one:
            self._free.release()
        return had_one
