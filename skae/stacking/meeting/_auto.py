"""joblib's way to one process or several, by how many fits there are."""

from contextlib import contextmanager
from multiprocessing import current_process

from joblib import cpu_count
from joblib.parallel import FallbackToBackend, ParallelBackendBase, SequentialBackend

from skae.stacking.meeting._backend import MAX_MEMBERS, MEMORY, StackedBackend
from skae.stacking.meeting._processes import ProcessesBackend

__all__ = ["AutoBackend"]

# Tasks at a time, for each core, from which on processes are worth the seconds that
# they take to start.
FEWEST_TASKS = 64


class AutoBackend(ParallelBackendBase):
    """A joblib backend that shares many tasks out among processes, and few not.

    Tasks are collected until there are no more for now, and then given to another
    backend: `ProcessesBackend`, with a process for each core, where there are enough
    for that, else `StackedBackend`.

    Parameters
    ----------
    nesting_level : int or None
        joblib's.
    inner_max_num_threads : None
        joblib's, which is not supported.
    max_members, memory
        See `skae.stacked`.
    """

    default_n_jobs = -1
    supports_retrieve_callback = True

    def __init__(
        self,
        nesting_level=None,
        inner_max_num_threads=None,
        *,
        max_members=MAX_MEMBERS,
        memory=MEMORY,
    ):
        super().__init__(nesting_level, inner_max_num_threads)
        self._limits = {"max_members": max_members, "memory": memory}
        self._in_threads = StackedBackend(nesting_level, **self._limits)
        self._chosen, self._pending = None, []
        self._is_under_way = False
        self.parallel = None

    def effective_n_jobs(self, n_jobs):
        """Return the number of tasks at a time; negative numbers stand for enough."""
        return self._in_threads.effective_n_jobs(n_jobs)

    def configure(self, n_jobs=1, parallel=None, **kwargs):
        """Prepare for a parallel call, and return how many tasks run."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if self.nesting_level or self.parallel is not None:
            raise FallbackToBackend(StackedBackend(self.nesting_level, **self._limits))
        self.parallel = parallel
        self._settings = {"n_jobs": n_jobs, "parallel": parallel, **kwargs}
        return n_jobs

    def start_call(self):
        """Note that tasks are about to be submitted."""
        self._is_under_way = False

    def submit(self, func, callback=None):
        """Note a task, or give it to the backend that was chosen for this call."""
        if self._is_under_way:
            self._chosen.submit(func, callback)
        else:
            self._pending.append((func, callback))

    @contextmanager
    def retrieval_context(self):
        """Choose a backend, and wait for its results."""
        self._choose()
        self._is_under_way = True
        for task in self._pending:
            self._chosen.submit(*task)
        self._pending.clear()
        with self._chosen.retrieval_context():
            yield

    def _choose(self):
        """Choose a backend, and go on with it if it has been chosen before."""
        kind = ProcessesBackend if self._has_many() else StackedBackend
        if type(self._chosen) is not kind:
            self._let_go()
            self._chosen = self._in_threads
            if kind is ProcessesBackend:
                n_processes = cpu_count()
                self._chosen = kind(0, n_processes=n_processes, **self._limits)
            self._chosen.configure(**self._settings)
        self._chosen.start_call()

    def _has_many(self):
        n_cores = cpu_count()
        may_have_some = n_cores > 1 and not current_process().daemon
        return may_have_some and len(self._pending) >= FEWEST_TASKS * n_cores

    def stop_call(self):
        """End the call of the backend that was chosen."""
        self._pending.clear()
        if self._chosen is not None and self._is_under_way:
            self._chosen.stop_call()
        self._is_under_way = False

    def retrieve_result_callback(self, out):
        """Return the result of a task, or raise its error."""
        return self._chosen.retrieve_result_callback(out)

    def _let_go(self):
        if self._chosen is not None:
            self._chosen.terminate()
        self._chosen = None

    def terminate(self):
        """Let go of threads and processes."""
        self._pending.clear()
        self._let_go()
        self.parallel = None

    def abort_everything(self, ensure_ready=True):
        """End all threads, or kill the processes."""
        self._pending.clear()
        if self._chosen is not None:
            self._chosen.abort_everything(ensure_ready=False)
        parallel = self.parallel
        self.terminate()
        if ensure_ready:
            self.parallel = parallel

    def get_nested_backend(self):
        """Return the backend of parallel calls in tasks: their fits meet here too."""
        return self._in_threads.get_nested_backend()
