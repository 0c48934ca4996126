"""One test for each check: which checks an instance has."""

from skae.autoencoders._base import BaseAutoencoder
from skae.bottlenecks import Bottleneck
from skae.noise import Noise
from skae.objectives import Penalty, ReconstructionLoss
from skae.samplers import Sampler
from skae.schedules import Schedule
from skae.scorers import Scorer
from skae.search import Strategy
from skae.testing._autoencoders import autoencoder_checks
from skae.testing._bottlenecks import BOTTLENECK_CHECKS
from skae.testing._networks import network_checks
from skae.testing._noise import NOISE_CHECKS
from skae.testing._penalties import PENALTY_CHECKS
from skae.testing._promise import name_of
from skae.testing._reconstructions import RECONSTRUCTION_CHECKS
from skae.testing._samplers import SAMPLER_CHECKS
from skae.testing._schedules import SCHEDULE_CHECKS
from skae.testing._scorers import SCORER_CHECKS
from skae.testing._strategies import STRATEGY_CHECKS

__all__ = ["checks_of", "parametrize_with_checks"]

_CHECKS_OF_PARTS = {
    Bottleneck: BOTTLENECK_CHECKS,
    Noise: NOISE_CHECKS,
    ReconstructionLoss: RECONSTRUCTION_CHECKS,
    Penalty: PENALTY_CHECKS,
    Schedule: SCHEDULE_CHECKS,
    Sampler: SAMPLER_CHECKS,
    Scorer: SCORER_CHECKS,
    Strategy: STRATEGY_CHECKS,
}


def checks_of(instance):
    """Yield the checks of an autoencoder or a part, one by one.

    Parameters
    ----------
    instance : BaseAutoencoder, Bottleneck, Noise, ReconstructionLoss, Penalty, \
            Schedule, Sampler, Scorer, Strategy, or tuple (Network, event_shape)

    Yields
    ------
    instance : object
        As it was given, or the network.
    check : callable
        To be called with the instance. It raises `AssertionError`, or
        `unittest.SkipTest` where it can't be run.

    Raises
    ------
    TypeError
        When it is none of these.

    Examples
    --------
    >>> from skae.schedules import Cyclic
    >>> from skae.testing import checks_of
    >>> for schedule, check in checks_of(Cyclic()):
    ...     check(schedule)
    """
    if isinstance(instance, tuple):
        instance, checks = instance[0], network_checks(instance[1])
    else:
        checks = _checks_of(instance)
    for check in checks:
        yield instance, check


def parametrize_with_checks(instances):
    """Return a pytest decorator that makes a test of each check of each instance.

    Parameters
    ----------
    instances : sequence
        What `checks_of` takes, mixed at will.

    Returns
    -------
    decorator : pytest.MarkDecorator
        For a test function with the arguments `instance` and `check`.

    Examples
    --------
    In a test suite::

        @parametrize_with_checks([MyPenalty(), (MyNetwork(), (12, 3))])
        def test_parts(instance, check):
            check(instance)
    """
    import pytest

    pairs = [pair for instance in instances for pair in checks_of(instance)]
    return pytest.mark.parametrize(("instance", "check"), pairs, ids=name_of)


def _checks_of(instance):
    if isinstance(instance, BaseAutoencoder):
        return autoencoder_checks(instance)
    for kind, checks in _CHECKS_OF_PARTS.items():
        if isinstance(instance, kind):
            return checks
    kinds = ", ".join(kind.__name__ for kind in (BaseAutoencoder, *_CHECKS_OF_PARTS))
    raise TypeError(
        f"There are no checks of {instance!r}: pass an instance of {kinds}, or a tuple "
        "(Network, event_shape)."
    )
