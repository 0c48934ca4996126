"""Objectives of a search: scores to maximise and costs to minimise, by name."""

from typing import NamedTuple

from skae.registry import unknown_name
from skae.search._results import cost_key, guiding_metric, mean_key, metrics
from skae.search.evolution._costs import cost_name, n_parameters

__all__ = ["Column", "costs_of", "objective_columns"]

#: Costs by name.
COSTS = {"n_parameters": n_parameters}


def costs_of(objectives):
    """Return the costs among the objectives, by name.

    Raises
    ------
    ValueError
        When two objectives have one name, or there is none.
    """
    names = [_name(objective) for objective in _listed(objectives)]
    if len(set(names)) < len(names):
        raise ValueError(
            f"objectives={objectives!r}: two of them are called the same. Give "
            "callables names of their own."
        )
    return {
        name: COSTS.get(objective, objective)
        for name, objective in zip(names, _listed(objectives), strict=True)
        if callable(objective) or objective in COSTS
    }


class Column(NamedTuple):
    """Column of `cv_results_` that a search maximises or minimises.

    Attributes
    ----------
    name : str
        The metric, or the cost.
    key : str
        Of the column.
    sign : {1, -1}
        1 to make it large, as scores are, -1 to make it small, as costs are.
    """

    name: str
    key: str
    sign: int


def objective_columns(objectives, cv_results, refit):
    """Return the `Column` of each objective of a search.

    Parameters
    ----------
    objectives : sequence of str or callable, or None
        None for the score alone.
    cv_results : dict
    refit : bool, str or callable
        That of the search, which may say by which metric it chooses.

    Returns
    -------
    columns : list of Column

    Raises
    ------
    UnknownNameError
        When there is no metric or cost of that name.
    """
    known, main = metrics(cv_results), guiding_metric(cv_results, refit)
    return [_column(one, known, main) for one in _listed(objectives)]


def _column(objective, known, main):
    if callable(objective) or objective in COSTS:
        name = _name(objective)
        return Column(name, cost_key(name), -1)
    if objective in known:
        return Column(objective, mean_key(objective), 1)
    if objective == "score":
        return Column(main, mean_key(main), 1)
    raise unknown_name("objective", objective, ["score", *known, *COSTS])


def _listed(objectives):
    if objectives is None:
        return ["score"]
    if isinstance(objectives, str) or len(objectives) == 0:
        raise ValueError(
            f"objectives={objectives!r}: pass a list, as ['score', 'n_parameters']."
        )
    return list(objectives)


def _name(objective):
    return objective if isinstance(objective, str) else cost_name(objective)
