"""A fit that trains in a stack: where it stands, and what it records."""

import time

from skorch.callbacks import EpochTimer

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

# Callbacks whose work a member does itself.
_OWN = (DivergenceGuard, EpochTimer)


class Member:
    """Fit of one net within a stack: the net, and the rows that it trains on.

    Parameters
    ----------
    net : AutoencoderNet
        Initialised, and not trained before.
    rows, rows_val : Rows
        To train on, and to validate on or None.
    epochs : int

    Attributes
    ----------
    is_done : bool
        Whether the fit has come to its end.
    error : Exception or None
        What a callback has raised, with which the fit has to end.
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
        self.error = None
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
        self.guard, self.watchers = _watchers(net)
        self._tell("on_train_begin", X=self.rows, y=self.rows_val)

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
        self.net.history.new_epoch()
        self.net.history.record("epoch", self.epoch + 1)
        self._tell("on_epoch_begin", **self._told_of_epochs)

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
        row = row_of_terms("train", train, self.n_batches)
        row |= row_of_settings(self.rate(self.n_batches - 1), self.weights)
        if valid:
            row |= row_of_terms("valid", valid, len(self.batch_sizes_val))
        row["dur"] = time.time() - self.started
        for name, value in row.items():
            self.net.history.record(name, value)
        self.epoch += 1

    def wants_to_stop(self, hand_over):
        """Return whether a callback ends the fit, given the module as it is now.

        Parameters
        ----------
        hand_over : callable
            Writes what else the stack knows of the fit into the net.
        """
        self.net.stack_ = hand_over
        try:
            return self._tell("on_epoch_end", **self._told_of_epochs)
        finally:
            del self.net.stack_
            vars(self.net).pop("average_", None)

    @property
    def _told_of_epochs(self):
        return {"dataset_train": self.rows, "dataset_valid": self.rows_val}

    def _tell(self, hook, **kwargs):
        """Call a hook of the callbacks, and return whether one ends the fit."""
        try:
            with callbacks_may_stop():
                for watcher in self.watchers if self.error is None else ():
                    getattr(watcher, hook)(self.net, **kwargs)
        except StopTraining:
            return True
        except Exception as error:  # ends this fit, and no other of the stack
            self.error = error
        return self.error is not None

    def reset(self):
        """Undo all that was done, unless that was everything."""
        if not self.is_done:
            self.net.module_.load_state_dict(self._initial)
            self.net.optimizer_.state.clear()
            self.net.history.clear()

    def end(self, diverged):
        """End the fit, whose module has its weights."""
        self.net.diverged_ = diverged
        self.net.use_rate(self.net.history[-1]["learning_rate"])
        self.net._set_training(False)
        self.guard.rows_ = self.guard.trusted_ = self.guard.candidate_ = None
        self._tell("on_train_end", X=self.rows, y=self.rows_val)
        self.is_done = True


def _watchers(net):
    callbacks = [callback for _, callback in net.callbacks_]
    guard = next(c for c in callbacks if isinstance(c, DivergenceGuard))
    return guard, [c for c in callbacks if not isinstance(c, _OWN)]
