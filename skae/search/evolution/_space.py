"""Search space of named dimensions, and the genomes drawn from it."""

from itertools import product
from math import inf, prod
from numbers import Integral, Real

import numpy as np

from skae.search.evolution._architecture import Architecture
from skae.search.evolution._dimension import (
    N_DRAWS,
    N_LISTED,
    Choices,
    Dimension,
    Distribution,
    Range,
    Sampler,
)

__all__ = ["Space"]


class Space:
    """Named dimensions. A *genome* is a tuple with a gene for each of them.

    Parameters
    ----------
    dimensions : dict of str to object
        As `EvolutionarySearchCV` documents them.

    Raises
    ------
    ValueError
        When it is empty, or a dimension cannot be understood; the message says which.
    """

    def __init__(self, dimensions):
        if not isinstance(dimensions, dict) or not dimensions:
            raise ValueError(
                f"search_space={dimensions!r}: pass a dict from names of parameters to "
                "what they may be, as {'n_components': (1, 16)}."
            )
        self.names = list(dimensions)
        self.dimensions = [_read(name, spec) for name, spec in dimensions.items()]
        sizes = [dimension.size for dimension in self.dimensions]
        self.size = inf if inf in sizes else prod(sizes)

    def params(self, genome):
        """Return the parameters of a genome, by name."""
        return {
            name: dimension.value(gene)
            for name, dimension, gene in zip(
                self.names, self.dimensions, genome, strict=True
            )
        }

    def genome(self, params, rng):
        """Return the genome of parameters; those left out are drawn."""
        if unknown := set(params) - set(self.names):
            raise ValueError(
                f"initial_points: {params!r} names {', '.join(sorted(unknown))}, which "
                f"the search space does not: it has {', '.join(self.names)}."
            )
        drawn = zip(self.names, self.dimensions, self.spread(1, rng)[0], strict=True)
        return tuple(
            _given(name, dimension, params[name]) if name in params else gene
            for name, dimension, gene in drawn
        )

    def spread(self, n, rng):
        """Return `n` genomes that are spread evenly along every dimension."""
        columns = [dimension.spread(n, rng) for dimension in self.dimensions]
        return list(zip(*columns, strict=True))

    def mutate(self, genome, rng):
        """Return a genome with about one other gene, and the mutations in words."""
        places = self.mutable
        chosen = [i for i in places if rng.uniform() < 1 / len(places)]
        genes, done = list(genome), []
        for i in chosen or [rng.choice(places)]:
            genes[i], how = self.dimensions[i].mutate(genes[i], rng)
            done.append(f"{self.names[i]}: {how}")
        return tuple(genes), ", ".join(done)

    @property
    def mutable(self):
        """The places of dimensions with more than one value."""
        return [i for i, d in enumerate(self.dimensions) if d.size > 1]

    def cross(self, a, b, rng):
        """Return a genome with genes of both parents."""
        return tuple(
            dimension.cross(gene, other, rng)
            for dimension, gene, other in zip(self.dimensions, a, b, strict=True)
        )

    def depth(self, genome):
        """Return the number of layers of the first architecture, None without one."""
        for dimension, gene in zip(self.dimensions, genome, strict=True):
            if isinstance(dimension, Architecture):
                return len(gene)
        return None

    def fresh(self, propose, known, rng):
        """Return a result of `propose` whose genome is not in `known`.

        Parameters
        ----------
        propose : callable
            Takes nothing, returns a genome and more.
        known : container of genomes
        rng : Generator

        Returns
        -------
        proposal : tuple or None
            ``(genome, ...)``; a drawn genome alone where `propose` finds nothing new,
            and None where nothing is left.
        """
        if len(self.mutable) == 0 and len(known) > 0:
            return None
        for _ in range(N_DRAWS):
            proposal = propose()
            if proposal[0] not in known:
                return proposal
        unknown = (g for g in self.spread(N_DRAWS, rng) if g not in known)
        genome = next(unknown, None) or self._left(known, rng)
        return None if genome is None else (genome,)

    def _left(self, known, rng):
        if self.size > N_LISTED:
            return None
        genomes = product(*(dimension.genes() for dimension in self.dimensions))
        left = [genome for genome in genomes if genome not in known]
        return left[rng.integers(len(left))] if left else None


def _given(name, dimension, value):
    try:
        return dimension.gene(value)
    except ValueError as error:
        raise ValueError(f"initial_points: {name}: {error}") from None


def _read(name, spec):
    """Return the dimension that a user's specification describes."""
    try:
        dimension = _understood(spec)
    except ValueError as error:
        raise ValueError(f"search_space[{name!r}]: {error}") from None
    if dimension is None:
        raise ValueError(
            f"search_space[{name!r}]={spec!r}: write a list of choices, a tuple "
            "(low, high) or (low, high, 'log-uniform'), an Architecture, a dimension "
            "of scikit-optimize or a distribution of scipy."
        )
    return dimension


def _understood(spec):
    if isinstance(spec, Dimension):
        return spec
    if hasattr(spec, "categories"):
        return Choices(spec.categories, _weights(spec))
    if hasattr(spec, "low") and hasattr(spec, "high"):
        integer = np.issubdtype(spec.dtype, np.integer)
        return _range(spec.low, spec.high, spec.prior, integer)
    if hasattr(spec, "ppf") and hasattr(spec, "support"):
        return Distribution(spec)
    if hasattr(spec, "rvs"):
        return Sampler(spec)
    return _from_sequence(spec)


def _from_sequence(spec):
    if isinstance(spec, tuple):
        return _from_tuple(spec)
    if isinstance(spec, list | np.ndarray):
        return Choices(spec.tolist() if isinstance(spec, np.ndarray) else spec)
    return None


def _from_tuple(spec):
    low, high, prior = (*spec, "uniform")[:3] if len(spec) in (2, 3) else (None,) * 3
    if not (_is_number(low) and _is_number(high)):
        return None
    integer = isinstance(low, Integral) and isinstance(high, Integral)
    return _range(low, high, prior, integer)


def _range(low, high, prior, integer):
    if prior not in ("uniform", "log-uniform"):
        raise ValueError(f"the prior is {prior!r}: use 'uniform' or 'log-uniform'.")
    return Range(low, high, integer, prior == "log-uniform")


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _weights(spec):
    prior = getattr(spec, "prior", None)
    return None if prior is None else np.asarray(prior) / np.sum(prior)
