"""Hooks into the evaluation of candidates by scikit-learn's searches."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from inspect import signature

from sklearn.exceptions import FitFailedWarning
from sklearn.utils.parallel import delayed

from skae._notices import warn
from skae._sklearn import (
    MultimetricScorer,
    warn_or_raise_about_fit_failures,
)

__all__ = [
    "Failures",
    "around_fits",
    "data_of",
    "failed",
    "running_in",
    "tasks_through",
]


@contextmanager
def running_in(search, surroundings):
    """Let a search run in surroundings that change how it evaluates candidates.

    Parameters
    ----------
    search : estimator
        Built on scikit-learn's `BaseSearchCV`.
    surroundings : callable
        Takes `evaluate_candidates`, as scikit-learn passes it to `_run_search`, and
        returns a context manager that yields another one.

    Yields
    ------
    search : estimator
        The same one.

    Raises
    ------
    TypeError
        When the search has no `_run_search`, or was fitted without it.
    """
    attributes = dict(vars(search))
    if not hasattr(search, "_run_search"):
        raise _another_way(type(search).__name__, "has no _run_search")
    run = search._run_search = _Run(search._run_search, surroundings)
    try:
        yield search
    finally:
        del search._run_search
        if "_run_search" in attributes:
            search._run_search = attributes["_run_search"]
    results = vars(search).get("cv_results_")
    if results is not attributes.get("cv_results_") and not run.was_called:
        raise _another_way(type(search).__name__, "was fitted without its _run_search")


def _another_way(search, reason):
    return TypeError(
        f"{search} does not evaluate its candidates as scikit-learn's searches do: it "
        f"{reason}. Use a search that is built on scikit-learn's BaseSearchCV and "
        "leaves its `fit` as it is."
    )


class _Run:
    """`_run_search` of a search, in other surroundings."""

    def __init__(self, run, surroundings):
        self.run = run
        self.surroundings = surroundings
        self.was_called = False
        self.__signature__ = signature(run)  # scikit-learn reads it

    def __getstate__(self):
        return {}  # scikit-learn sends the search to each worker, which needs no run

    def __call__(self, evaluate_candidates, **context):
        self.was_called = True
        with self.surroundings(evaluate_candidates) as evaluate:
            self.run(evaluate, **context)


def data_of(evaluate_candidates):
    """Return the data that a search is fitted to.

    Parameters
    ----------
    evaluate_candidates : function
        As for `tasks_through`.

    Returns
    -------
    X, y : object

    Raises
    ------
    TypeError
        See `tasks_through`.
    """
    cells = (_variable(evaluate_candidates, name) for name in ("X", "y"))
    return tuple(cell.cell_contents for cell in cells)


@contextmanager
def tasks_through(evaluate_candidates, run):
    """Let the fits of a search go through a function on their way to joblib.

    A search of scikit-learn hands to `_run_search` a function that makes a task of
    each candidate on each fold, and calls the `Parallel` of the search with them. That
    is a variable of the running `fit`, and the only place where all searches meet.
    Within the context it holds a function that calls `run` with the `Parallel` and the
    tasks. All else, what scikit-learn makes of candidates and of results, stays as it
    is.

    Parameters
    ----------
    evaluate_candidates : function
        What scikit-learn's `BaseSearchCV.fit` passes to `_run_search`.
    run : callable
        Called as ``run(parallel, tasks)``, where tasks are an iterator over what
        `delayed` returns, of ``_fit_and_score(estimator, X, y, **task)``. Returns the
        list of their results.

    Yields
    ------
    evaluate_candidates : function
        The same one.

    Raises
    ------
    TypeError
        When the function has no such variable: the search evaluates in a way of its
        own.
    """
    variable = _variable(evaluate_candidates, "parallel")
    parallel = variable.cell_contents
    variable.cell_contents = partial(run, parallel)
    try:
        yield evaluate_candidates
    finally:
        variable.cell_contents = parallel


def _variable(function, name):
    """Return the cell of a variable that a function shares with the one around it."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    if name in names:
        return function.__closure__[names.index(name)]
    raise _another_way("This search", f"does so with what has no variable {name!r}")


def around_fits(evaluate_candidates, wrap, *, innermost=False):
    """Wrap a function around each fit of a search and its scoring.

    Parameters
    ----------
    evaluate_candidates : function
        As for `tasks_through`.
    wrap : callable
        Takes what is called for a fit, as scikit-learn's `_fit_and_score` is, and
        returns a frozen dataclass that is called in its place and has it as a field,
        `fit_and_score`.
    innermost : bool, default=False
        Whether it goes next to the fit, inside of what is put around that otherwise.

    Returns
    -------
    context : context manager
        As of `tasks_through`.
    """
    wrapped = partial(_wrapped_inside, wrap=wrap) if innermost else wrap

    def run(parallel, tasks):
        return parallel(
            delayed(wrapped(call.function))(*args, **keywords)
            for call, args, keywords in tasks
        )

    return tasks_through(evaluate_candidates, run)


def _wrapped_inside(function, wrap):
    inner = getattr(function, "fit_and_score", None)
    if inner is None:
        return wrap(function)
    return replace(function, fit_and_score=_wrapped_inside(inner, wrap))


def failed(result, error, task):
    """Return the result of a fit as that of one that has failed.

    Parameters
    ----------
    result : dict
        As `_fit_and_score` returns it.
    error : str
        What went wrong.
    task : dict
        The keyword arguments of `_fit_and_score`.
    """
    scores = task["error_score"]
    if isinstance(task["scorer"], MultimetricScorer):
        scores = dict.fromkeys(task["scorer"]._scorers, scores)
    names = ["test_scores"] + ["train_scores"] * task["return_train_score"]
    return {**result, "fit_error": error, **dict.fromkeys(names, scores)}


class Failures:
    """Failed fits of a search that goes on, where scikit-learn's would end.

    scikit-learn raises when all folds fail that it evaluates at once, which in a search
    that evaluates one candidate at a time is a single bad candidate.

    Parameters
    ----------
    error_score : float or "raise"
        The search's.
    """

    def __init__(self, error_score):
        self.error_score = error_score
        self.first = None
        self.any_fit = False
        self._failed = []
        self._names = None

    def survived_by(self, evaluate_candidates):
        """Leave `error_score` for candidates that fail, within a context.

        Parameters
        ----------
        evaluate_candidates : function
            As for `tasks_through`.

        Returns
        -------
        context : context manager
            As of `tasks_through`.
        """
        return tasks_through(evaluate_candidates, self._run)

    def raise_if_all_failed(self):
        """Raise scikit-learn's error about the first failures, if no fit succeeded."""
        if self.first is not None and not self.any_fit:
            raise self.first

    def _run(self, parallel, tasks):
        results = parallel(tasks)
        self._report(results)
        self._name_scores(results)
        for result in results:
            result["fit_error"] = None  # scikit-learn need not see it again
        return results

    def _report(self, results):
        self.any_fit |= any(result["fit_error"] is None for result in results)
        try:
            warn_or_raise_about_fit_failures(results, self.error_score)
        except ValueError as error:
            self.first = self.first or error
            warn(str(error), FitFailedWarning)

    def _name_scores(self, results):
        """Name the scores of failed fits, once a callable scoring has named any."""
        self._failed += [r for r in results if r["fit_error"] is not None]
        scores = [r["test_scores"] for r in results if r["fit_error"] is None]
        if scores and isinstance(scores[0], dict):
            self._names = list(scores[0])
        for result in self._failed if self._names else ():
            for key in {"test_scores", "train_scores"} & set(result):
                result[key] = dict.fromkeys(self._names, self.error_score)
