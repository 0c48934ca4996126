"""Candidates, scores and choice of a search, as its displays read them."""

from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import NotFittedError

from skae._sklearn import BaseSearchCV
from skae.registry import unknown_name
from skae.search import _results

__all__ = [
    "Trials",
    "check_param",
    "finite_scores",
    "guiding_metric",
    "mean_scores",
    "named_score",
    "parameters_of",
    "read_trials",
    "results_of",
    "searched",
    "short_name",
    "short_names",
]

# Scorers that are negative errors return minus the largest number for what diverged.
_TOO_LARGE = 1e30


@dataclass(frozen=True, eq=False)
class Trials:
    """The candidates of a search, in the order of `cv_results_`.

    Attributes
    ----------
    params : list of dict
        Their parameters.
    scores : ndarray of shape (n_candidates,)
        Their mean scores, higher is better; NaN for those that failed.
    name : str
        What the scores are, as an axis calls them.
    negate : bool
        Whether to draw them as errors.
    chosen : int or None
        The index of the candidate that the search has chosen.
    """

    params: list
    scores: np.ndarray
    name: str
    negate: bool
    chosen: int | None


def read_trials(search, metric=None, name=None, negate=None):
    """Return the `Trials` of a fitted search.

    Parameters
    ----------
    search : fitted search
    metric : str or None, default=None
        Which of several metrics; None for the one by which the search chose.
    name : str or None, default=None
        What to call the scores; None for the name of the metric.
    negate : bool or None, default=None
        Whether to draw errors; None for yes if the metric starts with ``"neg_"``.

    Raises
    ------
    NotFittedError
        When the search has no results yet.
    UnknownNameError
        When there is no such metric.
    """
    results = results_of(search)
    metric = guiding_metric(search) if metric is None else metric
    scores = mean_scores(results, metric)
    named = named_score(search, metric, name, negate)
    chosen = getattr(search, "best_index_", None)
    return Trials(_results.candidates(results), scores, *named, chosen)


def named_score(search, metric, name=None, negate=None):
    """Return the label of a metric, and whether the axis shows its negative."""
    scoring = getattr(search, "scoring", None)
    if metric == "score" and isinstance(scoring, str):
        metric = scoring
    negate = metric.startswith("neg_") if negate is None else negate
    if name is None:
        name = metric.removeprefix("neg_") if negate else metric
    return name, negate


def results_of(search):
    """Return the `cv_results_` of a fitted search, or say why there are none."""
    if hasattr(search, "cv_results_"):
        return search.cv_results_
    name = type(search).__name__
    if isinstance(search, BaseSearchCV):
        raise NotFittedError(f"This {name} has nothing to draw yet: call fit first.")
    raise TypeError(
        f"{name} is no search: pass a fitted one, as GridSearchCV, BayesSearchCV or "
        "EvolutionarySearchCV."
    )


def mean_scores(results, metric):
    """Return the mean score of each candidate, NaN where it failed."""
    return finite_scores(_results.mean_scores(results, metric))


def finite_scores(scores):
    """Return scores as floats, NaN in the place of those that stand for a failure."""
    scores = np.array(scores, dtype=float)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(scores) < _TOO_LARGE, scores, np.nan)


def guiding_metric(search):
    """Return the metric by which a fitted search chose; the first one if unclear."""
    return _results.guiding_metric(results_of(search), getattr(search, "refit", None))


# Parameters


def searched(params):
    """Return the names of the parameters of candidates, in order, without seeds."""
    names = dict.fromkeys(name for candidate in params for name in candidate)
    return [name for name in names if short_name(name) != "random_state"] or [*names]


def parameters_of(params, names):
    """Return the values of each parameter by name, masked where there is none."""
    return {
        name: [candidate.get(name, np.ma.masked) for candidate in params]
        for name in names
    }


def check_param(name, params):
    """Raise an error that names the closest parameter where `name` is not searched."""
    known = {name for candidate in params for name in candidate}
    if name not in known:
        raise unknown_name("parameter", name, known)


def short_name(name):
    """Return the end of a nested parameter's name."""
    return name.split("__")[-1]


def short_names(names):
    """Return the ends of nested names, whole names where ends are alike."""
    ends = [short_name(name) for name in names]
    return [
        end if ends.count(end) == 1 else name
        for end, name in zip(ends, names, strict=True)
    ]
