"""Stopping criteria of an evolution."""

import time

import numpy as np

__all__ = ["Stopping"]


class Stopping:
    """Counter of generations without progress, and of seconds.

    Parameters
    ----------
    patience : int or None
        Generations in a row without a better score.
    deadline : float or None
        Seconds after which no generation begins.
    threshold : float or None
        Score that is good enough.
    """

    def __init__(self, patience, deadline, threshold):
        self.patience = np.inf if patience is None else patience
        self.deadline = np.inf if deadline is None else deadline
        self.threshold = np.inf if threshold is None else threshold
        self.start = time.monotonic()
        self.best = self.record = -np.inf
        self.n_idle = 0

    def update(self, best):
        """Update the counter with the best score after a generation."""
        self.n_idle = 0 if best > self.record else self.n_idle + 1
        self.best, self.record = best, max(best, self.record)

    def reason(self):
        """Return the reason to stop, None to go on."""
        if self.best >= self.threshold:
            return "threshold"
        if self.n_idle >= self.patience:
            return "patience"
        if time.monotonic() - self.start >= self.deadline:
            return "deadline"
        return None
