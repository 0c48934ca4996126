"""Outcome of a search: the choice, its scores, and the model that is kept."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skae.cli._plan import PARAM, PREFIX
from skae.search._results import candidates, fold_scores, mean_scores

__all__ = ["InFull", "Outcome", "n_candidates"]


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
        return n_candidates(self.search) * self.search.n_splits_

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


def n_candidates(search):
    """Return the number of candidates that were fitted: all sizes may share one."""
    if getattr(search, "curve_", "separate") == "nested":
        return search.n_restarts
    return len(candidates(search.cv_results_))


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
