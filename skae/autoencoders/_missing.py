"""What is missing in rows: single values, time steps, or what follows an end."""

from typing import NamedTuple

import numpy as np

from skae._arrays import LazyRows
from skae._notices import warn
from skae.autoencoders._rows import chunks, parts_of
from skae.training._inference import slices

__all__ = [
    "Missing",
    "check_not_empty",
    "empty_features",
    "end_early",
    "has_missing",
    "hot_deck",
    "missing_in",
    "refuse_empty",
    "warn_empty_features",
]

N_NAMES = 8
N_NAMED = 5
# Rows that are copied at once to see whether they have any value.
SUSPECTS = 1000


class Missing(NamedTuple):
    """Whether some entries of rows are NaN, and whether some sequences end early."""

    has_missing: bool = False
    end_early: bool = False

    def also(self, other):
        """Return what is missing in these rows or in others."""
        return Missing(*map(max, self, other))


def missing_in(X, are_sequences):
    """Return what is `Missing` in an array of rows, of which only sequences may end."""
    is_incomplete = has_missing(X)
    return Missing(is_incomplete, is_incomplete and are_sequences and end_early(X))


def has_missing(X):
    """Return whether some entries of an array are NaN."""
    if isinstance(X, LazyRows):
        return X.has_missing
    return X.dtype.kind == "f" and any(np.isnan(chunk).any() for chunk in chunks(X))


def end_early(X):
    """Return whether some sequences end before the last time step."""
    return any(np.isnan(chunk[:, -1]).all(axis=1).any() for chunk in chunks(X))


def check_not_empty(X, first, kind="rows", name="X"):
    """Refuse rows without any value, given the number of the first one."""
    if X.dtype.kind != "f":
        return
    if isinstance(X, LazyRows):
        for rows in parts_of(X) if X.has_missing else ():
            check_not_empty(X[rows], first + rows.start, kind, name)
        return
    # few rows lack their first entry, so that others are hardly looked at
    suspects = np.flatnonzero(np.isnan(X[(slice(None), *[0] * (X.ndim - 1))]))
    entries = tuple(range(1, X.ndim))
    empty = []
    for rows in slices(len(suspects), SUSPECTS):
        numbers = suspects[rows]
        empty += numbers[np.isnan(X[numbers]).all(axis=entries)].tolist()
    refuse_empty([first + number for number in empty[:N_NAMED]], len(empty), kind, name)


def refuse_empty(numbers, n_empty, kind="rows", name="X"):
    """Raise an error for rows without any value, if there are some.

    Parameters
    ----------
    numbers : list of int
        Of the first of them.
    n_empty : int
        How many there are.
    kind, name : str
        What rows, and their array, are called.
    """
    if n_empty:
        named = ", ".join(map(str, numbers)) + ", ..." * (n_empty > len(numbers))
        raise ValueError(
            f"Input {name} contains NaN only in {n_empty} of its {kind}, by "
            f"number {named}: leave out those without any value."
        )


def empty_features(events):
    """Return which features, channels of sequences or pixels have no value at all.

    Parameters
    ----------
    events : ndarray of shape (n_samples, ..., n_features)

    Returns
    -------
    is_empty : ndarray of bool of shape (n_features,), or that of an image
    """
    over = (0,) if events.ndim == 4 else tuple(range(events.ndim - 1))
    return np.isnan(events).all(axis=over)


def warn_empty_features(is_empty, names):
    """Warn of features, or channels of sequences, without any value.

    Parameters
    ----------
    is_empty : ndarray of bool
        As `empty_features` returns it. Pixels of images may be empty.
    names : array-like of str, or ()
        Of the features, where they have some.
    """
    empty = np.flatnonzero(is_empty).tolist()
    if is_empty.ndim > 1 or not empty:
        return
    listed = ", ".join(
        repr(names[i]) if len(names) > i else str(i) for i in empty[:N_NAMES]
    )
    warn(
        f"{len(empty)} of {len(is_empty)} features of X have no value at all: "
        f"{listed}{', ...' * (len(empty) > N_NAMES)}. They stay where they are and are "
        "taken for zeros, which count nowhere: drop them, if they are to be left out.",
        key=("empty", *empty),
    )


def hot_deck(X):
    """Return a table with values of the same column where there is none.

    Present values are repeated in their order, so that spreads and quartiles of columns
    stay about what they are. A column without any value becomes zero.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.autoencoders._missing import hot_deck
    >>> hot_deck(np.array([[1.0], [np.nan], [2.0], [np.nan], [np.nan]])).ravel()
    array([1., 1., 2., 2., 1.])
    """
    missing = np.isnan(X)
    if not missing.any():
        return X
    X = X.copy()
    for values, is_missing in zip(X.T, missing.T, strict=True):
        present = values[~is_missing]
        values[is_missing] = np.resize(present, is_missing.sum()) if len(present) else 0
    return X
