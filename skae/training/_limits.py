"""Limits to what a fit may take, and the watch that keeps them."""

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields

import torch
from skorch.callbacks import Callback

from skae.exceptions import FitLimitError
from skae.training._footprint import (
    MemoryGauge,
    bytes_of_activations,
    bytes_of_weights,
    in_gigabytes,
)

__all__ = ["FitLimits", "LimitKeeper", "Watch", "check_size", "current_watch"]

# Seconds between two looks at the memory, which cost more than one at the clock.
INTERVAL = 0.1

_WATCH = ContextVar("skae_watch", default=None)


@dataclass(frozen=True)
class FitLimits:
    """The most that a fit may take.

    Parameters
    ----------
    max_fit_seconds : float or None, default=None
        Seconds.
    max_fit_memory : float or None, default=None
        Bytes.

    Raises
    ------
    ValueError
        When a limit is not positive.

    Examples
    --------
    >>> from skae.training._limits import FitLimits
    >>> bool(FitLimits()), bool(FitLimits(max_fit_seconds=60))
    (False, True)
    """

    max_fit_seconds: float | None = None
    max_fit_memory: float | None = None

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise ValueError(
                    f"{field.name}={value!r} lets no fit begin: a limit is a positive "
                    "number, or None for none."
                )

    def __bool__(self):
        """Return whether anything is limited."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    def forbids(self, name, value):
        """Return whether a fit that took more than `value` takes too much of `name`."""
        own = getattr(self, name)
        return own is not None and own <= value

    @contextmanager
    def in_force(self):
        """Limit the fit in this thread that the context encloses.

        Yields
        ------
        watch : Watch
        """
        watch = Watch(self, outer=_WATCH.get())
        token = _WATCH.set(watch)
        try:
            yield watch
        finally:
            _WATCH.reset(token)


def current_watch():
    """Return the `Watch` over the fit in this thread, or None."""
    return _WATCH.get()


class Watch:
    """Watch over the time and memory of a fit, held against its limits.

    Parameters
    ----------
    limits : FitLimits
    outer : Watch or None
        Over the fit that this one is part of.

    Attributes
    ----------
    exceeded : str or None
        The name of the limit that has ended the fit.
    """

    def __init__(self, limits, outer=None):
        self.limits = limits
        self.outer = outer
        self.exceeded = None
        self.waited = 0.0
        self._gauge = None
        self._next_look = self._began = time.monotonic()

    @property
    def weighs(self):
        """Whether memory is limited."""
        outer_weighs = self.outer is not None and self.outer.weighs
        return outer_weighs or self.limits.max_fit_memory is not None

    def wait(self, seconds):
        """Leave time out of account in which the fit only waited for its turn."""
        self.waited += seconds
        if self.outer is not None:
            self.outer.wait(seconds)

    def weigh_from_now(self, net):
        """Measure what training takes beyond the weights that are there before.

        Not from the beginning of the fit: the first one in a process makes torch load
        what it needs, and that is nothing of its own.
        """
        if self.outer is not None:
            self.outer.weigh_from_now(net)
        self._weights = bytes_of_weights(net.module_, net.dtype, copies=1)
        self._gauge = MemoryGauge()

    def is_overdue(self, seconds):
        """Return whether a fit of so many seconds, waiting included, took too long."""
        most = self.limits.max_fit_seconds
        return most is not None and seconds - self.waited > most

    def check(self, net):
        """Raise if training has taken too much.

        Parameters
        ----------
        net : AutoencoderNet

        Raises
        ------
        FitLimitError
        """
        if self.outer is not None:
            self.outer.check(net)
        now = time.monotonic()
        if self.is_overdue(now - self._began):
            raise self.error("max_fit_seconds", f"The fit was ended {_place(net)}")
        most = self.limits.max_fit_memory
        if most is not None and self._gauge is not None and now >= self._next_look:
            self._next_look = now + INTERVAL
            self._check_memory(net, most)

    def _check_memory(self, net, most):
        growth = self._gauge.growth(torch.device(net.device))
        if growth is not None and growth + self._weights > most:
            taken = in_gigabytes(growth + self._weights)
            reason = f"Training had taken {taken} {_place(net)}, and was ended"
            raise self.error("max_fit_memory", reason)

    def check_size(self, n_bytes, what):
        """Raise if something that is going to be needed is too much.

        Parameters
        ----------
        n_bytes : float
        what : str
            In words.
        """
        if self.outer is not None:
            self.outer.check_size(n_bytes, what)
        most = self.limits.max_fit_memory
        if most is not None and n_bytes > most:
            needed = in_gigabytes(n_bytes)
            raise self.error(
                "max_fit_memory", f"Training takes at least {needed} for {what}"
            )

    def error(self, name, reason):
        """Note that a limit has ended the fit, and return the error that says so."""
        self.exceeded = name
        allowed = _ALLOWED[name](getattr(self.limits, name))
        return FitLimitError(f"{reason}: {allowed}")


def _place(net):
    epoch = len(net.history)
    if epoch == net.first_epoch_:
        return "before its first epoch"
    return f"in epoch {epoch} of {net.first_epoch_ + net.epochs_}"


_ALLOWED = {
    "max_fit_seconds": lambda most: (
        f"max_fit_seconds={most:g} allows no more. Raise it, or make fits shorter: "
        "fewer max_epochs, early_stopping=True, a smaller network, larger batches."
    ),
    "max_fit_memory": lambda most: (
        f"max_fit_memory={most:.10g} allows {in_gigabytes(most)}. Raise it, or let "
        "networks and batches (batch_size) be smaller."
    ),
}


def check_size(build, dtype):
    """Raise if a network has too many weights for the limits in force.

    Without a limit nothing is done. Otherwise the network is built on torch's "meta"
    device, whose tensors have a shape and no memory.

    Parameters
    ----------
    build : callable
        Returns the module.
    dtype : torch.dtype
        What it is going to be trained in.

    Raises
    ------
    FitLimitError
        When its weights alone, with gradients and the like, take too much memory.
    """
    watch = current_watch()
    if watch is None or not watch.weighs:
        return
    try:
        with torch.device("meta"):
            module = build()
    except Exception:  # parts that need values: what they take is seen once it is there
        return
    watch.check_size(bytes_of_weights(module, dtype), _weights_of(module))


def _weights_of(module):
    n_weights = sum(parameter.numel() for parameter in module.parameters())
    return f"{n_weights:,} weights with their gradients, moments and copies"


class LimitKeeper(Callback):
    """Look at the size of a fit before it begins, and let its clock rest until then.

    Fits that have this callback train alone: what a stack of many takes, in time and in
    memory, is nobody's in particular.
    """

    def initialize(self):
        """Note when the fit was ready to train; it may have to wait for others."""
        self.ready_ = time.monotonic()
        return self

    def on_train_begin(self, net, X=None, **kwargs):
        """Raise if training would take too much memory, or has no time left."""
        watch = current_watch()
        if watch is None:
            return
        watch.wait(time.monotonic() - self.ready_)
        watch.check(net)
        if watch.weighs:
            self._check_size(net, X, watch)
            watch.weigh_from_now(net)

    def _check_size(self, net, rows, watch):
        batch_size = min(net.batch_size, len(rows))
        x = rows.head(2).to(net.device, net.dtype)
        activations = bytes_of_activations(net.module_, x, batch_size)
        watch.check_size(
            bytes_of_weights(net.module_, net.dtype) + activations,
            f"{_weights_of(net.module_)}, and batches of {batch_size} rows "
            f"({in_gigabytes(activations)})",
        )
