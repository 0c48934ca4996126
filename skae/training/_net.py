"""The one skorch subclass: skorch's interface around a loop over in-memory batches."""

import math
from contextlib import contextmanager, suppress
from functools import reduce
from operator import mul

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer
from skorch.utils import get_map_location
from torch.nn.utils import clip_grad_norm_

from skae.training._average import WeightAverage
from skae.training._batches import Batches
from skae.training._callbacks import DivergenceGuard, EpochLog
from skae.training._devices import copied_to
from skae.training._guests import follows_batches
from skae.training._interruption import look
from skae.training._learning_rate import LEARNING_RATE_SCHEDULES
from skae.training._limits import LimitKeeper, current_watch
from skae.training._means import EpochMeans
from skae.training._missing import filled
from skae.training._rules import (
    has_come_down,
    learning_rate,
    row_of_settings,
    row_of_terms,
)
from skae.training._seeding import generator_for
from skae.training._stopping import StopTraining, callbacks_may_stop
from skae.training._threads import few_threads
from skae.training._workers import use_own_share

__all__ = ["AutoencoderNet"]

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class AutoencoderNet(NeuralNet):
    """A skorch net that trains an `AutoencoderModule` on a `LossFunction`.

    It differs from its parent where that costs time or is in the way: batches are
    slices of a tensor, losses are read once an epoch, batch-level callbacks are called
    only where a callback has some, and the second argument of `fit_loop` is the
    held-out data: `Rows` have their targets, if any, with them.

    Parameters
    ----------
    module : AutoencoderModule
    criterion : LossFunction
    seed : int
        Batch orders and all draws of training are pure functions of it and the epoch.
    dtype : torch.dtype
        What batches are converted to.
    learning_rate_schedule : str, default="constant"
        A name in `LEARNING_RATE_SCHEDULES`; other names leave the rate alone.
    max_grad_norm : float or None, default=None
        Gradients with a larger norm are scaled down to it.
    mixed_precision : bool, default=False
        Whether the module computes in bfloat16 where that does; see `torch.autocast`.
    is_compiled : bool, default=False
        Whether to train a compiled module; see `torch.compile`.
    keeps_ends : bool, default=False
        Whether the encoder reads sequences to their own ends, which are NaN.
    is_averaged : bool, default=False
        Whether weights are averages over late steps; see `WeightAverage`.
    **kwargs
        skorch's own.
    """

    # What knows its gradients while it trains, if anything but torch does.
    by_hand_ = None
    # By which a stack that it trains in hands over what it has found out.
    stack_ = None

    def __init__(
        self,
        module,
        criterion,
        *,
        seed,
        dtype,
        learning_rate_schedule="constant",
        max_grad_norm=None,
        mixed_precision=False,
        is_compiled=False,
        keeps_ends=False,
        is_averaged=False,
        **kwargs,
    ):
        super().__init__(module, criterion, train_split=None, **kwargs)
        self.seed = seed
        self.dtype = dtype
        self.learning_rate_schedule = learning_rate_schedule
        self.max_grad_norm = max_grad_norm
        self.mixed_precision = mixed_precision
        self.is_compiled = is_compiled
        self.keeps_ends = keeps_ends
        self.is_averaged = is_averaged
        self.means_ = torch.zeros(())

    def __getstate__(self):
        """Return the state for a pickle, with tensors on the CPU.

        skorch has modules and optimisers in a pickle within the pickle. What pickles
        the whole, as joblib does for its workers, could not care for them there: for
        classes that no module has, and for tensors that belong together.
        """
        self.go_on_by_autograd()  # by hand, tensors are parts of larger ones
        state = vars(self).copy()
        on_cpu = torch.device(self.device).type == "cpu"
        return state if on_cpu else copied_to("cpu", state)

    def __setstate__(self, state):
        vars(self).update(state)
        self.device = self._check_device(self.device, get_map_location(self.device))
        if torch.device(self.device).type != "cpu":
            self.module_.to(self.device)
            # which puts each part of the state where the optimiser wants it
            self.optimizer_.load_state_dict(self.optimizer_.state_dict())

    def initialize(self):
        """Initialise all, in a worker process with its share of the cores."""
        use_own_share()
        return super().initialize()

    def initialize_criterion(self):
        """Take the loss function as it is."""
        self.criterion_ = self.criterion
        return self

    @property
    def _default_callbacks(self):
        limits = [("limits", LimitKeeper())] if current_watch() is not None else []
        log = [("print_log", EpochLog())] if self.verbose else []
        guard = ("divergence", DivergenceGuard())
        return [("timer", EpochTimer()), *limits, guard, *log]

    @property
    def guard(self):
        """The `DivergenceGuard` of the last training."""
        return dict(self.callbacks_)["divergence"]

    @property
    def rate_is_low(self):
        """Whether the rate has come down from its peak; see `has_come_down`."""
        progress = (len(self.history) - self.first_epoch_) / self.epochs_
        return has_come_down(self.learning_rate_schedule, progress)

    def multiplied(self, loss, factor):
        """Return a reconstruction loss of errors so many times as large."""
        n_features = math.prod(self.module_.event_shape)
        return self.criterion_.reconstruction.multiplied(loss, factor, n_features)

    def follow(self, criterion, optimizer, settings, device):
        """Go on with another objective, optimiser, or device.

        What an optimiser has found out, as its moments, is kept while it is of the same
        class.

        Parameters
        ----------
        criterion : LossFunction
        optimizer : type
        settings : dict
            Of the optimiser.
        device : torch.device
        """
        self.criterion = self.criterion_ = criterion
        for name in [name for name in vars(self) if name.startswith("optimizer__")]:
            del vars(self)[name]
        vars(self).update({f"optimizer__{name}": settings[name] for name in settings})
        if device != torch.device(self.device):
            self.device = str(device)
            self.module_.to(device)
            self.optimizer_.load_state_dict(self.optimizer_.state_dict())
        if optimizer is not self.optimizer:
            self.optimizer = optimizer
            self.initialize_optimizer()
        for group in self.optimizer_.param_groups:
            group.update(settings)

    def set_learning_rate(self, learning_rate):
        """Set the rate, or its peak where a schedule moves it."""
        self.lr = learning_rate
        self.use_rate(learning_rate)

    @torch.enable_grad()  # and back: a Ctrl-C in torch's no_grad may leave that on
    def train(self, rows, rows_val=None, *, epochs, last=True, by_hand=None):
        """Train on `Rows` for some epochs more.

        Schedules of weights are told how many epochs there are in all, if these are
        the last. Of a net that is about to train, `by_hand` returns what knows its
        gradients, with the methods of a `StackOfOne`, or None.

        Raises
        ------
        FitLimitError
            When it takes more than the limits in force; see `FitLimits`.
        """
        use_own_share()
        with few_threads([self.module_], self.batch_size):
            self._train(rows, rows_val, epochs, last, by_hand)
        return self

    def _train(self, rows, rows_val, epochs, last, by_hand):
        self.begin(rows, epochs, last)
        if rows_val is not None:
            self.has_missing_ |= rows_val.has_missing
            self.end_early_ |= rows_val.end_early
        self.average_ = WeightAverage(self._averaged)
        super().notify("on_train_begin", X=rows, y=rows_val)  # nothing to stop yet
        self.first_epoch_ = len(self.history) - self.n_done_  # of what was loaded
        self.n_epochs_ = self.first_epoch_ + epochs if last else None
        with suppress(StopTraining), self._compiled(), self._by_hand(by_hand):
            self.fit_loop(rows, rows_val, epochs=epochs - self.n_done_)
        self.average_.swap()  # where a callback has stopped within an epoch
        super().notify("on_train_end", X=rows, y=rows_val)
        del self.average_

    @property
    def _averaged(self):
        return self.module_.parameters() if self.is_averaged else ()

    @contextmanager
    def _by_hand(self, by_hand):
        """Train by gradients that are written by hand, where those are known."""
        self.by_hand_ = None if by_hand is None else by_hand(self)
        self.average_.follow(self._averaged, self.average_.means)
        try:
            yield
        finally:
            self.go_on_by_autograd()

    def go_on_by_autograd(self):
        """Give up gradients by hand, if there are such."""
        if self.by_hand_ is not None:
            self.by_hand_.optimizer.close()
            self.by_hand_ = None
            self.average_.follow(self._averaged, self.average_.means)

    def begin(self, rows, epochs, last=True):
        """Note what a training of so many epochs on some rows is about; see `train`."""
        self.epochs_ = self.max_epochs = epochs
        self.n_done_ = 0  # of them, in a fit that was killed
        self.first_epoch_ = len(self.history)
        self.n_epochs_ = self.first_epoch_ + epochs if last else None
        self.observes_gradients_ = self._has_hook("on_grad_computed")
        self.observes_batches_ = any(map(self._has_hook, BATCH_HOOKS))
        self.has_guests_ = any(follows_batches(other) for _, other in self.callbacks_)
        self.has_missing_, self.end_early_ = rows.has_missing, rows.end_early
        self.n_rows_ = len(rows)
        self.loss_unit_ = self.module_.loss_unit(self.criterion_.reconstruction.degree)

    def take_over(self):
        """Take over from a stack, if it trains in one, all that it has found out."""
        if self.stack_ is not None:
            self.stack_()

    @contextmanager
    def _compiled(self):
        """Train a compiled module, which cannot be pickled, and let go of it."""
        forward = self.module_.forward
        self.forward_ = torch.compile(forward) if self.is_compiled else forward
        try:
            yield
        finally:
            del self.forward_

    def notify(self, method_name, **kwargs):
        """Call a hook of all callbacks, which may end training by it."""
        with callbacks_may_stop():
            super().notify(method_name, **kwargs)

    def get_split_datasets(self, X, y=None, **kwargs):
        """Return the data to train on and to validate on, as they were given."""
        return X, y

    def get_iterator(self, dataset, training=False):
        """Return the `Batches` of rows, shuffled for training."""
        return Batches(
            dataset,
            self.batch_size,
            device=torch.device(self.device),
            dtype=self.dtype,
            seed=self.seed if training else None,
        )

    def run_single_epoch(self, iterator, training, prefix, step_fn, **kwargs):
        """Run over the batches once and record the mean of every term."""
        if iterator is None:
            return
        if self.has_guests_ or self.module_.training is not training:
            self._set_training(training)
        if training:
            self.average_.swap(False)
        epoch = len(self.history) - 1
        weights = self.criterion_.weights(epoch, self.n_epochs_)
        # held-out rows of all epochs get the same draws, and so compare better
        generator = generator_for(
            self.seed, epoch if training else 0, device=self.device
        )
        if self.observes_batches_:
            step_fn = self._observed(step_fn, prefix)
        watch = current_watch()
        means = EpochMeans(len(iterator))
        for batch, (x, row_weight, *beside) in enumerate(iterator.epoch(epoch)):
            if training:
                self._follow_schedule(epoch + batch / len(iterator))
            terms = step_fn(x, row_weight, weights, generator, *beside)[0]
            means.add(terms, len(x), None if row_weight is None else row_weight.sum())
            if watch is not None:
                watch.check(self)
            look()
        if training:
            self.average_.swap()
        self._record(prefix, means, weights)

    def train_step(
        self, x, row_weight, weights, generator, target=None, condition=None
    ):
        """Take one optimisation step and return its terms and output."""
        by_hand, terms, x_hat = self.by_hand_, None, None
        if by_hand is not None and not by_hand.takes(x, row_weight, target, condition):
            self.go_on_by_autograd()

        def closure():
            nonlocal terms, x_hat
            terms, x_hat = self._differentiated(
                x, row_weight, weights, generator, target, condition
            )
            if self.observes_gradients_:
                self._notify_gradients(x, target)
            if self.max_grad_norm is not None:
                clip_grad_norm_(self._stepped, self.max_grad_norm)
            return terms["loss"]

        if self.by_hand_ is None:
            self.optimizer_.step(closure)
        else:
            closure()  # which may give up gradients by hand
            taken_by = self.by_hand_ and self.by_hand_.optimizer
            (taken_by or self.optimizer_).step()
        self.average_.update()
        return terms, x_hat

    @property
    def _stepped(self):
        """Tensors that the optimiser steps."""
        by_hand = self.by_hand_
        return self.module_.parameters() if by_hand is None else by_hand.optimizer.joint

    def _differentiated(self, x, row_weight, weights, generator, target, condition):
        """Set the gradients of a batch's loss; return its terms and the output."""
        batch = x, row_weight, weights, generator, target, condition
        if self.by_hand_ is not None:
            return self.by_hand_.step(*batch)
        self.optimizer_.zero_grad()
        return self.backward(*batch)

    def backward(self, x, row_weight, weights, generator, target=None, condition=None):
        """Add the gradients of a batch's loss; return its terms and the output."""
        loss, terms, x_hat = self._losses(
            x, row_weight, weights, generator, target, condition, hiding=generator
        )
        if row_weight is not None:
            loss = row_weight.mean() * loss
        (loss if self.loss_unit_ == 1 else loss / self.loss_unit_).backward()
        return terms, x_hat

    @torch.no_grad()
    def validation_step(
        self, x, row_weight, weights, generator, target=None, condition=None
    ):
        """Return the terms and output of one held-out batch, without noise.

        Of codes with a distribution they are those of draws, as in training: without,
        what the distribution loses would be left out. Entries are hidden as in training
        where the encoder is told which: else it would seem best to copy what it sees.
        """
        draws_codes = getattr(self.module_.bottleneck, "log_var", None) is not None
        source = generator if draws_codes else None
        return self._losses(
            x, row_weight, weights, source, target, condition, hiding=generator
        )[1:]

    def terms_held_out(self, rows):
        """Return the terms of `Rows`, means as of held-out ones in an epoch."""
        self._set_training(False)
        self.has_missing_, self.end_early_ = rows.has_missing, rows.end_early
        weights, iterator = self.criterion_.weights(0), self.get_iterator(rows)
        generator = generator_for(self.seed, 0, device=self.device)
        means = EpochMeans(len(iterator))
        with self._compiled():
            for x, row_weight, *beside in iterator.epoch(0):
                step = x, row_weight, weights, generator, *beside
                total = None if row_weight is None else row_weight.sum()
                means.add(self.validation_step(*step)[0], len(x), total)
        return means.read()

    def terms_of(self, x, row_weight=None, target=None, condition=None):
        """Return the terms of some rows, without noise, under the weights of now."""
        self._set_training(False)
        weights = self.criterion_.weights(max(0, len(self.history) - 1), self.n_epochs_)
        x, row_weight, *beside = (
            None if part is None else part.to(self.device, self.dtype)
            for part in (x, row_weight, target, condition)
        )
        with self._compiled():
            terms, _ = self.validation_step(x, row_weight, weights, None, *beside)
        return {name: term.item() for name, term in terms.items()}

    def _losses(
        self,
        x,
        row_weight,
        weights,
        generator,
        target=None,
        condition=None,
        *,
        hiding=None,
    ):
        if self.module_.training:
            x = self.module_.to_learn(x, generator)
        given = self.given(x, self.end_early_) if self.has_missing_ else x
        hides = hiding is not None and self.module_.hides
        given = self.module_.hidden(given, hiding) if hides else given
        x_hat, latent = self._outputs(given, generator, condition, hides)
        rows = (x if target is None else target, x_hat)
        if x.ndim > 2:
            rows = rows[0].flatten(1), x_hat.flatten(1)
        entry_weight = self._entry_weight(rows[0], row_weight, given if hides else None)
        if self.has_missing_:
            rows = rows[0].nan_to_num(), rows[1]
        source = generator if self.module_.training else None
        loss, terms = self.criterion_(
            *rows,
            latent,
            weights,
            source,
            row_weight,
            entry_weight,
            self.module_.dispersion,
        )
        terms = {name: term.detach() for name, term in terms.items()}
        return loss, {"loss": loss.detach(), **terms}, x_hat.detach()

    def _entry_weight(self, target, row_weight, hidden):
        """Return weights of entries in the loss, None where all weigh the same.

        Those given as `hidden` to the encoder are None where noise hides nothing.
        """
        factors = []
        if self.has_missing_:
            factors.append(target.isfinite().to(self.dtype))
        if row_weight is not None:
            factors.append(row_weight[:, None].expand_as(target))
        if hidden is not None and self.module_.kept_weight != 1:
            factors.append(self.module_.weight_of_entries(hidden).flatten(1))
        return reduce(mul, factors) if factors else None

    def filled(self, x, may_end):
        """Return events whose missing entries have the means of the fit's rows.

        Parameters
        ----------
        x : torch.Tensor of shape (batch, ...)
        may_end : bool
            Whether they are sequences whose ends, where the encoder reads to those, are
            no missing entries.
        """
        return filled(x, self.means_, keeps_ends=self.keeps_ends and may_end)

    def given(self, x, may_end):
        """Return filled events, and beside them the indicator of gaps, if told.

        Parameters are those of `filled`.
        """
        indicator, whole = self.module_.indicator, self.filled(x, may_end)
        return whole if indicator is None else indicator.beside(whole, x)

    def _outputs(self, x, generator, condition, is_hidden):
        """Return the module's output, in the dtype of `x` whatever it computes in."""
        if not self.mixed_precision:
            return self.forward_(x, generator, condition, is_hidden=is_hidden)
        with torch.autocast(x.device.type, torch.bfloat16):
            x_hat, latent = self.forward_(x, generator, condition, is_hidden=is_hidden)
        fields = (None if field is None else field.to(x.dtype) for field in latent)
        return x_hat.to(x.dtype), type(latent)(*fields)

    def _notify_gradients(self, x, target):
        self.notify(
            "on_grad_computed",
            named_parameters=list(self.module_.named_parameters()),
            batch=(x, x if target is None else target),
            training=True,
        )
        if self.by_hand_ is not None and not self.by_hand_.has_own_gradients():
            self.go_on_by_autograd()

    def _follow_schedule(self, epoch):
        if self.learning_rate_schedule in LEARNING_RATE_SCHEDULES:
            progress = (epoch - self.first_epoch_) / self.epochs_
            rate = learning_rate(self.lr, self.learning_rate_schedule, progress)
            self.use_rate(rate)

    def use_rate(self, rate):
        """Take steps of this size from now on."""
        for group in self.optimizer_.param_groups:
            group["lr"] = rate

    def _has_hook(self, name):
        return any(
            getattr(type(callback), name, None) is not getattr(Callback, name)
            for _, callback in self.callbacks_
        )

    def _observed(self, step_fn, prefix):
        """Wrap a step in skorch's batch-level records and notifications."""
        training = prefix == "train"

        def step(x, row_weight, weights, generator, target, condition):
            batch = x, x if target is None else target
            self.notify("on_batch_begin", batch=batch, training=training)
            terms, x_hat = step_fn(x, row_weight, weights, generator, target, condition)
            self.history.record_batch(f"{prefix}_loss", terms["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(x))
            self.notify(
                "on_batch_end",
                batch=batch,
                training=training,
                loss=terms["loss"],
                y_pred=x_hat,
            )
            return terms, x_hat

        return step

    def _record(self, prefix, means, weights):
        row = row_of_terms(prefix, means.read(), len(means))
        if prefix == "train":
            row |= row_of_settings(self.optimizer_.param_groups[0]["lr"], weights)
        for name, value in row.items():
            self.history.record(name, value)
        if self.has_guests_:
            self._record_as_skorch(prefix, means)

    def _record_as_skorch(self, prefix, means):
        """Record what skorch's callbacks count on: every batch, and which loss is best.

        One transfer from the device serves for all batches, if nobody was told of each.
        """
        if not self.observes_batches_:
            self.history[-1]["batches"] += [
                {f"{prefix}_loss": loss, f"{prefix}_batch_size": n_rows}
                for loss, n_rows in means.losses()
            ]
        name = f"{prefix}_loss"
        before = [row[name] for row in self.history[:-1] if name in row]
        is_best = self.history[-1, name] < min(before, default=math.inf)
        self.history.record(f"{name}_best", is_best)
