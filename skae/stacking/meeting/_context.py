"""Context managers and functions by which users ask for stacked training."""

from concurrent.futures import Executor
from numbers import Integral, Real

from joblib import cpu_count, parallel_config, register_parallel_backend
from sklearn.utils.parallel import Parallel, delayed

from skae.stacking.meeting._auto import AutoBackend
from skae.stacking.meeting._backend import MAX_MEMBERS, MEMORY, NAME, StackedBackend
from skae.stacking.meeting._processes import ProcessesBackend

__all__ = ["fit_stack", "stacked"]


def stacked(
    max_members=MAX_MEMBERS,
    memory=MEMORY,
    n_jobs=-1,
    n_processes=None,
    executor=None,
    timeout=None,
):
    """Let the fits of autoencoders that are under way at the same time train together.

    Within this context, tasks of scikit-learn's searches and of everything else that
    uses joblib run as threads. The fits of autoencoders in them wait for each other and
    then train in stacks: tensors with a further axis, in which all take their steps at
    once. Each ends with the weights that it would have had alone, up to rounding.

    Parameters
    ----------
    max_members : int, default=128
        Most members of a stack. With too many, their weights no longer stay in the
        processor's cache.
    memory : int, default=2**30
        Most bytes of a stack; there are as many stacks at a time as cores. It also
        bounds what the tasks under way hold of the data, each about the rows of its
        fold and what is made of them: where data are large, fewer fits at a time form
        smaller stacks, and more memory lets more train together.
    n_jobs : int, default=-1
        How many tasks run at a time, which is how many fits there are to choose from;
        -1 is enough to keep all cores busy. An `n_jobs` of the search's own has
        precedence. Each task holds its own copy of the data of its fold.
    n_processes : int, "auto" or None, default=None
        Among how many processes tasks are shared out, within each of which fits train
        together; -1 is as many as there are cores, and "auto" is -1 in calls with 64
        tasks or more for each core, else one. With one, as by default, all is done
        in this process, and several stacks at a time wait for Python's lock, the more
        so the narrower the networks are. Others take some seconds to start, the first
        time, and some hundred megabytes each, besides copies of the data. What tasks
        consist of is pickled, as for joblib's own processes, in which names that a
        script has registered are not known either: give parts themselves instead.
    executor : concurrent.futures.Executor or None, default=None
        Whose workers the processes are, with `n_processes` as the number of tasks that
        it runs at a time: that of a cluster, as
        ``dask.distributed.Client(...).get_executor()``, or a `ProcessPoolExecutor`,
        which says by itself how many. Each task runs on one core. A large array is sent
        once to each worker. What is lost with a worker is run again by another, and a
        candidate that is lost twice by itself gets the `error_score` of its search.
    timeout : float or None, default=None
        Seconds after which, if no worker of `executor` has finished anything, what is
        out is given up with an error: there may be no worker left. A share of fits is
        finished as a whole, so it has to be more than the time that one takes. Without
        it a search waits until workers come.

    Returns
    -------
    context : context manager

    Raises
    ------
    ValueError
        When `n_processes` is neither positive, -1 nor "auto", or not given beside an
        executor that does not say it, or a limit is not positive, or a time-out is
        given without an executor.
    RuntimeError
        In what runs within the context, when the time-out has passed.
    TypeError
        When they are not numbers, or not whole ones, or `executor` is none.

    Notes
    -----
    What may differ within a stack: sizes of the code and the hidden layers, channels of
    convolutions, seeds, rows, epochs, learning rates, weight decay, early stopping,
    weights of penalties. Fits of different kind, depth, activation or objective form
    stacks of their own, as do sequences of different length, images of different size,
    other numbers of channels of either, and convolutions of another kernel. What cannot
    be stacked trains alone: other devices than the CPU and CUDA's, callbacks that do
    more than look at epochs, clean rows as `y`, data sets, mixed precision, compiled
    networks, and fits that go on from earlier ones. So do networks that the user has
    written.

    Rounding counts where gradients are nothing but rounding errors, which optimisers
    such as Adam turn into steps: a dense autoencoder that starts as PCA in float32 ends
    with other weights in a stack, as it does on another machine, and scores the same.

    joblib knows it as ``parallel_config("skae-stacked")``, with the same parameters.

    ``logging.getLogger("skae.stacking")`` tells how fits were grouped.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> import skae
    >>> search = GridSearchCV(
    ...     skae.DenseAutoencoder(max_epochs=5, random_state=0),
    ...     {"n_components": [1, 2, 3]},
    ...     cv=KFold(5, shuffle=True, random_state=0),  # rows are sorted by class
    ... )
    >>> with skae.stacked():
    ...     search = search.fit(load_iris().data)
    >>> search.best_params_
    {'n_components': 3}
    """
    limits = {"max_members": max_members, "memory": memory}
    places = {"n_processes": n_processes, "executor": executor, "timeout": timeout}
    return parallel_config(NAME, n_jobs=n_jobs, **places, **limits)


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
    TypeError
        When what is given is no list of estimators.

    Notes
    -----
    Each is fitted by ``fit(X)``, without `y`. Where that has to be given, or scores are
    wanted, use joblib or a search within `stacked`. Results are the same again if seeds
    are numbers: fits that share a ``RandomState`` draw from it in any order.

    Other processes fit copies, whose attributes estimators take over in the end: the
    steps of a pipeline, or callbacks, are then other objects than before. When a fit
    fails, its error is raised, and other estimators may have been fitted or not.

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
    estimators, data = _listed(estimators), list(data)
    if len(estimators) != len(data):
        raise ValueError(
            f"{len(estimators)} estimators and {len(data)} data: give each estimator "
            "its own, [X] * n where they are the same."
        )
    if len(set(map(id, estimators))) < len(estimators):
        raise ValueError("An estimator is given twice: clone it (sklearn.base.clone).")
    with stacked(**settings):
        fitted = Parallel()(
            delayed(estimator.fit)(X)
            for estimator, X in zip(estimators, data, strict=True)
        )
    for estimator, copy in zip(estimators, fitted, strict=True):
        if copy is not estimator:  # but was fitted in another process
            vars(estimator).update(vars(copy))
    return estimators


def _listed(estimators):
    """Return estimators as a list."""
    wrong = [estimators]
    if not hasattr(estimators, "fit"):
        estimators = list(estimators)
        wrong = [e for e in estimators if isinstance(e, type) or not hasattr(e, "fit")]
    if wrong:
        raise TypeError(
            f"{wrong[0]!r} instead of a list of estimators: give instances with a fit "
            "method in a list, [estimator] for one."
        )
    return estimators


def _backend(
    n_processes=None,
    executor=None,
    timeout=None,
    max_members=MAX_MEMBERS,
    memory=MEMORY,
    nesting_level=None,
    **others,
):
    limits = {
        "max_members": _positive("max_members", max_members, Integral),
        "memory": int(_positive("memory", memory, Real)),
    }
    if timeout is not None:
        timeout = _positive("timeout", timeout, Real)
        if executor is None:
            raise ValueError("timeout is for the workers of an executor: pass one.")
    if n_processes == "auto" and executor is None:
        return AutoBackend(nesting_level, **limits, **others)
    n_processes = _number_of_processes(n_processes, executor)
    if n_processes == 1 and executor is None:
        return StackedBackend(nesting_level, **limits, **others)
    places = {"n_processes": n_processes, "executor": executor, "timeout": timeout}
    return ProcessesBackend(nesting_level, **places, **limits, **others)


def _number_of_processes(n_processes, executor):
    """Return the number of processes, or of tasks that an executor runs at a time."""
    if executor is None:
        n_processes = 1 if n_processes is None else n_processes
        n_processes = cpu_count() if n_processes == -1 else n_processes
        or_else = ", or -1 for one for each core, or 'auto'"
        return _positive("n_processes", n_processes, Integral, or_else)
    if not isinstance(executor, Executor):
        raise TypeError(
            f"executor={executor!r} is no concurrent.futures.Executor: of a Dask "
            "client, pass client.get_executor()."
        )
    if n_processes is None:
        n_processes = getattr(executor, "_max_workers", None)
    if n_processes is None:
        raise ValueError(
            f"{type(executor).__name__} does not say how many tasks it runs at a time: "
            "pass n_processes, as the number of the cluster's threads."
        )
    return _positive("n_processes", n_processes, Integral)


def _positive(name, value, kind, or_else=""):
    """Return a setting that has to be a positive number."""
    allowed = "whole number" if kind is Integral else "number"
    text = f"{name}={value!r}: give a positive {allowed}{or_else}."
    if not isinstance(value, kind):
        raise TypeError(text)
    if not value > 0:
        raise ValueError(text)
    return value


register_parallel_backend(NAME, _backend)
