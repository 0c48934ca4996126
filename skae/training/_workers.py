"""Cores and devices that the worker processes of a search share."""

import multiprocessing
import os
import re
from functools import cache, partial

import torch
from joblib.parallel import get_active_backend

__all__ = ["use_own_share", "worker_number"]

# What users set who want another number of threads, and joblib for its loky workers.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")

# A fork has none of the threads that torch has started in its parent, and would wait
# for them forever, whoever forked: a server after loading a model, multiprocessing,
# joblib. With one thread it waits for none.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


def worker_number():
    """Return the number of this process among joblib's workers, None if it is none.

    Processes are numbered from 1 in the order in which they were started, so those that
    were started together have numbers in a row.
    """
    if multiprocessing.parent_process() is None or not _is_in_task():
        return None
    number = re.search(r"\d+$", multiprocessing.current_process().name)
    return None if number is None else int(number[0])


def _is_in_task():
    backend, _ = get_active_backend()
    return (backend.nesting_level or 0) > 0


def use_own_share():
    """Let torch use one thread in a worker process that was told nothing else.

    joblib tells the workers of loky, its default, how many threads to use: the cores
    divided by the jobs, or its own `inner_max_num_threads`. It tells others nothing,
    and each would use all cores. Where ``OMP_NUM_THREADS`` is set it holds, and so does
    what is set after the first fit.
    """
    if worker_number() is not None:
        _use_one_thread(os.getpid())


@cache
def _use_one_thread(process):
    """Do it once in a process; what its parent has done counts for nothing."""
    if not any(variable in os.environ for variable in THREAD_VARIABLES):
        torch.set_num_threads(1)
