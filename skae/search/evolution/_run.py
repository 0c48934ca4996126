"""One run of an evolution, from the first generation to the last."""

from dataclasses import replace

import numpy as np

from skae._notices import warn
from skae.search.evolution._objectives import objective_columns
from skae.search.evolution._pareto import dominates, ranking, undominated
from skae.search.evolution._stopping import Stopping
from skae.search.evolution._strategies import Proposal

__all__ = ["Run"]


class Run:
    """The state of a search at work, as a `Strategy` sees it.

    Parameters
    ----------
    search : EvolutionarySearchCV
    strategy : Strategy
    space : Space
    evaluator : Evaluator
    rng : Generator
    callback_ctx : CallbackContext
        Of the search; each generation gets one of its own.
    """

    def __init__(self, search, strategy, space, evaluator, rng, callback_ctx):
        self.search = search
        self.strategy = strategy
        self.space = space
        self.evaluator = evaluator
        self.rng = rng
        self.callback_ctx = callback_ctx
        self.stopping = Stopping(search.patience, search.deadline, search.threshold)
        self.population_size = search.population_size
        self.population = []
        self.records = []
        self.n_generations = -1
        self.reason = "generations"

    # What strategies use

    def fresh(self, propose, taken=()):
        """Return a proposal whose genome was neither tried nor taken, None if none."""
        known = self.evaluator.index.keys() | set(taken)
        return self.space.fresh(propose, known, self.rng)

    def better(self, a, b):
        """Return whether genome `a` is better than `b` by the objectives."""
        values = self.values
        index = self.evaluator.index
        return dominates(values[index[a]], values[index[b]])

    def best(self, proposals):
        """Return the proposals from the best to the worst."""
        rows = [self.evaluator.index[one.genome] for one in proposals]
        return [proposals[i] for i in ranking(self.values[rows])]

    # The run

    def __call__(self):
        """Evolve until a stopping criterion holds."""
        try:
            self._evolve()
        except KeyboardInterrupt:
            if self.evaluator.results is None or not self.population:
                raise
            self.reason = "interrupt"
            warn(
                f"Interrupted after generation {self.n_generations}: the generation at "
                "work is lost, and the best of those before it is kept.",
            )
        if self.evaluator.results is None:
            raise self.evaluator.error

    def _evolve(self):
        self._generation(self._first())
        while (reason := self._reason()) is None:
            children = self.strategy.offspring(self, self.population)
            if children is None:
                break
            self._generation(children)
        self.reason = reason or "exhausted"
        if leaders := self._leaders():  # a single score may be high by chance
            self._evaluate([], [one.genome for one in leaders])

    def _reason(self):
        if self.n_generations >= self.search.n_generations:
            return "generations"
        if reason := self.stopping.reason():
            return reason
        return "exhausted" if len(self.evaluator.index) >= self.space.size else None

    def _first(self):
        given = self.search.initial_points or ()
        genomes = dict.fromkeys(self.space.genome(point, self.rng) for point in given)
        proposals = [Proposal(genome, mutation="given") for genome in genomes]
        n_left = max(self.population_size - len(proposals), 0)
        proposals += self.strategy.initial(self, n_left, taken=genomes)
        return [replace(one, slot=slot) for slot, one in enumerate(proposals)]

    def _generation(self, offspring):
        """Evaluate offspring, select survivors, and update the history."""
        again = [one.genome for one in self._leaders()]
        genomes = [one.genome for one in offspring]
        self._evaluate(genomes, again)
        parents = self.population
        self.population = (
            self.strategy.survivors(self, parents, offspring) if parents else offspring
        )
        self.n_generations += 1
        self._record(parents, offspring)
        self.stopping.update(self.values[:, 0].max())

    def _evaluate(self, genomes, again):
        new = {genome for genome in genomes if genome not in self.evaluator.index}
        n_fits = (len(new) * self.search.n_repeats + len(again)) * self.search.n_splits_
        context = self.callback_ctx.subcontext(
            task_name="generation", max_subtasks=n_fits, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self.search)
        if self.evaluator.race is not None:
            population = [self.evaluator.index[one.genome] for one in self.population]
            self.evaluator.race.begin(self.evaluator.results, population)
        self.evaluator(genomes, again, context)
        context.call_on_fit_task_end(estimator=self.search)

    def _leaders(self):
        """Return the best individuals, which are evaluated once again."""
        if self.search.n_reevaluated == 0 or not self.population:
            return []
        return self.best(self.population)[: self.search.n_reevaluated]

    # What came out

    @property
    def values(self):
        """Objectives to maximise, ndarray of shape (n_candidates, n_objectives)."""
        results = self.evaluator.results
        return self.evaluator.values(self.columns if results else [])

    @property
    def columns(self):
        """The `Column` of each objective."""
        search, results = self.search, self.evaluator.results
        return objective_columns(search.objectives, results, search.refit)

    @property
    def front(self):
        """Indices of the candidates that none dominates, the best score first."""
        values = self.values
        rows = np.flatnonzero(np.isfinite(values).all(axis=1))
        rows = rows[undominated(values[rows])]
        return rows[np.argsort(-values[rows, 0], kind="stable")]

    @property
    def indices(self):
        """Indices of the population, the best first."""
        index = self.evaluator.index
        return np.array([index[one.genome] for one in self.best(self.population)])

    def _record(self, parents, offspring):
        fitness = self.values[:, 0]
        self.records += [self._noted(one, fitness, False) for one in parents]
        self.records += [self._noted(one, fitness, True) for one in offspring]

    def _noted(self, one, fitness, is_offspring):
        index = self.evaluator.index
        return {
            "generation": self.n_generations,
            "index": index[one.genome],
            "individual": one.slot,
            "fitness": float(fitness[index[one.genome]]),
            "depth": self.space.depth(one.genome),
            "parents": tuple(index[parent] for parent in one.parents),
            "mutation": one.mutation,
            "is_offspring": is_offspring,
            "survives": any(one is other for other in self.population),
        }
