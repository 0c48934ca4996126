"""Failures of checks, which name the contract, the finding and a remedy."""

import re
from contextlib import contextmanager
from functools import partial, wraps
from unittest import SkipTest

import numpy as np
import torch

__all__ = ["name_of", "promise", "refused", "require", "same", "untouched_randomness"]


def promise(text, *, mend):
    """Return a decorator for checks, whose every failure then names the contract.

    Parameters
    ----------
    text : str
        What is promised, a sentence.
    mend : str
        What to do where the promise is broken, a sentence.

    Returns
    -------
    decorator : callable
        The decorated check raises nothing but `AssertionError`, also where the part
        under test raised something else, and `SkipTest` where it can't be checked.
    """

    def decorate(check):
        @wraps(check)
        def checked(part, **settings):
            try:
                check(part, **settings)
            except SkipTest:
                raise
            except Exception as error:
                case = "".join(f", {key}={value!r}" for key, value in settings.items())
                raise AssertionError(
                    f"{check.__name__} fails for {name_of(part)}{case}.\n"
                    f"Promised: {text}\nFound: {_found(error)}\nTo mend it: {mend}"
                ) from error

        return checked

    return decorate


def _found(error):
    if isinstance(error, AssertionError):
        return str(error).strip()
    return f"it raised {type(error).__name__}: {error}"


def name_of(part):
    """Return a short name of a part, or of a check, in one word."""
    if isinstance(part, partial):
        settings = ",".join(f"{key}={value}" for key, value in part.keywords.items())
        return f"{part.func.__name__}({settings})".replace(" ", "_")
    return getattr(part, "__name__", None) or re.sub(r"\s", "", repr(part))


def require(condition, found):
    """Raise an AssertionError with the finding, unless the condition holds."""
    if not condition:
        raise AssertionError(found)


def same(actual, expected, what, *, exact=False):
    """Require two tensors or arrays to be equal, to rounding or exactly."""
    tolerance = {"rtol": 0, "atol": 0} if exact else {}
    torch.testing.assert_close(
        torch.as_tensor(actual),
        torch.as_tensor(expected),
        equal_nan=True,
        msg=lambda message: f"{what}: {message}",
        **tolerance,
    )


@contextmanager
def refused(error, match, what):
    """Require an error whose message matches a regular expression."""
    try:
        yield
    except error as found:
        require(
            re.search(match, str(found)),
            f"{what} is refused, but the message {str(found)!r} has no {match!r}",
        )
    else:
        raise AssertionError(f"{what} is accepted")


@contextmanager
def untouched_randomness(what):
    """Require the global random states of torch and numpy to be left alone."""
    with _random_states_of_our_own():
        before = _random_states()
        yield
        after = _random_states()
    changed = [name for name in before if before[name] != after[name]]
    require(not changed, f"{what} changes the global random state of {changed}")


@contextmanager
def _random_states_of_our_own():
    """Seed the global random states with an unusual seed, and restore them after."""
    numpy_state = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(987_654_321)
        np.random.seed(987_654_321)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002


def _random_states():
    numpy_state = np.random.get_state()  # noqa: NPY002 (the state not to be touched)
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (numpy_state[1].tobytes(), *numpy_state[2:]),
    }
