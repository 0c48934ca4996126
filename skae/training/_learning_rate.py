"""Learning-rate schedules as pure functions of the share of training that is done."""

from math import cos, pi

__all__ = ["LEARNING_RATE_SCHEDULES", "cosine", "one_cycle"]

WARM_UP = 0.3
START = 1 / 25
END = 1e-4 / 25


def one_cycle(progress):
    """Return the factor of a one-cycle schedule.

    The rate rises from 1/25 of its peak over the first 30 % of the steps and falls
    to nearly zero over the rest, both along half a cosine (Smith & Topin,
    arXiv:1708.07120, with the constants of torch's ``OneCycleLR``).

    Parameters
    ----------
    progress : float in [0, 1]
        Steps done over steps in all.

    Examples
    --------
    >>> from skae.training._learning_rate import one_cycle
    >>> [round(one_cycle(progress), 2) for progress in (0.0, 0.3, 0.65, 1.0)]
    [0.04, 1.0, 0.5, 0.0]
    """
    if progress < WARM_UP:
        return _half_cosine(START, 1.0, progress / WARM_UP)
    return _half_cosine(1.0, END, (progress - WARM_UP) / (1 - WARM_UP))


def cosine(progress):
    """Return the factor of a cosine decay from 1 to 0 (arXiv:1608.03983)."""
    return _half_cosine(1.0, 0.0, progress)


def _half_cosine(start, end, share):
    return end + (start - end) * (1 + cos(pi * share)) / 2


LEARNING_RATE_SCHEDULES = {"one_cycle": one_cycle, "cosine": cosine}
