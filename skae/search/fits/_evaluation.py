"""scikit-learn's `evaluate_candidates`, with some of its parts exchanged."""

import warnings
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from types import CodeType, FunctionType

from sklearn.exceptions import FitFailedWarning

from skae._sklearn import (
    MultimetricScorer,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)

__all__ = ["Failures", "around_fits", "failed", "rebound", "running_in"]


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
    """
    attributes = dict(vars(search))
    search._run_search = _Run(search._run_search, surroundings)
    try:
        yield search
    finally:
        del search._run_search
        if "_run_search" in attributes:
            search._run_search = attributes["_run_search"]


class _Run:
    """`_run_search` of a search, in other surroundings."""

    def __init__(self, run, surroundings):
        self.run = run
        self.surroundings = surroundings
        self.__signature__ = signature(run)  # scikit-learn reads it

    def __getstate__(self):
        return {}  # scikit-learn sends the search to each worker, which needs no run

    def __call__(self, evaluate_candidates, **context):
        with self.surroundings(evaluate_candidates) as evaluate:
            self.run(evaluate, **context)


def around_fits(evaluate_candidates, wrap, *, innermost=False):
    """Return `evaluate_candidates` with something around each fit and its scoring.

    Parameters
    ----------
    evaluate_candidates : function
        As for `rebound`.
    wrap : callable
        Takes what is called for a fit, as scikit-learn's `_fit_and_score` is, and
        returns a frozen dataclass that is called in its place and has it as a field,
        `fit_and_score`.
    innermost : bool, default=False
        Whether it goes next to the fit, inside of what was put around that before.

    Returns
    -------
    evaluate_candidates : function

    Raises
    ------
    TypeError
        See `rebound`.
    """
    _check_names(evaluate_candidates, ["_fit_and_score"])
    function = evaluate_candidates.__globals__["_fit_and_score"]
    function = _wrapped_inside(function, wrap) if innermost else wrap(function)
    return rebound(evaluate_candidates, _fit_and_score=function)


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


def rebound(evaluate_candidates, **parts):
    """Return `evaluate_candidates` with other functions in place of its own.

    A search of scikit-learn hands to `_run_search` a function that fits and scores, and
    has no other door for those who want this done differently. The copy shares that
    function's variables; in it alone, the given names mean what is given.

    Parameters
    ----------
    evaluate_candidates : function
        What `sklearn.model_selection._search.BaseSearchCV.fit` passes to `_run_search`.
    **parts : callable
        Global names in its code, and what they shall mean.

    Returns
    -------
    evaluate_candidates : function

    Raises
    ------
    TypeError
        When the function uses no such name: the search evaluates in a way of its own.
    """
    _check_names(evaluate_candidates, parts)
    return _with_globals(evaluate_candidates, parts)


def _check_names(evaluate_candidates, names):
    code = getattr(evaluate_candidates, "__code__", None)
    missing = set(names) - set(_names(code))
    if missing:
        raise TypeError(
            f"This search does not evaluate its candidates as scikit-learn's searches "
            f"do: it does not call {', '.join(sorted(missing))}. Use a search that is "
            "built on scikit-learn's BaseSearchCV and leaves its `fit` as it is."
        )


def _with_globals(function, parts):
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **parts},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _names(code):
    """Yield the global names that a function and those inside it use."""
    if isinstance(code, CodeType):
        yield from code.co_names
        for constant in code.co_consts:
            yield from _names(constant)


class Failures:
    """Failed fits of a search that goes on, where scikit-learn's would end.

    scikit-learn raises when all folds fail that it evaluates at once, which in a search
    that evaluates one candidate at a time is a single bad candidate.
    """

    def __init__(self):
        self.first = None
        self.any_fit = False
        self._failed = []
        self._names = None

    def survived_by(self, evaluate_candidates):
        """Return `evaluate_candidates` that leaves NaN for candidates that fail."""
        return rebound(
            evaluate_candidates,
            _warn_or_raise_about_fit_failures=self._report,
            _insert_error_scores=self._insert,
        )

    def raise_if_all_failed(self):
        """Raise scikit-learn's error about the first failures, if no fit succeeded."""
        if self.first is not None and not self.any_fit:
            raise self.first

    def _report(self, results, error_score):
        self.any_fit |= any(result["fit_error"] is None for result in results)
        try:
            warn_or_raise_about_fit_failures(results, error_score)
        except ValueError as error:
            self.first = self.first or error
            warnings.warn(str(error), FitFailedWarning, stacklevel=2)

    def _insert(self, results, error_score):
        """Name the scores of failed fits, once a callable scoring has named any."""
        insert_error_scores(results, error_score)
        self._failed += [r for r in results if r["fit_error"] is not None]
        scores = [r["test_scores"] for r in results if r["fit_error"] is None]
        if scores and isinstance(scores[0], dict):
            self._names = list(scores[0])
        if self._names is not None:
            self._name(error_score)

    def _name(self, error_score):
        for result in self._failed:
            for key in {"test_scores", "train_scores"} & set(result):
                result[key] = dict.fromkeys(self._names, error_score)
