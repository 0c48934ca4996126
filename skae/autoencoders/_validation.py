"""Comparison of validation rows with those that are trained on."""

import numpy as np

from skae._notices import warn
from skae.autoencoders._missing import hot_deck

__all__ = ["warn_unlike"]

# At most this many rows are looked at, evenly spaced; variances need a few of them.
N_ROWS, FEW = 1000, 10

# Far from what random splits give, and from most drifts: standard deviations between
# means, and ratios of variances.
SHIFT, RATIO = 3.0, 16.0


ABOUT_VALIDATION = (
    "so the validation loss says little about how training goes. A pipeline does not "
    "transform X_val unless it is told to: enable metadata routing, ask for X_val by "
    "set_fit_request(X_val=True), and pass Pipeline(..., transform_input=['X_val'])."
)


def warn_unlike(
    events,
    events_val,
    *,
    name="X_val",
    advice=ABOUT_VALIDATION,
    may_vary_less=False,
):
    """Warn where validation rows are on another scale than those of the fit.

    They are when their means are more than three standard deviations apart, on the
    average over features, or their variances more than a factor of 16.

    Parameters
    ----------
    events, events_val : ndarray of shape (n_samples, ...)
        NaN where values are missing.
    name : str, default="X_val"
        What `events_val` are called.
    advice : str
        What follows from it, the second half of a sentence.
    may_vary_less : bool, default=False
        Whether `events_val` may vary less: clean rows do, beside noisy ones.
    """
    X, X_val = _features(events), _features(events_val)
    found = _difference(X, X_val, name, may_vary_less)
    if found:
        warn(f"{found}, {advice}", key=("unlike", name))


def _features(events):
    """Return some rows as a table; of sequences, a row for each time step."""
    rows = events[:: -(-len(events) // N_ROWS)].astype(np.float64)
    is_sequence = rows.ndim == 3
    table = rows.reshape(-1, rows.shape[-1]) if is_sequence else rows
    table = table.reshape(len(table), -1)
    is_empty = np.isnan(table).all(axis=1)
    return hot_deck(table[~is_empty] if is_empty.any() else table)


def _difference(X, X_val, name, may_vary_less):
    """Return in words how far two tables are apart, or None if they are alike."""
    if not (len(X) and len(X_val)):
        return None
    with np.errstate(all="ignore"):
        variances, variances_val = X.var(axis=0), X_val.var(axis=0)
        total = variances.sum()
        shift = np.sqrt(np.square(X_val.mean(axis=0) - X.mean(axis=0)).sum() / total)
        # of all, which outliers decide, and of most, which features decide that are
        # hardly ever there: both have to say so
        ratios = variances_val.sum() / total, np.median(variances_val / variances)
    if shift > SHIFT and np.isfinite(shift):
        return f"{name} lies {shift:.0f} standard deviations away from X"
    if len(X_val) < FEW:
        return None
    if min(ratios) > RATIO and np.isfinite(ratios).all():
        return f"{name} varies {np.sqrt(ratios[0]):.0f} times as much as X"
    if max(ratios) < 1 / RATIO and not may_vary_less:
        return f"X varies {np.sqrt(1 / ratios[0]):.0f} times as much as {name}"
    return None
