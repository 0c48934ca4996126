"""Features on scales that make the loss see some of them at the expense of others."""

from math import floor, log10

import numpy as np

from skae._notices import are_new, warn
from skae.autoencoders._missing import hot_deck
from skae.autoencoders._rows import evenly_spaced
from skae.exceptions import ScaleWarning

__all__ = ["warn_near_constant", "warn_unequal_scales"]

# Rows that are looked at, evenly spaced, how few say nothing, and values at most.
N_ROWS, FEW, N_VALUES = 1000, 10, 2**15
# Variances that differ by more are of features in different units.
RATIO = 1e3
# So much more has to differ what is the same in most rows, as pixels at the edge:
# the values of images, of 8 bits, differ by less than that in all.
RARE = 1e3
# Nearly constant are features with one value in so many rows, and values so many
# standard deviations away in others. They matter from so large a share of the variance.
MOSTLY, FAR, SHARE = 0.99, 10, 0.1
# Values that are looked at for those, and features that are named, at most.
N_VALUES_FAR, N_NAMES = 2**18, 8


def warn_unequal_scales(events, names):
    """Warn where variances of features differ by more than a factor of 1000.

    Features are columns, the channels of sequences, and those of images. It is no
    matter where ranges or interquartile ranges are alike, since a scaler has made them
    so, nor where a feature is constant.

    Parameters
    ----------
    events : ndarray of shape (n_samples, ...)
        NaN where values are missing.
    names : array-like of str, or ()
        Of the features, where they have some.
    """
    found = _unequal(_features(events))
    if found is None:
        return
    widest, least, ratio = found
    kind = "feature" if events.ndim == 2 else "channel"
    wide, small = (
        f"{kind} {names[i] if len(names) > i else i}" for i in (widest, least)
    )
    scaler = "StandardScaler" if events.ndim == 2 else "StandardScaler, SequenceScaler"
    power = floor(log10(min(ratio, 1e300)))
    warn(
        f"The variance of {wide} is more than 1e{power} times that of {small}, of "
        "which the loss sees next to nothing: scale the data first, as by "
        f"{scaler} in a pipeline.",
        ScaleWarning,
        kind,
    )


def warn_near_constant(events, names):
    """Warn where nearly constant features carry more than a tenth of the variance.

    Such are pixels at the edge of images, or indicators of rare categories, that have
    been divided by their own standard deviations: a few rows of a feature then count as
    much as all rows of another.

    Parameters
    ----------
    events : ndarray of shape (n_samples, n_features), or images
        Sequences are not looked at.
    names
        As for `warn_unequal_scales`.
    """
    if events.ndim == 3:
        return
    rows = evenly_spaced(events, max(FEW, N_VALUES_FAR // max(1, events[:1].size)))
    if not are_new(rows, "nearly constant"):
        return
    X = hot_deck(rows.reshape(len(rows), -1))
    found, share = _near_constant(X)
    if not share > SHARE:
        return
    listed = ", ".join(str(names[i] if len(names) > i else i) for i in found[:N_NAMES])
    warn(
        f"{len(found)} of {X.shape[1]} features have one value in {MOSTLY:.0%} of the "
        f"rows or more, others more than {FAR} standard deviations away, and carry "
        f"{share:.0%} of the variance: the loss sees them at the expense of the rest. "
        "Give images one scale, as by dividing them by one number in place of "
        "StandardScaler; of tables drop such features, or scale them down: "
        f"{listed}{', ...' * (len(found) > N_NAMES)}.",
        ScaleWarning,
        "nearly constant",
    )


def _near_constant(X):
    """Return the nearly constant features, and their share of the variance."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = X.mean(axis=0)
        extreme = np.maximum(X.max(axis=0) - mean, mean - X.min(axis=0))
        unit = extreme.max() or 1.0  # so that no square overflows
        deviations, extreme = (X - mean) / unit, extreme / unit
        variance = np.einsum("ij,ij->j", deviations, deviations) / len(X)
        far = np.flatnonzero(np.square(extreme) > FAR**2 * variance)
        usual = X[:, far] == np.median(X[:, far], axis=0)
        found = far[usual.mean(axis=0) >= MOSTLY]
        return found, variance[found].sum() / max(variance.sum(), np.finfo(float).tiny)


def _features(events):
    """Return values of some rows, a column for each feature."""
    size = min(N_ROWS, max(FEW, N_VALUES // max(1, events[:1].size)))
    rows = evenly_spaced(events, size)
    if rows.ndim == 4:
        rows = np.moveaxis(rows, 1, -1)
    table = rows.reshape(-1, rows.shape[-1])
    is_empty = np.isnan(table).all(axis=1)
    return hot_deck(table[~is_empty] if is_empty.any() else table)


def _unequal(X):
    """Return the widest feature, the least one, and the ratio of their variances.

    None where they are alike.
    """
    if len(X) < FEW:
        return None
    ends = np.stack([X.min(axis=0), X.max(axis=0)]).astype(np.float64)
    unit = np.abs(ends).max() or 1.0  # so that squares of huge values do not overflow
    ends /= unit
    ranges = ends[1] - ends[0]
    varies = ranges > np.finfo(np.float32).eps * np.abs(ends).max(axis=0)
    if not varies.any() or _are_alike(ranges[varies]):
        return None
    X = X / unit
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = X.var(axis=0)
        widest = np.argmax(np.where(varies, variances, 0))
        ratios = np.minimum(
            variances[widest] / variances, (ranges[widest] / ranges) ** 2
        )
        far = np.flatnonzero(varies & (ratios > RATIO))
        if not len(far):
            return None
        quartiles = np.ptp(np.percentile(X[:, [widest, *far]], [25, 75], axis=0), 0)
    ratios = _without_scaled(ratios[far], quartiles[0], quartiles[1:])
    least = np.argmax(ratios)
    if not ratios[least] > RATIO:
        return None
    return widest, far[least], variances[widest] / variances[far[least]]


def _are_alike(ranges):
    """Return whether ranges alone say so, which most often spares the variances."""
    return (ranges.max() / ranges.min()) ** 2 <= RATIO


def _without_scaled(ratios, of_widest, quartiles):
    """Return ratios, smaller where interquartile ranges say that they mean less."""
    is_rare = quartiles == 0
    if of_widest > 0:
        squares = np.square(of_widest / np.where(is_rare, 1, quartiles))
        ratios = np.where(is_rare, ratios, np.minimum(ratios, squares))
    return np.where(is_rare, ratios / RARE, ratios)
