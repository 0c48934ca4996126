"""A fit that trains in a stack: where it stands, and what it records."""

import time

from skorch.callbacks import EarlyStopping

from skae.training._batches import epoch_order
from skae.training._callbacks import DivergenceGuard
from skae.training._learning_rate import LEARNING_RATE_SCHEDULES
from skae.training._rules import (
    batch_sizes,
    learning_rate,
    row_of_settings,
    row_of_terms,
)
from skae.training._seeding import generator_for
from skae.training._stopping import StopTraining, callbacks_may_stop

__all__ = ["Member"]


class Member:
    """Fit of one net within a stack: the net, and the rows that it trains on.

    Parameters
    ----------
    net : AutoencoderNet
        Initialised, and not trained before.
    rows, rows_val : Rows
        To train on, and to validate on or None.
    epochs : int
    """

    def __init__(self, net, rows, rows_val, epochs):
        self.net = net
        self.rows = rows
        self.rows_val = rows_val
        self.epochs = epochs
        self.batch_sizes = batch_sizes(len(rows), net.batch_size)
        self.batch_sizes_val = batch_sizes(len(rows_val or ()), net.batch_size)
        self.batch_size, self.n_batches = self.batch_sizes[0], len(self.batch_sizes)
        self.is_done = False
        self._initial = {
            name: value.clone() for name, value in net.module_.state_dict().items()
        }

    @property
    def has_weights(self):
        """Whether rows, to train on or to validate on, have weights of their own."""
        rows = (self.rows, self.rows_val)
        return any(own is not None and own.weights is not None for own in rows)

    @property
    def n_steps(self):
        """Number of steps that the fit takes, if it is not stopped."""
        return self.epochs * self.n_batches

    @property
    def settings(self):
        """Settings of the optimiser; members with equal ones step jointly."""
        decay = self.net.optimizer_.param_groups[0]["weight_decay"]
        schedule, moves = self.net.learning_rate_schedule, None
        if schedule in LEARNING_RATE_SCHEDULES:
            moves = schedule, self.epochs, self.n_batches
        return decay, self.net.lr, moves

    def begin(self):
        """Begin the fit, as `AutoencoderNet.train` does."""
        net = self.net
        self.epoch = 0
        net.begin(self.rows, self.epochs)
        net.diverged_ = False
        self.guard, self.stoppers = _watchers(net)
        for stopper in self.stoppers:
            stopper.on_train_begin(net, X=self.rows)

    def compare_with(self, before):
        """Note the terms before training; see `DivergenceGuard`."""
        self.guard.compare_with(self.net, before, self.rows)

    def is_good(self):
        """Return whether the loss of the last epoch has not exploded."""
        return self.guard.is_good(self.net.history[-1])

    def is_trusted(self):
        """Return whether the weights before a good epoch can be gone back to."""
        return self.guard.is_trusted(self.net.history[-1])

    def is_good_end(self, terms):
        """Return whether the last weights may stay, given the terms of some rows."""
        return self.guard.is_good_end(terms)

    def begin_epoch(self):
        """Begin an epoch: its draws, its weights, its row of the history."""
        self.started = time.time()
        self._generator = None
        self.weights = self.net.criterion_.weights(self.epoch, self.epochs)

    @property
    def generator(self):
        """Generator of the epoch's draws, which few kinds of fits have any of."""
        if self._generator is None:
            self._generator = self.new_generator(self.epoch)
        return self._generator

    def new_generator(self, epoch=0):
        """Return the generator of an epoch's draws; held-out rows have the first's."""
        return generator_for(self.net.seed, epoch, device=self.net.device)

    def weights_of_check(self):
        """Return the weights of penalties in checks before and after the fit."""
        return self.net.criterion_.weights(max(0, self.epoch - 1), self.epochs)

    def order(self, permutations):
        """Return the numbers of the rows in the order of the epoch.

        Parameters
        ----------
        permutations : dict
            Those found before, to which this is added.
        """
        key = self.net.seed, self.epoch, len(self.rows)
        if key not in permutations:
            permutations[key] = epoch_order(*key)
        return self.rows.order(permutations[key])

    def rate(self, batch):
        """Return the learning rate of a step in this epoch."""
        progress = (self.epoch + batch / self.n_batches) / self.epochs
        return learning_rate(self.net.lr, self.net.learning_rate_schedule, progress)

    def record(self, train, valid):
        """Write an epoch into the history, and go on to the next."""
        row = {"batches": [], "epoch": self.epoch + 1}
        row |= row_of_terms("train", train, self.n_batches)
        row |= row_of_settings(self.rate(self.n_batches - 1), self.weights)
        if valid:
            row |= row_of_terms("valid", valid, len(self.batch_sizes_val))
        self.net.history.append({**row, "dur": time.time() - self.started})
        self.epoch += 1

    def wants_to_stop(self):
        """Return whether early stopping ends the fit, given the module as it is now."""
        try:
            with callbacks_may_stop():
                for stopper in self.stoppers:
                    stopper.on_epoch_end(self.net)
        except StopTraining:
            return True
        return False

    def reset(self):
        """Undo all that was done, unless that was everything."""
        if not self.is_done:
            self.net.module_.load_state_dict(self._initial)
            self.net.history.clear()

    def end(self, diverged):
        """End the fit, whose module has its weights."""
        self.net.diverged_ = diverged
        self.net.use_rate(self.net.history[-1]["learning_rate"])
        self.net._set_training(False)
        self.guard.rows_ = self.guard.trusted_ = self.guard.candidate_ = None
        for stopper in self.stoppers:
            stopper.on_train_end(self.net)
        self.is_done = True


def _watchers(net):
    callbacks = [callback for _, callback in net.callbacks_]
    guard = next(c for c in callbacks if isinstance(c, DivergenceGuard))
    return guard, [c for c in callbacks if isinstance(c, EarlyStopping)]
