"""A verdict on a choice among the values of a score curve, by judges in turn."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Case", "Verdict", "enumeration", "sorted_rows"]

# Unexplained share of the variance from which a network may not have learnt enough.
TOO_MUCH_LEFT = 0.1

_UNSETTLED = "sorted", "flat", "under-trained"


@dataclass(frozen=True)
class Verdict:
    """Reliability of a choice, in one word and in sentences.

    Attributes
    ----------
    kind : {"clear", "ambiguous", "flat", "edge", "under-trained", "sorted"}
        ``"clear"``: the choice is the same whichever fold is left out, no other value
        is a rival, and its neighbours were tried; a maximum is more than one standard
        error above all others. ``"ambiguous"``: the folds do not decide, or there is
        only one, or there are rivals. ``"flat"``: the scores differ by no more than
        chance; as a maximum, also those of half of the values; half of the values, or
        no code at all, are rivals (see `SelectionRule.rivals`). ``"edge"``: a value
        next to the choice has no score, since it was not tried or failed; whole numbers
        that differ by one are neighbours. ``"under-trained"``: a network leaves much of
        the variance of held-out rows unexplained. ``"sorted"``: unshuffled folds cut
        rows that are sorted. Where several hold, it is the first of sorted, flat,
        under-trained, edge and ambiguous. By nested fits, ``"clear"``: the curve of
        errors bends sharply, in three quarters of the folds at the same place, and
        neighbours speak for at most one dimension less. ``"flat"``: it does not bend,
        and codes fill all dimensions that they are given. ``"edge"``: the readings
        speak for more than is allowed. ``"ambiguous"``: anything else, as fewer than
        50 rows.
    best : int
        The value with the highest mean score, whether it was chosen or not.
    tied : tuple of int
        The values that score as high as the best within one standard error, the best
        among them; see `ScoreCurve.tied`. What a rule might as well have chosen are the
        `alternatives` of its `Selection`.
    text : str
        All of it in plain words.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.5, 0.7], [0.7, 0.8]])
    >>> verdict = ScoreCurve(np.array([1, 2, 3]), scores).verdict()
    >>> verdict.kind, verdict.best, verdict.tied
    ('edge', 3, (3,))
    """

    kind: str
    best: int
    tied: tuple
    text: str

    @property
    def is_settled(self):
        """Whether there is evidence: unless sorted, flat or under-trained."""
        return self.kind not in _UNSETTLED


@dataclass(frozen=True, eq=False)
class Case:
    """A choice to be judged, with the evidence.

    Attributes
    ----------
    curve : ScoreCurve
        The scores.
    position : int
        Where on the curve the choice is.
    why : str
        The reason for it, a clause.
    others : Counter
        What is chosen instead when a fold is left out, and how often.
    is_maximum : bool
        Whether it was chosen as the highest mean score. Of many equals one is always
        ahead by luck, so that this has to stand out from all others. That is the
        stricter test: where leaving a fold out changes the maximum, the difference has
        a mean of at most one standard error.
    unexplained : float or None
        Share of the variance of held-out rows that is lost, where it is known.
    rivals : tuple of int
        What the rule does not tell from the choice, 0 for no code at all; see
        `SelectionRule.rivals`.
    """

    curve: object
    position: int
    why: str
    others: Counter = field(default_factory=Counter)
    is_maximum: bool = False
    unexplained: float | None = None
    rivals: tuple = ()

    @property
    def value(self):
        """The value that was chosen."""
        return self.curve.values[self.position].item()

    @property
    def alternatives(self):
        """The other values that are as plausible as the chosen one."""
        found = self.curve.tied if self.is_maximum else {*self.others, *self.rivals}
        return tuple(sorted({*found} - {0, self.value}))

    @property
    def is_end(self):
        """Whether the choice is the largest value scored and larger ones make sense."""
        is_largest = self.position == len(self.curve.values) - 1
        return is_largest and not self.curve.is_complete

    @property
    def untried(self):
        """The whole numbers next to the chosen value that have no score yet."""
        curve, value = self.curve, self.value
        if not np.issubdtype(curve.values.dtype, np.integer):
            return ()
        tried = {*curve.values.tolist(), *curve.failed}
        has_larger = not (curve.is_complete and value == max(tried))
        neighbours = [value - 1] * (value > 1) + [value + 1] * has_larger
        return tuple(k for k in neighbours if k not in curve.values)

    def verdict(self):
        """Return the `Verdict` of the first judge that applies."""
        kind, text = next(filter(None, (judge(self) for judge in _JUDGES)))
        if kind in _UNSETTLED:
            text = f"{text} {self.value} is taken for now: {self.why}."
        else:
            text = f"{self.value} is chosen: {self.why}. {text}"
        if kind != "under-trained":
            text += _remainder(self)
        return Verdict(kind, self.curve.best, self.curve.tied, text)


# Each judge returns the kind and the text of a verdict, or None where it has no say.


def _single(case):
    if len(case.curve.values) > 1:
        return None
    if not case.is_end and not case.untried:
        return "ambiguous", (
            "But it is the only value that makes sense, so that nothing was compared."
        )
    return "edge", (
        "But it is the only value with a score, so that there was nothing to choose "
        f"from: {_advice(case)}"
    )


def _sorted(case):
    order = case.curve.row_order
    return None if order is None else ("sorted", sorted_rows(order))


def sorted_rows(order):
    """Return what there is to say where unshuffled folds cut a `RowOrder`."""
    n_folds = order.n_folds
    return (
        "No value stands out, since your rows are sorted: on blocks of rows, as the "
        f"{n_folds} folds cut them, the held-out error of PCA is {order.excess:.3g} "
        "times that on shuffled rows. Longer training does not help. Shuffle, by "
        f"cv=KFold({n_folds}, shuffle=True); or, where rows are windows of a series, "
        f"keep the blocks on purpose, by cv=ContiguousKFold({n_folds})."
    )


def _flat(case):
    reason = _why_all_are_alike(case.curve) or _why_a_tenth_matters(case)
    if reason is None and case.is_maximum:
        reason = _why_no_maximum(case.curve)
    if reason is None:
        return None
    text = f"No value stands out: {reason}. There is nothing to choose by."
    if case.is_maximum:
        text += " Look at the reconstruction error, or use another scorer."
        if (smallest := case.curve.tied[0]) < case.value:
            text += f" On this score alone, {smallest} would do as well."
    return "flat", text


def _why_all_are_alike(curve):
    noise, means = _noise(curve), curve.mean
    if noise is None or len(means) == 1 or np.std(means, ddof=1) > noise:
        return None
    source = "restarts" if curve.spread is not None else "folds"
    return (
        f"the scores of all {len(curve.values)} values differ by less than chance "
        f"makes them differ between {source}"
    )


def _why_a_tenth_matters(case):
    if 0 in case.rivals:
        return (
            "no code is worth its units, as held-out data have as short a description "
            "without any, to within a tenth of the variance left unexplained"
        )
    n_alike, n_tried = 1 + len(case.rivals), len(case.curve.values)
    if n_alike == 1 or n_alike < max(n_tried / 2, min(3, n_tried)):
        return None
    values = enumeration(sorted({case.value, *case.rivals}))
    return (
        f"{values} give about as short a description of held-out data, to within a "
        "tenth of the variance that they leave unexplained"
    )


def _noise(curve):
    """Return the chance variation of a mean score, None where that is not known."""
    if curve.spread is not None:
        return float(np.sqrt(np.mean(curve.spread**2)))
    error = curve.standard_error
    return float(np.sqrt(np.mean(error**2))) if np.isfinite(error).all() else None


def _why_no_maximum(curve):
    n_tied, n_tried = len(curve.tied), len(curve.values)
    if curve.scores.shape[1] == 1:
        return None
    if n_tied >= max(n_tried / 2, min(3, n_tried)):
        return (
            f"{n_tied} of the {n_tried} values tried, from {curve.tied[0]} to "
            f"{curve.tied[-1]}, score within one standard error of the best"
        )
    half = curve.at(np.argsort(-curve.mean)[: max((n_tried + 1) // 2, min(n_tried, 3))])
    if np.std(half.mean, ddof=1) >= np.sqrt(np.mean(half.standard_error**2)):
        return None
    # The best of many equals is a lucky one: few others may come near it.
    return (
        f"the better {len(half.values)} of the {n_tried} values tried, from "
        f"{half.values[0]} to {half.values[-1]}, differ by less than their standard "
        "error"
    )


def _under_trained(case):
    if not case.curve.is_trained or not _leaves_much(case):
        return None
    return "under-trained", (
        f"No value is certain yet: {case.unexplained:.0%} of the variance of held-out "
        "rows is left unexplained. Either that is noise, or the network has not learnt "
        "enough to tell. Train longer, with more rows or a wider network, and see "
        "whether the share falls."
    )


def _leaves_much(case):
    return case.unexplained is not None and case.unexplained > TOO_MUCH_LEFT


def _remainder(case):
    """Return a sentence on the variance that is left, where that is much."""
    if not _leaves_much(case):
        return ""
    beyond = "has not been learnt" if case.curve.is_trained else "it cannot express"
    return (
        f" {case.unexplained:.0%} of the variance of held-out rows is left "
        f"unexplained, which is noise or what {beyond}."
    )


def _edge(case):
    if case.is_end:
        which = "with a score" if case.curve.failed else "tried"
        text = (
            f"But it is the largest value {which}, and larger ones may be better "
            f"still: {_advice(case)}"
        )
        if case.is_maximum:
            text += (
                " If the score levels off, the smallest value on that level is the one "
                "to take."
            )
        return "edge", text
    if not case.untried:
        return None
    which = "its neighbours have" if len(case.untried) > 1 else "a neighbour of it has"
    return "edge", (
        f"But {which} no score, and may be the better choice: {_advice(case)}"
    )


def _advice(case):
    """Return advice on untried values beside the choice, and on failures there."""
    larger = ["larger ones"] if case.is_end else []
    text = f"try {enumeration([*case.untried, *larger])}."
    if failed := [value for value in case.untried if value in case.curve.failed]:
        text += (
            f" {enumeration(failed)} failed in at least one fold: error_score='raise' "
            "in the search shows why."
        )
    return text


def _one_fold(case):
    if case.curve.scores.shape[1] > 1:
        return None
    return "ambiguous", (
        "But on a single fold there is no telling by how much chance alone moves a "
        "score: use at least two, better five."
    )


def _ambiguous(case):
    if not case.alternatives:
        return None
    if case.is_maximum:
        values, are = _and_are(case.alternatives)
        return "ambiguous", (
            f"But {values} {are} within one standard error of it: the folds cannot "
            "tell them apart. Take the smallest, unless the reconstruction error "
            "speaks against it."
        )
    reasons = " and ".join(filter(None, (_other_folds(case), _other_errors(case))))
    return "ambiguous", f"But {reasons}: the data do not decide."


def _other_folds(case):
    if not case.others:
        return None
    values, are = _and_are(sorted(case.others))
    n_folds = case.curve.scores.shape[1]
    return (
        f"when one of the {n_folds} folds is left out, {values} {are} chosen in "
        f"{case.others.total()} of {n_folds} cases"
    )


def _other_errors(case):
    rivals = [value for value in case.rivals if value not in case.others]
    if not rivals:
        return None
    values, are = _and_are(rivals)
    return (
        f"{values} {are} about as good, to within a tenth of the variance left "
        "unexplained"
    )


def _and_are(values):
    return enumeration(values), "is" if len(values) == 1 else "are"


def _clear(case):
    n_values, n_folds = case.curve.scores.shape
    text = f"So it is whichever of the {n_folds} folds is left out"
    if case.is_maximum:
        others = (
            "the other one" if n_values == 2 else f"each of the other {n_values - 1}"
        )
        text += f", and by more than one standard error over {others}"
    return "clear", f"{text}."


_JUDGES = (
    _single,
    _sorted,
    _flat,
    _under_trained,
    _edge,
    _one_fold,
    _ambiguous,
    _clear,
)


def enumeration(values):
    """Return values as an enumeration in a sentence: 1, 2 and 3."""
    *rest, last = map(str, values)
    return f"{', '.join(rest)} and {last}" if rest else last
