"""Widths of hidden layers, in any number: a dimension to search over."""

from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from math import comb
from numbers import Integral

import numpy as np

from skae.search.evolution._dimension import Dimension, generator, step_sizes

__all__ = ["Architecture"]


@dataclass(frozen=True)
class Architecture(Dimension):
    """Tuples of layer widths of variable length, to search over.

    Depths are equally likely, and so are widths on a logarithmic scale. Searches of
    scikit-learn that draw from distributions, such as `RandomizedSearchCV`, take it as
    well.

    Parameters
    ----------
    min_depth, max_depth : int, default=1 and 4
        Fewest and most layers. No layer, the empty tuple, is allowed.
    min_width, max_width : int, default=4 and 512
        Fewest and most units of a layer.
    tapered : bool, default=False
        Whether no layer may be wider than the one before it.

    Raises
    ------
    ValueError
        When a bound is no integer, is too small, or exceeds the other one.

    Examples
    --------
    >>> from skae.search import Architecture
    >>> layers = Architecture(max_depth=2, min_width=8, max_width=64)
    >>> (32, 16) in layers, (32, 16, 8) in layers
    (True, False)
    >>> layers.rvs(random_state=0)
    (16,)
    """

    min_depth: int = 1
    max_depth: int = 4
    min_width: int = 4
    max_width: int = 512
    tapered: bool = False

    def __post_init__(self):
        _check_bounds("depth", self.min_depth, self.max_depth, 0)
        _check_bounds("width", self.min_width, self.max_width, 1)

    def __contains__(self, sizes):
        return (
            isinstance(sizes, tuple)
            and self.min_depth <= len(sizes) <= self.max_depth
            and all(self._is_width(width) for width in sizes)
            and (not self.tapered or _descending(sizes) == sizes)
        )

    def _is_width(self, width):
        is_integer = isinstance(width, Integral) and not isinstance(width, bool)
        return is_integer and self.min_width <= width <= self.max_width

    @property
    def depths(self):
        """The allowed numbers of layers, range."""
        return range(self.min_depth, self.max_depth + 1)

    @property
    def widths(self):
        """The allowed numbers of units, range."""
        return range(self.min_width, self.max_width + 1)

    @property
    def size(self):
        """Number of different tuples."""
        n = len(self.widths)
        if self.tapered:
            return sum(comb(n + depth - 1, depth) for depth in self.depths)
        return sum(n**depth for depth in self.depths)

    def genes(self):
        """Yield all tuples."""
        for depth in self.depths:
            if self.tapered:
                yield from combinations_with_replacement(self.widths[::-1], depth)
            else:
                yield from product(self.widths, repeat=depth)

    def gene(self, value):
        """Return a parameter value as a tuple of layer widths."""
        sizes = tuple(value) if isinstance(value, list | np.ndarray) else value
        if sizes not in self:
            raise ValueError(f"{value!r} is not in {self!r}.")
        return tuple(int(width) for width in sizes)

    def rvs(self, size=None, random_state=None):
        """Draw tuples, as the distributions of scipy draw.

        Parameters
        ----------
        size : int, default=None
            How many; None for a single one, which then is no list.
        random_state : int, RandomState, Generator or None, default=None

        Returns
        -------
        sizes : tuple of int, or list of them
        """
        rng = generator(random_state)
        drawn = [self._draw(rng.choice(self.depths), rng) for _ in range(size or 1)]
        return drawn[0] if size is None else drawn

    def spread(self, n, rng):
        """Return `n` tuples whose depths are as even as can be."""
        depths = np.resize(rng.permutation(self.depths), n)
        return [self._draw(depth, rng) for depth in rng.permutation(depths)]

    def _draw(self, depth, rng):
        return self.fitted(self._width(rng) for _ in range(depth))

    def _width(self, rng, low=None, high=None):
        low = self.min_width if low is None else low
        high = self.max_width if high is None else high
        exponent = rng.uniform(np.log(low - 0.5), np.log(high + 0.5))
        return int(np.clip(np.rint(np.exp(exponent)), low, high))

    def fitted(self, sizes):
        """Return `sizes` with their widths in bounds, descending where tapered."""
        sizes = tuple(min(max(w, self.min_width), self.max_width) for w in sizes)
        return _descending(sizes) if self.tapered else sizes

    def mutate(self, gene, rng):
        """Return another tuple and the mutation: add, remove, widen, narrow or swap.

        One layer is added, removed, or changes its width, or two change places.
        """
        moves = {
            name: places
            for name, find in _MOVES.items()
            if (places := find(self, gene))
        }
        name = rng.choice(list(moves))
        places = moves[name]
        return getattr(self, f"_{name}")(gene, places[rng.integers(len(places))], rng)

    def cross(self, a, b, rng):
        """Return the first layers of one and the last layers of the other."""
        share = rng.uniform()
        head, tail = round(share * len(a)), round(share * len(b))
        return self.fitted(a[:head] + b[tail:])

    def _bounds(self, sizes, i):
        """Return the least and the greatest width between two neighbours."""
        if not self.tapered:
            return self.min_width, self.max_width
        low = sizes[i] if i < len(sizes) else self.min_width
        return low, sizes[i - 1] if i > 0 else self.max_width

    def _room(self, sizes, i):
        return self._bounds(sizes[:i] + sizes[i + 1 :], i)

    def _places_to_add(self, sizes):
        return range(len(sizes) + 1) if len(sizes) < self.max_depth else ()

    def _places_to_remove(self, sizes):
        return range(len(sizes)) if len(sizes) > self.min_depth else ()

    def _places_to_widen(self, sizes):
        return [i for i, w in enumerate(sizes) if w < self._room(sizes, i)[1]]

    def _places_to_narrow(self, sizes):
        return [i for i, w in enumerate(sizes) if w > self._room(sizes, i)[0]]

    def _places_to_swap(self, sizes):
        if self.tapered:
            return []
        n = len(sizes)
        pairs = ((i, j) for i in range(n) for j in range(i + 1, n))
        return [(i, j) for i, j in pairs if sizes[i] != sizes[j]]

    def _add(self, sizes, i, rng):
        width = self._width(rng, *self._bounds(sizes, i))
        return sizes[:i] + (width,) + sizes[i:], "add"

    def _remove(self, sizes, i, rng):
        return sizes[:i] + sizes[i + 1 :], "remove"

    def _widen(self, sizes, i, rng):
        factor = np.exp(self._log_step(rng))
        width = max(round(sizes[i] * factor), sizes[i] + 1)
        return _replaced(sizes, i, min(width, self._room(sizes, i)[1])), "widen"

    def _narrow(self, sizes, i, rng):
        factor = np.exp(-self._log_step(rng))
        width = min(round(sizes[i] * factor), sizes[i] - 1)
        return _replaced(sizes, i, max(width, self._room(sizes, i)[0])), "narrow"

    def _log_step(self, rng):
        whole = np.log(self.max_width / self.min_width)
        return whole * abs(rng.normal()) * step_sizes(rng)

    def _swap(self, sizes, pair, rng):
        i, j = pair
        return _replaced(_replaced(sizes, i, sizes[j]), j, sizes[i]), "swap"


_MOVES = {
    "add": Architecture._places_to_add,
    "remove": Architecture._places_to_remove,
    "widen": Architecture._places_to_widen,
    "narrow": Architecture._places_to_narrow,
    "swap": Architecture._places_to_swap,
}


def _replaced(sizes, i, width):
    return sizes[:i] + (width,) + sizes[i + 1 :]


def _descending(sizes):
    return tuple(sorted(sizes, reverse=True))


def _check_bounds(what, low, high, least):
    for name, value in ((f"min_{what}", low), (f"max_{what}", high)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"{name}={value!r}: it must be an integer of at least {least}."
            )
    if low > high:
        raise ValueError(
            f"min_{what}={low} exceeds max_{what}={high}: raise max_{what}."
        )
