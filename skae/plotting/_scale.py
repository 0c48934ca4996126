"""The values of a searched parameter along an axis: numbers, powers or categories."""

import re
from dataclasses import dataclass
from numbers import Real

import numpy as np

__all__ = ["Scale", "shortened", "text_of"]

_MAX_LABELS = 15
_MAX_LENGTH = 22
_MAX_TICKS = 8
_DECADES = 2


@dataclass(frozen=True)
class Scale:
    """Axis of one kind, with a place for each value.

    Real numbers lie at themselves, on a logarithmic axis if they are positive and span
    more than two decades. All other values are categories, at 0, 1, 2 and so on:
    nothing, truth values, numbers, text in alphabetic order, tuples by length.

    Attributes
    ----------
    kind : {"linear", "log", "category"}
    values : tuple
        The different values, in order.
    """

    kind: str
    values: tuple

    @classmethod
    def of(cls, values):
        """Return the scale on which all `values` have a place."""
        different = {_key(value): _plain(value) for value in values}
        ordered = tuple(sorted(different.values(), key=_order))
        if not all(_is_number(value) for value in ordered):
            return cls("category", ordered)
        is_wide = ordered[0] > 0 and ordered[-1] > 10**_DECADES * ordered[0]
        return cls("log" if is_wide else "linear", ordered)

    def positions(self, values):
        """Return the coordinate of each value, NaN for one that has none."""
        if self.kind == "category":
            places = {_key(value): i for i, value in enumerate(self.values)}
            found = [places.get(_key(value), np.nan) for value in values]
        else:
            found = [float(v) if _is_number(v) else np.nan for v in values]
        return np.array(found, dtype=float)

    def shares(self, values):
        """Return places between the ends, in [0, 1]; 0.5 for a single value."""
        return self._shares(self.positions(values))

    def _shares(self, positions):
        low, high = self.positions([self.values[0], self.values[-1]])
        if low == high:
            return np.where(np.isnan(positions), np.nan, 0.5)
        if self.kind == "log":
            low, high, positions = np.log(low), np.log(high), np.log(positions)
        return (positions - low) / (high - low)

    def ticks(self, n_exact=_MAX_TICKS):
        """Return coordinates and labels that fit beside an axis.

        Parameters
        ----------
        n_exact : int
            Up to so many numbers are labelled themselves, more by round numbers.

        Returns
        -------
        positions, shares : ndarray of shape (n_ticks,)
        labels : list of str
        """
        if self.kind == "category" or len(self.values) <= n_exact:
            positions = self.positions(self.values)
            labels = [shortened(text_of(value)) for value in self.values]
        else:
            positions = self._round_numbers()
            labels = [f"{position:.6g}" for position in positions]
        shares = self._shares(positions)
        kept = _apart(shares)
        return positions[kept], shares[kept], [labels[i] for i in kept]

    def _round_numbers(self):
        from matplotlib.ticker import LogLocator, MaxNLocator

        low, high = float(self.values[0]), float(self.values[-1])
        linear = MaxNLocator(6, integer=self._is_whole)
        locator = LogLocator() if self.kind == "log" else linear
        ticks = np.array(locator.tick_values(low, high))
        return ticks[(ticks >= low) & (ticks <= high)]

    @property
    def _is_whole(self):
        return all(float(value).is_integer() for value in self.values)

    def prepare(self, ax):
        """Set up the horizontal axis of `ax` for these values."""
        if self.kind == "category":
            self._prepare_categories(ax)
        elif len(self.values) == 1:
            ax.set_xticks(self.values, [text_of(self.values[0])])
        elif self.kind == "log":
            ax.set_xscale("log")
            if len(self.values) <= _MAX_TICKS:
                positions, _, labels = self.ticks()
                ax.set_xticks(positions, labels)
                ax.set_xticks([], minor=True)
        else:
            ax.xaxis.get_major_locator().set_params(integer=self._is_whole)

    def _prepare_categories(self, ax):
        positions, _, labels = self.ticks()
        if sum(map(len, labels)) > 45:
            style = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
            ax.set_xticks(positions, labels, **style)
        else:
            ax.set_xticks(positions, labels)
        ax.set_xlim(-0.5, len(self.values) - 0.5)


def shortened(text, length=_MAX_LENGTH):
    """Return a text with its middle left out where it is too long."""
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def text_of(value):
    """Return a value as it reads on an axis."""
    value = _plain(value)
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.4g}"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return re.sub(r"\s+", " ", repr(value))


def _key(value):
    value = _plain(value)
    return float(value) if _is_number(value) else (type(value).__name__, text_of(value))


def _plain(value):
    """Return numbers and truth values of numpy as Python's, in tuples too."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list):
        return type(value)(_plain(each) for each in value)
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_number(value):
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    return is_real and bool(np.isfinite(float(value)))


def _order(value):
    """Return the key by which values of any kinds are sorted."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return 1, value
    if _is_number(value):
        return 2, float(value)
    if isinstance(value, str):
        return 3, _numbers_in(value), value
    if isinstance(value, tuple | list):
        return 4, len(value), tuple(map(_order, value))
    return 5, text_of(value)


def _numbers_in(text):
    """Return the widths in text such as "64-32", after their number; else nothing."""
    parts = text.split("-")
    if not all(part.isdecimal() for part in parts):
        return ()
    return len(parts), *map(int, parts)


def _apart(shares):
    """Return the indices of ascending places whose labels do not overlap."""
    kept, least = [], 1 / _MAX_LABELS
    for i, share in enumerate(shares):
        if not kept or share - shares[kept[-1]] >= least * 0.999:
            kept.append(i)
    return kept
