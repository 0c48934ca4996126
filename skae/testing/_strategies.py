"""Checks of strategies of an evolution."""

import numpy as np
from sklearn.base import BaseEstimator, clone

from skae.search import Architecture, EvolutionarySearchCV, Proposal, Strategy
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, untouched_randomness
from skae.testing._tensors import pickled

__all__ = ["STRATEGY_CHECKS"]

X = np.zeros((4, 1))
LARGE = {
    "layers": Architecture(0, 3, 2, 30),
    "n_components": (1, 16),
    "rate": (1e-3, 1.0, "log-uniform"),
    "kind": ["a", "b", "c"],
}
SMALL = {"n_components": (1, 5), "kind": ["a", "b"]}


class _Hill(BaseEstimator):
    """An estimator whose score is a function of its parameters."""

    def __init__(self, layers=(), n_components=1, rate=0.1, kind="a"):
        self.layers = layers
        self.n_components = n_components
        self.rate = rate
        self.kind = kind

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        size = abs(self.n_components - 7) + abs(sum(self.layers) - 20) / 10
        return -size - abs(np.log10(self.rate) + 2) + (self.kind == "b")


class _Watched(Strategy):
    """Wrapper of a strategy that checks its answers."""

    def __init__(self, strategy):
        self.strategy = strategy

    def initial(self, run, n, taken):
        proposals = self.strategy.initial(run, n, taken)
        _require_proposals(run, proposals, "initial")
        repeated = {one.genome for one in proposals} & set(taken)
        require(not repeated, f"initial proposes {repeated}, which are taken")
        require(len(proposals) <= n, f"{len(proposals)} proposals of at most {n}")
        return proposals

    def offspring(self, run, population):
        proposals = self.strategy.offspring(run, population)
        if proposals is not None:
            _require_proposals(run, proposals, "offspring")
        return proposals

    def survivors(self, run, population, offspring):
        survivors = self.strategy.survivors(run, population, offspring)
        require(len(survivors) > 0, "survivors leaves nobody")
        known = {one.genome for one in (*population, *offspring)}
        strangers = [one.genome for one in survivors if one.genome not in known]
        require(not strangers, f"survivors returns strangers: {strangers}")
        return survivors


def _require_proposals(run, proposals, method):
    for one in proposals:
        require(isinstance(one, Proposal), f"{method} returns {one!r:.80}")
        try:
            run.space.genome(run.space.params(one.genome), np.random.default_rng(0))
        except (TypeError, ValueError, IndexError) as error:
            found = f"{method} proposes the genome {one.genome!r}: {error}"
            raise AssertionError(found) from error


def _searched(strategy, space=LARGE, n_generations=6, random_state=0, **settings):
    return EvolutionarySearchCV(
        _Hill(),
        space,
        strategy=strategy,
        population_size=6,
        n_generations=n_generations,
        random_state=random_state,
        cv=2,
        error_score="raise",
        **settings,
    ).fit(X)


def _watched(strategy):
    # the search looks at the parameters of what it is given, the wrapper alone
    strategy = clone(strategy)
    strategy._validate_params()
    return _Watched(strategy)


@promise(
    "initial and offspring return proposals with genomes within the space, survivors "
    "some of what there is.",
    mend="make genomes by run.space.spread, mutate and cross, and choose among "
    "population and offspring.",
)
def check_strategy_stays_in_the_space(strategy):
    """Check all proposals and survivors of a run, with and without points given."""
    _searched(_watched(strategy))
    point = {"layers": (30, 2), "n_components": 16, "rate": 1.0, "kind": "c"}
    _searched(_watched(strategy), initial_points=[point])


@promise(
    "a strategy draws from run.rng, and from nothing else.",
    mend="use run.rng in place of generators of your own, and keep no state between "
    "calls.",
)
def check_strategy_is_repeatable(strategy):
    """Check candidates of one random state, of a pickle's run, and of another state."""
    strategy = clone(strategy)
    with untouched_randomness("the strategy"):
        first = _searched(strategy)
    others = {"again": strategy, "of a pickle": pickled(strategy)}
    for how, other in others.items():
        found = _searched(other).cv_results_["params"]
        require(found == first.cv_results_["params"], f"other candidates {how}")
    found = _searched(strategy, random_state=1).cv_results_["params"]
    require(found != first.cv_results_["params"], "another random state is no other")


@promise(
    "a search comes to its end in a small space too, and where there is one candidate.",
    mend="take proposals from run.fresh, and return None from offspring where it does.",
)
def check_strategy_in_small_spaces(strategy):
    """Check searches over ten candidates and over one."""
    for space in (SMALL, {"n_components": [2]}):
        found = _searched(_watched(strategy), space, n_generations=20)
        require(len(found.population_) > 0, "nobody is alive at the end")


STRATEGY_CHECKS = (
    *PART_CHECKS,
    check_strategy_stays_in_the_space,
    check_strategy_is_repeatable,
    check_strategy_in_small_spaces,
)
