"""Rules of an epoch: what a fit that trains alone and a member of a stack both decide.

All are pure functions, so that both decide the same.
"""

import math
from operator import mul

from skae.training._learning_rate import LEARNING_RATE_SCHEDULES

__all__ = [
    "batch_sizes",
    "divergence_limit",
    "failure_limit",
    "has_come_down",
    "is_good",
    "learning_rate",
    "row_of_settings",
    "row_of_terms",
]

TOO_MUCH = 1e4
FAILED = 10.0


def batch_sizes(n_rows, batch_size):
    """Return the sizes of an epoch's batches, of which the last may be smaller.

    Examples
    --------
    >>> from skae.training._rules import batch_sizes
    >>> batch_sizes(10, 4)
    [4, 4, 2]
    """
    full, rest = divmod(n_rows, batch_size)
    return [batch_size] * full + [rest] * (rest > 0)


def learning_rate(peak, schedule, progress):
    """Return the rate of a step, at which a share of the training has been done.

    Parameters
    ----------
    peak : float
    schedule : str
        A name in `LEARNING_RATE_SCHEDULES`; any other leaves the rate at its peak.
    progress : float in [0, 1]
        Steps done over steps in all.

    Examples
    --------
    >>> from skae.training._rules import learning_rate
    >>> learning_rate(0.1, "cosine", 0.0), learning_rate(0.1, "constant", 0.9)
    (0.1, 0.1)
    """
    if schedule not in LEARNING_RATE_SCHEDULES:
        return peak
    return peak * LEARNING_RATE_SCHEDULES[schedule](progress)


def has_come_down(schedule, progress):
    """Return whether a schedule has brought the rate to half of its peak, or less.

    Constant rates, and those that no schedule of `LEARNING_RATE_SCHEDULES` moves, are
    as low as they get.

    Examples
    --------
    >>> from skae.training._rules import has_come_down
    >>> [has_come_down("one_cycle", progress) for progress in (0.1, 0.3, 0.7)]
    [False, False, True]
    """
    if schedule not in LEARNING_RATE_SCHEDULES:
        return True
    factor = LEARNING_RATE_SCHEDULES[schedule]
    is_falling = factor(progress) < factor(max(0.0, progress - 1e-3))
    return is_falling and factor(progress) <= 0.5


def divergence_limit(before, spread, multiplied=mul):
    """Return the loss beyond which training is stopped as it has diverged.

    It is 10,000 times both the loss before training and that of the mean of the rows.
    `multiplied` returns a loss so many times as large.
    """
    return multiplied(max(before, spread), TOO_MUCH)


def failure_limit(before, spread, multiplied=mul):
    """Return the reconstruction loss beyond which weights are worse than none.

    It is 10 times both that before training and that of the mean of the rows, their
    variance under squared error. A fit may come back from there, but not end there.
    `multiplied` is as for `divergence_limit`.
    """
    return multiplied(max(before, spread), FAILED)


def is_good(loss, limit):
    """Return whether a loss is finite and within its limit."""
    # data that are themselves beyond all bounds leave no limit to compare with
    return math.isfinite(loss) and not loss > limit


def row_of_terms(prefix, terms, n_batches):
    """Return an epoch's terms as the history records them.

    Parameters
    ----------
    prefix : {"train", "valid"}
    terms : dict of str to float
        Means over the rows of the epoch, the loss among them.
    n_batches : int

    Examples
    --------
    >>> from skae.training._rules import row_of_terms
    >>> row_of_terms("valid", {"loss": 0.5}, 3)
    {'valid_loss': 0.5, 'valid_batch_count': 3}
    """
    row = {f"{prefix}_{name}": value for name, value in terms.items()}
    return {**row, f"{prefix}_batch_count": n_batches}


def row_of_settings(rate, weights):
    """Return an epoch's settings as the history records them.

    Parameters
    ----------
    rate : float
        Learning rate of the last step.
    weights : dict of str to float
        Of the penalties.

    Examples
    --------
    >>> from skae.training._rules import row_of_settings
    >>> row_of_settings(0.1, {"kl": 1.0})
    {'learning_rate': 0.1, 'kl_weight': 1.0}
    """
    named = {f"{name}_weight": weight for name, weight in weights.items()}
    return {"learning_rate": rate, **named}
