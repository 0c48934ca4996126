"""Recall of finished fits from a store, before each fit of a search."""

import os
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from numbers import Number
from uuid import uuid4
from weakref import WeakKeyDictionary

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skae._notices import warn
from skae._sklearn import safe_split
from skae.exceptions import FitLimitError
from skae.search.fits._database import ScoreStore
from skae.search.fits._evaluation import (
    around_fits,
    data_of,
    failed,
    running_in,
    tasks_through,
)
from skae.search.fits._identity import fingerprint, versions
from skae.search.fits._limits import StoppedFit, limits_of
from skae.search.fits._notices import overheard, say
from skae.stacking.meeting._processes import has_executor

__all__ = ["remember", "remembering"]

_TIMES = ("fit_time", "score_time", "n_test_samples")
_FIELDS = ("test_scores", "train_scores", *_TIMES)
_FIELDS_OF_STOPPED = ("fit_error", *_TIMES)


@contextmanager
def remember(search, store):
    """Let a search keep its finished fits in a store, and reuse those already there.

    Within the context, `search.fit` looks up each candidate on each fold before it fits
    it, and keeps each fit as soon as it is scored. So a search that was killed goes on
    where it was when it is started again, and searches over the same data share
    their work, on any number of jobs and in several processes at once. `cv_results_`
    and the refit are those of the search without a store; the times of a fit that was
    found are the times it took when it was made.

    A fit is known by the parameters of the estimator, the contents of the data, the
    rows of the fold, the scorers, what is passed to `fit`, the versions of skae,
    scikit-learn, torch, numpy and scipy, and the code of your own classes and functions
    among them: with all of yours that they call, the globals that they read, and the
    constants of classes, as these are when the search comes to them first. Installed
    packages count by their versions; files that code reads, and what cannot be pickled,
    do not count. Fits that fail, or whose scorer does, are not kept; those that a limit
    has ended (`skae.search.limited`) are, and fail again at once until that
    limit is raised. Where ``random_state=None`` leaves the result to chance, the first
    one is kept.

    Parameters
    ----------
    search : estimator
        `GridSearchCV`, `RandomizedSearchCV`, a halving search, or any other one built
        on scikit-learn's.
    store : path-like or ScoreStore
        The file, which is made if need be.

    Yields
    ------
    search : estimator
        The same one.

    Raises
    ------
    TypeError
        When the search evaluates its candidates in a way of its own: in `fit`, or when
        the context ends.
    ValueError
        In `fit`, when the store cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skae.search import ScoreStore, remember
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> y = X.sum(axis=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ScoreStore(Path(folder, "scores.db"))
    ...     with remember(GridSearchCV(Ridge(), {"alpha": [0.1, 1]}), store) as search:
    ...         _ = search.fit(X, y)
    ...     print(len(store), search.best_params_)
    10 {'alpha': 0.1}
    """
    with running_in(search, partial(remembering, store=store)):
        yield search


@contextmanager
def remembering(evaluate_candidates, store):
    """Give `evaluate_candidates` that asks a store before each fit.

    For searches that have a store of their own: enter it in `_run_search`, with what
    scikit-learn has passed.

    Parameters
    ----------
    evaluate_candidates : function
        As `BaseSearchCV.fit` passes it to `_run_search`.
    store : None, path-like or ScoreStore
        With None the function stays as it is.

    Yields
    ------
    evaluate_candidates : function

    Raises
    ------
    TypeError
        When the function is not scikit-learn's.
    ValueError
        When the store cannot be used.
    """
    if store is None:
        yield evaluate_candidates
        return
    store = ScoreStore.at(store)
    data = fingerprint([*data_of(evaluate_candidates)])
    known = {"store": store, "data": data, "search": uuid4().hex, "home": os.getpid()}
    recall = partial(_Recall, **known)
    with store.in_use(), ExitStack() as stack:
        if has_executor():
            through = partial(_recalled_here, recall=recall)
            yield stack.enter_context(tasks_through(evaluate_candidates, through))
            return
        evaluate = stack.enter_context(around_fits(evaluate_candidates, recall))
        yield stack.enter_context(tasks_through(evaluate, partial(_tell, said=set())))


def _recalled_here(parallel, tasks, recall):
    """Return results of tasks: the store is asked before they are sent to workers.

    Those may be on other machines. What they return is kept as it comes, in the order
    of the tasks.
    """
    results, pending, to_send = [], [], []
    for call, args, task in tasks:
        own = recall(call.function)
        key, result = own.known(*args, task)
        if result is None:
            pending.append((len(results), own, key))
            marked = {**task, "error_score": _marked(task["error_score"])}
            to_send.append(delayed(call.function)(*args, **marked))
        results.append(result)
    settings = {"n_jobs": parallel.n_jobs, "verbose": parallel.verbose}
    computed = Parallel(return_as="generator", **settings)(to_send)
    for (place, own, key), result in zip(pending, computed, strict=True):
        own.keep(key, result)
        results[place] = result
    return results


def _tell(parallel, tasks, said):
    """Give the warnings about stores from worker processes, once each."""
    results = parallel(tasks)
    for result in results:
        for text in result.pop("said of the store", ()):
            if text not in said:
                said.add(text)
                warn(text)
    return results


@dataclass(frozen=True)
class _Recall:
    """scikit-learn's `_fit_and_score`, from a store if that has it.

    Attributes
    ----------
    fit_and_score : callable
    store : ScoreStore
    data : str
        Fingerprint of the data of the search.
    search : str
        A mark of the search.
    home : int
        The process of the search.
    """

    fit_and_score: Callable
    store: ScoreStore
    data: str
    search: str
    home: int

    def __call__(self, estimator, X, y, **task):
        if os.getpid() == self.home:
            return self._result(estimator, X, y, task)
        with overheard() as said:
            result = self._result(estimator, X, y, task)
        return {**result, "said of the store": said} if said else result

    def _result(self, estimator, X, y, task):
        key, result = self.known(estimator, X, y, task)
        if result is None:
            marked = {**task, "error_score": _marked(task["error_score"])}
            result = self.fit_and_score(estimator, X, y, **marked)
            self.keep(key, result)
        return result

    def known(self, estimator, X, y, task):
        """Return the key of a fit, if it has one, and its result, if that is known."""
        # what is to return its estimator may go on from another fit, see `continued`
        has_none = task.get("return_estimator", False)
        key = None if has_none else self._key(estimator, task)
        if key is None:
            return None, None
        self.store.say_if_gone()
        record = self.store.get(key)
        if record is None or not self._counts(record, task):
            return key, None
        _tell_callbacks(estimator, X, y, task)
        return key, _result_of(record, task)

    def _counts(self, record, task):
        """Return whether a record has the requested entries."""
        if "limit" in record:
            return limits_of(self.fit_and_score).forbids(*record["limit"])
        return "train_scores" in record or not task["return_train_score"]

    def keep(self, key, result):
        """Keep the result of a fit that has a key, unless it has failed."""
        if key is None:
            return
        self.store.say_if_gone()
        if isinstance(result, StoppedFit):
            kept = {name: result[name] for name in _FIELDS_OF_STOPPED}
            self.store.put(key, {**kept, "limit": result.limit})
        elif result["fit_error"] is None and all(map(_is_kept, _numbers(result))):
            self.store.put(key, {k: result[k] for k in _FIELDS if k in result})

    def _key(self, estimator, task):
        """Return the key of a fit, None where it has something that cannot be named."""
        parameters = clone(task["parameters"], safe=False)
        model = clone(estimator).set_params(**parameters)
        folds = [task[name] for name in ("train", "test", "fit_params", "score_params")]
        fit = [versions(), self.data, model, _scorer(task), *folds]
        try:
            return fingerprint(fit, _known_code(self.search))
        except (TypeError, RecursionError) as error:
            say(
                f"The fit of {type(estimator).__name__} is not kept in the store, "
                f"which cannot tell what it depends on: {error}. Pass parameters that "
                "can be pickled."
            )
            return None


@lru_cache(maxsize=8)
def _known_code(search):
    """Return the identities of the user's code that a search knows, in this process.

    Once it has come to a function, what that reads counts as it was then: a log that
    grows from fit to fit does not make each of them another.
    """
    return WeakKeyDictionary()


def _result_of(record, task):
    """Return a record as a result of `_fit_and_score`."""
    if "limit" not in record:
        unwanted = () if task["return_train_score"] else ("train_scores",)
        return {"fit_error": None} | {k: record[k] for k in record if k not in unwanted}
    if task["error_score"] == "raise":
        raise FitLimitError(record["fit_error"])
    return failed({k: record[k] for k in _TIMES}, record["fit_error"], task)


def _scorer(task):
    """Return the scorers, without the search's wrapper around them."""
    if getattr(task.get("caller"), "scoring", ...) is None:
        return "the estimator's own score"
    return getattr(task["scorer"], "_scorers", task["scorer"])


class _ErrorScore(float):
    """Placeholder score of a failed fit, told apart from real scores."""


def _marked(error_score):
    return _ErrorScore(error_score) if isinstance(error_score, Number) else error_score


def _numbers(result):
    for name in ("test_scores", "train_scores"):
        scores = result.get(name, {})
        yield from scores.values() if isinstance(scores, dict) else [scores]


def _is_kept(score):
    return isinstance(score, (int, float)) and not isinstance(score, _ErrorScore)


def _tell_callbacks(estimator, X, y, task):
    """Let callbacks see a fit that begins and ends at once."""
    context, train = task.get("callback_ctx"), task["train"]
    if context is None:
        return
    rows = {
        "X": lambda: safe_split(estimator, X, y, train)[0],
        "y": lambda: safe_split(estimator, X, y, train)[1],
    }
    context.call_on_fit_task_begin(estimator=task["caller"], **rows)
    context.call_on_fit_task_end(estimator=task["caller"], **rows)
