"""Running several stacks at a time, each on one core."""

import threading
from collections import deque
from contextlib import suppress

from skae.training._threads import one_thread

__all__ = ["run_all"]


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
