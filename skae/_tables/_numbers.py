"""Columns that are one number a cell: numbers, counts, ranks and dates."""

import numpy as np
from scipy.stats import skew
from sklearn.base import BaseEstimator

from skae._tables._levels import as_levels, check_known, levels_of, places

__all__ = ["NumberColumn"]

# Doubles hold whole numbers up to this.
EXACT = 2**53
# Spreads that are a smaller share of the values are rounding.
ROUNDING = 1e-12
# Digits behind the point that numbers may have been rounded to.
DECIMALS = range(7)
# Skewness of counts whose sums and differences say little.
SKEWED = 1.0
# Of a normal distribution, in standard deviations.
INTERQUARTILE_RANGE = 1.349


class NumberColumn(BaseEstimator):
    """Column of a table whose cells are numbers, standardised for a network.

    ``u = (f(x) - center) / scale``, where f is the logarithm ``log(1 + x)`` of counts
    that are skewed, the rank among the levels of ordinal values, and counts dates in
    ticks of their dtype from `origin` on.

    Parameters
    ----------
    name : object
    kind : {"numeric", "count", "ordinal", "date"}
    dtype : str
        As the table names it.
    stored : str
        The numpy dtype of its values.
    levels : list or None
        Of ordinal values, in their order.
    is_ordered : bool
    is_log : bool
        Whether the logarithm is taken.
    origin : int
        What whole numbers and dates are counted from.
    center, scale : float
    n_missing : int
        Cells without a value in the fit.
    decimals : int or None
        Digits behind the point that all numbers of the fit have at most; None for more
        than six.
    """

    width, variance = 1, 1.0

    def __init__(
        self,
        name,
        kind="numeric",
        dtype="float64",
        stored="<f8",
        levels=None,
        is_ordered=False,
        is_log=False,
        origin=0,
        center=0.0,
        scale=1.0,
        n_missing=0,
        decimals=None,
    ):
        self.name = name
        self.kind = kind
        self.dtype = dtype
        self.stored = stored
        self.levels = levels
        self.is_ordered = is_ordered
        self.is_log = is_log
        self.origin = origin
        self.center = center
        self.scale = scale
        self.n_missing = n_missing
        self.decimals = decimals

    @classmethod
    def of(cls, cells, kind, robust=False):
        """Return the column for cells, some of which have values."""
        n_missing = int(cells.missing.sum())
        stored = cells.stored or cells.values.dtype.str
        column = cls(cells.name, kind, cells.dtype, stored, n_missing=n_missing)
        if kind == "ordinal":
            column.levels = levels_of(cells)
            column.is_ordered = cells.is_ordered
        elif cells.values.dtype.kind in "iuMm":
            column.origin = _origin(cells.present)
        if kind == "count":
            column.is_log = _is_skewed(column._numbers(cells, "error")[~cells.missing])
        numbers = column._numbers(cells, "error")
        column.center, column.scale = _location(numbers[~cells.missing], robust)
        if kind != "ordinal" and cells.values.dtype.kind == "f":
            column.decimals = _decimals(cells.present)
        return column

    def encode(self, cells, handle_unknown):
        """Return standardised numbers, ``(n_rows,)``, NaN where one is missing."""
        numbers = self._numbers(cells, handle_unknown)
        # halves, as differences of huge numbers overflow
        return (numbers / 2 - self.center / 2) / (self.scale / 2)

    def decode(self, block):
        """Return the values that standardised numbers, ``(n_rows, 1)``, stand for."""
        numbers = block[:, 0].astype(np.float64) * self.scale + self.center
        if self.is_log:
            numbers = np.expm1(np.clip(numbers, 0, 700))
        if self.kind == "count":
            numbers = np.maximum(numbers, 0)
        if self.kind == "ordinal":
            ranks = np.rint(np.clip(numbers, 0, len(self.levels) - 1)).astype(int)
            return as_levels(self.levels, ranks)
        stored = np.dtype(self.stored)
        if stored.kind not in "iuMm":
            return numbers
        return _whole(numbers, self.origin, stored)

    def as_seen(self, values):
        """Return values with as many digits as those of the fit."""
        return values if self.decimals is None else values.round(self.decimals)

    def _numbers(self, cells, handle_unknown):
        """Return the numbers that are standardised, NaN where one is missing."""
        if self.kind == "ordinal":
            ranks = places(cells, self.levels)
            is_unknown = ~cells.missing & (ranks < 0)
            check_known(cells, is_unknown, self.levels, handle_unknown)
            return np.where(ranks < 0, np.nan, ranks)
        numbers = self._counted(cells)
        numbers[cells.missing] = np.nan
        self._check_range(cells, numbers)
        return np.log1p(numbers) if self.is_log else numbers

    def _counted(self, cells):
        """Return values as floats, whole ones and dates from the origin on."""
        values, kind = cells.values, cells.values.dtype.kind
        is_time = np.dtype(self.stored).kind in "Mm"
        if kind not in ("Mm" if is_time else "iufb") and not cells.missing.all():
            raise TypeError(
                f"Column {self.name!r} is {self.kind}, and holds {cells.dtype} with "
                f"values as {cells.present[0]!r}: give numbers, or another kind in "
                "column_types."
            )
        if cells.missing.all():
            return np.full(len(values), np.nan)
        if is_time:
            values = values.astype(self.stored)
        if kind in "Mm":
            values = values.astype(np.int64)
        if kind in "iuMm" and self.origin:
            return (values.astype(np.int64) - self.origin).astype(np.float64)
        return values.astype(np.float64) - self.origin

    def _check_range(self, cells, numbers):
        if np.isinf(numbers).any():
            raise ValueError(
                f"Input X contains infinity in column {self.name!r}, row "
                f"{int(np.argmax(np.isinf(numbers)))}: leave the row out, or make it a "
                "missing value."
            )
        if self.kind == "count" and (numbers < 0).any():
            row = int(np.argmax(numbers < 0))
            raise ValueError(
                f"Column {self.name!r} is a count, and has {cells.values[row]} in row "
                f"{row}: counts are 0 or more, so set column_types="
                f"{{{self.name!r}: 'numeric'}}."
            )


def _origin(values):
    """Return what whole numbers are counted from, so that doubles hold them."""
    values = values.astype(np.int64) if values.dtype.kind in "Mm" else values
    lowest, highest = int(values.min()), int(values.max())
    is_exact = highest - lowest < EXACT
    return lowest if is_exact and highest > EXACT and highest < 2**63 else 0


def _decimals(values):
    """Return how many digits behind the point values have at most, None for many."""
    largest = np.abs(values).max()
    if largest >= EXACT:
        return None
    slack = np.finfo(values.dtype).eps * largest
    rounded = (d for d in DECIMALS if (np.abs(values - values.round(d)) <= slack).all())
    return next(rounded, None)


def _is_skewed(counts):
    """Return whether logarithms of counts are much less skewed than they are."""
    if counts.min() == counts.max():
        return False
    before, after = (abs(skew(values)) for values in (counts, np.log1p(counts)))
    return bool(before > SKEWED and after < before / 2)


def _location(numbers, robust):
    """Return the center and the scale of numbers."""
    unit = np.abs(numbers).max() or 1.0  # so that squares do not overflow
    numbers = numbers / unit
    center, scale = numbers.mean(), numbers.std()
    if robust:
        low, center, high = np.percentile(numbers, [25, 50, 75])
        scale = (high - low) / INTERQUARTILE_RANGE or scale
    center, scale = float(center * unit), float(scale * unit)
    return center, scale if scale > ROUNDING * abs(center) else 1.0


def _whole(numbers, origin, stored):
    """Return numbers from the origin on as whole ones, or dates, within their dtype."""
    ticks = np.dtype(np.int64) if stored.kind in "Mm" else stored
    bounds = np.iinfo(ticks)
    lowest, highest = max(bounds.min, -(2**63) + 1), bounds.max
    if origin:
        low, high = max(lowest - origin, -EXACT), min(highest - origin, EXACT)
        whole = np.rint(np.clip(numbers, low, high)).astype(np.int64) + origin
    else:
        high = float(highest)
        high = high if int(high) <= highest else np.nextafter(high, 0)
        whole = np.rint(np.clip(numbers, lowest, high))
    return whole.astype(ticks).astype(stored)
