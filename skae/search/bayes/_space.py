"""Search spaces: their translation into dimensions and points of skopt."""

import copy
from collections.abc import Iterable
from itertools import product
from math import inf, prod
from numbers import Real as Number

import numpy as np
from skopt.space import Categorical, Dimension, Integer, check_dimension

from skae.search.fits._identity import fingerprint

__all__ = ["SearchSpace", "as_spaces"]

_NATIVE = (str, int, float)  # categories that skopt hands back as they were


def as_spaces(search_spaces, n_iter):
    """Return pairs of a `SearchSpace` and the number of candidates to try in it.

    Parameters
    ----------
    search_spaces : dict, list of dict, or list of (dict, int)
        As for `BayesSearchCV`.
    n_iter : int
        The number where none is given.

    Returns
    -------
    spaces : list of (SearchSpace, int)

    Raises
    ------
    TypeError, ValueError
        When something is none of these, or empty.
    """
    single = isinstance(search_spaces, dict)
    listed = [search_spaces] if single else search_spaces
    if not isinstance(listed, list):
        raise TypeError(
            f"search_spaces is {search_spaces!r}: pass a dict of parameters and their "
            "ranges, or a list of such."
        )
    if not listed:
        raise ValueError("search_spaces is empty: pass at least one parameter.")
    return [_pair(each, n_iter) for each in listed]


def _pair(given, n_iter):
    space, n = (
        given if isinstance(given, tuple) and len(given) == 2 else (given, n_iter)
    )
    if not isinstance(space, dict) or not isinstance(n, int | np.integer) or n < 0:
        raise TypeError(
            f"search_spaces contains {given!r}: pass a dict, or a pair of a dict and "
            "the number of candidates to try in it."
        )
    return SearchSpace(space), n


class SearchSpace:
    """The space of a few parameters.

    skopt sees the sides along which there is a choice, and positions in place of
    the categories that it would mistake for something else.

    Parameters
    ----------
    ranges : dict
        Names of parameters, and for each a range or categories.

    Attributes
    ----------
    dimensions : list of skopt.space.Dimension
        What skopt is to see.
    size : int or inf
        Number of points.
    """

    def __init__(self, ranges):
        if not ranges:
            raise ValueError("A search space is empty: pass at least one parameter.")
        self._sides = [_side(name, ranges[name]) for name in sorted(ranges)]
        free = [side for side in self._sides if side.size > 1]
        self._free = free or self._sides[:1]

    @property
    def dimensions(self):
        """The dimensions for skopt, a list of `skopt.space.Dimension`."""
        return [side.dimension for side in self._free]

    @property
    def size(self):
        """The number of points; infinite where a real number is among the sides."""
        return prod(side.size for side in self._free)

    def params(self, point):
        """Return the parameters at a point of skopt, a dict."""
        values = dict(zip(map(id, self._free), point, strict=True))
        return {side.name: side.value(values.get(id(side), 0)) for side in self._sides}

    def identity(self, point):
        """Return a key that two points share if and only if they mean the same."""
        return tuple((k, _identity(v)) for k, v in self.params(point).items())

    def points(self):
        """Return all points of a space that is finite, as a list of lists."""
        return [list(point) for point in product(*(side.points for side in self._free))]

    def constraint(self, accept):
        """Return a constraint on skopt's points from one on the values they mean."""
        return _Constraint(self, accept)


class _Constraint:
    def __init__(self, space, accept):
        self.space = space
        self.accept = accept

    def __call__(self, point):
        return self.accept(list(self.space.params(point).values()))


class _Range:
    """Dimension that skopt handles as it is."""

    def __init__(self, name, dimension):
        self.name = name
        self.dimension = dimension
        dimension.name = name

    @property
    def size(self):
        if isinstance(self.dimension, Integer):
            return int(self.dimension.high - self.dimension.low) + 1
        if isinstance(self.dimension, Categorical):
            return len(self.dimension.categories)
        return inf

    @property
    def points(self):
        if isinstance(self.dimension, Categorical):
            return list(self.dimension.categories)
        return list(range(self.dimension.low, self.dimension.high + 1))

    def value(self, coordinate):
        return np.asarray(coordinate).item()


class _Choice:
    """Categories of any kind: skopt sees their positions."""

    def __init__(self, name, categories, prior=None, transform=None):
        self.name = name
        self.categories = categories
        self.points = list(range(len(categories)))
        self.dimension = Categorical(self.points, prior, transform, name)

    @property
    def size(self):
        return len(self.categories)

    def value(self, coordinate):
        return self.categories[int(coordinate)]


def _side(name, given):
    if isinstance(given, Categorical):
        return _categories(name, given.categories, given)
    if isinstance(given, Dimension):
        return _Range(name, copy.deepcopy(given))
    if isinstance(given, str | dict) or not isinstance(given, Iterable):
        raise TypeError(
            f"The range of {name!r} is {given!r}: pass a pair such as (1, 10) or "
            "(1e-4, 1.0, 'log-uniform'), a list of values, or a dimension of skopt."
        )
    values = list(given)
    if not _is_range(values):
        return _categories(name, values)
    if values[0] == values[1]:
        return _Choice(name, [_scalar(values[0])])
    return _Range(name, check_dimension(given))


def _categories(name, values, given=None):
    values = list({fingerprint(v): v for v in map(_scalar, values)}.values())
    if not values:
        raise ValueError(f"The list of values of {name!r} is empty: pass at least one.")
    if given is not None and len(values) != len(given.categories):
        raise ValueError(f"A category of {name!r} is there twice: name each once.")
    kinds = set(map(type, values))
    if len(values) > 1 and len(kinds) == 1 and kinds <= set(_NATIVE):
        return _Range(name, copy.deepcopy(given) or Categorical(values))
    prior, transform = (given.prior, given.transform_) if given else (None, None)
    return _Choice(name, values, prior, transform)


def _is_range(values):
    """Return whether skopt takes values for the ends of a range."""
    if not 2 <= len(values) <= 4 or not all(map(_is_number, values[:2])):
        return False
    return len(values) == 2 or str(values[2]) in ("uniform", "log-uniform")


def _is_number(value):
    return isinstance(value, Number) and not isinstance(value, bool | np.bool_)


def _scalar(value):
    return value.item() if isinstance(value, np.generic) else value


def _identity(value):
    if isinstance(value, (*_NATIVE, bool)):
        return type(value).__name__, value
    return "fingerprint", fingerprint(value)
