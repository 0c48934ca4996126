"""What a run has found."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from skae.search import Selection

__all__ = ["Outcome"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search has found.

    Attributes
    ----------
    model : Pipeline
        Refitted on all rows with the chosen dimension.
    selection : Selection
        The choice, the scores that it was made by, and what it is worth.
    r2 : float
        Share of the variance explained at the chosen dimension, mean over the folds.
    fold_rmse : ndarray of shape (n_folds,)
        Errors at the chosen dimension, in the units of the data.
    linear_rmse : float or None
        That of as many principal components, on the same folds; None where there is
        nothing to compress.
    cv_results : dict
        Those of the search.
    seconds : float
        Duration of search and refit.
    """

    model: Pipeline
    selection: Selection
    r2: float
    fold_rmse: np.ndarray
    linear_rmse: float | None
    cv_results: dict
    seconds: float

    @property
    def rmse(self):
        """Mean of the errors over the folds, in the units of the data."""
        return float(self.fold_rmse.mean())

    @property
    def chosen(self):
        """The chosen latent dimension."""
        return self.selection.value

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
        return remarks
