"""Dimensions of a search space: their interface, and those of plain parameters."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

__all__ = [
    "N_DRAWS",
    "N_LISTED",
    "Choices",
    "Dimension",
    "Distribution",
    "Range",
    "Sampler",
    "generator",
    "step_sizes",
]

N_DRAWS = 100

#: Spaces up to this size are looked through, where chance finds nothing new.
N_LISTED = 100_000


class Dimension(ABC):
    """One parameter of a search space.

    A *gene* stands for a value of the parameter. It is hashable; most are the value
    itself.
    """

    #: Number of different genes, which may be infinite.
    size = np.inf

    @abstractmethod
    def spread(self, n, rng):
        """Return `n` genes, spread over the dimension as evenly as can be."""

    @abstractmethod
    def mutate(self, gene, rng):
        """Return another gene, and the name of the mutation; `size` exceeds 1."""

    def cross(self, a, b, rng):
        """Return a crossover of two genes."""
        return a if rng.uniform() < 0.5 else b

    @abstractmethod
    def gene(self, value):
        """Return the gene of a value; ValueError where it is not in the dimension."""

    def value(self, gene):
        """Return the value of a gene."""
        return gene

    def genes(self):
        """Yield all genes, where `size` is finite."""
        raise NotImplementedError


class _Line(Dimension):
    """Values along a line, each at a place in [0, 1]."""

    def place(self, gene):
        """Return the place of a gene."""
        raise NotImplementedError

    def at(self, place):
        """Return the gene at a place in (0, 1)."""
        raise NotImplementedError

    def spread(self, n, rng):
        places = (rng.permutation(n) + rng.uniform(size=n)) / n
        return [self.at(place) for place in _inner(places)]

    def mutate(self, gene, rng):
        start, size = self.place(gene), step_sizes(rng)
        for _ in range(N_DRAWS):
            other = self.at(_inner(_reflected(start + size * rng.normal())))
            if other != gene:
                return other, "step"
            size = min(2 * size, 1.0)
        return gene, "step"


@dataclass(frozen=True)
class Range(_Line):
    """Numbers from `low` to `high`, both included, on a linear or logarithmic scale."""

    low: float
    high: float
    integer: bool = False
    log: bool = False

    def __post_init__(self):
        if not self.low <= self.high:
            raise ValueError(f"({self.low}, {self.high}): the lower bound comes first.")
        if self.log and self.low <= 0:
            raise ValueError(
                f"({self.low}, {self.high}): a logarithmic scale starts above 0."
            )

    @property
    def size(self):
        if self.integer:
            return int(self.high) - int(self.low) + 1
        return 1 if self.low == self.high else np.inf

    @property
    def _ends(self):
        margin = 0.5 if self.integer else 0.0
        ends = np.array([self.low - margin, self.high + margin], dtype=float)
        return np.log(ends) if self.log else ends

    def place(self, gene):
        start, end = self._ends
        where = np.log(gene) if self.log else gene
        return (where - start) / (end - start)

    def at(self, place):
        start, end = self._ends
        where = start + place * (end - start)
        number = np.exp(where) if self.log else where
        number = np.clip(number, self.low, self.high)
        return int(np.rint(number)) if self.integer else float(number)

    def gene(self, value):
        kind = Integral if self.integer else Real
        if not isinstance(value, kind) or not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is not in {self!r}.")
        return int(value) if self.integer else float(value)

    def genes(self):
        return iter(
            range(int(self.low), int(self.high) + 1)
            if self.integer
            else [float(self.low)]
        )


class Choices(Dimension):
    """One of a few values; neighbours resemble each other where they are numbers."""

    def __init__(self, values, weights=None):
        self.values = list(values)
        self.weights = weights
        if not self.values:
            raise ValueError("a list of choices needs at least one value.")
        self.ordered = _is_sorted(self.values)

    def __repr__(self):
        return repr(self.values)

    @property
    def size(self):
        return len(self.values)

    def spread(self, n, rng):
        if self.weights is not None:
            return rng.choice(self.size, n, p=self.weights).tolist()
        genes = np.resize(rng.permutation(self.size), n)
        return rng.permutation(genes).tolist()

    def mutate(self, gene, rng):
        if self.ordered and rng.uniform() < 0.5:
            steps = [i for i in (gene - 1, gene + 1) if 0 <= i < self.size]
            return int(rng.choice(steps)), "step"
        other = int(rng.integers(self.size - 1))
        return other + (other >= gene), "choice"

    def gene(self, value):
        for index, known in enumerate(self.values):
            if known is value or _equal(known, value):
                return index
        raise ValueError(f"{value!r} is not one of {self.values!r}.")

    def value(self, gene):
        return self.values[gene]

    def genes(self):
        return iter(range(self.size))


class Distribution(_Line):
    """A distribution of scipy with all its parameters, along its quantiles."""

    def __init__(self, frozen):
        self.frozen = frozen
        self.discrete = not hasattr(getattr(frozen, "dist", frozen), "pdf")
        if self.discrete and np.ptp(frozen.support()) < N_LISTED:
            self.size = sum(1 for _ in self.genes())

    def __repr__(self):
        return f"the distribution {getattr(self.frozen, 'dist', self.frozen).name}"

    def place(self, gene):
        place = self.frozen.cdf(gene)
        return place - self.frozen.pmf(gene) / 2 if self.discrete else place

    def at(self, place):
        value = float(self.frozen.ppf(place))
        return int(value) if self.discrete and value.is_integer() else value

    def gene(self, value):
        density = self.frozen.pmf if self.discrete else self.frozen.pdf
        if not density(value) > 0:
            raise ValueError(f"{value!r} has no probability under {self!r}.")
        return value.item() if isinstance(value, np.generic) else value

    def genes(self):
        low, high = self.frozen.support()
        return (k for k in range(int(low), int(high) + 1) if self.frozen.pmf(k) > 0)


class Sampler(Dimension):
    """Sampler of values: an object with `rvs` and no further structure."""

    def __init__(self, source):
        self.source = source

    def spread(self, n, rng):
        return [self._draw(rng) for _ in range(n)]

    def _draw(self, rng):
        state = check_random_state(int(rng.integers(np.iinfo(np.int32).max)))
        return self.gene(self.source.rvs(random_state=state))

    def mutate(self, gene, rng):
        draws = (self._draw(rng) for _ in range(N_DRAWS))
        return next((draw for draw in draws if draw != gene), gene), "draw"

    def gene(self, value):
        value = value.item() if isinstance(value, np.generic) else value
        try:
            hash(value)
        except TypeError:
            raise ValueError(
                f"{self.source!r} draws {type(value).__name__}, which cannot be "
                "compared with what was tried: let it draw tuples, numbers or strings."
            ) from None
        return value


def generator(random_state):
    """Return a `numpy.random.Generator` for any `random_state` of scikit-learn."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    return np.random.default_rng(seed)


def step_sizes(rng):
    """Return a random step size, a share of the whole from 1 to 50 percent.

    All orders of magnitude are equally likely, so that no size has to be learnt.
    """
    return float(np.exp(rng.uniform(np.log(0.01), np.log(0.5))))


def _reflected(place):
    place = place % 2.0
    return 2.0 - place if place > 1.0 else place


def _inner(places):
    return np.clip(places, 1e-12, 1 - 1e-12)


def _is_sorted(values):
    numbers = all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool)
        for v in values
    )
    return numbers and list(values) == sorted(values)


def _equal(a, b):
    try:
        return bool(a == b)
    except (TypeError, ValueError):
        return False
