"""Running a plan: the search, the choice, the refit, and PCA for comparison."""

import time
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from skae.search._bayes import BayesSearchCV
from skae.search._error import NegativeRMSE
from skae.search.selection import ScoreCurve
from skae.study.errors import InputError
from skae.study.outcome import Outcome
from skae.study.plan import PARAM

__all__ = ["run"]


def run(plan, progress):
    """Search, choose and refit.

    Parameters
    ----------
    plan : Plan
        What to search.
    progress : callable
        Called as ``progress(search)`` before the fit: it may set scikit-learn
        callbacks, and returns those that go to skopt's `fit`, as a dict.

    Returns
    -------
    outcome : Outcome

    Raises
    ------
    InputError
        When the model cannot be fitted to the data at all.
    """
    start = time.perf_counter()
    with _quiet(), _one_thread():
        _try_out(plan)
        search = _search(plan)
        with parallel_config("loky", inner_max_num_threads=1):
            _fit(search, plan.X, progress)
        return _outcome(plan, search, start)


def _try_out(plan):
    """Fit one epoch, so that what fails always fails now, in its own words."""
    model = clone(plan.pipeline)
    model.set_params(autoencoder__max_epochs=1)
    model.set_params(**{PARAM: plan.settings.components[0]})
    try:
        model.fit(plan.X)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"The model does not fit the data: {error}") from error


def _search(plan):
    settings = plan.settings
    shared = {
        "scoring": plan.scoring,
        "refit": settings.scorer,
        "cv": plan.cv,
        "n_jobs": settings.n_jobs,
        "error_score": np.nan,
    }
    if settings.search == "grid" or settings.n_iter >= len(settings.components):
        return GridSearchCV(plan.pipeline, {PARAM: list(settings.components)}, **shared)
    return BayesSearchCV(
        plan.pipeline,
        {PARAM: _dimension(settings.components)},
        n_iter=settings.n_iter,
        random_state=settings.seed,
        optimizer_kwargs=_spread_start(settings.n_iter),
        **shared,
    )


def _dimension(values) -> Any:
    from skopt.space import Categorical, Integer

    if len(values) > 1 and values == tuple(range(values[0], values[-1] + 1)):
        return Integer(values[0], values[-1])
    return Categorical(list(values))


def _spread_start(n_iter):
    # skopt starts with ten random points, which repeat one another on a short range of
    # integers; a Latin hypercube does not.
    return {
        "n_initial_points": max(1, n_iter // 2),
        "initial_point_generator": "lhs",
    }


def _fit(search, X, progress):
    try:
        search.fit(X, **progress(search))
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(f"No candidate could be fitted: {reason}") from error


def _outcome(plan, search, start):
    results = search.cv_results_
    selection = _selection(plan, results)
    chosen = selection.value
    return Outcome(
        model=_refitted(plan, search, chosen),
        selection=selection,
        r2=float(_at(results, "reconstruction", chosen).mean()),
        fold_rmse=-_at(results, "neg_rmse", chosen),
        linear_rmse=_linear_rmse(plan, chosen),
        cv_results=results,
        seconds=time.perf_counter() - start,
    )


def _selection(plan, results):
    try:
        curve = ScoreCurve.from_cv_results(results, PARAM, plan.settings.scorer)
    except ValueError as error:
        raise InputError(str(error), "--scorer") from error
    try:
        return plan.rule.select(_compressing(curve, plan.n_columns))
    except ValueError as error:
        raise InputError(str(error), "--rule") from error


def _compressing(curve, n_columns):
    """Leave out dimensions that compress nothing, where there are others."""
    kept = curve.values < n_columns
    if not kept.any():
        return curve
    return replace(
        curve,
        values=curve.values[kept],
        scores=curve.scores[kept],
        rows=curve.rows[kept],
        is_complete=bool(curve.values[kept][-1] == n_columns - 1),
    )


def _refitted(plan, search, chosen):
    """Return the search's own refit, unless the curve has chosen otherwise."""
    if search.best_params_[PARAM] == chosen:
        return search.best_estimator_
    return clone(plan.pipeline).set_params(**{PARAM: chosen}).fit(plan.X)


def _at(results, metric, value):
    """Return the scores of each fold at a value; they are NaN where that failed."""
    curve = ScoreCurve.from_cv_results(results, PARAM, metric)
    rows = dict(zip(curve.values.tolist(), curve.scores, strict=True))
    return rows.get(value, np.full(curve.scores.shape[1], np.nan))


def _linear_rmse(plan, chosen):
    """Return the error of PCA, None where it has no such dimension or is exact."""
    X = plan.X.reshape(len(plan.X), -1)
    n_train = min(len(train) for train, _ in plan.cv.split(X))
    if chosen >= min(plan.n_columns, n_train):
        return None
    steps = [*plan.pipeline.steps[:-1], ("pca", PCA(chosen, svd_solver="full"))]
    scores = cross_val_score(Pipeline(steps), X, scoring=NegativeRMSE(), cv=plan.cv)
    return -float(scores.mean())


@contextmanager
def _quiet():
    """Leave out the warnings that the report gives a place of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="Some candidates have no finite")
        yield


@contextmanager
def _one_thread():
    """Train on one thread: small networks lose more to barriers than they gain."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
