"""What a search makes large or small: scores and costs, by name."""

from skae.registry import unknown_name
from skae.search.evolution._costs import cost_name, n_parameters

__all__ = ["costs_of", "objective_columns"]

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


def objective_columns(objectives, cv_results, main):
    """Return the columns of `cv_results_` to make large (1) or small (-1).

    Parameters
    ----------
    objectives : sequence of str or callable, or None
        None for the score alone.
    cv_results : dict
    main : str or None
        The metric by which the search chooses, None for the first one.

    Returns
    -------
    columns : list of (str, int)

    Raises
    ------
    UnknownNameError
        When there is no metric or cost of that name.
    """
    metrics = [
        key.removeprefix("mean_test_") for key in cv_results if key[:10] == "mean_test_"
    ]
    main = main if main in metrics else metrics[0]
    return [_column(one, metrics, main) for one in _listed(objectives)]


def _column(objective, metrics, main):
    if callable(objective) or objective in COSTS:
        return f"cost_{_name(objective)}", -1
    if objective in metrics:
        return f"mean_test_{objective}", 1
    if objective == "score":
        return f"mean_test_{main}", 1
    raise unknown_name("objective", objective, ["score", *metrics, *COSTS])


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
