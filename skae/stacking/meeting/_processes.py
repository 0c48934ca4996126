"""joblib's way to several processes, in each of which fits train together."""

import pickle
import threading
import traceback
from contextlib import contextmanager
from functools import partial
from logging.handlers import QueueHandler
from math import ceil
from multiprocessing import current_process
from queue import SimpleQueue

from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky.backend.reduction import dumps
from joblib.parallel import (
    FallbackToBackend,
    LokyBackend,
    ParallelBackendBase,
    SequentialBackend,
)

from skae.stacking.meeting._backend import (
    MAX_MEMBERS,
    MEMORY,
    StackedBackend,
    n_jobs_of,
)
from skae.stacking.meeting._rendezvous import LOGGER, Rendezvous

__all__ = ["ProcessesBackend"]


class ProcessesBackend(ParallelBackendBase):
    """A joblib backend of processes with threads in them, as of `StackedBackend`.

    Tasks are collected until there are no more for now; then each process without work
    is given its share of them. loky, joblib's default, keeps the processes. Calls
    within tasks, or within those of other backends, start none.

    Parameters
    ----------
    nesting_level : int or None
        joblib's.
    inner_max_num_threads : None
        joblib's, which is not supported.
    n_processes : int
        At least two.
    max_members, memory : int
        See `skae.stacked`.
    """

    default_n_jobs = -1
    supports_retrieve_callback = True

    def __init__(
        self,
        nesting_level=None,
        inner_max_num_threads=None,
        *,
        n_processes,
        max_members=MAX_MEMBERS,
        memory=MEMORY,
    ):
        super().__init__(nesting_level, inner_max_num_threads)
        self.n_processes = n_processes
        n_workers = max(1, cpu_count() // self.n_processes)
        self._limits = {"max_members": max_members, "memory": memory}
        self.rendezvous = Rendezvous(**self._limits, n_workers=n_workers)
        self._loky = None
        self._lock = threading.Lock()

    def effective_n_jobs(self, n_jobs):
        """Return the number of tasks at a time; negative numbers stand for enough."""
        return n_jobs_of(n_jobs, self.n_processes * self.rendezvous.n_fits)

    def configure(self, n_jobs=1, parallel=None, **kwargs):
        """Start processes for a parallel call, and return how many tasks run."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if self.nesting_level or current_process().daemon:
            raise FallbackToBackend(StackedBackend(self.nesting_level, **self._limits))
        if self._loky is not None:  # for a call that is still under way
            raise FallbackToBackend(self._another())
        self._loky = LokyBackend(nesting_level=0)
        self.n_threads = ceil(n_jobs / self.n_processes)
        self.parallel = parallel
        self._settings = kwargs
        self._start()
        return n_jobs

    def _another(self):
        return ProcessesBackend(
            self.nesting_level, n_processes=self.n_processes, **self._limits
        )

    def _threads(self):
        return StackedBackend(0, rendezvous=self.rendezvous)

    def _start(self):
        self._pending, self._running = [], set()
        self._loky.configure(self.n_processes, self.parallel, **self._settings)

    def submit(self, func, callback=None):
        """Note a task, to be sent with others."""
        with self._lock:
            self._pending.append((func, callback))

    @contextmanager
    def retrieval_context(self):
        """Wait for results, once all tasks have been submitted."""
        self._send()
        yield

    def _send(self):
        """Share tasks out among the processes that have none."""
        with self._lock:
            n_idle = self.n_processes - len(self._running)
            shares = [self._pending[i::n_idle] for i in range(n_idle)]
            shares = [(object(), share) for share in shares if share]
            self._running.update(key for key, _ in shares)
            self._pending = self._pending if n_idle < 1 else []
        for key, share in shares:
            self._send_to_one(key, *zip(*share, strict=True))

    def _send_to_one(self, key, tasks, callbacks):
        level = LOGGER.getEffectiveLevel()
        finish = partial(self._finish, self._loky, self._running, key, callbacks)
        try:
            work = partial(_run, tasks, self._threads(), self.n_threads, level)
            work = _pickled(work, "What a task consists of")
            self._loky.submit(partial(_load_and_call, work), finish)
        except Exception as error:  # no pickle, or killed in the meantime
            _call_back(callbacks, [(None, error)] * len(callbacks))

    def _finish(self, loky, running, key, callbacks, future):
        """Call back with what has come of tasks, and go on with others."""
        try:
            results, records = pickle.loads(loky.retrieve_result_callback(future))
            outcomes = [(result, None) for result in results]
        except BaseException as error:
            outcomes, records = [(None, error)] * len(callbacks), []
        for record in records:
            LOGGER.handle(record)
        with self._lock:
            running.discard(key)
        _call_back(callbacks, outcomes)
        self._send()

    def retrieve_result_callback(self, out):
        """Return the result of a task, or raise the error of those sent with it."""
        result, error = out
        if error is not None:
            raise error
        return result

    def terminate(self):
        """Let go of the processes, which loky keeps for a while."""
        if self._loky is not None:
            self._pending.clear()
            self._loky.terminate()
            self._loky = None

    def abort_everything(self, ensure_ready=True):
        """Kill the processes, and start new ones where they are going to be needed."""
        self._pending.clear()
        self._loky.abort_everything(ensure_ready=False)
        if ensure_ready:
            self._start()

    def get_nested_backend(self):
        """Return the backend of parallel calls in tasks: their fits meet here too."""
        return self._threads().get_nested_backend()


def _call_back(callbacks, outcomes):
    for callback, outcome in zip(callbacks, outcomes, strict=True):
        if callback is not None:
            callback(outcome)


def _pickled(value, name):
    """Return something as bytes.

    joblib by itself would write large arrays to files, and what is mapped from a file
    does not stack.
    """
    try:
        return dumps(value)
    except Exception as error:
        raise pickle.PicklingError(
            f"{name} cannot be pickled for another process ({error}): do without it, "
            "or stay in one process, n_processes=1."
        ) from error


def _load_and_call(work):
    try:
        return _pickled(pickle.loads(work)(), "What a task returns")
    except Exception as error:
        if _is_pickled_well(error):
            raise
        text = "".join(traceback.format_exception(error))
        raise RuntimeError(f"In another process:\n{text}") from None


def _is_pickled_well(error):
    try:
        pickle.loads(dumps(error))
    except Exception:
        return False
    return True


def _run(tasks, backend, n_threads, level):
    """Return the results of tasks, and what has been logged in the meantime."""
    n_waves = ceil(len(tasks) / n_threads)
    with _logged(level) as records:
        parallel = Parallel(ceil(len(tasks) / n_waves), backend=backend)
        results = parallel(delayed(task)() for task in tasks)
    return results, [records.get() for _ in range(records.qsize())]


@contextmanager
def _logged(level):
    """Collect records of the log, in a form that can be sent."""
    records = SimpleQueue()
    handler = QueueHandler(records)
    before = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    LOGGER.setLevel(level)
    try:
        yield records
    finally:
        LOGGER.removeHandler(handler)
        level, LOGGER.propagate = before
        LOGGER.setLevel(level)
