"""Steps in time between the rows of a series."""

from datetime import UTC

import numpy as np

from skae._arrays import as_vector

__all__ = ["long_steps", "one_for_each"]

# Stamps that are floats differ by rounding, which is no gap.
_ROUNDING = 1e-6
# Steps that tell what is usual: of two, it may be either.
_FEWEST = 3


def long_steps(timestamps, firsts, n_timesteps, max_gap):
    """Tell which steps in time are longer than usual.

    A step is long if it exceeds `max_gap` times the usual step of its group, the median
    of the group's steps; of all steps within groups, where the group has less than
    three.

    Parameters
    ----------
    timestamps : array-like of shape (n_timesteps,)
        Numbers or dates, strictly increasing within each group.
    firsts : ndarray of int of shape (n_groups,)
        Row at which each group begins.
    n_timesteps : int
    max_gap : float or None
        None takes any step.

    Returns
    -------
    is_long : ndarray of bool of shape (n_timesteps - 1,)
        False where a step leads from one group to the next.

    Raises
    ------
    ValueError
        If stamps are no numbers or dates, missing, equal or out of order.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._stamps import long_steps
    >>> long_steps([0, 1, 2, 9, 10], np.array([0]), 5, max_gap=1.5)
    array([False, False,  True, False])

    Hours of a group and days of another:

    >>> stamps = [0, 1, 2, 3, 0, 24, 48, 72, 120]
    >>> long_steps(stamps, np.array([0, 4]), 9, max_gap=1.5)
    array([False, False, False, False, False, False, False,  True])
    """
    stamps = one_for_each(_as_numbers(timestamps), n_timesteps, "timestamps")
    steps = np.diff(stamps)
    within = np.ones(len(steps), bool)
    within[firsts[1:] - 1] = False
    _check_increasing(timestamps, within & (steps <= 0), steps)
    if max_gap is None or not within.any():
        return np.zeros(len(steps), bool)
    groups = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, n_timesteps)))
    usual = _usual_steps(steps[within], groups[1:][within], len(firsts))
    return within & (steps > max_gap * usual[groups[1:]] * (1 + _ROUNDING))


def one_for_each(values, n_timesteps, name):
    """Return metadata as an array, checked to have an entry for each time step.

    Parameters
    ----------
    values : array-like of shape (n_timesteps,)
    n_timesteps : int
    name : str
        What errors call it.

    Returns
    -------
    values : ndarray of shape (n_timesteps,)

    Raises
    ------
    ValueError
        If it has another shape.

    Examples
    --------
    >>> from skae.preprocessing._stamps import one_for_each
    >>> one_for_each(["a", "b"], 2, "groups")
    array(['a', 'b'], dtype='<U1')
    """
    values = as_vector(values, name)
    if len(values) != n_timesteps:
        raise ValueError(
            f"{name} has {len(values)} entries and X has {n_timesteps} time steps: "
            "pass one for each time step."
        )
    return values


def _usual_steps(steps, groups, n_groups):
    """Return the median step of each group; of all, where a group has few."""
    in_order = steps[np.lexsort((steps, groups))].astype(float)
    counts = np.bincount(groups, minlength=n_groups)
    has_own = counts >= _FEWEST
    begins, counts = (np.cumsum(counts) - counts)[has_own], counts[has_own]
    usual = np.full(n_groups, np.median(in_order))
    middle = in_order[begins + (counts - 1) // 2], in_order[begins + counts // 2]
    usual[has_own] = np.mean(middle, axis=0)
    return usual


def _as_numbers(timestamps):
    """Return stamps as whole numbers or floats that differ as the stamps do."""
    stamps = np.asarray(timestamps)
    if stamps.dtype == object and all(hasattr(stamp, "ordinal") for stamp in stamps):
        return np.array([stamp.ordinal for stamp in stamps])  # periods of pandas
    if stamps.dtype.kind in "OSUT":
        stamps = _as_dates(timestamps)
    if stamps.dtype.kind in "Mm":
        is_missing, stamps = np.isnat(stamps), stamps.astype(np.int64)
    elif stamps.dtype.kind in "iuf":
        is_missing = ~np.isfinite(stamps)
    else:
        raise ValueError(
            f"timestamps has entries of type {stamps.dtype}: pass numbers or dates."
        )
    if is_missing.any():
        raise ValueError(
            f"timestamps has {is_missing.sum()} entries that are NaN, NaT or infinite: "
            "give each row its time, or leave it out."
        )
    return stamps.astype(np.int64) if stamps.dtype.kind == "u" else stamps


def _as_dates(timestamps):
    try:
        if hasattr(timestamps, "to_numpy"):
            return timestamps.to_numpy(dtype="datetime64[ns]")
        stamps = np.asarray(timestamps)
        if stamps.dtype == object:
            stamps = [_without_zone(stamp) for stamp in stamps]
        return np.array(stamps, dtype="datetime64")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"timestamps are no dates ({error}): pass numbers, a DatetimeIndex, or "
            "what numpy.datetime64 reads."
        ) from error


def _without_zone(stamp):
    # NumPy knows no time zones, which pandas does.
    if getattr(stamp, "tzinfo", None) is None:
        return stamp
    return stamp.astimezone(UTC).replace(tzinfo=None)


def _check_increasing(timestamps, is_wrong, steps):
    if not is_wrong.any():
        return
    row = int(np.argmax(is_wrong))
    before, after = (str(np.asarray(timestamps)[i]) for i in (row, row + 1))
    n_wrong = int(is_wrong.sum())
    kind = "twice" if steps[row] == 0 else "out of order"
    raise ValueError(
        f"timestamps are not in increasing order: rows {row} and {row + 1} are {kind} "
        f"({before}, then {after}), the first of {n_wrong} such pairs. Sort the rows "
        "by time and keep one of each stamp; where X holds several series, one below "
        "the other, name them by `groups`."
    )
