"""What a rule has chosen, and how much that is worth, in words."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from skae.search._verdict import Verdict, enumeration

__all__ = ["Case", "Selection", "explain"]

# Unexplained share of the variance from which a network may not have learnt enough.
TOO_MUCH_LEFT = 0.1


@dataclass(frozen=True, eq=False)
class Selection:
    """A choice by a rule.

    Attributes
    ----------
    value : int
        The value that was chosen.
    runner_up : int or None
        The value that would have been chosen next: the most frequent other choice when
        a fold is left out, else the one with the second best criterion.
    criterion : ndarray of shape (n_values,)
        What the rule looked at, for each value of the curve; higher is better.
    curve : ScoreCurve
        The scores.
    verdict : Verdict
        How much the choice is worth, and why it was made.
    index : int or None
        The row of `cv_results_` that it stands for.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import Best, ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7]])
    >>> selection = Best().select(ScoreCurve(np.array([1, 2, 3]), scores))
    >>> selection.value, selection.runner_up, selection.verdict.kind
    (2, 3, 'clear')
    """

    value: int
    runner_up: int | None
    criterion: np.ndarray
    curve: object
    verdict: Verdict
    index: int | None = None

    def __str__(self):
        """Return the verdict's words."""
        return self.verdict.text


def explain(rule, curve):
    """Return the `Selection` of a rule on a curve."""
    position = rule.choose(curve)
    value = curve.values[position].item()
    others = _choices_without_a_fold(rule, curve)
    criterion = rule.criterion(curve)
    runner_up = _runner_up(value, others, criterion, curve)
    verdict = rule.judge(Case(rule, curve, position, value, others))
    index = None if curve.rows is None else int(curve.rows[position])
    return Selection(value, runner_up, criterion, curve, verdict, index)


@dataclass(frozen=True)
class Case:
    """A choice to be judged.

    Attributes
    ----------
    rule : SelectionRule
        Which rule has chosen.
    curve : ScoreCurve
        From which scores.
    position : int
        At which position.
    value : int
        Which value.
    others : Counter
        What it chooses instead when a fold is left out, and how often.
    """

    rule: object
    curve: object
    position: int
    value: int
    others: Counter

    def verdict(self):
        """Return the `Verdict` of the first judge that has a say."""
        kind, text = next(filter(None, (judge(self) for judge in _JUDGES)))
        return Verdict(kind, self.value, self._tied(), f"{self._choice()} {text}")

    def verdict_on_maximum(self):
        """Return the `Verdict` on a choice that is the maximum of the scores."""
        if found := _flat(self):
            kind, text = found
            return Verdict(kind, self.value, self._tied(), f"{self._choice()} {text}")
        verdict = self.curve.verdict()
        return replace(verdict, text=f"{self._choice()} {verdict.text}")

    def _choice(self):
        why = self.rule.why(self.curve, self.position)
        return f"{self.value} is chosen: {why}."

    def _tied(self):
        return tuple(sorted({self.value, *self.others}))


def _choices_without_a_fold(rule, curve):
    """Count the choices that differ from fold to fold left out."""
    n_folds = curve.scores.shape[1]
    if n_folds < 2:
        return Counter()
    kept = [np.delete(curve.scores, fold, axis=1) for fold in range(n_folds)]
    choices = [rule.choose(replace(curve, scores=scores)) for scores in kept]
    counts = Counter(curve.values[choice].item() for choice in choices)
    del counts[curve.values[rule.choose(curve)].item()]
    return counts


def _runner_up(value, others, criterion, curve):
    if others:
        return others.most_common(1)[0][0]
    order = np.argsort(-criterion, kind="stable")
    rest = [curve.values[i].item() for i in order if curve.values[i] != value]
    return rest[0] if rest else None


# Each judge returns the kind and the text of a verdict, or None where it has no say.


def _single(case):
    if len(case.curve.values) == 1:
        return "edge", "It is the only value that has a score: try more."
    return None


def _flat(case):
    noise, means = _noise(case.curve), case.curve.mean
    if noise is None or len(means) == 1 or np.std(means, ddof=1) > noise:
        return None
    source = "restarts" if case.curve.spread is not None else "folds"
    return "flat", (
        f"But the scores of all {len(case.curve.values)} values differ by less than "
        f"chance makes them differ between {source}: there is nothing to choose by, "
        "and the choice is noise."
    )


def _noise(curve):
    """Return how much a mean score varies by chance, None where that is not known."""
    if curve.spread is not None:
        return float(np.sqrt(np.mean(curve.spread**2)))
    error = curve.standard_error
    return float(np.sqrt(np.mean(error**2))) if np.isfinite(error).all() else None


def _edge(case):
    largest = case.position == len(case.curve.values) - 1
    if not largest or case.curve.is_complete:
        return None
    return "edge", (
        "But it is the largest value tried, and larger ones may be better still: try "
        "them."
    )


def _under_trained(case):
    if not hasattr(case.rule, "fvu"):
        return None
    left = case.rule.fvu(case.curve)[case.position]
    if left <= TOO_MUCH_LEFT:
        return None
    return "under-trained", (
        f"But {left:.0%} of the variance of held-out rows is left unexplained: either "
        "that is noise, or the network has not learnt enough to tell. Train longer, "
        "with more rows or a wider network, and see whether the share falls."
    )


def _one_fold(case):
    if case.curve.scores.shape[1] > 1:
        return None
    return "ambiguous", (
        "On a single fold there is no telling how sure that is: use two at least."
    )


def _ambiguous(case):
    if not case.others:
        return None
    n_folds = case.curve.scores.shape[1]
    values = enumeration(sorted(case.others))
    return "ambiguous", (
        f"But when one of the {n_folds} folds is left out, {values} "
        f"{'is' if len(case.others) == 1 else 'are'} chosen in "
        f"{case.others.total()} of {n_folds} cases: the data do not decide."
    )


def _clear(case):
    n_folds = case.curve.scores.shape[1]
    return "clear", f"So it is whichever of the {n_folds} folds is left out."


_JUDGES = (_single, _flat, _under_trained, _edge, _one_fold, _ambiguous, _clear)
