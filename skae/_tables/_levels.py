"""Places of values among the levels of a column."""

import numpy as np

__all__ = ["as_levels", "check_known", "levels_of", "places"]


def levels_of(cells):
    """Return the levels of a column, a list: those of its dtype, or sorted values.

    Raises
    ------
    TypeError
        When values cannot be told apart, as lists.
    """
    if cells.levels is not None:
        return cells.levels.tolist()
    try:
        found = set(cells.present.tolist())
    except TypeError as error:
        raise TypeError(
            f"Column {cells.name!r} holds what is no category ({error}): leave it out."
        ) from None
    try:
        return sorted(found)
    except TypeError:  # of several types
        return sorted(found, key=lambda level: (type(level).__name__, str(level)))


def as_levels(levels, places):
    """Return the levels at some places, an array of objects."""
    table = np.empty(len(levels), dtype=object)
    table[:] = levels
    return table[places]


def places(cells, levels):
    """Return the place of each value among levels, -1 for missing and unknown ones."""
    at = {level: place for place, level in enumerate(levels)}
    values = cells.values.tolist()
    try:
        found = np.fromiter((at.get(v, -1) for v in values), np.int64, len(values))
    except TypeError as error:
        raise TypeError(
            f"Column {cells.name!r} holds what is no category ({error})."
        ) from None
    found[cells.missing] = -1
    return found


def check_known(cells, is_unknown, levels, handle_unknown):
    """Refuse values that were not in the fit, unless they count as missing."""
    if handle_unknown == "missing" or not is_unknown.any():
        return
    row = int(np.argmax(is_unknown))
    known = ", ".join(map(repr, levels[:5])) + ", ..." * (len(levels) > 5)
    raise ValueError(
        f"Column {cells.name!r} has {cells.values[row]!r} in row {row}, which was not "
        f"in the fit (there: {known or 'no value'}): leave the row out, or set "
        "handle_unknown='missing' to take such values for missing ones."
    )
