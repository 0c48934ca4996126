"""Rules that put a curve of scores into words, and say whether it means anything."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Verdict", "enumeration", "judge"]


@dataclass(frozen=True)
class Verdict:
    """What a curve of scores says about its best value.

    Attributes
    ----------
    kind : {"clear", "ambiguous", "flat", "edge", "under-trained"}
        ``"clear"``: the best stands out from the noise between folds.
        ``"ambiguous"``: a few others cannot be told from it. ``"flat"``: at least half
        of all values cannot, or differ among themselves by less than their standard
        error, so that the best is noise. ``"edge"``: the best is at the
        end of what was tried. ``"under-trained"``: much of the variance of held-out
        rows is left unexplained.
    best : int
        The value with the highest mean score.
    tied : tuple of int
        The values that cannot be told from the best, which is one of them.
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


def judge(curve):
    """Return the `Verdict` on a `ScoreCurve`: that of the first rule that applies."""
    kind, text = next(filter(None, (rule(curve) for rule in _RULES)))
    return Verdict(kind, curve.best, curve.tied, text)


def enumeration(values):
    """Return values as in a sentence: 1, 2 and 3."""
    *rest, last = map(str, values)
    return f"{', '.join(rest)} and {last}" if rest else last


# Each rule returns the kind and the text of a verdict, or None where it has no say.


def _single(curve):
    if len(curve.values) > 1:
        return None
    return "edge", (
        f"Only one dimension, {curve.best}, has a score: there was nothing to choose "
        "from. Try more dimensions."
    )


def _one_fold(curve):
    if curve.scores.shape[1] > 1:
        return None
    return "ambiguous", (
        f"The dimension {curve.best} scores highest, but on a single fold there is no "
        "telling by how much chance alone moves a score. Use at least two folds, "
        "better five."
    )


def _flat(curve):
    reason = _why_flat(curve)
    if reason is None:
        return None
    text = (
        f"The score is too flat to mean anything: {reason}; the choice of {curve.best} "
        "is noise. Look at the reconstruction error, or use another scorer."
    )
    if curve.tied[0] < curve.best:
        text += f" On this score alone, {curve.tied[0]} would do as well."
    return "flat", text


def _why_flat(curve):
    n_tied, n_tried = len(curve.tied), len(curve.values)
    if n_tied >= max(n_tried / 2, min(3, n_tried)):
        return (
            f"{n_tied} of the {n_tried} dimensions tried, from {curve.tied[0]} to "
            f"{curve.tied[-1]}, score within one standard error of the best"
        )
    half = _better_half(curve)
    if not _differ_by_noise(curve, half):
        return None
    # The best of many equals is a lucky one: few others may come near it.
    return (
        f"the better {len(half)} of the {n_tried} dimensions tried, from "
        f"{curve.values[half[0]]} to {curve.values[half[-1]]}, differ by less than "
        "their standard error"
    )


def _better_half(curve):
    """Return the rows of the better half of the values, of all where they are few."""
    n = len(curve.values)
    return np.sort(np.argsort(-curve.mean)[: max((n + 1) // 2, min(n, 3))])


def _differ_by_noise(curve, rows):
    """Return whether the means of some values differ by less than their error."""
    among = type(curve)(curve.values[rows], curve.scores[rows])
    noise = np.sqrt(np.mean(among.standard_error**2))
    return np.std(among.mean, ddof=1) < noise


def _edge(curve):
    first, last = curve.values[0], curve.values[-1]
    if curve.best == last and not curve.is_complete:
        return "edge", (
            f"The best dimension, {curve.best}, is the largest one tried: the score "
            "may simply grow with the dimension. Try larger ones; if the score levels "
            "off, the smallest dimension on that level is the one to take."
        )
    if curve.best == first and curve.best > 1:
        return "edge", (
            f"The best dimension, {curve.best}, is the smallest one tried: smaller "
            "ones may score higher still. Try them."
        )
    return None


def _ambiguous(curve):
    others = [value for value in curve.tied if value != curve.best]
    if not others:
        return None
    return "ambiguous", (
        f"The dimension {curve.best} scores highest, but {enumeration(others)} "
        f"{'is' if len(others) == 1 else 'are'} within one standard error of it: the "
        "folds cannot tell them apart. Take the smallest, unless the reconstruction "
        "error speaks against it."
    )


def _clear(curve):
    return "clear", (
        f"The dimension {curve.best} scores highest, by more than one standard error "
        f"over each of the other {len(curve.values) - 1} tried."
    )


_RULES = (_single, _one_fold, _flat, _edge, _ambiguous, _clear)
