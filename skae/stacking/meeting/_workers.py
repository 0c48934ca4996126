"""Running several stacks at a time, each on one core."""

import threading
from collections import deque
from contextlib import contextmanager, suppress

import torch

__all__ = ["one_thread", "run_all"]

# torch keeps one number of threads for each thread, and one for those yet to come:
# the latter is what the first to come finds, and what the last to go puts back.
_LOCK = threading.Lock()
_COUNT = {"inside": 0, "before": None}


def run_all(jobs, n_workers):
    """Call functions, some at a time, and return when all are done.

    Parameters
    ----------
    jobs : list of callable
        They raise nothing.
    n_workers : int
        How many to call at a time. Where it is more than one, each uses one thread
        in torch's operations, since the others are busy.
    """
    n_workers = min(n_workers, len(jobs))
    if n_workers < 2:
        for job in jobs:
            job()
        return
    queue = deque(jobs)
    helpers = [
        threading.Thread(target=_work, args=(queue,), name=f"skae-stack-{number}")
        for number in range(1, n_workers)
    ]
    for helper in helpers:
        helper.start()
    try:
        _work(queue)
    finally:
        for helper in helpers:
            helper.join()


def _work(queue):
    with one_thread(), suppress(IndexError):
        while True:
            queue.popleft()()


@contextmanager
def one_thread():
    """Let torch use one thread for what this thread does."""
    with _LOCK:
        own = torch.get_num_threads()
        if not _COUNT["inside"]:
            _COUNT["before"] = own
        _COUNT["inside"] += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            torch.set_num_threads(own)
            _COUNT["inside"] -= 1
            if not _COUNT["inside"]:
                torch.set_num_threads(_COUNT["before"])
