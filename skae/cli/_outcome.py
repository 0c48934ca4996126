"""What a run has found."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from skae._sklearn import BaseSearchCV
from skae.search import Selection

__all__ = ["Outcome"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search has found.

    Attributes
    ----------
    model : Pipeline
        The chosen candidate, refitted on all rows.
    selection : Selection
        The choice, the scores that it was made by, and what it is worth. Its `index` is
        the row of the chosen candidate in `cv_results`.
    params : dict
        What was chosen beside the dimension, by the autoencoder's names of parameters:
        the layers, by an evolution; nothing by other searches.
    r2 : float
        Share of the variance explained by the chosen candidate, mean over the folds.
    fold_rmse : ndarray of shape (n_folds,)
        Errors of the chosen candidate, in the units of the data.
    linear_rmse : float or None
        That of as many principal components, on the same folds; None where there is
        nothing to compress.
    search : GridSearchCV, BayesSearchCV or EvolutionarySearchCV
        Fitted; its `best_index_`, `best_params_` and `best_estimator_` are the choice,
        and its `generations_` tell how an evolution came to it.
    n_recalled : int
        Fits that a store had from earlier runs.
    seconds : float
        Duration of search and refit.
    """

    model: Pipeline
    selection: Selection
    params: dict
    r2: float
    fold_rmse: np.ndarray
    linear_rmse: float | None
    search: BaseSearchCV
    n_recalled: int
    seconds: float

    @property
    def cv_results(self):
        """The `cv_results_` of the search."""
        return self.search.cv_results_

    @property
    def n_fits(self):
        """Number of fits that the search has asked for, without the refit."""
        return len(self.cv_results["params"]) * self.search.n_splits_

    @property
    def rmse(self):
        """Mean of the errors over the folds, in the units of the data."""
        return float(self.fold_rmse.mean())

    @property
    def chosen(self):
        """The chosen latent dimension."""
        return self.selection.value

    @property
    def architecture(self):
        """The layers that were chosen, in words; None where they were not searched."""
        if "hidden_layer_sizes" in self.params:
            return _hidden_layers(self.params["hidden_layer_sizes"])
        if "n_layers" in self.params:
            return _lstm_layers(**self.params)
        return None

    @property
    def curve(self):
        """The scores that it was chosen by."""
        return self.selection.curve

    @property
    def verdict(self):
        """What the choice is worth."""
        return self.selection.verdict

    def remarks(self, n_columns):
        """Return what the user should know after the search, in plain words.

        Parameters
        ----------
        n_columns : int
            Number of values that a code stands for.
        """
        remarks = []
        if self.chosen >= n_columns:
            remarks.append(
                f"The chosen dimension, {self.chosen}, does not compress {n_columns} "
                f"values: search below {n_columns}, by --components 1:{n_columns - 1}."
            )
        if self.curve.failed:
            failed = ", ".join(map(str, self.curve.failed))
            remarks.append(f"Failed in at least one fold, and left out: {failed}.")
        elif n_failed := self._n_failed:
            remarks.append(
                f"{n_failed} of the {len(self.cv_results['params'])} candidates failed "
                "in at least one fold, and are left out."
            )
        return remarks

    @property
    def _n_failed(self):
        return int(np.isnan(self.cv_results["mean_test_neg_rmse"]).sum())


def _hidden_layers(sizes):
    if not sizes:
        return "no hidden layer (linear)"
    widths = "-".join(map(str, sizes))
    return f"{'a hidden layer' if len(sizes) == 1 else 'hidden layers'} of {widths}"


def _lstm_layers(n_layers, hidden_size):
    if n_layers == 1:
        return f"an LSTM layer of {hidden_size} units"
    return f"{n_layers} LSTM layers of {hidden_size} units each"
