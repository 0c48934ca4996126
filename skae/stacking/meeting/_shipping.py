"""Work and results as bytes, in which large arrays are known by what is in them."""

import io
import pickle
import traceback
from collections import OrderedDict
from importlib.metadata import version
from threading import Lock

import joblib
import numpy as np
from joblib.externals.loky.backend.reduction import dumps, get_loky_pickler

__all__ = ["Missing", "load_and_call", "pickled", "run_shipped", "ship"]

# Bytes from which on an array is sent once, and kept by those that were sent it.
LARGE = 2**20
# Arrays that a worker keeps, the last ones that it was sent or asked for.
MOST_KEPT = 4


def pickled(value, name):
    """Return something as bytes.

    joblib by itself would write large arrays to files, and what is mapped from a file
    does not stack.
    """
    try:
        return dumps(value)
    except Exception as error:
        raise _no_pickle(name, error) from error


def _no_pickle(name, error):
    return pickle.PicklingError(
        f"{name} cannot be pickled for another process ({error}): do without it, "
        "or stay in one process, n_processes=1."
    )


def load_and_call(work):
    """Return what pickled work returns, pickled, or raise an error that is pickled."""
    try:
        return pickled(pickle.loads(work)(), "What a task returns")
    except Exception as error:
        raise _to_send(error) from None


def _to_send(error):
    """Return an error, or one of its words where it is not the same after a pickle."""
    try:
        pickle.loads(dumps(error))
    except Exception:
        text = "".join(traceback.format_exception(error))
        return RuntimeError(f"In another process:\n{text}")
    return error


def ship(work):
    """Return work as bytes without its large arrays, and these by their keys.

    Parameters
    ----------
    work : callable

    Returns
    -------
    work : bytes
        Not the memory of loky's pickles, which other executors refuse.
    arrays : dict of str to ndarray
        A key is a hash of the array's content.
    """
    file = io.BytesIO()
    pickler = _Pickler(file)
    try:
        pickler.dump(work)
    except Exception as error:
        raise _no_pickle("What a task consists of", error) from error
    return file.getvalue(), pickler.arrays


class _Pickler(get_loky_pickler()):
    """A pickler that leaves large arrays out, and knows them by a key."""

    def __init__(self, file):
        super().__init__(file)
        self.arrays, self._keys = {}, {}

    def persistent_id(self, value):
        """Return the key of a large array, None for everything else."""
        if (
            type(value) is not np.ndarray
            or value.nbytes < LARGE
            or value.dtype.hasobject
        ):
            return None
        if id(value) not in self._keys:  # which holds while `arrays` does
            key = joblib.hash(value)
            self._keys[id(value)] = key
            self.arrays[key] = value
        return self._keys[id(value)]


class _Unpickler(pickle.Unpickler):
    """An unpickler of what a `_Pickler` has written, given the arrays."""

    def __init__(self, file, arrays):
        super().__init__(file)
        self._arrays = arrays

    def persistent_load(self, key):
        """Return the array of a key."""
        return self._arrays[key]


class Missing(tuple):
    """Keys of arrays that a worker was not sent with its work, and has not kept."""


_KEPT = OrderedDict()
_LOCK = Lock()


def run_shipped(work, keys, arrays, skae_version):
    """Return what shipped work returns, in a worker.

    Parameters
    ----------
    work : bytes
    keys : list of str
        Of all arrays that are part of it.
    arrays : dict of str to bytes
        Pickles of those that are sent with it.
    skae_version : str
        Where the work comes from.

    Returns
    -------
    outcome : bytes or Missing
        Pickled, whether all went well and the result, or the error: so an error that
        an executor raises is one of its own.
    """
    try:
        _check_version(skae_version)
        found = _kept(keys, arrays)
        if isinstance(found, Missing):
            return found
        result = _Unpickler(io.BytesIO(work), found).load()()
        return bytes(pickled((True, result), "What a task returns"))
    except Exception as error:
        return bytes(dumps((False, _to_send(error))))


def _kept(keys, arrays):
    """Return all arrays of some work, or which are `Missing`; keep the last ones."""
    with _LOCK:
        for key in keys:
            if key in arrays:
                _KEPT[key] = pickle.loads(arrays[key])
            if key in _KEPT:
                _KEPT.move_to_end(key)
        missing = Missing(key for key in keys if key not in _KEPT)
        found = {key: _KEPT[key] for key in keys if key in _KEPT}
        while len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return missing or found


def _check_version(asked):
    if asked != (own := version("skae")):
        raise RuntimeError(
            f"A worker has skae {own}, and the search runs with {asked}: install the "
            "same on both."
        )
