"""A verdict on the choice of nested fits, by judges in turn."""

import numpy as np

from skae.search._selection import Selection
from skae.search._verdict import Verdict, enumeration, sorted_rows

__all__ = ["select"]

# The fall of the log error with the last unit, over those with the next, from where a
# bend is clear: where the next fall is small, where it is not, and for a single unit,
# where spectra without an end, as those of random walks, have a bend, too. The last is
# what random walks asked for, the others were settled as in `NestedCurve`.
CLEAR, FAR, SINGLE = 2.5, 3.0, 4.0
SMALL = 0.6
# So much more the variance left unexplained has to fall with the unit at a clear bend.
IN_VARIANCE = 1.3
# Share of the variance to keep where nothing else tells how many units to take.
ENOUGH = 0.9
# Rows below which no choice is called clear.
FEW_ROWS = 50
# Features that are named at most.
N_NAMED = 8
# Share of choices that are right, from the dimension d to e of the smallest Euclidean
# space, by verdict, on data that nothing was settled on; see docs/measurements.md.
RIGHT = {"clear": 0.85, "ambiguous": 0.7}


def select(nested, curve):
    """Return the `Selection` of a `NestedCurve` on the `ScoreCurve` of its fits."""
    choice = nested.choice(curve.mean)
    if choice.by == "none":
        choice = choice._replace(value=_enough(curve))
    kind, text = next(filter(None, (judge(nested, choice, curve) for judge in JUDGES)))
    value, settled = min(choice.value, nested.most), kind not in ("flat", "sorted")
    if settled:
        text = f"{value} is chosen: {_why(nested, choice)}. {text}"
    else:
        text = f"{text} {value} is taken for now{_keeping(choice, curve)}."
    others = {*nested.bends, choice.low, choice.high} - {value}
    others = tuple(sorted(k for k in others if k <= nested.most))
    # fewer units than the data ask for leave features that are no noise
    unexplained = nested.unexplained(value) if kind in RIGHT else ()
    position = int(np.searchsorted(curve.values, value))
    return Selection(
        value,
        others[0] if others else None,
        -nested.mean[1 : len(curve.values) + 1],
        curve,
        Verdict(kind, curve.best, curve.tied, text + _left(unexplained, nested)),
        index=None if curve.rows is None else int(curve.rows[position]),
        alternatives=others if settled else (),
        interval=(choice.low, choice.high) if settled else None,
        probability=RIGHT.get(kind),
        evidence=nested.evidence(),
        unexplained_features=unexplained,
    )


def _enough(curve):
    """Return the fewest units that keep `ENOUGH` of the variance, else the most."""
    keeps = np.append(curve.mean >= ENOUGH, True)
    return int(curve.values[min(np.argmax(keeps), len(curve.values) - 1)])


def _keeping(choice, curve):
    if choice.by != "none" or curve.mean.max() < ENOUGH:
        return ""
    return f": the fewest that keep {ENOUGH:.0%} of the variance of held-out rows"


def _why(nested, choice):
    value, bend = choice.value, nested.bend
    dimensions = f"{value} dimension{'s' * (value != 1)}"
    if value > nested.most:
        return (
            f"the readings speak for {dimensions}, and no more than {nested.most} may "
            "be chosen"
        )
    if choice.by == "bend":
        text = f"with unit {bend} {nested.falls_in_words}"
        if value < bend:
            text += f", and by their neighbours codes of {bend} units have {dimensions}"
        return text
    return (
        f"neighbours speak for about {dimensions}, and the error of held-out rows, if "
        f"anywhere, bends at {bend}"
    )


def _left(features, nested):
    if not features:
        return ""
    n, more = len(features), features[N_NAMED:]
    named = enumeration([*features[:N_NAMED], *([f"{len(more)} more"] if more else [])])
    return (
        f" Codes of that size explain next to nothing of {n} of the "
        f"{len(nested.explained_from)} features, as of noise: {named}."
    )


# Each judge returns the kind and the text of a verdict, or None where it has no say.


def _sorted(nested, choice, curve):
    if curve.row_order is None:
        return None
    return "sorted", sorted_rows(curve.row_order)


def _flat(nested, choice, curve):
    if choice.by != "none":
        return None
    n_seen, whole = nested.n_components, nested.n_components == nested.n_features
    return "flat", (
        "No value stands out: there is no low dimension"
        f"{'' if whole else f' up to {n_seen - 1}'}. The error of held-out rows falls "
        f"steadily from unit to unit, and codes fill all {n_seen} dimensions that they "
        f"are given{', one for each feature' * whole}, as those of noise do, or of "
        f"data whose spectrum has no end.{_few(nested)}"
    )


def _few(nested):
    is_few = nested.n_rows < FEW_ROWS
    return f" But {nested.n_rows} rows are few to tell by." * is_few


def _edge(nested, choice, curve):
    n_seen, n_features = nested.n_components, nested.n_features
    is_last = choice.value >= n_seen - 1 and n_seen < n_features
    if choice.value <= nested.most and not is_last:
        return None
    is_beyond = choice.value > nested.most
    text = "Allow more, by" if is_beyond else "But larger ones may do: try"
    return "edge", f"{text} n_components={max(choice.value + 2, 2 * nested.most)}."


def _few_rows(nested, choice, curve):
    if nested.n_rows >= FEW_ROWS:
        return None
    return "ambiguous", (
        f"But {nested.n_rows} rows are few to tell by: with {FEW_ROWS} or more the "
        "choice can be clear."
    )


def _one_fold(nested, choice, curve):
    if nested.log_error.shape[1] > 1:
        return None
    return "ambiguous", "But a single fold does not tell chance: use at least two."


def _ambiguous(nested, choice, curve):
    reasons = []
    if choice.by != "bend" or not _is_sharp(nested):
        reasons.append("the curve of errors does not bend sharply there")
    if not _bends_in_variance(nested.bend, curve):
        reasons.append("the variance left unexplained falls on as before")
    differing = [k for k in nested.bends if k != nested.bend]
    if len(differing) > len(nested.bends) // 4:
        reasons.append(f"in some folds it bends at {enumeration(sorted({*differing}))}")
    if choice.by == "bend" and choice.high - choice.low > 1:
        reasons.append(
            f"neighbours speak for {choice.low}, the curve of errors for {choice.high}"
        )
    if not reasons:
        return None
    text = f"But {' and '.join(reasons)}"
    if choice.low < choice.high:
        text += f": anything from {choice.low} to {choice.high} is plausible"
    return "ambiguous", f"{text}."


def _is_sharp(nested):
    if nested.bend == 1:
        return nested.strength >= SINGLE
    return nested.strength >= (CLEAR if nested.next_fall <= SMALL else FAR)


def _bends_in_variance(bend, curve):
    """Return whether the variance left falls less with the unit after the bend.

    The mean logarithm alone counts features of little variance as much as others.
    """
    left = np.log(np.maximum([1.0, *(1 - curve.mean)], 1e-6))
    falls = -np.diff(left)[bend - 1 : bend + 1]
    return len(falls) < 2 or falls[0] > IN_VARIANCE * falls[1]


def _clear(nested, choice, curve):
    n_folds = nested.log_error.shape[1]
    alike = sum(bend == nested.bend for bend in nested.bends)
    which = f"{alike} of the" if alike < n_folds else "the"
    text = f"So it is in {which} {n_folds} folds."
    if choice.value < choice.high:
        text += (
            f" They are curved: a code that loses nothing may take {choice.high} units."
        )
    return "clear", text


JUDGES = (_sorted, _flat, _edge, _few_rows, _one_fold, _ambiguous, _clear)
