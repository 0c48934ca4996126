"""Names of the keys of `cv_results_`, and the arrays under them.

Every function takes the `cv_results_` of a search, a dict, as its first argument, and
reads or writes one kind of its columns. A column has an entry for each candidate.
"""

from itertools import count, takewhile

import numpy as np
from scipy.stats import rankdata

from skae.registry import unknown_name

__all__ = [
    "candidates",
    "cost_key",
    "costs",
    "find_param",
    "fold_scores",
    "guiding_metric",
    "mean_key",
    "mean_scores",
    "mean_seconds",
    "metrics",
    "rank_train_scores",
    "unfold",
    "values_of",
]

_MEAN, _TRAIN, _PARAM, _COST = "mean_test_", "mean_train_", "param_", "cost_"


# Scores


def metrics(results):
    """Return the names of the metrics, ``["score"]`` where there is a single one."""
    return [key.removeprefix(_MEAN) for key in results if key.startswith(_MEAN)]


def guiding_metric(results, refit):
    """Return the metric by which a search chooses.

    It is the one that `refit` names or has as its `metric`, else the first one.
    """
    names = metrics(results)
    wanted = (refit, getattr(refit, "metric", None))
    return next((name for name in wanted if name in names), names[0])


def mean_key(metric):
    """Return the key of the mean scores by a metric."""
    return f"{_MEAN}{metric}"


def mean_scores(results, metric):
    """Return the mean scores over the folds, ndarray of shape (n_candidates,).

    NaN for candidates that failed, unless the search has an `error_score`.

    Raises
    ------
    UnknownNameError
        When the search has no such metric.
    """
    if metric not in (known := metrics(results)):
        raise unknown_name("metric", metric, known)
    return np.array(results[mean_key(metric)], dtype=float)


def fold_scores(results, metric):
    """Return the scores fold by fold, ndarray of shape (n_candidates, n_folds).

    Raises
    ------
    UnknownNameError
        When the search has no such metric.
    """
    keys = (f"split{fold}_test_{metric}" for fold in count())
    folds = [results[key] for key in takewhile(results.__contains__, keys)]
    if not folds:
        raise unknown_name("metric", metric, metrics(results))
    return np.column_stack(folds).astype(float)


def unfold(results, param, values, metrics):
    """Return results with a row per value, from scores of one fit under many names.

    Parameters
    ----------
    results : dict
        `cv_results_` whose candidates are restarts of one another.
    param : str
        What the values are of.
    values : iterable of int
    metrics : dict of str to str
        Names of metrics, and what their scores are called: ``"r2"`` for ``"r2_<k>"``.
    """
    values = list(values)
    out = {
        key: np.full(len(values), np.mean(results[key]))
        for key in results
        if key.endswith("_time")
    }
    first = candidates(results)[0]
    seed = {name: first[name] for name in first if name.endswith("random_state")}
    out["params"] = [{param: k, **seed} for k in values]
    for name in (param, *seed):
        column = [params[name] for params in out["params"]]
        out[f"{_PARAM}{name}"] = np.ma.array(column, dtype=object)
    for name, called in metrics.items():
        folds = np.stack(
            [fold_scores(results, f"{called}_{k}").mean(axis=0) for k in values]
        )
        out |= {f"split{i}_test_{name}": fold for i, fold in enumerate(folds.T)}
        out[mean_key(name)] = folds.mean(axis=1)
        out[f"std_test_{name}"] = folds.std(axis=1)
        ranks = rankdata(-folds.mean(axis=1), method="min")
        out[f"rank_test_{name}"] = ranks.astype(np.int32)
    return out


def rank_train_scores(results):
    """Add ranks by the training scores, as skopt does, where there are such scores."""
    for key in [key for key in results if key.startswith(_TRAIN)]:
        worst_last = np.nan_to_num(-results[key], nan=np.inf)
        ranks = rankdata(worst_last, method="min").astype(int)
        results[key.replace("mean", "rank", 1)] = ranks


# Parameters


def candidates(results):
    """Return the parameters of each candidate, a list of dict."""
    if "params" in results:
        return list(results["params"])
    keys = [key for key in results if key.startswith(_PARAM)]
    columns = [np.ma.array(results[key], dtype=object) for key in keys]
    names = [key.removeprefix(_PARAM) for key in keys]
    return [
        {
            name: value
            for name, value in zip(names, row, strict=True)
            if value is not np.ma.masked  # in another grid of a list of them
        }
        for row in zip(*columns, strict=True)
    ]


def values_of(results, param):
    """Return the values of a parameter by the rows of candidates that have it.

    Raises
    ------
    UnknownNameError
        When no candidate has the parameter.
    """
    tried = candidates(results)
    values = {row: each[param] for row, each in enumerate(tried) if param in each}
    if not values:
        known = {name for candidate in tried for name in candidate}
        raise unknown_name("parameter", param, known)
    return {row: _plain(value) for row, value in values.items()}


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def find_param(results):
    """Return the parameter of a search that is a number of components.

    Raises
    ------
    ValueError
        When there is none, or more than one.
    """
    names = dict.fromkeys(name for each in candidates(results) for name in each)
    found = [name for name in names if name.split("__")[-1] == "n_components"]
    if len(found) != 1:
        raise ValueError(
            f"Which parameter is to be chosen? {len(found)} of {', '.join(names)} end "
            "in 'n_components': name it by the rule's `param`."
        )
    return found[0]


# Times and costs


def mean_seconds(results, kind):
    """Return the mean seconds per fold, of kind ``"fit_time"`` or ``"score_time"``."""
    return results[f"mean_{kind}"]


def cost_key(name):
    """Return the key of a cost of the candidates of an evolution."""
    return f"{_COST}{name}"


def costs(results):
    """Return the names of the costs of candidates."""
    return [key.removeprefix(_COST) for key in results if key.startswith(_COST)]
