"""Checks of schedules."""

from math import isfinite
from numbers import Real

from sklearn.base import clone

from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require
from skae.testing._tensors import pickled

__all__ = ["SCHEDULE_CHECKS"]

LENGTHS = (None, 1, 2, 12)


def _weights(schedule, n_epochs=None):
    return [schedule(epoch, n_epochs) for epoch in range(n_epochs or 12)]


@promise(
    "a weight is a number, finite and not negative, in every epoch, for trainings of "
    "every length and of unknown length.",
    mend="take epoch, counted from 0, and n_epochs=None; mind divisions by n_epochs - "
    "1 for a single epoch.",
)
def check_schedule_weights(schedule):
    """Check weights in trainings of several lengths."""
    require(schedule(0) == schedule(0, None), "n_epochs is not None by default")
    for n_epochs in LENGTHS:
        for epoch, weight in enumerate(_weights(schedule, n_epochs)):
            require(
                isinstance(weight, Real) and isfinite(weight) and weight >= 0,
                f"{weight!r} in epoch {epoch} of {n_epochs}",
            )


@promise(
    "a weight is a pure function of the epoch: the same whatever was asked before.",
    mend="keep no state between calls, and draw no random numbers.",
)
def check_schedule_is_pure(schedule):
    """Check weights of repeated calls, in reverse order, and after pickling."""
    for n_epochs in LENGTHS:
        fresh, epochs = clone(schedule), range(n_epochs or 12)
        backwards = [fresh(epoch, n_epochs) for epoch in reversed(epochs)]
        expected = _weights(clone(schedule), n_epochs)
        require(
            backwards[::-1] == expected,
            f"{expected} in one order, {backwards[::-1]} in the other",
        )
        found = _weights(pickled(schedule), n_epochs)
        require(found == expected, f"{expected}, and {found} after pickling")


SCHEDULE_CHECKS = (*PART_CHECKS, check_schedule_weights, check_schedule_is_pure)
