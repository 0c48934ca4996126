"""Running a plan: the search, the choice, the refit, and PCA for comparison."""

import time
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV

from skae._sklearn import safe_indexing
from skae.cli._errors import InputError
from skae.cli._linear import linear_scores
from skae.cli._places import fits_together
from skae.cli._plan import PARAM, PREFIX
from skae.cli._search import make_search
from skae.cli._target import predict_target
from skae.exceptions import DimensionWarning
from skae.search import remember
from skae.search._results import candidates, fold_scores, mean_scores
from skae.training._threads import one_thread

__all__ = ["Outcome", "held_out", "run"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """Outcome of a search: the choice, its scores and the refitted model.

    Attributes
    ----------
    search : LatentDimensionSearchCV, BayesSearchCV or EvolutionarySearchCV
        Fitted; its `best_estimator_` is the chosen candidate, refitted on all rows.
    linear_curves : dict of ScoreCurve
        Held-out scores of principal components on the same folds, over their number.
    prediction : Prediction or None
        How well the codes predict the target, None without one.
    n_recalled : int
        Fits that a store had from earlier runs.
    seconds : float
        Duration of search and refit.
    in_full : InFull or None
        The chosen model on the folds, where fits of few steps told all dimensions.
    """

    search: object
    linear_curves: dict
    n_recalled: int
    seconds: float
    prediction: object = None
    in_full: object = None

    @property
    def selection(self):
        """The choice, with its score curve and verdict."""
        return self.search.selection_

    @property
    def model(self):
        """The chosen candidate, refitted on all rows."""
        return self.search.best_estimator_

    @property
    def cv_results(self):
        """The `cv_results_` of the search."""
        return self.search.cv_results_

    @property
    def chosen(self):
        """The chosen latent dimension."""
        return self.selection.value

    @property
    def headline(self):
        """The chosen latent dimension in words, with a reservation where it has one."""
        if self.verdict.is_settled:
            return f"{self.chosen}"
        return f"not settled ({self.chosen} for now)"

    @property
    def linear(self):
        """Held-out score of as many principal components as the code has units.

        The error in units of the data, of which less is worse, or the share of the
        variance explained in a mixed table; None where there are not so many.
        """
        curves = self.linear_curves
        curve = curves.get("neg_rmse", curves.get("reconstruction"))
        if curve is None or self.chosen not in curve.values:
            return None
        return float(curve.mean[curve.values == self.chosen][0])

    @property
    def linear_explained(self):
        """Share of held-out variance that as many components explain, or None."""
        curve = self.linear_curves.get("reconstruction")
        if curve is None or self.chosen not in curve.values:
            return None
        return float(curve.mean[curve.values == self.chosen][0])

    @property
    def curve(self):
        """The scores that it was chosen by."""
        return self.selection.curve

    @property
    def verdict(self):
        """The verdict on the choice."""
        return self.selection.verdict

    @property
    def n_candidates(self):
        """Number of candidates that the search has tried."""
        return len(candidates(self.cv_results))

    @property
    def n_fits(self):
        """Number of fits that the search has asked for, without the refit."""
        return _n_candidates(self.search) * self.search.n_splits_

    @property
    def fold_rmse(self):
        """Errors of the chosen candidate fold by fold, in the units of the data."""
        return -self.chosen_scores("neg_rmse")

    @property
    def rmse(self):
        """Mean of the errors over the folds, in the units of the data."""
        return -self.score("neg_rmse")

    def score(self, metric):
        """Return the mean score of the chosen candidate over the folds."""
        return float(self.chosen_scores(metric).mean())

    def chosen_scores(self, metric):
        """Return the scores of the chosen candidate fold by fold, trained in full."""
        if self.in_full is not None:
            return self.in_full.scores[metric]
        return self.fold_scores(metric, self.selection.index)

    def fold_scores(self, metric, row):
        """Return the scores of a candidate fold by fold, a mean over its restarts.

        Parameters
        ----------
        metric : str
        row : int
            A row of `cv_results`; its restarts differ from it by the seed.
        """
        tried = list(map(_without_seed, candidates(self.cv_results)))
        alike = [each == tried[row] for each in tried]
        scores = fold_scores(self.cv_results, metric)[alike]
        return scores[np.isfinite(scores).all(axis=1)].mean(axis=0)

    @property
    def others(self):
        """Chosen parameters beside the dimension, in words; None if there are none."""
        return _others(self.search.best_params_)

    @property
    def _n_failed(self):
        return int(np.isnan(mean_scores(self.cv_results, "reconstruction")).sum())

    def remarks(self, plan):
        """Return remarks on the search for the user, in plain words."""
        remarks = []
        if not self.selection.evidence:
            settled = self.verdict.is_settled
            remarks.append(plan.range.disagreement(self.chosen, settled))
        if self.curve.failed:
            failed = ", ".join(map(str, self.curve.failed))
            remarks.append(f"Failed in at least one fold, and left out: {failed}.")
        elif n_failed := self._n_failed:
            remarks.append(
                f"{n_failed} of the {self.n_candidates} candidates failed in at least "
                "one fold, and are left out."
            )
        return [remark for remark in remarks if remark]


def _without_seed(params):
    return {k: v for k, v in params.items() if not k.endswith("random_state")}


def _others(params):
    params = _without_seed({k: v for k, v in params.items() if k != PARAM})
    params = {name.removeprefix(PREFIX): value for name, value in params.items()}
    if "hidden_layer_sizes" in params:
        return _hidden_layers(params["hidden_layer_sizes"])
    if "n_layers" in params:
        return _lstm_layers(**params)
    words = (f"{name.replace('_', ' ')} {v:.2g}" for name, v in params.items())
    return ", ".join(words) or None


def _hidden_layers(sizes):
    if not sizes:
        return "no hidden layer (linear)"
    widths = "-".join(map(str, sizes))
    return f"{'a hidden layer' if len(sizes) == 1 else 'hidden layers'} of {widths}"


def _lstm_layers(n_layers, hidden_size):
    if n_layers == 1:
        return f"an LSTM layer of {hidden_size} units"
    return f"{n_layers} LSTM layers of {hidden_size} units each"


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


class InFull(NamedTuple):
    """The chosen settings, trained on each fold as the model that is kept.

    Attributes
    ----------
    n_components : int
    scores : dict of ndarray of shape (n_folds,)
        By the names of the scorers.
    """

    n_components: int
    scores: dict


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


def _n_candidates(search):
    """Return the number of candidates that were fitted: all sizes may share one."""
    if getattr(search, "curve_", "separate") == "nested":
        return search.n_restarts
    return len(candidates(search.cv_results_))


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
