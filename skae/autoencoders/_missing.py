"""What is missing in sequences: single values, time steps, or what follows an end."""

from typing import NamedTuple

import numpy as np

from skae.autoencoders._rows import chunks

__all__ = ["Missing", "check_not_empty", "end_early", "missing_in"]


class Missing(NamedTuple):
    """Whether some entries of rows are NaN, and whether some sequences end early."""

    has_missing: bool = False
    end_early: bool = False

    def also(self, other):
        """Return what is missing in these rows or in others."""
        return Missing(*map(max, self, other))


def missing_in(X):
    """Return what is `Missing` in an array of sequences."""
    has_missing = any(np.isnan(chunk).any() for chunk in chunks(X))
    return Missing(has_missing, has_missing and end_early(X))


def end_early(X):
    """Return whether some sequences end before the last time step."""
    return any(np.isnan(chunk[:, -1]).all(axis=1).any() for chunk in chunks(X))


def check_not_empty(X, first):
    """Refuse sequences without any value, given the number of the first one."""
    empty = [np.isnan(chunk).all(axis=(1, 2)) for chunk in chunks(X)]
    numbers = first + np.flatnonzero(np.concatenate(empty))
    if len(numbers):
        named = ", ".join(map(str, numbers[:5])) + ", ..." * (len(numbers) > 5)
        raise ValueError(
            f"Input X contains NaN only in {len(numbers)} of its sequences, by number "
            f"{named}: leave out those without any value."
        )
