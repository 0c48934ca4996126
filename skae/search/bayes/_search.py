"""Bayesian search with cross-validation, robust to failures, without repeats."""

import os
import warnings
from contextlib import ExitStack, contextmanager
from math import ceil
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from skopt import BayesSearchCV as SkoptBayesSearchCV
from skopt.callbacks import check_callback
from skopt.utils import eval_callbacks

from skae._arrays import divisible
from skae._notices import warn
from skae._sklearn import BaseSearchCV, Interval
from skae.search._notebook import NotebookMixin
from skae.search._results import (
    guiding_metric,
    mean_key,
    mean_scores,
    metrics,
    rank_train_scores,
)
from skae.search._scoring import SCORING, NamedScoring
from skae.search.bayes._optimizer import Suggestions
from skae.search.bayes._space import as_spaces
from skae.search.fits import ScoreStore, remembering
from skae.search.fits._evaluation import Failures
from skae.search.fits._limits import LIMIT_CONSTRAINTS, limiting
from skae.training._limits import FitLimits

__all__ = ["BayesSearchCV"]


class BayesSearchCV(NotebookMixin, NamedScoring, SkoptBayesSearchCV):
    """Search parameters by Bayesian optimisation, with cross-validation.

    A model of the scores so far, by default a Gaussian process, says which candidate is
    worth trying next. It takes the place of `skopt.BayesSearchCV`, with the same
    parameters and attributes, and goes on where that one ends or wastes time:

    - Categories may be anything: tuples, None, numbers beside strings, estimators.
      Ranges with one value and lists with one element are fine.
    - A candidate that fails, or whose score is NaN, stays in `cv_results_` as NaN. The
      optimiser is told the worst score so far in its place.
    - No candidate is fitted twice. Where the optimiser asks for one that it knows, it
      gets the nearest that it does not; when a finite space is exhausted, the search
      is over.
    - `refit` may be a callable that chooses the candidate, and be False with several
      metrics.
    - With a `store`, a search that was killed goes on where it was.
    - Ctrl-C ends the search, not the fit: the best candidate that is finished is
      refitted, and a warning says so.

    The same `random_state` gives the same search on any number of jobs.

    Parameters
    ----------
    estimator : estimator
        What to fit.
    search_spaces : dict, list of dict, or list of (dict, int)
        Names of parameters and for each a range: ``(1, 10)``, ``(1e-4, 1.0,
        "log-uniform")``, a list of values, or a dimension of `skopt.space`. As in
        skopt, two numbers are the ends of a range, in a list too. With a list, the
        spaces are searched one after the other, each for its number of candidates, else
        `n_iter`.
    optimizer_kwargs : dict, default=None
        Parameters of `skopt.Optimizer`, such as ``{"n_initial_points": 5}``.
    n_iter : int, default=50
        Number of candidates, at least 1. More find better ones, and take longer.
    scoring : str, callable, list, tuple or dict, default=None
        As in `sklearn.model_selection.GridSearchCV`; names are those of
        `skae.get_scorer`.
    fit_params : dict, default=None
        Passed to the estimator's `fit`, like those that `fit` gets.
    n_jobs : int or None, default=None
        Number of processes, which share the folds of `n_points` candidates.
    n_points : int, default=1
        Candidates to choose at a time. More keep more processes busy, but are chosen
        with less knowledge.
    iid : object, default="deprecated"
        Without effect; skopt has it.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data; the name of the metric that tells
        it, where there are several; or a callable that takes `cv_results_` and returns
        its row. If that has a method `from_cv_results`, what it returns is kept as
        `selection_`.
    cv : int, splitter or iterable, default=None
        How to split the data, 5 folds by default.
    verbose : int, default=0
        How much to print.
    pre_dispatch : int or str, default="2*n_jobs"
        Number of fits that are handed out ahead.
    random_state : int, RandomState or None, default=None
        Seed of the choice of candidates. Pass an integer for a search that can go on
        from a `store`: without one it asks for other candidates each time.
    error_score : "raise" or float, default=np.nan
        Score of a fit that fails. With ``"raise"``, the default in skopt, it ends the
        search.
    return_train_score : bool, default=False
        Whether to score the training rows too.
    store : path-like, ScoreStore or None, default=None
        A file that keeps each finished fit, see `skae.search.remember`.
    max_fit_seconds, max_fit_memory : float or None, default=None
        Most seconds, and most bytes, that the fit of a candidate on a fold may take;
        one that takes more has failed. See `skae.search.limited`. The refit is
        not limited.

    Attributes
    ----------
    cv_results_ : dict
        Scores, times and parameters of all candidates that were finished.
    best_estimator_, best_params_, best_index_, best_score_, scorer_, n_splits_ : object
        As in `sklearn.model_selection.GridSearchCV`.
    optimizer_results_ : list of OptimizeResult
        What skopt says of each space, in its order. Parameters with a single value
        are left out; categories that are not all strings, or numbers of one
        type, stand there as their positions in the list.
    selection_ : object
        What `refit.from_cv_results` says of the scores, if it exists.
    interrupted_ : bool
        Whether Ctrl-C has ended the search.

    Notes
    -----
    Several metrics with a callable `refit`, or without one, need a metric for the
    optimiser: it is `refit.metric` if that names one of them, else the first.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.search import BayesSearchCV
    >>> X = np.random.default_rng(0).normal(size=(60, 5)) * [9, 5, 3, 1, 0.1]
    >>> space = {"n_components": (1, 4), "svd_solver": ["full", "auto"], "tol": [0.0]}
    >>> search = BayesSearchCV(PCA(), space, n_iter=20, cv=3, random_state=0)
    >>> search.fit(X).best_params_["n_components"]
    4
    >>> len(search.cv_results_["params"])
    8
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "scoring": SCORING,
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "optimizer_kwargs": [dict, None],
        "fit_params": [dict, None],
        "random_state": ["random_state"],
        "store": [str, os.PathLike, ScoreStore, None],
        **LIMIT_CONSTRAINTS,
    }

    def __init__(
        self,
        estimator,
        search_spaces,
        optimizer_kwargs=None,
        n_iter=50,
        scoring=None,
        fit_params=None,
        n_jobs=None,
        n_points=1,
        iid="deprecated",
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        *,
        store=None,
        max_fit_seconds=None,
        max_fit_memory=None,
    ):
        super().__init__(
            estimator=estimator,
            search_spaces=search_spaces,
            optimizer_kwargs=optimizer_kwargs,
            n_iter=n_iter,
            scoring=scoring,
            fit_params=fit_params,
            n_jobs=n_jobs,
            n_points=n_points,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.iid = iid
        self.store = store
        self.max_fit_seconds = max_fit_seconds
        self.max_fit_memory = max_fit_memory

    def fit(self, X, y=None, *, groups=None, callback=None, **fit_params):
        """Search, and refit the best candidate.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, for splitters that ask for them.
        callback : callable or list of callable, default=None
            skopt's: called as ``callback(result)`` after each step. One that
            returns True ends the search of that space. scikit-learn's callbacks
            are set by `set_callbacks`.
        **fit_params : object
            Passed to the estimator's `fit`.

        Returns
        -------
        self : BayesSearchCV

        Raises
        ------
        TypeError, ValueError
            When no fit succeeds, a parameter is out of range, or a space is none.
        KeyboardInterrupt
            When Ctrl-C comes before any candidate is finished.
        """
        as_spaces(self.search_spaces, self.n_iter)  # complain before any work
        X = divisible(X, type(self).__name__)
        self._callbacks = check_callback(callback)
        params = {**(self.fit_params or {}), **fit_params}
        if groups is not None:
            params["groups"] = groups
        try:
            BaseSearchCV.fit(self, X, y, **params)
        finally:
            del self._callbacks
        rank_train_scores(self.cv_results_)
        self._keep_selection()
        return self

    @property
    def total_iterations(self):
        """The number of candidates that the search tries at most."""
        spaces = as_spaces(self.search_spaces, self.n_iter)
        return sum(min(n, space.size) for space, n in spaces)

    def __getstate__(self):
        # scikit-learn sends the search to each worker; skopt's callbacks stay here.
        return {k: v for k, v in super().__getstate__().items() if k != "_callbacks"}

    def _check_search_space(self, search_space):
        """Leave the check of the space to `fit`; skopt's constructor calls this."""

    _check_refit_for_multimetric = BaseSearchCV._check_refit_for_multimetric

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        self.interrupted_ = False
        failures = Failures(self.error_score)
        limits = FitLimits(self.max_fit_seconds, self.max_fit_memory)
        with ExitStack() as stack:
            evaluate = stack.enter_context(limiting(evaluate_candidates, limits))
            evaluate = stack.enter_context(remembering(evaluate, self.store))
            evaluate = stack.enter_context(failures.survived_by(evaluate))
            evaluation = _Evaluation(self, evaluate, callback_ctx)
            try:
                self._search(evaluation)
            except KeyboardInterrupt:
                self._interrupt(evaluation.results)
        failures.raise_if_all_failed()
        evaluation.end()

    def _search(self, evaluation):
        self.optimizer_kwargs_ = dict(self.optimizer_kwargs or {})
        self.optimizer_kwargs_["random_state"] = check_random_state(self.random_state)
        known, searched = set(), []
        spaces = [
            (Suggestions(space, known, **self.optimizer_kwargs_), n)
            for space, n in as_spaces(self.search_spaces, self.n_iter)
        ]
        try:
            for suggestions, n_iter in spaces:
                searched.append(suggestions.optimizer)
                self._search_space(suggestions, n_iter, evaluation)
        finally:  # not before: they would be sent to each worker
            self.optimizers_ = searched
            self._optim_results = [each.get_result() for each in searched if each.Xi]

    def _search_space(self, suggestions, n_iter, evaluation):
        while n_iter > 0:
            points = suggestions.ask(min(n_iter, self.n_points))
            if not points:
                return
            scores = evaluation([suggestions.space.params(point) for point in points])
            result = suggestions.tell(points, scores)
            n_iter -= len(points)
            if eval_callbacks(self._callbacks, result):
                return

    def _interrupt(self, results):
        if not results:
            raise
        self.interrupted_ = True
        warn(
            f"The search was interrupted after {len(results['params'])} candidates, "
            "and goes on with what it has found among them.",
        )

    def _guiding_metric(self, results):
        """Return the name of the metric that the optimiser raises."""
        names = metrics(results)
        if len(names) > 1:
            self._check_refit_for_multimetric(names)
        return guiding_metric(results, self.refit)

    def _keep_selection(self):
        vars(self).pop("selection_", None)
        if callable(self.refit) and hasattr(self.refit, "from_cv_results"):
            self.selection_ = self.refit.from_cv_results(self.cv_results_)


class _Evaluation:
    """`evaluate_candidates` that returns scores, and tells callbacks how far it is."""

    def __init__(self, search, evaluate, callback_ctx):
        self.search = search
        self.evaluate = evaluate
        self.results = {}
        self.context = callback_ctx and callback_ctx.subcontext(
            task_name="search", max_subtasks=self._n_steps()
        ).call_on_fit_task_begin(estimator=search)

    def __call__(self, candidates):
        """Return the mean score of each candidate, as the optimiser is to see it."""
        with self._step(len(candidates)) as keywords, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="One or more of the t")
            warnings.filterwarnings("ignore", "invalid value", module="sklearn.model_s")
            self.results = self.evaluate(candidates, **keywords)
        metric = self.search._guiding_metric(self.results)
        return mean_scores(self.results, metric)[-len(candidates) :].tolist()

    def end(self):
        """End the task of the callbacks, and warn of scores that are not finite."""
        if self.context is not None:
            self.context.call_on_fit_task_end(estimator=self.search)
        for metric in metrics(self.results):
            means = mean_scores(self.results, metric)
            if not np.isfinite(means).all():
                warn(
                    f"Some candidates have no finite {mean_key(metric)}: {means}.",
                )

    def _n_steps(self):
        search = self.search
        spaces = as_spaces(search.search_spaces, search.n_iter)
        return sum(ceil(min(n, space.size) / search.n_points) for space, n in spaces)

    @contextmanager
    def _step(self, n_candidates):
        if self.context is None:
            yield {}
            return
        context = self.context.subcontext(
            task_name="step",
            max_subtasks=n_candidates * self.search.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self.search)
        yield {"callback_ctx": context}
        context.call_on_fit_task_end(estimator=self.search)
