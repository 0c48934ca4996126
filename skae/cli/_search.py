"""The search that settings ask for, ready to be fitted."""

from math import sqrt

import numpy as np
from sklearn.model_selection import GridSearchCV

from skae.cli._choice import Choice
from skae.cli._space import PARAM, first_points, latent_dimension
from skae.search import BayesSearchCV, EvolutionarySearchCV, MuPlusLambda

__all__ = ["make_search"]


def make_search(plan):
    """Return the search of a plan; what it refits is the choice of the plan's rule.

    A Bayesian search with a budget for every dimension is a grid.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    search : GridSearchCV, BayesSearchCV or EvolutionarySearchCV
    """
    settings = plan.settings
    shared = {
        "scoring": plan.scoring,
        "refit": Choice(plan.rule, settings.scorer, plan.n_columns),
        "cv": plan.cv,
        "n_jobs": settings.n_jobs,
        "error_score": np.nan,
    }
    if settings.search == "evolution":
        return _evolution(plan, shared)
    if settings.n_candidates == len(settings.components):
        return GridSearchCV(plan.pipeline, {PARAM: list(settings.components)}, **shared)
    return _bayes(plan, shared)


def _bayes(plan, shared):
    settings = plan.settings
    return BayesSearchCV(
        plan.pipeline,
        {PARAM: _dimension(settings.components)},
        n_iter=settings.n_candidates,
        random_state=settings.seed,
        optimizer_kwargs=_spread_start(settings.n_candidates),
        **shared,
    )


def _dimension(values):
    from skopt.space import Categorical, Integer

    if len(values) > 1 and values == tuple(range(values[0], values[-1] + 1)):
        return Integer(values[0], values[-1])
    return Categorical(list(values))


def _spread_start(n_iter):
    # skopt starts with ten random points, which repeat one another on a short range of
    # integers; a Latin hypercube does not.
    return {
        "n_initial_points": max(1, n_iter // 2),
        "initial_point_generator": "lhs",
    }


def _evolution(plan, shared):
    """Return a search for the best layers of each dimension, not of the best one.

    The latent dimension is a cost beside the score: otherwise a score that grows with
    it would draw all candidates to the largest one, and leave the rule without a curve.
    """
    settings = plan.settings
    n_first, n_offspring, n_generations = _generations(settings.n_candidates)
    return EvolutionarySearchCV(
        plan.pipeline,
        plan.space,
        strategy=MuPlusLambda(n_offspring),
        population_size=n_first,
        n_generations=n_generations,
        initial_points=first_points(plan.pipeline, plan.space, (n_first + 1) // 2),
        objectives=["score", latent_dimension],
        random_state=settings.seed,
        **shared,
    )


def _generations(n_candidates):
    """Return how many candidates begin, how many follow at a time, and how often.

    The number in a generation grows with the root of their whole number.
    """
    n_rounds = max(1, round(sqrt(n_candidates / 2)))
    n_offspring = n_candidates // n_rounds
    return n_candidates - (n_rounds - 1) * n_offspring, n_offspring, n_rounds - 1
