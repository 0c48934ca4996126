"""Where shares of tasks run: in loky's processes, or with an executor's workers."""

import pickle
from collections import Counter
from concurrent.futures import Future
from functools import partial
from importlib.metadata import version
from threading import Lock, Timer
from weakref import WeakKeyDictionary

from joblib.parallel import LokyBackend

from skae.stacking.meeting._shipping import (
    Missing,
    load_and_call,
    pickled,
    run_shipped,
    ship,
)

__all__ = ["ExecutorPool", "LokyPool", "LostWorkerError"]


class LokyPool:
    """Processes of this machine, which loky, joblib's default, keeps for a while."""

    def __init__(self):
        self._loky = LokyBackend(nesting_level=0)

    def open(self, n_processes, parallel, **settings):
        """Start processes for a parallel call of joblib."""
        self._loky.configure(n_processes, parallel, **settings)

    def submit(self, work, finish):
        """Run work in a process, and call back with its future."""
        work = pickled(work, "What a task consists of")
        self._loky.submit(partial(load_and_call, work), finish)

    def result(self, future):
        """Return what work has returned, or raise its error."""
        return pickle.loads(self._loky.retrieve_result_callback(future))

    def close(self):
        """Let go of the processes."""
        self._loky.terminate()

    def abort(self):
        """Kill the processes."""
        self._loky.abort_everything(ensure_ready=False)


class LostWorkerError(RuntimeError):
    """Work was lost, with its worker as a rule: it may be run again."""


class NoWorkerError(RuntimeError):
    """No worker has finished anything for so long that there may be none."""


# How often each executor was sent an array, by its key.
_SENT = WeakKeyDictionary()


class ExecutorPool:
    """Workers of an executor, wherever they are.

    A large array goes with the first work for as many workers as there are; one that
    has not been sent it asks for it.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Stays open.
    timeout : float or None, default=None
        Seconds after the last that was sent or came back, when what is out is given up.
    """

    def __init__(self, executor, timeout=None):
        self._executor, self._timeout = executor, timeout
        self._futures, self._lock = {}, Lock()
        self._timer = None

    def open(self, n_processes, parallel, **settings):
        """Note the number of workers."""
        self._n_workers = n_processes

    def submit(self, work, finish):
        """Run work with a worker, and call back with its future."""
        work, arrays = ship(work)
        sent = _SENT.setdefault(self._executor, Counter())
        to_send = [key for key in arrays if sent[key] < self._n_workers]
        self._send(work, arrays, finish, to_send)

    def _send(self, work, arrays, finish, to_send):
        _SENT[self._executor].update(to_send)
        data = {key: pickle.dumps(arrays[key], protocol=5) for key in to_send}
        try:
            future = self._executor.submit(
                run_shipped, work, list(arrays), data, version("skae")
            )
        except Exception as error:
            raise RuntimeError(
                f"The executor takes no more tasks ({type(error).__name__}: {error}): "
                "pass one that works. With a `store`, a search goes on where it was."
            ) from error
        with self._lock:
            self._futures[future] = finish
            self._watch()
        future.add_done_callback(partial(self._done, work, arrays, finish))

    def _watch(self):
        """Count the seconds anew, while anything is out."""
        if self._timer is not None:
            self._timer.cancel()
        if self._timeout is not None and self._futures:
            self._timer = Timer(self._timeout, self._give_up)
            self._timer.daemon = True
            self._timer.start()

    def _give_up(self):
        """End all that is out with an error; workers may be there, and too slow."""
        with self._lock:
            futures, self._futures = self._futures, {}
        for future in futures:
            future.cancel()
        for finish in futures.values():
            finish(_failed(_nothing_for(self._timeout)))

    def _done(self, work, arrays, finish, future):
        with self._lock:
            is_out = self._futures.pop(future, None) is not None
            self._watch()
        if not is_out:  # given up, or withdrawn
            return
        missing = _missing(future)
        if not missing:
            finish(future)
            return
        try:
            self._send(work, arrays, finish, missing)
        except Exception as error:
            finish(_failed(error))

    def result(self, future):
        """Return what work has returned, or raise its error."""
        try:
            outcome = future.result()
        except ImportError as error:
            raise RuntimeError(
                f"A worker cannot import {error.name}: install skae, and what the "
                "search needs, where the workers are."
            ) from error
        except NoWorkerError:
            raise
        except BaseException as error:
            raise LostWorkerError(f"{type(error).__name__}: {error}") from error
        is_well, result = pickle.loads(outcome)
        if not is_well:
            raise result
        return result

    def close(self):
        """Withdraw work that has not begun."""
        with self._lock:
            futures, self._futures = self._futures, {}
            self._watch()
        for future in futures:
            future.cancel()

    abort = close


def _failed(error):
    """Return a future that has failed."""
    failed = Future()
    failed.set_exception(error)
    return failed


def _nothing_for(seconds):
    return NoWorkerError(
        f"No worker has finished anything for timeout={seconds:g} seconds. See whether "
        "the executor has workers, or raise timeout if fits may take so long. With a "
        "`store`, a search goes on where it was."
    )


def _missing(future):
    """Return which arrays a worker asks for."""
    if future.cancelled() or future.exception() is not None:
        return ()
    outcome = future.result()
    return outcome if isinstance(outcome, Missing) else ()
