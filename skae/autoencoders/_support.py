"""Values that a likelihood gives no probability."""

import numpy as np

from skae.autoencoders._rows import parts_of

__all__ = ["check_support"]


def check_support(term, X, names=None):
    """Refuse values that data of a likelihood cannot have.

    Parameters
    ----------
    term : Likelihood
    X : ndarray of shape (n_samples, ...)
    names : sequence of str or None, default=None
        Of the columns.

    Raises
    ------
    ValueError
        Names the first such value, its row and its column.
    """
    for rows in parts_of(X):
        outside = term.outside(X[rows])
        if not outside.any():
            continue
        row, *place = map(int, np.argwhere(outside)[0])
        raise ValueError(
            f"{type(term).__name__} takes {term.support}, and "
            f"{_column(place, names)} has {X[rows][row][tuple(place)]} in "
            f"row {rows.start + row}: give the data as they were counted or coded, "
            "neither scaled nor transformed, or choose another reconstruction term, as "
            "'gaussian'."
        )


def _column(place, names):
    """Return the words for a place within a row, ``(column,)`` or an event's."""
    if len(place) > 1:
        return f"entry {tuple(place)} of an event"
    is_named = names is not None and place[0] < len(names)
    return f"column {names[place[0]] if is_named else place[0]!r}"
