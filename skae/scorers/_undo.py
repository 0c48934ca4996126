"""Inverse of the steps before an autoencoder, and its check."""

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from skae._arrays import as_numbers

__all__ = ["check_undone", "undo"]

# Rows on which steps are tried, of those that are scored: the first ones, since windows
# of a series have to follow one another.
N_TRIED = 10_000

# Shares of a feature's variance that count as nothing: of what comes back from all
# steps, and of what a step that loses something makes of what it gave back.
SAME, REPEATED = 1e-6, 1e-3


def undo(steps, X):
    """Return rows as they were before some steps.

    Parameters
    ----------
    steps : list of (str, transformer)
        Fitted, in their order.
    X : array-like
        Rows after them.
    """
    for _, step in reversed(steps):
        X = step.inverse_transform(X)
    return X


def check_undone(steps, X):
    """Raise an error unless steps can be undone, which is tried on some rows.

    Steps may lose something, as `PCA` does: it is enough that they make the same again
    of what they gave back. A function without an inverse may change nothing.

    Parameters
    ----------
    steps : list of (str, transformer)
        Fitted, in their order.
    X : array-like
        Rows before them.

    Raises
    ------
    TypeError
        When a step has no inverse, or that of another function.
    """
    for name, step in steps:
        if not hasattr(step, "inverse_transform"):
            raise _no_units(name, step, "has no inverse_transform")
    if steps:
        with np.errstate(all="ignore"):
            _try(steps, X[:N_TRIED])


def _try(steps, before):
    after = before
    for _, step in steps:
        after = step.transform(after)
    try:
        back = undo(steps, after)
        if _is_same(back, before[: len(back)], SAME):
            return
    except (TypeError, ValueError, AttributeError):
        pass  # which step it is will be found out
    for name, step in steps:
        before = _checked_step(name, step, before)


def _checked_step(name, step, before):
    """Return rows after a step, whose inverse has to restore them."""
    after = step.transform(before)
    if _has_no_inverse(step):
        if not _is_same(after, before, SAME):
            raise _no_units(
                name, step, "has no inverse_func (for np.log1p, pass np.expm1)"
            )
        return after
    try:
        back = step.inverse_transform(after)
        is_undone = _is_same(step.transform(_like(before, back)), after, REPEATED)
    except (TypeError, ValueError, AttributeError) as error:
        raise _no_units(name, step, f"cannot be undone ({error})") from error
    if not is_undone:
        raise _no_units(name, step, "is not undone by its inverse_transform")
    return after


def _has_no_inverse(step):
    if not isinstance(step, FunctionTransformer):
        return False
    return step.func is not None and step.inverse_func is None


def _no_units(name, step, fault):
    return TypeError(
        f"{type(step).__name__} before the autoencoder (the step {name!r}) {fault}, so "
        "errors have no units of the data: give it an inverse, transform the data "
        "before the pipeline, or use 'mse' or 'reconstruction'."
    )


def _like(before, back):
    """Return inverted rows in the form of the original: a frame if it was, no gaps."""
    back = np.asarray(back)
    if back.dtype.kind != "f":
        return back
    gaps = np.isnan(back)  # time steps that are in no window
    if gaps.any():
        back = np.where(gaps, as_numbers(before)[: len(back)], back)
    if hasattr(before, "iloc"):
        back = type(before)(back, columns=before.columns)
    return back


def _is_same(found, expected, share):
    """Return whether values differ by less than a share of each feature's variance."""
    try:
        found, expected = as_numbers(found), as_numbers(expected)
    except (TypeError, ValueError):  # text, as of an encoder
        return np.array_equal(*(np.asarray(X, object) for X in (found, expected)))
    if found.shape != expected.shape:
        return False
    rounding = 100 * max(np.finfo(X.dtype).eps for X in (found, expected))
    found, expected = (
        X.reshape(-1, X.shape[-1]).astype(float) for X in (found, expected)
    )
    has_values = np.isfinite(expected).any(axis=0)
    found, expected = found[:, has_values], expected[:, has_values]
    known = np.isfinite(found) & np.isfinite(expected)
    if not known.any(axis=0).all():
        return False
    error = _variance(found - expected, known, around=0)
    size = np.abs(np.where(known, expected, 0)).max(axis=0)
    variance = _variance(expected, known, around=_mean(expected, known))
    return bool((error <= share * variance + (rounding * size) ** 2).all())


def _mean(X, known):
    return np.where(known, X, 0).sum(axis=0) / known.sum(axis=0)


def _variance(X, known, around):
    return _mean(np.square(X - around), known)
