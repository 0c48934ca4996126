"""A choice among the values of a score curve, with its evidence."""

from collections import Counter
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from skae.search._notebook import html_of_selection
from skae.search._verdict import Case, Verdict

__all__ = ["Selection", "explain"]


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Selection of a value by a rule, with its evidence.

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
    alternatives : tuple of int
        The values that might as well have been chosen: those that the rule chooses
        when a fold is left out, and its `SelectionRule.rivals`. For a maximum they are
        all values within one standard error of it, and what any fold could change is
        among them.
    interval : tuple of int, or None
        By nested fits: the least and the largest dimension that the evidence speaks
        for. Curved data of few dimensions may need more units than that.
    probability : float or None
        By nested fits: share of the choices with this verdict that were right, on data
        of known dimension.
    evidence : tuple of Evidence
        By nested fits: the readings, one by one.
    unexplained_features : tuple of int or str
        By nested fits to a table: features of which codes of that size explain less
        than a tenth of the variance of held-out rows, in most folds. They are noise, or
        vary apart from the others. Numbers of columns, or names where these have some,
        as the autoencoder sees them. None where the verdict is neither clear nor
        ambiguous.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import Best, ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7]])
    >>> selection = Best().select(ScoreCurve(np.array([1, 2, 3]), scores))
    >>> selection.value, selection.runner_up, selection.verdict.kind
    (2, 3, 'clear')
    >>> selection
    <Selection: value=2, clear>
    """

    value: int
    runner_up: int | None
    criterion: np.ndarray
    curve: object
    verdict: Verdict
    index: int | None = None
    alternatives: tuple = ()
    interval: tuple | None = None
    probability: float | None = None
    evidence: tuple = ()
    unexplained_features: tuple = ()

    def __str__(self):
        """Return the verdict's text."""
        return self.verdict.text

    def __repr__(self):
        """Return the choice and what it is worth, without all numbers behind it."""
        between = "" if self.interval is None else f", interval={self.interval}"
        return f"<Selection: value={self.value}{between}, {self.verdict.kind}>"

    def _repr_html_(self):
        return html_of_selection(self)

    def plot(self, ax=None, **settings):
        """Return the drawn `skae.plotting.ScoreCurveDisplay` of the choice.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        **settings
            Of the display, as ``name="variance explained"``.
        """
        # figures belong to a layer above, which searches do without
        plotting = import_module("skae.plotting")
        display = plotting.ScoreCurveDisplay(self.curve, chosen=self, **settings)
        return display.plot(ax)


def explain(rule, curve):
    """Return the `Selection` of a rule on a curve."""
    position = rule.choose(curve)
    others = _choices_without_a_fold(rule, curve, position)
    unexplained = rule.unexplained(curve)
    case = Case(
        curve,
        position,
        rule.why(curve, position),
        others,
        is_maximum=rule.is_maximum,
        unexplained=None if unexplained is None else unexplained[position],
        rivals=tuple(rule.rivals(curve, position)),
    )
    criterion = rule.criterion(curve)
    return Selection(
        case.value,
        _runner_up(case, criterion),
        criterion,
        curve,
        case.verdict(),
        index=None if curve.rows is None else int(curve.rows[position]),
        alternatives=case.alternatives,
    )


def _choices_without_a_fold(rule, curve, position):
    """Count the choices that differ from the one at a position, by folds left out."""
    n_folds = curve.scores.shape[1]
    if n_folds < 2:
        return Counter()
    kept = [np.delete(curve.scores, fold, axis=1) for fold in range(n_folds)]
    choices = [rule.choose(replace(curve, scores=scores)) for scores in kept]
    return Counter(curve.values[i].item() for i in choices if i != position)


def _runner_up(case, criterion):
    if case.others:
        return case.others.most_common(1)[0][0]
    order = np.argsort(-criterion, kind="stable")
    rest = [case.curve.values[i].item() for i in order if i != case.position]
    return rest[0] if rest else None
