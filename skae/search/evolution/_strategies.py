"""Strategies of evolution: variation and selection of a population."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator

from skae._sklearn import Interval
from skae.registry import Registry
from skae.search.evolution._architecture import Architecture

__all__ = ["STRATEGIES", "KeepIfBetter", "MuPlusLambda", "Proposal", "Strategy"]

STRATEGIES = Registry("strategy", "skae.strategies")


@dataclass(frozen=True)
class Proposal:
    """Candidate of an evolution, with its origin.

    Attributes
    ----------
    genome : tuple
        What stands for its parameters.
    parents : tuple of tuple
        Genomes that it is made of.
    mutation : str
        What was done to them.
    slot : int
        Place in the population.

    Examples
    --------
    >>> from skae.search import Proposal
    >>> child = Proposal((8, "tanh"), parents=((7, "tanh"),), mutation="step")
    >>> child.genome, child.slot
    ((8, 'tanh'), 0)
    """

    genome: tuple
    parents: tuple = ()
    mutation: str = "initial"
    slot: int = 0


class Strategy(BaseEstimator, ABC):
    """Strategy of an evolution: variation and selection; a part of the search.

    A strategy draws from nothing but ``run.rng``, so that searches are repeatable.
    ``run.space`` is the `Space`, ``run.fresh(propose, taken)`` finds what is neither
    tried nor taken, ``run.better(a, b)`` compares two genomes, and
    ``run.best(proposals)`` sorts them.

    Examples
    --------
    New draws in each generation, of which the best survive:

    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.search import EvolutionarySearchCV, Proposal, Strategy
    >>> class RandomSearch(Strategy):
    ...     def offspring(self, run, population):
    ...         found = run.fresh(lambda: run.space.spread(1, run.rng))
    ...         return None if found is None else [Proposal(found[0], mutation="drawn")]
    ...
    ...     def survivors(self, run, population, offspring):
    ...         return run.best([*population, *offspring])[: run.population_size]
    >>> search = EvolutionarySearchCV(
    ...     PCA(),
    ...     {"n_components": (1, 5)},
    ...     strategy=RandomSearch(),
    ...     population_size=2,
    ...     n_generations=10,
    ...     random_state=0,
    ... ).fit(np.random.default_rng(0).normal(size=(40, 6)))
    >>> len(search.cv_results_["params"]), search.stop_reason_
    (5, 'exhausted')
    """

    _parameter_constraints = {}

    def initial(self, run, n, taken):
        """Return at most `n` proposals to begin with, none of them in `taken`."""
        genomes = iter(run.space.spread(n, run.rng))

        def propose():
            drawn = next(genomes, None) or run.space.spread(1, run.rng)[0]
            return (self.begin(run, drawn),)

        found = {}
        while len(found) < n and (new := run.fresh(propose, [*found, *taken])):
            found[new[0]] = Proposal(new[0])
        return list(found.values())

    def begin(self, run, genome):
        """Return the initial genome in place of one that was drawn."""
        return genome

    @abstractmethod
    def offspring(self, run, population):
        """Return the proposals that a population makes, None where nothing is left."""

    @abstractmethod
    def survivors(self, run, population, offspring):
        """Return the next population, once all are evaluated."""


@STRATEGIES.register("keep_if_better")
class KeepIfBetter(Strategy):
    """Strategy that replaces an individual by a mutation of its own if that is better.

    Architectures begin with distinct widths, drawn evenly and sorted to taper, and
    mutate by one rule: where there are more than `n_layers` layers, counting the input,
    one at random is removed; else the layer at place k, the input being at place 0,
    gains k units. So depth only falls, to ``n_layers - 1`` hidden layers, and none is
    ever added: a baseline of known behaviour, not the best way to search. Widths stay
    within the bounds of the `Architecture`. One parameter changes at a time; what is no
    architecture mutates as in `MuPlusLambda`.

    An individual's fitness never falls, unless it is evaluated again and the mean of
    its scores does.

    Parameters
    ----------
    mutation_probability : float, default=0.75
        Share of individuals that mutate in a generation.
    n_layers : int, default=4
        Number of layers, the input among them, above which one is removed.

    Examples
    --------
    >>> from skae.search import KeepIfBetter
    >>> KeepIfBetter(mutation_probability=1.0)
    KeepIfBetter(mutation_probability=1.0)
    """

    _parameter_constraints = {
        "mutation_probability": [Interval(Real, 0, 1, closed="both")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, mutation_probability=0.75, *, n_layers=4):
        self.mutation_probability = mutation_probability
        self.n_layers = n_layers

    def begin(self, run, genome):
        """Return the genome with distinct, descending widths in its architectures."""
        pairs = zip(run.space.dimensions, genome, strict=True)
        return tuple(_tapering(*pair, run.rng) for pair in pairs)

    def offspring(self, run, population):
        """Return the mutations of those individuals that mutate."""
        chosen = [
            parent
            for parent in population
            if run.rng.uniform() < self.mutation_probability
        ]
        return [child for parent in chosen for child in self._children(run, parent)]

    def _children(self, run, parent):
        i = run.rng.choice(run.space.mutable)
        dimension, gene = run.space.dimensions[i], parent.genome[i]
        if isinstance(dimension, Architecture):
            other, how = self._by_rule(dimension, gene, run.rng)
        else:
            other, how = dimension.mutate(gene, run.rng)
        if other != gene:
            genome = parent.genome[:i] + (other,) + parent.genome[i + 1 :]
            how = f"{run.space.names[i]}: {how}"
            yield Proposal(genome, (parent.genome,), how, parent.slot)

    def _by_rule(self, architecture, sizes, rng):
        if len(sizes) + 1 > self.n_layers and len(sizes) > architecture.min_depth:
            i = rng.integers(len(sizes))
            return sizes[:i] + sizes[i + 1 :], "remove"
        grown = (width + place for place, width in enumerate(sizes, start=1))
        return architecture.fitted(grown), "grow"

    def survivors(self, run, population, offspring):
        """Return each individual, or its mutation where that is better."""
        by_slot = {child.slot: child for child in offspring}
        return [
            child
            if (child := by_slot.get(parent.slot))
            and run.better(child.genome, parent.genome)
            else parent
            for parent in population
        ]


@STRATEGIES.register("mu_plus_lambda")
class MuPlusLambda(Strategy):
    """Strategy (mu + lambda): the best of parents and offspring survive.

    Parents are the winners of tournaments. A child has genes of two of them with
    `crossover_probability` and is a mutation of one otherwise; some are drawn from the
    whole space. None is a candidate that was tried before. Mutations add, remove,
    widen, narrow and swap layers, step along numbers by lengths of all orders of
    magnitude, and choose among categories.

    Parameters
    ----------
    n_offspring : int, default=None
        Children in a generation, None for as many as there are individuals.
    tournament_size : int, default=3
        Individuals among which the best is a parent. *Raising* it forgets all but the
        best sooner.
    crossover_probability : float, default=0.3
        Share of children with two parents.
    immigration_probability : float, default=0.1
        Share of children without any.

    Examples
    --------
    >>> from skae.search import MuPlusLambda
    >>> MuPlusLambda(tournament_size=2)
    MuPlusLambda(tournament_size=2)
    """

    _parameter_constraints = {
        "n_offspring": [Interval(Integral, 1, None, closed="left"), None],
        "tournament_size": [Interval(Integral, 1, None, closed="left")],
        "crossover_probability": [Interval(Real, 0, 1, closed="both")],
        "immigration_probability": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        n_offspring=None,
        *,
        tournament_size=3,
        crossover_probability=0.3,
        immigration_probability=0.1,
    ):
        self.n_offspring = n_offspring
        self.tournament_size = tournament_size
        self.crossover_probability = crossover_probability
        self.immigration_probability = immigration_probability

    def offspring(self, run, population):
        """Return new candidates, fewer where the space comes to its end."""
        ranked = run.best(population)
        children = []
        for _ in range(self.n_offspring or len(population)):
            taken = {child.genome for child in children}
            found = run.fresh(lambda: self._child(run, ranked), taken)
            if found is None:
                break
            genome, parents, how = found if len(found) > 1 else (*found, *_IMMIGRANT)
            children.append(Proposal(genome, parents, how, slot=len(children)))
        return children or None

    def _child(self, run, ranked):
        chance = run.rng.uniform()
        if chance < self.immigration_probability:
            return run.space.spread(1, run.rng)[0], *_IMMIGRANT
        parent = self._winner(run, ranked)
        if chance > 1 - self.crossover_probability:
            other = self._winner(run, ranked)
            genome = run.space.cross(parent, other, run.rng)
            return genome, (parent, other), "crossover"
        genome, how = run.space.mutate(parent, run.rng)
        return genome, (parent,), how

    def _winner(self, run, ranked):
        drawn = run.rng.integers(len(ranked), size=self.tournament_size)
        return ranked[drawn.min()].genome

    def survivors(self, run, population, offspring):
        """Return the best individuals of parents and offspring."""
        return run.best([*population, *offspring])[: run.population_size]


_IMMIGRANT = ((), "immigrant")


def _tapering(dimension, gene, rng):
    """Return distinct widths, sorted, in place of an architecture's gene."""
    if not isinstance(dimension, Architecture):
        return gene
    repeated = len(gene) > len(dimension.widths)
    widths = rng.choice(dimension.widths, len(gene), replace=repeated)
    return tuple(int(width) for width in np.sort(widths)[::-1])
