"""Figures of a report on the course of the search."""

from skae.cli.report._picture import Figure, png_of
from skae.cli.report._scores import metric_title
from skae.plotting import (
    ConvergenceDisplay,
    GenerationFitnessDisplay,
    ParallelCoordinatesDisplay,
    ParetoFrontDisplay,
)
from skae.plotting._trials import searched
from skae.search import EvolutionarySearchCV, LatentDimensionSearchCV

__all__ = ["search_figures"]


def search_figures(plan, outcome):
    """Return each `Figure` of the course of a search.

    Parameters
    ----------
    plan : Plan
        What was searched.
    outcome : Outcome
        What was found.

    Returns
    -------
    figures : list of Figure
        None for a curve, whose order says nothing.
    """
    search, metric = outcome.search, plan.settings.scorer
    if isinstance(search, LatentDimensionSearchCV):
        return []
    figures = [_convergence(search, metric)]
    if isinstance(search, EvolutionarySearchCV):
        figures.append(_generations(search, metric))
    if len(getattr(search, "objectives", None) or ()) > 1:
        figures.append(_pareto_front(search, metric))
    if len(searched(search.cv_results_["params"])) > 1:
        figures.append(_parallel_coordinates(search, metric))
    return figures


def _convergence(search, metric):
    display = ConvergenceDisplay.from_search(search, metric, **_named(metric))
    return Figure(
        name="convergence",
        title="Scores in the order of evaluation",
        caption="Each candidate's mean score over the held-out folds, and the best so "
        "far. A line that has long been flat says that more candidates would hardly "
        "have scored higher.",
        png=png_of(display),
        for_experts=True,
    )


def _generations(search, metric):
    display = GenerationFitnessDisplay.from_search(search, **_named(metric))
    return Figure(
        name="generations",
        title="Scores over the generations",
        caption="The best and the mean of those that live on into the next generation. "
        "The number over a bar counts the layers of the best.",
        png=png_of(display),
        for_experts=True,
    )


def _pareto_front(search, metric):
    names = "latent dimension", metric_title(metric)
    display = ParetoFrontDisplay.from_search(search, names=names)
    return Figure(
        name="pareto",
        title="Score against the latent dimension",
        caption="Every candidate. No other one beats those on the line: a higher score "
        "takes a larger code.",
        png=png_of(display),
        for_experts=True,
    )


def _parallel_coordinates(search, metric):
    display = ParallelCoordinatesDisplay.from_search(
        search, metric=metric, **_named(metric)
    )
    return Figure(
        name="parameters",
        title="All candidates, through their parameters to their scores",
        caption="A line for each candidate; dark ones score high, the orange one is "
        "the choice. Where dark lines come together on an axis, its parameter matters; "
        "where they spread, it matters little, or only along with others.",
        png=png_of(display),
        for_experts=True,
        wide=True,
    )


def _named(metric):
    return {"name": metric_title(metric), "negate": False}
