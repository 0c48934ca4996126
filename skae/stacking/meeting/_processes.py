"""joblib's way to several processes, in each of which fits train together."""

import threading
from contextlib import contextmanager, nullcontext
from functools import partial
from logging.handlers import QueueHandler
from math import ceil
from multiprocessing import current_process
from queue import SimpleQueue

from joblib import Parallel, cpu_count, delayed
from joblib.parallel import (
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
    get_active_backend,
)

from skae._notices import current_call, on_behalf_of
from skae.stacking.meeting._backend import (
    MAX_MEMBERS,
    MEMORY,
    StackedBackend,
    n_jobs_of,
)
from skae.stacking.meeting._pools import ExecutorPool, LokyPool, LostWorkerError
from skae.stacking.meeting._rendezvous import LOGGER, Rendezvous
from skae.stacking.meeting._shares import Share
from skae.training._threads import one_thread

__all__ = ["ProcessesBackend", "has_executor"]


def has_executor():
    """Return whether tasks that are submitted now go to the workers of an executor."""
    return getattr(get_active_backend()[0], "executor", None) is not None


class ProcessesBackend(ParallelBackendBase):
    """A joblib backend of processes with threads in them, as of `StackedBackend`.

    Tasks are collected until there are no more for now; then each process without work
    is given its share of them. loky, joblib's default, keeps the processes, or they are
    the workers of an executor. Calls within tasks, or within those of other backends,
    start none.

    Parameters
    ----------
    nesting_level : int or None
        joblib's.
    inner_max_num_threads : None
        joblib's, which is not supported.
    n_processes : int
        At least two, or one with an executor.
    max_members, memory, executor, timeout
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
        executor=None,
        timeout=None,
    ):
        super().__init__(nesting_level, inner_max_num_threads)
        self.n_processes = n_processes
        self.executor, self.timeout = executor, timeout
        n_workers = max(1, cpu_count() // self.n_processes)
        if executor is not None:  # whose tasks run on one core each
            n_workers = 1
        self._limits = {"max_members": max_members, "memory": memory}
        self.rendezvous = Rendezvous(**self._limits, n_workers=n_workers)
        self._pool = None
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
        if self._pool is not None:  # for a call that is still under way
            raise FallbackToBackend(self._another())
        has_own = self.executor is None
        self._pool = (
            LokyPool() if has_own else ExecutorPool(self.executor, self.timeout)
        )
        self.n_threads = ceil(n_jobs / self.n_processes)
        self.parallel = parallel
        self._settings = kwargs
        self._place = current_call().place
        self._start()
        return n_jobs

    def _another(self):
        places = {"n_processes": self.n_processes, "executor": self.executor}
        places["timeout"] = self.timeout
        return ProcessesBackend(self.nesting_level, **places, **self._limits)

    def _threads(self):
        return StackedBackend(0, rendezvous=self.rendezvous)

    def _start(self):
        self._pending, self._running = [], set()
        self._pool.open(self.n_processes, self.parallel, **self._settings)

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
            n_shares = self._n_shares(self.n_processes - len(self._running))
            shares = [Share(self._pending[i::n_shares]) for i in range(n_shares)]
            shares = [share for share in shares if share.tasks]
            self._running.update(shares)
            self._pending = self._pending if n_shares < 1 else []
        for share in shares:
            self._send_to_one(share)

    def _n_shares(self, n_idle):
        """Return among how many to share out; an executor's are lost one by one."""
        if n_idle < 1 or self.executor is None:
            return n_idle
        return n_idle * ceil(len(self._pending) / (n_idle * self.n_threads))

    def _send_to_one(self, share):
        level = LOGGER.getEffectiveLevel()
        threads = self._threads(), self.n_threads, self.executor is not None
        run = partial(_run, share.tasks, *threads, level, self._place)
        finish = partial(self._finish, self._pool, self._running, share)
        try:
            self._pool.submit(run, finish)
        except Exception as error:  # no pickle, or killed in the meantime
            share.call_back([(None, error)] * len(share.tasks))

    def _finish(self, pool, running, share, future):
        """Call back with what has come of tasks, and go on with others."""
        try:
            results, records = pool.result(future)
            outcomes = [(result, None) for result in results]
        except LostWorkerError as error:
            self._go_on_without(pool, running, share, error)
            return
        except BaseException as error:
            outcomes, records = [(None, error)] * len(share.tasks), []
        for record in records:
            LOGGER.handle(record)
        self._end(running, share, outcomes)

    def _end(self, running, share, outcomes):
        with self._lock:
            running.discard(share)
        share.call_back(outcomes)
        self._send()

    def _go_on_without(self, pool, running, share, error):
        """Run what a lost worker had again, in halves: one may hold what killed it."""
        if pool is not self._pool:  # closed in the meantime
            return
        LOGGER.info("A worker was lost with %d tasks (%s)", len(share.tasks), error)
        parts = share.parts()
        if not parts:
            self._end(running, share, [share.without_its_fit(error)])
            return
        with self._lock:
            running.discard(share)
            running.update(parts)
        for part in parts:
            self._send_to_one(part)

    def retrieve_result_callback(self, out):
        """Return the result of a task, or raise the error of those sent with it."""
        result, error = out
        if error is not None:
            raise error
        return result

    def terminate(self):
        """Let go of the processes, which loky keeps for a while."""
        if self._pool is not None:
            self._pending.clear()
            pool, self._pool = self._pool, None
            pool.close()

    def abort_everything(self, ensure_ready=True):
        """Kill the processes, and start new ones where they are going to be needed."""
        self._pending.clear()
        self._pool.abort()
        if ensure_ready:
            self._start()

    def get_nested_backend(self):
        """Return the backend of parallel calls in tasks: their fits meet here too."""
        return self._threads().get_nested_backend()


def _run(tasks, backend, n_threads, on_one_core, level, place):
    """Return the results of tasks, and what has been logged in the meantime."""
    n_waves = ceil(len(tasks) / n_threads)
    threads = one_thread() if on_one_core else nullcontext()
    call = current_call()._replace(place=place)
    with _logged(level) as records, threads, on_behalf_of(call):
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
