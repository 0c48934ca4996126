"""How much data tasks hold at a time, and what becomes of it when they let go."""

import ctypes
import threading
from contextlib import contextmanager, suppress
from sys import getsizeof

from joblib.parallel import BatchedCalls

__all__ = [
    "LARGE",
    "bytes_of_data",
    "give_back_what_is_free",
    "large_arrays_given_back",
    "n_tasks_within",
]

# Bytes of data from which on it counts what tasks hold, and what threads keep of it.
LARGE = 2**20

# A task of a search holds the rows of its fold, what steps make of these, and
# reconstructions, and its stack the rows once more, unless they are in its dtype and on
# its device: several times the data, and room for what is freed late.
_COPIES = 12

# As glibc's malloc.h and its manual ("Malloc Tunable Parameters") have them.
_M_MMAP_THRESHOLD = -3
_LARGEST_THRESHOLD = 2**25


def bytes_of_data(tasks):
    """Return the bytes of the data of which tasks take folds; 0 if they take none.

    Parameters
    ----------
    tasks : list of (callable, tuple, dict)
        As joblib has them. Those of scikit-learn's searches and cross-validation are
        given an estimator, X and y, and which rows are to train and to test on.
    """
    sizes = [0]
    for function, args, kwargs in tasks:
        if isinstance(function, BatchedCalls):  # as processes get them
            sizes.append(bytes_of_data(function.items))
        if {"train", "test"} <= kwargs.keys():
            data = args[1:]
            sizes.append(sum(getattr(x, "nbytes", None) or getsizeof(x) for x in data))
    return max(sizes)


def n_tasks_within(memory, n_bytes):
    """Return how many tasks with folds of so many bytes of data may be under way."""
    return max(1, memory // (_COPIES * n_bytes))


_LOCK = threading.Lock()
_COUNT = {"inside": 0}


@contextmanager
def large_arrays_given_back():
    """Give large arrays back to the system as soon as they are freed.

    glibc keeps what threads free in several arenas, each of up to twice the largest
    array that was freed before: with many threads that is many times the data. Arrays
    above its threshold it maps by themselves, and unmaps. It moves that up to 32 MB on
    its own, which is where it is put in the end. Other allocators stay as they are.
    """
    with _LOCK:
        _COUNT["inside"] += 1
        _set_threshold(LARGE)
    try:
        yield
    finally:
        with _LOCK:
            _COUNT["inside"] -= 1
            if not _COUNT["inside"]:
                _set_threshold(_LARGEST_THRESHOLD)


def give_back_what_is_free():
    """Give free pages between smaller arrays back, too, while data are large.

    Every thread's arena would keep as many as it has ever needed at a time.
    """
    if _COUNT["inside"]:
        _call_glibc("malloc_trim", 0)


def _set_threshold(n_bytes):
    _call_glibc("mallopt", _M_MMAP_THRESHOLD, n_bytes)


def _call_glibc(name, *args):
    with suppress(OSError, AttributeError, TypeError):  # where there is none
        getattr(ctypes.CDLL(None), name)(*args)
