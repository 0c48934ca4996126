"""Callbacks that watch over a fit: skae's own of skorch's kind."""

from copy import deepcopy

from skorch.callbacks import Callback, EarlyStopping, PrintLog
from skorch.callbacks.logging import tabulate
from torch import Tensor

from skae.training._rules import divergence_limit, is_good
from skae.training._stopping import StopTraining

__all__ = [
    "DivergenceGuard",
    "EpochLog",
    "PatientStopping",
    "TaskPerEpoch",
]


class DivergenceGuard(Callback):
    """Stop a fit whose loss has exploded, and go back to good weights.

    A loss has exploded when it is not finite, or beyond its `divergence_limit`. Weights
    are trusted once a whole epoch that started from them had a good loss. Sets
    ``net.diverged_``.
    """

    def on_train_begin(self, net, X=None, **kwargs):
        """Note some rows, for the last check."""
        net.diverged_ = False
        self.rows_ = X.head(net.batch_size).to(net.dtype)
        self.trusted_ = None
        self.limit_ = divergence_limit(
            net.loss_of(self.rows_), self.rows_.square().nanmean().item()
        )

    def on_epoch_begin(self, net, **kwargs):
        """Keep the weights that the epoch starts from."""
        self.candidate_ = _copied(net.module_.state_dict())
        if self.trusted_ is None:
            self.trusted_ = self.candidate_

    def on_epoch_end(self, net, **kwargs):
        """Trust them, or go back to those trusted before, and stop."""
        if is_good(net.history[-1, "train_loss"], self.limit_):
            self.trusted_ = self.candidate_
        else:
            self._go_back(net)
            raise StopTraining

    def on_train_end(self, net, **kwargs):
        """Check that the last step did no harm."""
        # The last step of a finite epoch may have thrown the weights away.
        if not net.diverged_ and not is_good(net.loss_of(self.rows_), self.limit_):
            self._go_back(net)
        self.rows_ = self.trusted_ = self.candidate_ = None

    def _go_back(self, net):
        net.module_.load_state_dict(self.trusted_)
        net.diverged_ = True


def _copied(state):
    """Return a state with copies of its tensors, which take deepcopy far longer."""
    for name, value in state.items():
        is_tensor = isinstance(value, Tensor)
        state[name] = value.clone() if is_tensor else deepcopy(value)
    return state


class PatientStopping(EarlyStopping):
    """Early stopping whose patience begins when the learning rate has come down.

    While a schedule raises the rate, or holds it high, losses say little about what
    lower rates will make of the weights: epochs without improvement do not count yet.
    """

    def on_epoch_end(self, net, **kwargs):
        """Note an improvement, or be patient, or stop."""
        if not net.rate_is_low:
            self.misses_ = -1
        super().on_epoch_end(net, **kwargs)


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

    They are told that the target is the input: `ScoringMonitor` does not score
    without a target.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.
    estimator : estimator
        What is being fitted, for callbacks that look at it.
    X : array-like
        Its training data.
    """

    def __init__(self, context, estimator, X):
        self.context = context
        self.estimator = estimator
        self.X = X

    def on_epoch_begin(self, net, **kwargs):
        """Begin a task."""
        self.task_ = self.context.subcontext(task_name="epoch")
        self.task_.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.X)

    def on_epoch_end(self, net, **kwargs):
        """End it, and stop where a callback says so."""
        stop = self.task_.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.X,
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
        self.context = self.estimator = self.X = self.task_ = None
