"""Running a plan: the search, the choice, the refit, and PCA for comparison."""

import time
import warnings
from contextlib import contextmanager, nullcontext

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV

from skae._sklearn import safe_indexing
from skae.cli._errors import InputError
from skae.cli._linear import linear_scores
from skae.cli._outcome import InFull, Outcome
from skae.cli._places import fits_together
from skae.cli._plan import PARAM
from skae.cli._search import make_search
from skae.cli._target import predict_target
from skae.exceptions import DimensionWarning
from skae.search import remember
from skae.search._results import fold_scores
from skae.training._threads import one_thread

__all__ = ["held_out", "run"]


def run(plan, store=None, callbacks=()):
    """Search, choose and refit.

    Parameters
    ----------
    plan : Plan
        What to search.
    store : ScoreStore or None, default=None
        Where finished fits are kept, and looked for.
    callbacks : iterable of scikit-learn callbacks, default=()
        What watches the search.

    Returns
    -------
    outcome : Outcome

    Raises
    ------
    InputError
        When the model cannot be fitted to the data, or scored, at all.
    KeyboardInterrupt
        Upon Ctrl-C, also where the search would go on with what it has found so far.
    """
    start = time.perf_counter()
    search = make_search(plan, store).set_callbacks(*callbacks, _EndAfterInterrupt())
    with _quiet(), one_thread():
        _try_out(plan)
        n_before = 0 if store is None else len(store)
        _fit(search, plan)
        n_recalled = 0
        if store is not None:
            n_recalled = _n_scored(search) - (len(store) - n_before)
        sizes = {*search.selection_.curve.values.tolist(), search.selection_.value}
        linear = linear_scores(plan, sorted(map(int, sizes)))
        in_full = _in_full(search, plan, store)
        prediction = predict_target(plan, search.best_estimator_)
    seconds = time.perf_counter() - start
    return Outcome(search, linear, n_recalled, seconds, prediction, in_full)


def held_out(plan, outcome):
    """Return a model of the chosen settings, and numbers of rows that it has not seen.

    Parameters
    ----------
    plan : Plan
    outcome : Outcome

    Returns
    -------
    model : Pipeline
        Fitted to the other folds, or part of their rows if these are many.
    rows : ndarray of int
        Of a fold.
    """
    *_, (train, test) = plan.cv.split(plan.X, **plan.metadata)
    train = train[:: max(1, len(train) // _MOST_HELD_OUT)]
    model = clone(plan.pipeline).set_params(**outcome.search.best_params_)
    with _quiet(), one_thread():
        return model.fit(safe_indexing(plan.X, train)), test


# Rows that show how well a model does on others.
_MOST_HELD_OUT = 5000


def _try_out(plan):
    """Fit one epoch and score it, so that an error common to all fits comes early."""
    model = clone(plan.pipeline)
    model.set_params(autoencoder__max_epochs=1, **{PARAM: plan.components[0]})
    try:
        model.fit(plan.X, plan.y)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"The model does not fit the data: {error}") from error
    try:
        plan.scorer(model, plan.X, plan.y)
    except (ValueError, TypeError, RuntimeError) as error:
        name = plan.settings.scorer
        raise InputError(
            f"The scorer {name!r} cannot score the model: {error}", "--scorer"
        ) from error


class _EndAfterInterrupt:
    """A callback that lets Ctrl-C end the whole run, where a search would go on."""

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if getattr(estimator, "interrupted_", False):
            raise KeyboardInterrupt

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass


def _fit(search, plan):
    with fits_together(plan.settings):
        try:
            search.fit(plan.X, plan.y, **plan.metadata)
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            text = f"No dimension can be chosen: {reason}"
            raise InputError(text, None) from error


def _in_full(search, plan, store):
    """Return the chosen settings `InFull`; None if the search has trained them so.

    Nested fits take few steps, and have one code for all dimensions: they tell where
    errors fall, and how far only of a model that is trained for one.
    """
    if getattr(search, "curve_", "separate") != "nested":
        return None
    chosen = {name: [value] for name, value in search.best_params_.items()}
    settings = {"scoring": plan.scoring, "cv": plan.cv, "n_jobs": plan.settings.n_jobs}
    scored = GridSearchCV(plan.pipeline, chosen, refit=False, **settings)
    kept = nullcontext() if store is None else remember(scored, store)
    with fits_together(plan.settings), kept:
        try:
            scored.fit(plan.X, plan.y, **plan.metadata)
        except ValueError:  # no fit could be made, which is no reason to tell nothing
            return None
    scores = {name: fold_scores(scored.cv_results_, name)[0] for name in plan.scoring}
    if not all(np.isfinite(of_folds).all() for of_folds in scores.values()):
        return None
    return InFull(search.selection_.value, scores)


def _n_scored(search):
    """Return the number of fits with all their scores, those that a store keeps."""
    if getattr(search, "curve_", "separate") == "nested":
        return search.n_restarts * search.n_splits_
    results = search.cv_results_
    finite = [np.isfinite(fold_scores(results, name)) for name in search.scorer_]
    return int(np.all(finite, axis=0).sum())


@contextmanager
def _quiet():
    """Leave out the warnings that the report gives a place of their own."""
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, DimensionWarning, FitFailedWarning):
            warnings.simplefilter("ignore", category)
        for message in _TOLD_OTHERWISE:
            warnings.filterwarnings("ignore", message=message)
        yield


_TOLD_OTHERWISE = (
    "One or more of the test scores are non-finite",
    "Some candidates have no finite",
    r"\d+ of the \d+ candidates have no score",
    "The search was interrupted after",
    "The estimator .* does not support callbacks",
    "Interrupted after generation",
)
