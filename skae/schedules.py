"""Schedules: a penalty's weight as a pure function of the epoch."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from skae.registry import Registry

__all__ = ["SCHEDULES", "Schedule", "weight_at"]

SCHEDULES = Registry("schedule", "skae.schedules")


class Schedule(BaseEstimator, ABC):
    """A weight that changes from epoch to epoch."""

    @abstractmethod
    def __call__(self, epoch):
        """Return the weight in `epoch`, counted from 0."""


def weight_at(weight, epoch):
    """Return a weight, which is a number or a `Schedule`, in one epoch."""
    return weight(epoch) if callable(weight) else weight
