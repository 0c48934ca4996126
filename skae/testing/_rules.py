"""Checks of selection rules."""

from numbers import Integral

import numpy as np
from sklearn.base import clone

from skae.search import ScoreCurve
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, untouched_randomness
from skae.testing._tensors import pickled

__all__ = ["RULE_CHECKS"]

# Shares of variance: what the rules for them need will do for any other.
MEANS = {
    "levels off": [0.4, 0.72, 0.985, 0.987, 0.988, 0.989],
    "turns down": [0.3, 0.6, 0.8, 0.7, 0.5],
    "rises": [0.2, 0.4, 0.6, 0.8],
    "is flat": [0.5, 0.5, 0.5],
    "has one value": [0.7],
}
N_FOLDS = 4


def _scores(means):
    noise = 0.001 * np.random.default_rng(0).normal(size=(len(means), N_FOLDS))
    return np.array(means)[:, None] + noise


def _curve(means):
    return ScoreCurve(np.arange(1, len(means) + 1), _scores(means))


@promise(
    "criterion returns a number for each value of the curve, choose the position of "
    "one of them, and why a clause.",
    mend="return an array as long as curve.values without NaN, an integer, and a str.",
)
def check_rule_chooses(rule):
    """Check the choice on curves of several forms."""
    for form, means in MEANS.items():
        curve = _curve(means)
        criterion, position = np.asarray(rule.criterion(curve)), rule.choose(curve)
        found = f"on a curve that {form}"
        require(
            criterion.shape == curve.values.shape,
            f"a criterion of shape {criterion.shape} for {len(means)} values {found}",
        )
        require(not np.isnan(criterion).any(), f"the criterion {criterion} {found}")
        require(
            isinstance(position, Integral) and 0 <= position < len(means),
            f"the position {position!r} of {len(means)} values {found}",
        )
        why = rule.why(curve, position)
        require(isinstance(why, str) and why, f"the reason {why!r} {found}")


@promise(
    "a choice follows from the scores: it is the same again, of a clone, of a pickle "
    "and for folds in another order, and leaves the curve as it is.",
    mend="keep no state between calls, draw no random numbers, and change no array of "
    "the curve in place.",
)
def check_rule_is_pure(rule):
    """Check choices on one curve."""
    for form, means in MEANS.items():
        curve, scores = _curve(means), _scores(means)
        with untouched_randomness("the rule"):
            chosen = rule.choose(curve)
        changed = not np.array_equal(curve.scores, scores)
        require(not changed, f"the scores of a curve that {form} are changed")
        others = {"again": rule, "cloned": clone(rule), "pickled": pickled(rule)}
        found = {how: other.choose(curve) for how, other in others.items()}
        reordered = ScoreCurve(curve.values, scores[:, ::-1])
        found["with its folds in another order"] = rule.choose(reordered)
        for how, position in found.items():
            require(
                position == chosen,
                f"position {chosen}, and {position} {how}, on a curve that {form}",
            )


@promise(
    "a rule is a callable for `refit` in searches: it returns the row of cv_results_ "
    "whose value it chooses, in whatever order the candidates are.",
    mend="derive from skae.search.SelectionRule, pass `param` and `metric` on to its "
    "__init__, and leave __call__ and from_cv_results to it.",
)
def check_rule_in_searches(rule):
    """Check rows of results whose candidates descend."""
    rule = clone(rule).set_params(param=None, metric="score")
    for form, means in MEANS.items():
        row, n = rule(_results(means)), len(means)
        require(isinstance(row, Integral), f"the row {row!r}")
        expected = _curve(means).values[rule.choose(_curve(means))]
        require(
            n - row == expected,
            f"the row of the value {n - row}, not {expected}, on a curve that {form}",
        )


def _results(means):
    """Return `cv_results_` of candidates with n, n - 1, ... components."""
    scores, values = _scores(means)[::-1], range(len(means), 0, -1)
    return {
        "params": [{"n_components": value} for value in values],
        "param_n_components": np.ma.array(values, dtype=object),
        **{f"split{fold}_test_score": scores[:, fold] for fold in range(N_FOLDS)},
        "mean_test_score": scores.mean(axis=1),
        "std_test_score": scores.std(axis=1),
    }


RULE_CHECKS = (
    *PART_CHECKS,
    check_rule_chooses,
    check_rule_is_pure,
    check_rule_in_searches,
)
