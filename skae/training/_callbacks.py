"""Callbacks that watch over a fit: skae's own of skorch's kind."""

import math
from copy import deepcopy

from skorch.callbacks import Callback, EarlyStopping, PrintLog
from skorch.callbacks.logging import tabulate
from torch import Tensor

from skae.training._budget import patience
from skae.training._rules import (
    batch_sizes,
    divergence_limit,
    failure_limit,
    is_good,
)
from skae.training._spread import spread_of
from skae.training._stopping import StopTraining

__all__ = [
    "BudgetStopping",
    "DivergenceGuard",
    "EpochLog",
    "LastEpoch",
    "PatientStopping",
    "TaskPerEpoch",
]


class DivergenceGuard(Callback):
    """Stop a fit whose loss has exploded, and go back to good weights.

    A loss has exploded when it is not finite, or beyond its `divergence_limit`; a fit
    that ends has failed when its reconstruction is beyond the `failure_limit`. Weights
    are trusted once a whole epoch that started from them was within both. Sets
    ``net.diverged_``.
    """

    def on_train_begin(self, net, X=None, **kwargs):
        """Note some rows, for the last check."""
        net.diverged_ = False
        _, *beside = X.head_beside(net.batch_size)
        self.rows_ = X.head(net.batch_size), None, *beside
        self.trusted_ = None
        self.compare_with(net, net.terms_of(*self.rows_), X)

    def compare_with(self, net, before, rows):
        """Note what losses are compared with, given the terms before training."""
        self.before_, self.spread_ = before["reconstruction"], spread_of(net, rows)
        multiplied = net.multiplied
        self.limit_ = divergence_limit(before["loss"], self.spread_, multiplied)
        self.failure_limit_ = failure_limit(self.before_, self.spread_, multiplied)
        # the best weights, which early stopping goes back to, are seldom the last
        is_last = not any(_restores(callback) for _, callback in net.callbacks_)
        self.limit_at_end_ = self.failure_limit_ if is_last else math.inf

    def on_epoch_begin(self, net, **kwargs):
        """Keep the weights that the epoch starts from."""
        self.candidate_ = _copied(net.module_.state_dict())
        if self.trusted_ is None:
            self.trusted_ = self.candidate_

    def on_epoch_end(self, net, **kwargs):
        """Trust them, or go back to those trusted before, and stop."""
        if not self.is_good(net.history[-1]):
            self._go_back(net)
            raise StopTraining
        if self.is_trusted(net.history[-1]):
            self.trusted_ = self.candidate_

    def trust(self, net):
        """Note the weights of now as those that can be gone back to."""
        self.trusted_ = _copied(net.module_.state_dict())

    def on_train_end(self, net, **kwargs):
        """Check that the last step did no harm."""
        # The last step of a finite epoch may have thrown the weights away.
        if not net.diverged_ and not self.is_good_end(net.terms_of(*self.rows_)):
            self._go_back(net)
        self.rows_ = self.trusted_ = self.candidate_ = None

    def is_good(self, epoch):
        """Return whether training goes on, given an epoch's row of the history."""
        return is_good(epoch["train_loss"], self.limit_)

    def is_trusted(self, epoch):
        """Return whether weights that a good epoch began with can be gone back to."""
        return is_good(epoch["train_reconstruction"], self.failure_limit_)

    def is_good_end(self, terms):
        """Return whether the last weights may stay, given the terms of some rows."""
        is_within = is_good(terms["reconstruction"], self.limit_at_end_)
        return is_within and is_good(terms["loss"], self.limit_)

    def _go_back(self, net):
        net.module_.load_state_dict(self.trusted_)
        net.diverged_ = True


def _restores(callback):
    return isinstance(callback, EarlyStopping) and callback.load_best


def _copied(state):
    """Return a state with copies of its tensors, which take deepcopy far longer."""
    for name, value in state.items():
        is_tensor = isinstance(value, Tensor)
        state[name] = value.clone() if is_tensor else deepcopy(value)
    return state


class PatientStopping(EarlyStopping):
    """Early stopping that compares epochs once the learning rate has come down.

    While a schedule raises the rate, or holds it high, losses say little about what
    lower rates will make of the weights. Beside a start that is good by itself, as
    principal components are, all of these epochs would seem to have failed.
    """

    def on_epoch_end(self, net, **kwargs):
        """Note an improvement, or be patient, or stop."""
        if net.rate_is_low:
            super().on_epoch_end(net, **kwargs)

    def on_train_end(self, net, **kwargs):
        """Go back to the best epoch, unless the fit has gone back to good weights."""
        if not net.diverged_:
            super().on_train_end(net, **kwargs)


class BudgetStopping(PatientStopping):
    """Early stopping that compares all epochs, with a patience that grows.

    It counts steps: see `skae.training._budget.patience`.
    """

    def on_train_begin(self, net, X=None, **kwargs):
        """Begin anew, and note how many steps an epoch takes."""
        super().on_train_begin(net, **kwargs)
        self.n_batches_ = len(batch_sizes(len(X), net.batch_size))

    def on_epoch_end(self, net, **kwargs):
        """Note an improvement, or be patient, or stop."""
        best_step = self.best_epoch_ * self.n_batches_
        self.patience = 1 + int(patience(best_step) // self.n_batches_)
        EarlyStopping.on_epoch_end(self, net, **kwargs)


class LastEpoch(EarlyStopping):
    """Stopping after some epochs of a fit whose schedules are those of more.

    Parameters
    ----------
    n_epochs : int
    """

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_end(self, net, **kwargs):
        """Stop after the last one."""
        if len(net.history) - net.first_epoch_ >= self.n_epochs:
            raise StopTraining


class EpochLog(PrintLog):
    """A line per epoch, as skorch prints it."""

    def table(self, row):
        """Return a table of one row."""
        names, texts = zip(*self._yield_keys_formatted(row), strict=True)
        return tabulate(
            [texts],
            headers=names,
            tablefmt=self.tablefmt,
            stralign=self.stralign,
            # It tries int("0.5"), whose error takes the place of that of a Ctrl-C.
            disable_numparse=True,
        )


class TaskPerEpoch(Callback):
    """Report epochs to scikit-learn's callbacks, as tasks of the estimator's fit.

    They are told that the target is the input, or the clean rows of a denoising fit:
    `ScoringMonitor` does not score without a target.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.
    estimator : estimator
        What is being fitted, for callbacks that look at it.
    X, y : array-like
        Its training data, and what their reconstructions are compared with.
    """

    follows_epochs = True

    def __init__(self, context, estimator, X, y):
        self.context = context
        self.estimator = estimator
        self.X = X
        self.y = y
        self.n_told = 0

    def on_epoch_begin(self, net, **kwargs):
        """Begin a task, unless it was told of in a stack that has failed."""
        self.task_ = None
        if len(net.history) - net.first_epoch_ <= self.n_told:
            return
        self.n_told += 1
        self.task_ = self.context.subcontext(task_name="epoch")
        self.task_.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def on_epoch_end(self, net, **kwargs):
        """End it, and stop where a callback says so."""
        if self.task_ is None:
            return
        stop = self.task_.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            reconstruction_attributes={
                "history_": net.history,
                "n_iter_": len(net.history),
                "diverged_": False,
            },
        )
        if stop:
            raise StopTraining

    def on_train_end(self, net, **kwargs):
        """Let go of what does not belong into a fitted estimator."""
        self.context = self.estimator = self.X = self.y = self.task_ = None
