"""joblib's way to the rendezvous: tasks in threads, whose fits train together."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from joblib import Parallel, delayed, parallel_config, register_parallel_backend
from joblib._parallel_backends import FallbackToBackend
from joblib.parallel import ParallelBackendBase, SequentialBackend

from skae.stacking._rendezvous import Rendezvous, current_crew

__all__ = ["NAME", "StackedBackend", "fit_stack", "stacked"]

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
        joblib's; without effect.
    max_members, memory : int
        See `skae.stacked`.
    rendezvous : Rendezvous or None
        Where fits meet, if not at a new place.
    """

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

    def effective_n_jobs(self, n_jobs):
        """Return how many tasks run at a time; negative numbers stand for enough."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        return n_jobs if n_jobs > 0 else self.rendezvous.n_fits

    def configure(self, n_jobs=1, parallel=None, **kwargs):
        """Start threads for a parallel call, and return how many."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        self.parallel = parallel
        self._start(n_jobs)
        return n_jobs

    def _start(self, n_jobs):
        self._pool = ThreadPoolExecutor(n_jobs, thread_name_prefix=NAME)
        self._crew = self.rendezvous.crew(n_jobs)

    def start_call(self):
        """Note that tasks are about to be submitted."""
        self._filters = warnings.filters
        self._crew.dispatch(True)

    def stop_call(self):
        """Put the filters of warnings back, which tasks set and reset in any order."""
        warnings.filters = self._filters

    def submit(self, func, callback=None):
        """Run a task in a thread, and call back with what came of it."""
        self._crew.queue()
        return self._pool.submit(_run, self._crew, func, callback)

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
        if self._pool is not None:
            self._crew.close()
            self._pool.shutdown(wait=True, cancel_futures=True)
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
        return StackedBackend(level, rendezvous=self.rendezvous), None


def _run(crew, func, callback):
    with crew.task():
        try:
            out = func(), None
        except BaseException as error:
            out = None, error
        if callback is not None:
            callback(out)


def stacked(max_members=MAX_MEMBERS, memory=MEMORY, n_jobs=-1):
    """Let the fits of autoencoders that are under way at the same time train together.

    Within this context, tasks of scikit-learn's searches and of everything else that
    uses joblib run as threads. The fits of autoencoders in them wait for each other and
    then train in stacks: tensors with a further axis, in which all take their steps at
    once. Each ends with the weights that it would have had alone, up to rounding.

    Parameters
    ----------
    max_members : int, default=64
        Most members of a stack. With too many, their weights no longer stay in the
        processor's cache.
    memory : int, default=2**30
        Most bytes of a stack; there are as many stacks at a time as cores.
    n_jobs : int, default=-1
        How many tasks run at a time, which is how many fits there are to choose from;
        -1 is enough to keep all cores busy. An `n_jobs` of the search's own has
        precedence. Each task holds its own copy of the data of its fold.

    Returns
    -------
    context : context manager

    Notes
    -----
    What may differ within a stack: sizes of the code and the hidden layers, seeds,
    rows, epochs, learning rates, weight decay, early stopping, weights of penalties.
    Fits of different kind, depth, activation or objective form stacks of their own, as
    do sequences of different length or number of channels, and what cannot be stacked
    trains alone: convolutional networks, other devices than the CPU and CUDA's,
    callbacks, sample weights, data sets, mixed precision, compiled networks, and fits
    that go on from earlier ones. So do networks that the user has written.

    Rounding counts where gradients are nothing but rounding errors, which optimisers
    such as Adam turn into steps: a dense autoencoder that starts as PCA in float32 ends
    with other weights in a stack, as it does on another machine, and scores the same.

    ``logging.getLogger("skae.stacking")`` tells how fits were grouped.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> import skae
    >>> search = GridSearchCV(
    ...     skae.DenseAutoencoder(max_epochs=5, random_state=0),
    ...     {"n_components": [1, 2, 3]},
    ... )
    >>> with skae.stacked():
    ...     search = search.fit(load_iris().data)
    >>> search.best_params_
    {'n_components': 3}
    """
    return parallel_config(NAME, n_jobs=n_jobs, max_members=max_members, memory=memory)


def fit_stack(estimators, data, **settings):
    """Fit estimators, each to its own data, and let them train together.

    Parameters
    ----------
    estimators : list of estimator
        Autoencoders, or pipelines and other estimators with autoencoders in them.
    data : list of array-like
        What each is fitted to; one array may be in it many times.
    **settings
        Those of `stacked`.

    Returns
    -------
    estimators : list of estimator
        The same, fitted.

    Raises
    ------
    ValueError
        When there are not as many data as estimators, or an estimator is given twice.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import skae
    >>> X = load_iris().data
    >>> sizes = [skae.DenseAutoencoder(k, max_epochs=5) for k in (1, 2, 3)]
    >>> fitted = skae.fit_stack(sizes, [X] * 3)
    >>> [autoencoder.transform(X).shape[1] for autoencoder in fitted]
    [1, 2, 3]
    """
    estimators, data = list(estimators), list(data)
    if len(estimators) != len(data):
        raise ValueError(
            f"{len(estimators)} estimators and {len(data)} data: give each estimator "
            "its own, [X] * n where they are the same."
        )
    if len(set(map(id, estimators))) < len(estimators):
        raise ValueError("An estimator is given twice: clone it (sklearn.base.clone).")
    with stacked(**settings):
        return Parallel()(
            delayed(estimator.fit)(X)
            for estimator, X in zip(estimators, data, strict=True)
        )


register_parallel_backend(NAME, StackedBackend)
