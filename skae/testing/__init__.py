"""Checks of your own autoencoders and parts.

Each ``check_...`` function takes an instance and raises an `AssertionError` that says
which of the library's promises it breaks, and how to mend that. In a test suite of your
own, `parametrize_with_checks` makes one test of each check; pytest is not needed
otherwise.
"""

from skae.testing._checks import (
    check_autoencoder,
    check_bottleneck,
    check_network,
    check_noise,
    check_penalty,
    check_reconstruction,
    check_sampler,
    check_schedule,
    check_scorer,
    check_strategy,
)
from skae.testing._parametrize import checks_of, parametrize_with_checks

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
    "checks_of",
    "parametrize_with_checks",
]
