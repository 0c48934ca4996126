"""joblib's way to the rendezvous: tasks in threads, whose fits train together."""

import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

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
MAX_MEMBERS = 64
MEMORY = 2**30
# Threads within tasks within tasks: more would only be many.
MAX_NESTING = 1


class StackedBackend(ParallelBackendBase):
    """A joblib backend of threads in which the fits of autoencoders train together.

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
        self._crew = self.rendezvous.crew(n_jobs)

    def _open(self, n_bytes):
        """Start threads for tasks that take folds of so many bytes of data."""
        crew = self._crew
        if n_bytes >= LARGE:
            n_tasks = n_tasks_within(self.rendezvous.memory, n_bytes)
            LOGGER.info("%d tasks at a time fit into `memory`", n_tasks)
            crew.n_threads = min(crew.n_threads, n_tasks)
            self._until_the_end.enter_context(large_arrays_given_back())
        self._pool = ThreadPoolExecutor(crew.n_threads, thread_name_prefix=NAME)

    def start_call(self):
        """Note that tasks are about to be submitted."""
        self._filters = warnings.filters
        self._call = current_call()
        self._crew.dispatch(True)

    def stop_call(self):
        """Put the filters of warnings back, which tasks set and reset in any order."""
        warnings.filters = self._filters

    def submit(self, func, callback=None):
        """Run a task in a thread, and call back with what came of it."""
        if self._pool is None:  # what tasks hold is not known before the first
            self._open(bytes_of_data(func.items))
        self._crew.queue()
        return self._pool.submit(_run, self._crew, self._call, func, callback)

    def retrieve_result_callback(self, out):
        """Return the result of a task, or raise its error."""
        result, error = out
        if error is not None:
            raise error
        return result

    @contextmanager
    def retrieval_context(self):
        """Wait for results: where this is a task, others need not wait for it."""
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
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._until_the_end.close()
        self._pool = self._crew = None

    def abort_everything(self, ensure_ready=True):
        """End all threads, and start new ones where they are going to be needed."""
        n_threads = self._crew.n_threads
        self.terminate()
        if ensure_ready:
            self._start(n_threads)

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
