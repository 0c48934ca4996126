"""Kinds of columns: what they are, by their dtypes and values or as users say."""

from numbers import Real

import numpy as np

__all__ = ["KINDS", "kind_of", "settled"]

#: What a column may be said to be.
KINDS = ("numeric", "count", "ordinal", "date", "boolean", "categorical")


def kind_of(cells):
    """Return the kind of a column of a frame, by its dtype and values.

    Categories that are ordered are ordinal, others and text categorical. Whole numbers
    are boolean if they are 0 and 1, and counts if they begin at 0 and vary more than
    counts of independent events. Columns without any value are ``"empty"``.

    Parameters
    ----------
    cells : Cells
        As `settled` returns them.

    Raises
    ------
    TypeError
        When the column mixes text and numbers, or holds objects of another type.
    """
    present = cells.present
    if not len(present):
        return "empty"
    if cells.levels is not None:
        return "ordinal" if cells.is_ordered else "categorical"
    match cells.values.dtype.kind:
        case "M" | "m":
            return "date"
        case "b":
            return "boolean"
        case "i" | "u":
            return _kind_of_whole(present)
        case "f":
            return "numeric"
    return _kind_of_objects(cells.name, present)


def _kind_of_whole(values):
    lowest, highest = int(values.min()), int(values.max())
    if (lowest, highest) == (0, 1):
        return "boolean"
    spread = values.astype(np.float64)
    is_count = lowest == 0 and spread.var() > spread.mean()
    return "count" if is_count else "numeric"


def _kind_of_objects(name, values):
    types = {type(value) for value in values}
    if types <= {bool, np.bool_}:
        return "boolean"
    if all(issubclass(each, str) for each in types):
        return "categorical"
    named = " and ".join(sorted(each.__name__ for each in types)[:3])
    raise TypeError(
        f"Column {name!r} holds {named}, which is neither text nor numbers alone, but "
        f"an argument of its own must be a string or a number: make them of one type, "
        f"or set column_types={{{name!r}: 'categorical'}}, or leave the column out."
    )


def settled(cells):
    """Return cells with objects that are all numbers as floats."""
    if cells.values.dtype.kind != "O" or cells.levels is not None:
        return cells
    present = cells.present
    is_text = any(isinstance(value, str | bool | np.bool_) for value in present)
    if is_text or not all(isinstance(value, Real) for value in present):
        return cells
    values = np.full(len(cells.values), np.nan)
    try:
        values[~cells.missing] = present.astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"Column {cells.name!r} holds numbers that are too large for 64 bits: "
            "divide them, or leave the column out."
        ) from None
    return cells._replace(values=values) if len(present) else cells
