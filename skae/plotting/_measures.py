"""Measures of candidates: metrics, costs and times."""

from dataclasses import dataclass

import numpy as np

from skae.plotting._trials import (
    finite_scores,
    guiding_metric,
    mean_scores,
    named_score,
    results_of,
)
from skae.registry import unknown_name
from skae.search._results import cost_key, costs, mean_seconds, metrics
from skae.search.evolution._costs import cost_name

__all__ = ["Measure", "default_pair", "read_measure"]

_TIMES = {"fit_time": "fit time in seconds", "score_time": "score time in seconds"}


@dataclass(frozen=True, eq=False)
class Measure:
    """A number for each candidate.

    Attributes
    ----------
    name : str
        What an axis calls it.
    direction : {"less", "more"}
        What is better.
    values : ndarray of shape (n_candidates,)
        NaN for candidates that failed.
    """

    name: str
    direction: str
    values: np.ndarray


def read_measure(search, measure):
    """Return the `Measure` of that name.

    Raises
    ------
    UnknownNameError
        When the search has no such metric or cost.
    """
    results = results_of(search)
    name = measure if isinstance(measure, str) else cost_name(measure)
    known = metrics(results)
    if name in known or name == "score":
        metric = name if name in known else guiding_metric(search)
        scores = mean_scores(results, metric)
        label, is_error = named_score(search, metric)
        sign, direction = (-1, "less") if is_error else (1, "more")
        return Measure(label, direction, sign * scores)
    if name in costs(results):
        return Measure(name, "less", finite_scores(results[cost_key(name)]))
    if name in _TIMES:
        seconds = finite_scores(mean_seconds(results, name))
        return Measure(_TIMES[name], "less", seconds)
    raise unknown_name("measure", name, {"score", *known, *costs(results), *_TIMES})


def default_pair(search, x=None, y=None):
    """Return the measures of both axes: those asked for, else the search's objectives.

    Raises
    ------
    ValueError
        When there is one objective only.
    """
    x, y = (guiding_metric(search) if each == "score" else each for each in (x, y))
    asked = [measure for measure in (y, x) if measure is not None]
    free = [each for each in _objectives(search) if each not in asked]
    if len(asked) + len(free) < 2:
        raise ValueError(
            "The search has one objective only: name what to weigh it against, as "
            "x='fit_time'."
        )
    free = iter(free)
    y = next(free) if y is None else y
    return (next(free) if x is None else x), y


def _objectives(search):
    """Return the objectives of a search, the one of the choice first."""
    results = results_of(search)
    main = guiding_metric(search)
    objectives = getattr(search, "objectives", None)
    if objectives is not None and len(objectives) > 1:
        return [main if each == "score" else each for each in objectives]
    return [main, *(metric for metric in metrics(results) if metric != main)]
