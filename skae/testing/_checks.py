"""One function for each kind of part: all its checks, one after another."""

import warnings
from unittest import SkipTest

from sklearn.exceptions import SkipTestWarning

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

__all__ = [
    "check_autoencoder",
    "check_bottleneck",
    "check_network",
    "check_noise",
    "check_penalty",
    "check_reconstruction",
    "check_sampler",
    "check_schedule",
    "check_scorer",
    "check_strategy",
]


def check_autoencoder(estimator):
    """Check a subclass of `BaseAutoencoder`, or a composition of parts.

    It is fitted to tables of a few rows and 1 to 6 columns, about 20 times; give it
    five or ten epochs. scikit-learn's own contract is not among the checks: run
    `sklearn.utils.estimator_checks.check_estimator` beside it.

    Parameters
    ----------
    estimator : BaseAutoencoder
        It is cloned, and not fitted itself.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Warns
    -----
    SkipTestWarning
        When a check can't be run, for want of pandas.

    Examples
    --------
    >>> from skae import DenseAutoencoder
    >>> from skae.testing import check_autoencoder
    >>> check_autoencoder(DenseAutoencoder(max_epochs=5))
    """
    _run(estimator, autoencoder_checks(estimator))


def check_network(network, event_shape):
    """Check a `Network` for events of one shape.

    Parameters
    ----------
    network : Network
    event_shape : tuple of int
        ``(n_features,)``, or ``(n_timesteps, n_channels)`` for sequences.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.networks import RecurrentNetwork
    >>> from skae.testing import check_network
    >>> check_network(RecurrentNetwork(hidden_size=4), (6, 2))
    """
    _run(network, network_checks(event_shape))


def check_bottleneck(bottleneck):
    """Check a `Bottleneck`.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.bottlenecks import GaussianBottleneck
    >>> from skae.testing import check_bottleneck
    >>> check_bottleneck(GaussianBottleneck())
    """
    _run(bottleneck, BOTTLENECK_CHECKS)


def check_noise(noise):
    """Check a `Noise`.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.noise import MaskingNoise
    >>> from skae.testing import check_noise
    >>> check_noise(MaskingNoise(p=0.5))
    """
    _run(noise, NOISE_CHECKS)


def check_reconstruction(term):
    """Check a `ReconstructionLoss`, on values in its range.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.objectives import Huber
    >>> from skae.testing import check_reconstruction
    >>> check_reconstruction(Huber(delta=0.5))
    """
    _run(term, RECONSTRUCTION_CHECKS)


def check_penalty(penalty):
    """Check a `Penalty`.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.objectives import L1Activity
    >>> from skae.testing import check_penalty
    >>> check_penalty(L1Activity())
    """
    _run(penalty, PENALTY_CHECKS)


def check_schedule(schedule):
    """Check a `Schedule`.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.schedules import LinearWarmup
    >>> from skae.testing import check_schedule
    >>> check_schedule(LinearWarmup(n_epochs=5))
    """
    _run(schedule, SCHEDULE_CHECKS)


def check_sampler(sampler):
    """Check a `Sampler`, on codes and in a small autoencoder.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.samplers import MixtureSampler
    >>> from skae.testing import check_sampler
    >>> check_sampler(MixtureSampler(max_modes=3))
    """
    _run(sampler, SAMPLER_CHECKS)


def check_scorer(scorer):
    """Check a `Scorer`, on small variational autoencoders, which also generate.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.scorers import Reconstruction
    >>> from skae.testing import check_scorer
    >>> check_scorer(Reconstruction())
    """
    _run(scorer, SCORER_CHECKS)


def check_strategy(strategy):
    """Check a `Strategy`, in evolutions whose scores are known at once.

    Raises
    ------
    AssertionError
        At the first promise that is broken, with the way to mend it.

    Examples
    --------
    >>> from skae.search import KeepIfBetter
    >>> from skae.testing import check_strategy
    >>> check_strategy(KeepIfBetter(n_layers=2))
    """
    _run(strategy, STRATEGY_CHECKS)


def _run(instance, checks):
    for check in checks:
        try:
            check(instance)
        except SkipTest as reason:
            warnings.warn(
                f"{name_of(check)} is skipped: {reason}.", SkipTestWarning, stacklevel=3
            )
