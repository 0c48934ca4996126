"""scikit-learn's `evaluate_candidates`, with some of its parts exchanged."""

import warnings
from types import CodeType, FunctionType

from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection._validation import (
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)

__all__ = ["Failures", "rebound"]


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
    code = getattr(evaluate_candidates, "__code__", None)
    missing = set(parts) - set(_names(code))
    if missing:
        raise TypeError(
            f"This search does not evaluate its candidates as scikit-learn's searches "
            f"do: it does not call {', '.join(sorted(missing))}. Use a search that is "
            "built on scikit-learn's BaseSearchCV and leaves its `fit` as it is."
        )
    return _with_globals(evaluate_candidates, parts)


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
            _warn_or_raise_about_fit_failures(results, error_score)
        except ValueError as error:
            self.first = self.first or error
            warnings.warn(str(error), FitFailedWarning, stacklevel=2)

    def _insert(self, results, error_score):
        """Name the scores of failed fits, once a callable scoring has named any."""
        _insert_error_scores(results, error_score)
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
