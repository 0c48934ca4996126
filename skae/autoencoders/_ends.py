"""Fits that end badly: what there is to say of them."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skae._notices import warn
from skae.training._callbacks import PatientStopping
from skae.training._spread import error_beside_the_mean

__all__ = ["EndMixin"]

# Fewer epochs tell nothing about how training went.
FEW_EPOCHS = 10
# Errors over that of the mean: codes that say nothing leave about one, and few epochs
# of a random start a little more.
WORSE_THAN_MEAN, MUCH_WORSE = 1.1, 2.0


class EndMixin:
    """Warnings of fits that diverged, or that training has not made better."""

    def _warn_of_the_end(self, rows):
        """Warn of a fit that has ended badly, for one reason only."""
        text = self._divergence() or self._best_first_epoch()
        if text is not None:
            warn(text, ConvergenceWarning, text[:20], is_of_one=True)
        elif text := self._worse_than_the_mean(rows):
            warn(text, ConvergenceWarning, "worse", is_of_one=True)

    def _stoppers(self):
        """Return the callbacks of the last training that stop early."""
        callbacks = (callback for _, callback in self.net_.callbacks_)
        return [one for one in callbacks if isinstance(one, PatientStopping)]

    def _divergence(self):
        if not self.diverged_:
            return None
        return (
            f"Training diverged in epoch {self.n_iter_}: the loss exploded. "
            "The last good weights were kept. Lower learning_rate "
            f"({self.net_.lr:g}), set max_grad_norm, or scale the data."
        )

    def _best_first_epoch(self):
        if self._max_epochs == "auto":  # and finds that principal components are best
            return None
        first = self.net_.first_epoch_ + 1
        best = [callback.best_epoch_ for callback in self._stoppers()]
        if best != [first] or self.n_iter_ - first < FEW_EPOCHS:
            return None
        return (
            f"Early stopping kept the weights of the first of {self.n_iter_} "
            "epochs, which differ little from those before training: no later "
            "epoch had a smaller loss of held-out rows. Hold out more rows "
            f"(validation_fraction={self.validation_fraction}, or X_val), lower "
            f"learning_rate ({self.net_.lr:g}), or take it that training does "
            "not help here."
        )

    def _worse_than_the_mean(self, rows):
        """Return what there is to say if weights are worse than none.

        In few epochs a random start need not have become better than the mean, while
        principal components are better to begin with.
        """
        guard, n_epochs = self.net_.guard, self.n_iter_ - self.net_.first_epoch_
        is_early = n_epochs <= FEW_EPOCHS
        if not n_epochs or (is_early and guard.before_ >= guard.spread_):
            return None
        # a callback may have ended the last epoch before its end
        last = self.history_[-1].get("train_reconstruction", np.inf)
        if last <= self.net_.multiplied(guard.spread_, WORSE_THAN_MEAN):
            return None
        error = error_beside_the_mean(self.net_, rows)
        if error <= (MUCH_WORSE if is_early else WORSE_THAN_MEAN):
            return None
        return (
            "The fit ended worse than the mean of the data: its reconstruction loss is "
            f"{error:.3g} times that of the mean (an explained variance of "
            f"{1 - error:.3g}). Scale the data (StandardScaler), lower learning_rate "
            f"({self.net_.lr:g}), or train longer (max_epochs={self.n_iter_} now)."
        )
