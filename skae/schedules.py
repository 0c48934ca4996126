"""Schedules: a penalty's weight as a pure function of the epoch."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from skae.registry import Registry

__all__ = ["SCHEDULES", "Cyclic", "LinearWarmup", "Schedule", "weight_at"]

SCHEDULES = Registry("schedule", "skae.schedules")


class Schedule(BaseEstimator, ABC):
    """Base class of schedules: a weight that changes from epoch to epoch.

    A constant weight is a plain number and needs no schedule.

    Examples
    --------
    >>> from skae.schedules import Schedule
    >>> class Steps(Schedule):
    ...     def __init__(self, every=20):
    ...         self.every = every
    ...
    ...     def __call__(self, epoch, n_epochs=None):
    ...         return 1 / 10 ** (epoch // self.every)
    >>> [Steps()(epoch) for epoch in (0, 19, 20, 40)]
    [1.0, 1.0, 0.1, 0.01]
    """

    @abstractmethod
    def __call__(self, epoch, n_epochs=None):
        """Return the weight in an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        n_epochs : int or None, default=None
            How many are going to be run in all, where that is known.
        """


def weight_at(weight, epoch, n_epochs=None):
    """Return a weight, which is a number or a `Schedule`, in one epoch.

    Examples
    --------
    >>> from skae.schedules import LinearWarmup, weight_at
    >>> weight_at(0.5, epoch=3), weight_at(LinearWarmup(n_epochs=4), epoch=3)
    (0.5, 0.75)
    """
    return weight(epoch, n_epochs) if callable(weight) else weight


@SCHEDULES.register("linear_warmup")
class LinearWarmup(Schedule):
    """Linear rise from 0 to the final weight: ``final * min(1, epoch / n_epochs)``.

    A warm-up longer than the training would never arrive: where the number of epochs
    to be run is known, the last of them has the final weight at the latest.

    Parameters
    ----------
    n_epochs : int, default=50
        Length of the warm-up in epochs.
    final : float, default=1.0
        Weight from then on.

    Examples
    --------
    >>> from skae.schedules import LinearWarmup
    >>> warmup = LinearWarmup(n_epochs=4, final=0.1)
    >>> [round(warmup(epoch), 3) for epoch in range(6)]
    [0.0, 0.025, 0.05, 0.075, 0.1, 0.1]
    >>> warmup(2, n_epochs=3)
    0.1
    """

    def __init__(self, n_epochs=50, final=1.0):
        self.n_epochs = n_epochs
        self.final = final

    def __call__(self, epoch, n_epochs=None):
        """Return the weight; see `Schedule`."""
        length = self.n_epochs if n_epochs is None else min(self.n_epochs, n_epochs - 1)
        return self.final * min(1.0, epoch / length) if length > 0 else self.final


@SCHEDULES.register("cyclic")
class Cyclic(Schedule):
    """Repeated linear rise from 0 to the final weight.

    In each cycle the weight rises linearly for a share of the epochs and stays at its
    final value for the rest (Fu et al., 2019, arXiv:1903.10145).

    Parameters
    ----------
    period : int, default=25
        Epochs in a cycle.
    final : float, default=1.0
        Weight at the end of each rise.
    rise : float in (0, 1], default=0.5
        Share of a cycle in which the weight rises.

    Examples
    --------
    >>> from skae.schedules import Cyclic
    >>> cyclic = Cyclic(period=4, rise=0.5)
    >>> [cyclic(epoch) for epoch in range(8)]
    [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0]
    """

    def __init__(self, period=25, final=1.0, rise=0.5):
        self.period = period
        self.final = final
        self.rise = rise

    def __call__(self, epoch, n_epochs=None):
        """Return the weight; see `Schedule`."""
        progress = (epoch % self.period) / self.period
        return self.final * min(1.0, progress / self.rise)
