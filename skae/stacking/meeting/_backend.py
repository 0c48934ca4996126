"""joblib's way to the rendezvous: tasks in threads, whose fits train together."""

import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from math import ceil

from joblib.parallel import FallbackToBackend, ParallelBackendBase, SequentialBackend

from skae._notices import current_call, on_behalf_of
from skae.stacking.meeting._memory import (
    LARGE,
    bytes_of_data,
    large_arrays_given_back,
    n_tasks_within,
)
from skae.stacking.meeting._rendezvous import Rendezvous, current_crew

__all__ = ["MAX_MEMBERS", "MEMORY", "NAME", "StackedBackend", "n_jobs_of"]

LOGGER = logging.getLogger("skae.stacking")

NAME = "skae-stacked"
MAX_MEMBERS = 128
MEMORY = 2**30
# Threads within tasks within tasks: more would only be many.
MAX_NESTING = 1


class StackedBackend(ParallelBackendBase):
    """A joblib backend of threads in which the fits of autoencoders train together.

    Tasks are collected until there are no more for now, so that as many run at a time
    as make waves of equal size: the stacks of a small last wave would cost nearly as
    much as others.

    Parameters
    ----------
    nesting_level : int or None
        joblib's.
    inner_max_num_threads : None
        joblib's, which is not supported.
    max_members, memory : int
        See `skae.stacked`.
    rendezvous : Rendezvous or None
        Where fits meet, if not at a new place.
    """

    default_n_jobs = -1
    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(
        self,
        nesting_level=None,
        inner_max_num_threads=None,
        *,
        max_members=MAX_MEMBERS,
        memory=MEMORY,
        rendezvous=None,
    ):
        super().__init__(nesting_level, inner_max_num_threads)
        self.rendezvous = rendezvous or Rendezvous(max_members, memory)
        self._crew = self._pool = None
        self._pending = []
        self._until_the_end = ExitStack()

    def effective_n_jobs(self, n_jobs):
        """Return the number of tasks at a time; negative numbers stand for enough."""
        return n_jobs_of(n_jobs, enough=self.rendezvous.n_fits)

    def configure(self, n_jobs=1, parallel=None, **kwargs):
        """Start threads for a parallel call, and return how many."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if self._crew is not None:  # for a call that is still under way
            raise FallbackToBackend(self._another())
        self.parallel = parallel
        self._start(n_jobs)
        return n_jobs

    def _another(self):
        return StackedBackend(self.nesting_level, rendezvous=self.rendezvous)

    def _start(self, n_jobs):
        self._n_jobs = n_jobs
        self._crew = self.rendezvous.crew(n_jobs)

    def start_call(self):
        """Note that tasks are about to be submitted."""
        self._filters = warnings.filters
        self._call = current_call()
        self._crew.dispatch(True)

    def stop_call(self):
        """End threads, and put the filters of warnings back.

        Tasks set and reset these in any order.
        """
        self._close_pool()
        warnings.filters = self._filters

    def submit(self, func, callback=None):
        """Note a task to run in a thread, which calls back with what came of it."""
        self._crew.queue()
        task = partial(_run, self._crew, self._call, func, callback)
        if self._pool is None:
            self._pending.append(task)
        else:  # in place of one that is done
            self._pool.submit(task)

    def _open_pool(self):
        """Start threads, and in them the tasks that have been submitted so far."""
        tasks, self._pending = self._pending, []
        if not tasks:
            return
        items = tasks[0].args[2].items
        n_at_a_time = self._n_at_a_time(bytes_of_data(items))
        n_waves = ceil(len(tasks) / n_at_a_time)
        self._crew.n_threads = ceil(len(tasks) / n_waves)
        self._pool = ThreadPoolExecutor(self._crew.n_threads, thread_name_prefix=NAME)
        for task in tasks:
            self._pool.submit(task)

    def _n_at_a_time(self, n_bytes):
        """Return how many tasks may run that take folds of so many bytes of data."""
        if n_bytes < LARGE:
            return self._n_jobs
        n_tasks = n_tasks_within(self.rendezvous.memory, n_bytes)
        LOGGER.info("%d tasks at a time fit into `memory`", n_tasks)
        self._until_the_end.enter_context(large_arrays_given_back())
        return min(self._n_jobs, n_tasks)

    def _close_pool(self):
        self._pending.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def retrieve_result_callback(self, out):
        """Return the result of a task, or raise its error."""
        result, error = out
        if error is not None:
            raise error
        return result

    @contextmanager
    def retrieval_context(self):
        """Wait for results: where this is a task, others need not wait for it."""
        self._open_pool()
        self._crew.dispatch(False)
        outer = current_crew()
        if outer is None:
            yield
        else:
            with outer.paused():
                yield

    def terminate(self):
        """End all threads, those that wait for others at once."""
        if self._crew is None:
            return
        # The crew first: threads that wait for others would never come to their end.
        self._crew.close()
        self._close_pool()
        self._until_the_end.close()
        self._crew = None

    def abort_everything(self, ensure_ready=True):
        """End all threads, and start new ones where they are going to be needed."""
        self.terminate()
        if ensure_ready:
            self._start(self._n_jobs)

    def get_nested_backend(self):
        """Return the backend of parallel calls in tasks: their fits meet here too."""
        level = (self.nesting_level or 0) + 1
        if level > MAX_NESTING:
            return SequentialBackend(nesting_level=level), None
        return StackedBackend(level, rendezvous=self.rendezvous), 1


def n_jobs_of(n_jobs, enough):
    """Return the number of tasks at a time; None and negative numbers are enough."""
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 in Parallel has no meaning")
    return n_jobs if n_jobs is not None and n_jobs > 0 else enough


def _run(crew, call, func, callback):
    with crew.task(), on_behalf_of(call):
        try:
            out = func(), None
        except BaseException as error:
            out = None, error
        if callback is not None:
            callback(out)
