"""Collection of the checks of an autoencoder or a part, and their runner."""

import warnings
from unittest import SkipTest

from sklearn.exceptions import SkipTestWarning

from skae.autoencoders import BaseAutoencoder
from skae.bottlenecks import Bottleneck
from skae.networks import Network
from skae.noise import Noise
from skae.objectives import Likelihood, Penalty, ReconstructionLoss
from skae.samplers import Sampler
from skae.schedules import Schedule
from skae.scorers import Scorer
from skae.search import SelectionRule, Strategy
from skae.testing._autoencoders import autoencoder_checks
from skae.testing._bottlenecks import BOTTLENECK_CHECKS
from skae.testing._likelihoods import LIKELIHOOD_CHECKS
from skae.testing._networks import network_checks
from skae.testing._noise import NOISE_CHECKS
from skae.testing._penalties import PENALTY_CHECKS
from skae.testing._promise import name_of
from skae.testing._reconstructions import RECONSTRUCTION_CHECKS
from skae.testing._rules import RULE_CHECKS
from skae.testing._samplers import SAMPLER_CHECKS
from skae.testing._schedules import SCHEDULE_CHECKS
from skae.testing._scorers import SCORER_CHECKS
from skae.testing._strategies import STRATEGY_CHECKS

__all__ = ["check", "checks_of", "parametrize_with_checks"]

_CHECKS_OF_PARTS = {
    Bottleneck: BOTTLENECK_CHECKS,
    Noise: NOISE_CHECKS,
    Likelihood: LIKELIHOOD_CHECKS,
    ReconstructionLoss: RECONSTRUCTION_CHECKS,
    Penalty: PENALTY_CHECKS,
    Schedule: SCHEDULE_CHECKS,
    Sampler: SAMPLER_CHECKS,
    SelectionRule: RULE_CHECKS,
    Strategy: STRATEGY_CHECKS,
    Scorer: SCORER_CHECKS,
}


def check(instance):
    """Check that an autoencoder, or a part of any kind, keeps the library's promises.

    Which promises these are follows from the base class. An autoencoder is fitted to
    tables of a few rows and 1 to 6 columns, about 20 times: give it five or ten epochs.
    scikit-learn's own contract is not among its checks: run
    `sklearn.utils.estimator_checks.check_estimator` beside this function. Scorers are
    tried on small variational autoencoders, samplers on codes and in a small
    autoencoder, strategies in evolutions whose scores are known at once; all other
    parts on tensors and numbers. Nothing that is passed is fitted itself.

    Parameters
    ----------
    instance : BaseAutoencoder, Bottleneck, Noise, Likelihood, ReconstructionLoss, \
            Penalty, Schedule, Sampler, SelectionRule, Strategy, Scorer, or tuple \
            (Network, event_shape)
        For a network, also the shape of the events that it is built for:
        ``(n_features,)``, or ``(n_timesteps, n_channels)`` for sequences.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.
    TypeError
        When it is of no kind that has checks.

    Warns
    -----
    SkipTestWarning
        When a check can't be run, for want of pandas.

    See Also
    --------
    parametrize_with_checks : One test for each check.

    Examples
    --------
    >>> from skae import DenseAutoencoder
    >>> from skae.networks import RecurrentNetwork
    >>> from skae.objectives import L1Activity
    >>> from skae.testing import check
    >>> check(L1Activity())
    >>> check((RecurrentNetwork(hidden_size=4), (6, 2)))
    >>> check(DenseAutoencoder(max_epochs=5))
    """
    for part, run in checks_of(instance):
        try:
            run(part)
        except SkipTest as reason:
            warnings.warn(
                f"{name_of(run)} is skipped: {reason}.", SkipTestWarning, stacklevel=2
            )


def checks_of(instance):
    """Return the checks of an autoencoder or a part, one by one.

    Parameters
    ----------
    instance : object
        What `check` takes.

    Returns
    -------
    checks : list of (object, callable)
        The instance as it was given, or the network, and what is to be called with it.
        It raises `AssertionError`, or `unittest.SkipTest` where it can't be run.

    Raises
    ------
    TypeError
        When it is of no kind that has checks.

    Examples
    --------
    >>> from skae.schedules import Cyclic
    >>> from skae.testing import checks_of
    >>> for schedule, check in checks_of(Cyclic()):
    ...     check(schedule)
    """
    match instance:
        case (Network() as network, event_shape):
            return [(network, check) for check in network_checks(event_shape)]
        case BaseAutoencoder():
            return [(instance, check) for check in autoencoder_checks(instance)]
    for kind, checks in _CHECKS_OF_PARTS.items():
        if isinstance(instance, kind):
            return [(instance, check) for check in checks]
    raise TypeError(_no_checks(instance))


def _no_checks(instance):
    kinds = ", ".join(kind.__name__ for kind in (BaseAutoencoder, *_CHECKS_OF_PARTS))
    return (
        f"There are no checks of {instance!r}: pass an instance of {kinds}, or a tuple "
        "(Network, event_shape)."
    )


def parametrize_with_checks(instances):
    """Return a pytest decorator that makes a test of each check of each instance.

    Parameters
    ----------
    instances : sequence
        What `check` takes, mixed at will.

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
