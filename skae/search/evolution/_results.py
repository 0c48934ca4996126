"""Rows of `cv_results_`, one for each candidate over all of its evaluations."""

from dataclasses import dataclass
from numbers import Number

import numpy as np

from skae.search._results import cost_key
from skae.search.evolution._costs import move_costs

__all__ = ["RAW", "ROWS", "Row", "collect"]

#: Keys under which a search hands on what is not for the user.
RAW = "_raw"
ROWS = "_rows"


@dataclass(frozen=True)
class Row:
    """One evaluation of a candidate.

    Attributes
    ----------
    candidate : int
        Its index in `cv_results_`.
    params : dict
        Its parameters, without the seeds of this evaluation.
    lost : bool
        Whether all fits of its batch failed, so that scikit-learn kept none.
    """

    candidate: int
    params: dict
    lost: bool = False


def collect(rows, n_splits, out, error_score):
    """Return the candidates' parameters, their mean results per split, and columns.

    Parameters
    ----------
    rows : list of Row
        All evaluations, in the order in which they were made.
    n_splits : int
    out : list of dict
        What scikit-learn returned for each split of each evaluation that is not lost.
        The costs in it move from the scores to a place of their own.
    error_score : float

    Returns
    -------
    params : list of dict
    merged : list of dict
        As `out`, with `n_splits` results per candidate.
    columns : dict of str to list
        ``n_repeats`` and ``cost_...``, one value per candidate.
    """
    for result in out:
        move_costs(result)
    kept = iter(out[i : i + n_splits] for i in range(0, len(out), n_splits))
    params, runs = {}, {}
    for row in rows:
        params[row.candidate] = row.params
        runs.setdefault(row.candidate, [])
        if not row.lost:
            runs[row.candidate].append(next(kept))
    failed = [_failed(result, error_score) for result in out[:n_splits]]
    order = sorted(params)
    merged = [_merged(runs[candidate] or [failed]) for candidate in order]
    columns = {"n_repeats": [max(len(runs[candidate]), 1) for candidate in order]}
    for name in out[0].get("costs", ()):
        columns[cost_key(name)] = [_cost(splits, name) for splits in merged]
    flat = [result for splits in merged for result in splits]
    return [params[candidate] for candidate in order], flat, columns


def _merged(runs):
    """Return the mean over runs of the results of each split."""
    return [_mean(results) for results in zip(*runs, strict=True)]


def _mean(results):
    first = results[0]
    if len(results) == 1:
        return first
    if isinstance(first, dict):
        return {key: _mean([result[key] for result in results]) for key in first}
    return float(np.mean(results)) if isinstance(first, Number) else first


def _cost(splits, name):
    return float(np.mean([result["costs"][name] for result in splits]))


def _failed(result, error_score):
    """Return the entries of a failed fit, in the form of another's result."""
    failed = {**result, "fit_time": np.nan, "score_time": np.nan}
    for key in {"test_scores", "train_scores", "costs"} & set(result):
        failed[key] = _filled(result[key], np.nan if key == "costs" else error_score)
    return failed


def _filled(like, value):
    return dict.fromkeys(like, value) if isinstance(like, dict) else value
