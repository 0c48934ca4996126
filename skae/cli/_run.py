"""Running a plan: the search, the choice, the refit, and PCA for comparison."""

import time
import warnings
from contextlib import contextmanager

import numpy as np
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline

from skae.cli._errors import InputError
from skae.cli._outcome import Outcome
from skae.cli._search import make_search
from skae.cli._space import PARAM, PREFIX
from skae.scorers import RootMeanSquaredError
from skae.search import remember

__all__ = ["run"]


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
    with _quiet(), _one_thread():
        _try_out(plan)
        search = make_search(plan).set_callbacks(*callbacks, _EndAfterInterrupt())
        n_before = _n_kept(store)
        _fit(search, plan.X, store)
        n_new = None if store is None else _n_kept(store) - n_before
        return _outcome(plan, search, start, n_new)


def _try_out(plan):
    """Fit one epoch and score it: what fails always fails now, in its own words."""
    model = clone(plan.pipeline)
    model.set_params(autoencoder__max_epochs=1)
    model.set_params(**{PARAM: plan.settings.components[0]})
    try:
        model.fit(plan.X)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"The model does not fit the data: {error}") from error
    try:
        plan.scorer(model, plan.X)
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


def _n_kept(store):
    return 0 if store is None else len(store)


def _fit(search, X, store):
    try:
        with (
            parallel_config("loky", inner_max_num_threads=1),
            remember(search, store),
        ):
            search.fit(X)
    except InputError:
        raise
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(f"No candidate could be fitted: {reason}") from error


def _outcome(plan, search, start, n_new):
    results, row = search.cv_results_, search.best_index_
    selection = search.refit.from_cv_results(results)
    return Outcome(
        model=search.best_estimator_,
        selection=selection,
        params=_others(search.best_params_),
        r2=float(_fold_scores(search, "reconstruction", row).mean()),
        fold_rmse=-_fold_scores(search, "neg_rmse", row),
        linear_rmse=_linear_rmse(plan, selection.value),
        search=search,
        n_recalled=_n_recalled(search, n_new),
        seconds=time.perf_counter() - start,
    )


def _others(params):
    """Return what was chosen beside the dimension, by the autoencoder's names."""
    others = {name: value for name, value in params.items() if name != PARAM}
    return {name.removeprefix(PREFIX): value for name, value in others.items()}


def _fold_scores(search, metric, row=slice(None)):
    """Return scores fold by fold, of one candidate or of each; NaN where it failed."""
    results = search.cv_results_
    folds = range(search.n_splits_)
    return np.array([results[f"split{fold}_test_{metric}"][row] for fold in folds])


def _n_recalled(search, n_new):
    """Return how many fits a store has saved: those that it keeps and are not new."""
    if n_new is None:
        return 0
    scores = [_fold_scores(search, metric) for metric in search.scorer_]
    return max(0, int(np.isfinite(scores).all(axis=0).sum()) - n_new)


def _linear_rmse(plan, chosen):
    """Return the error of PCA, None where it has no such dimension or is exact."""
    X = plan.X.reshape(len(plan.X), -1)
    n_train = min(len(train) for train, _ in plan.cv.split(X))
    if chosen >= min(plan.n_columns, n_train):
        return None
    steps = [*plan.pipeline.steps[:-1], ("pca", PCA(chosen, svd_solver="full"))]
    scores = cross_val_score(
        Pipeline(steps), X, scoring=RootMeanSquaredError(), cv=plan.cv
    )
    return -float(scores.mean())


@contextmanager
def _quiet():
    """Leave out the warnings that the report gives a place of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        for message in _TOLD_OTHERWISE:
            warnings.filterwarnings("ignore", message=message)
        yield


_TOLD_OTHERWISE = (
    "Some candidates have no finite",
    r"\d+ of the \d+ candidates have no score",
    "The search was interrupted after",
    "Interrupted after generation",
)


@contextmanager
def _one_thread():
    """Train on one thread: small networks lose more to barriers than they gain."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
