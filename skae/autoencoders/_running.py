"""Training of an estimator's net: settings, callbacks, and what there is to note."""

import torch
from skorch.callbacks import LRScheduler

from skae.stacking import train
from skae.training._budget import even_batches
from skae.training._callbacks import LastEpoch
from skae.training._checkpoint import Checkpoint
from skae.training._guests import copies_of, is_scheduler, without_name
from skae.training._shrinkage import Shrinkage

__all__ = ["RunningMixin"]


class RunningMixin:
    """One training of a net on some rows."""

    def _run(self, rows, rows_val, length, observers=(), scheduled=True, anew=False):
        net, monitor = self.net_, "train_loss" if rows_val is None else "valid_loss"
        callbacks = list(observers)
        if scheduled and not anew:
            callbacks += self._callbacks(monitor)
        if length.last < length.epochs:  # last, so that others see that epoch, too
            callbacks.append(LastEpoch(length.last))
        self._prepare(net, rows, callbacks, length, scheduled)
        shrinkage = None if length.share is None else Shrinkage(net.module_)
        train(net, rows, rows_val, epochs=length.epochs, last=scheduled)
        if shrinkage is not None:
            share = self._share_of_end(shrinkage, rows, length.share)
            shrinkage.keep(share)
        self._ended_badly = shrinkage is not None and share < length.share
        self.history_ = net.history
        self.n_iter_ = len(net.history)
        self.diverged_ = net.diverged_
        self._warn_of_the_end(rows)
        self._fit_decoder(rows)
        return self

    def _fit_decoder(self, rows):
        """Find what a decoder has besides its weights; by default nothing.

        Parameters
        ----------
        rows : Rows
            That were trained on.
        """

    def _prepare(self, net, rows, callbacks, length, scheduled=True):
        """Tell a net how to train on some rows."""
        net.batch_size = int(self._batch_size)
        if self._max_epochs == "auto":
            net.batch_size = even_batches(len(rows), net.batch_size)
        # averages would lag behind weights of penalties that rise
        net.is_averaged = self._max_epochs == "auto" and not length.warm_up
        net.set_learning_rate(length.rate)
        net.criterion_.warm_up = length.warm_up
        net.max_grad_norm = self.max_grad_norm
        net.mixed_precision = self.mixed_precision
        net.is_compiled = self.compile
        net.verbose = int(self.verbose)
        follows_own = scheduled and not any(map(is_scheduler, self.callbacks or ()))
        net.learning_rate_schedule = (
            self.learning_rate_schedule if follows_own else "constant"
        )
        net.callbacks = callbacks
        net.initialize_callbacks()

    def _callbacks(self, monitor):
        """Return skorch's callbacks; checkpoints last, to keep what others found."""
        callbacks = copies_of(self.callbacks or ())
        if self.learning_rate_schedule == "plateau":
            callbacks.append(self._plateau(monitor))
        if stopping := self._stopping(monitor):
            callbacks.append(stopping)
        for callback in callbacks:
            if _is_checkpoint(callback):
                without_name(callback).observe(self)
        return sorted(callbacks, key=_is_checkpoint)

    def _plateau(self, monitor):
        return LRScheduler(
            torch.optim.lr_scheduler.ReduceLROnPlateau,
            monitor=monitor,
            patience=max(1, self.n_iter_no_change // 2),
            event_name=None,
        )


def _is_checkpoint(item):
    return isinstance(without_name(item), Checkpoint)
