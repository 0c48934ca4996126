"""The latent dimension by nested fits and neighbours, and how much that is worth.

One fit whose units are ordered tells the held-out error of all smaller codes. Where it
has fallen as far as it goes, the curve of its logarithm bends. Neighbours among the
codes then tell whether codes of that size fill their space, and those among the rows
whether a smaller dimension would do.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skae.scorers._nested import bend_of, falls_of
from skae.search._results import fold_scores, metrics
from skae.search._selection import Selection
from skae.search._verdict import Verdict, enumeration, sorted_rows

__all__ = ["Evidence", "NestedCurve"]

# The fall of the log error with the last unit, over those with the next: from where the
# bend is taken, from where it is taken whatever neighbours say, and from where it is
# clear: where the next fall is small, where it is not, and for a single unit, where
# spectra without an end, as those of random walks, have a bend, too. Settled on the
# first half of the families in benchmarks/_families.py, but for the last, which random
# walks of the second half asked for.
STRONG, SURE, CLEAR = 2.3, 3.5, 2.5
SMALL, FAR, SINGLE = 0.6, 3.0, 4.0
# Share of its units that codes which fill their space fill, as few rows tell it.
FILLED = 0.85
# Share below which codes of a few units are curved: they have fewer dimensions.
CURVED, FEW_UNITS = 0.8, 6
# Data of which a quarter of the units keeps so much have a low dimension, noisy or not.
NEARLY_ALL = 0.95
# So much more the variance left unexplained has to fall with the unit at a clear bend.
IN_VARIANCE = 1.3
# Share of the variance to keep where nothing else tells how many units to take.
ENOUGH = 0.9
# Rows below which no choice is called clear.
FEW_ROWS = 50
# Share of choices that are right, from the dimension d to e of the smallest Euclidean
# space, by verdict. On families that constants were settled on clear ones all were; on
# 48 sets that someone else drew, 86 % of the clear ones and 69 % of the ambiguous.
RIGHT = {"clear": 0.9, "ambiguous": 0.75}


class Evidence(NamedTuple):
    """A reading of the dimension of data, which does not know of the others.

    Attributes
    ----------
    name : str
        Where it comes from.
    says : float
        The dimension that it tells.
    text : str
        What was seen.

    Examples
    --------
    >>> from skae.search import Evidence
    >>> Evidence("neighbours of rows", 2.1, "the nearest two").says
    2.1
    """

    name: str
    says: float
    text: str


@dataclass(frozen=True, eq=False)
class NestedCurve:
    """Readings of nested codes on held-out rows, fold by fold.

    Parameters
    ----------
    log_error : ndarray of shape (n_components + 1, n_folds)
        Mean logarithm of a feature's error over its variance, from no unit on.
    dimension : ndarray of shape (n_components, n_folds)
        `surrogate_dimension` of codes, zero where nobody looked.
    two_nn : float
        `two_nn` of the rows; infinite where it is not known.
    n_features, n_rows : int
    most : int
        The largest dimension that may be chosen.
    """

    log_error: np.ndarray
    dimension: np.ndarray
    two_nn: float
    n_features: int
    n_rows: int
    most: int

    @classmethod
    def from_cv_results(cls, results, n_components, **known):
        """Read a curve from the `cv_results_` of nested fits; restarts are averaged."""
        sizes = range(1, n_components + 1)
        _check_finite(results)
        error, dimension = (
            np.stack([fold_scores(results, f"{name}_{k}").mean(axis=0) for k in sizes])
            for name in ("log_error", "dimension")
        )
        log_error = np.vstack([np.zeros(error.shape[1]), error])
        return cls(log_error, dimension, **known)

    @property
    def mean(self):
        """The log error over folds, ndarray of shape (n_components + 1,)."""
        return self.log_error.mean(axis=1)

    @property
    def n_components(self):
        """Units of the nested codes."""
        return len(self.dimension)

    @property
    def bend(self):
        """Size at which the fall of the error slows down most."""
        return bend_of(self.mean, self.n_features)

    @property
    def bends(self):
        """The same in each fold, a list of int."""
        return [bend_of(fold, self.n_features) for fold in self.log_error.T]

    def fall(self, k):
        """Return by how much unit k lowers the log error."""
        return self.mean[k - 1] - self.mean[k]

    @property
    def next_fall(self):
        """Largest fall of the log error beyond the bend; infinite if none was seen."""
        _, nexts = falls_of(self.mean, self.n_features)
        return float(nexts[self.bend - 1]) if self.bend <= len(nexts) else np.inf

    @property
    def strength(self):
        """How much more the error falls with the unit at the bend than beyond it."""
        return float(self.fall(self.bend) / self.next_fall)

    @property
    def is_sharp(self):
        """Whether the curve bends sharply enough for a clear choice."""
        if self.bend == 1:
            return self.strength >= SINGLE
        return self.strength >= (CLEAR if self.next_fall <= SMALL else FAR)

    def filled(self, k):
        """Return the dimension that codes of k units fill, k where nobody looked."""
        k = min(k, self.n_components)
        seen = self.dimension[k - 1][self.dimension[k - 1] > 0]
        return min(float(seen.mean()), float(k)) if seen.size else float(k)

    @property
    def fills(self):
        """Whether codes fill as many dimensions as they have units, to the last."""
        return self.filled(self.n_components) > FILLED * self.n_components

    @property
    def low(self):
        """Dimension by neighbours, of the rows or of codes where the curve bends."""
        return max(1, round(min(self.filled(self.bend), self.two_nn)))

    def choice(self, explained=()):
        """Return the `_Choice` that the readings together speak for.

        Parameters
        ----------
        explained : array-like of shape (n_sizes,)
            Share of the variance that codes explain, from one unit on.
        """
        bend, low = self.bend, self.low
        if self.strength >= STRONG:
            agree = self.strength >= SURE or bend - low <= 1
            value = self._uncurved(bend) if agree else low
            return _Choice(value, min(low, value), bend, "bend")
        early = np.asarray(explained)[: self.n_components // 4]
        if self.fills and not (early >= NEARLY_ALL).any():
            return _Choice(self.most, 1, self.most, "none")
        near = max(1, round(min(self.filled(bend + 2), self.two_nn)))
        return _Choice(near, min(low, near), max(bend, near), "neighbours")

    def _uncurved(self, k):
        """Return the dimension of k units, fewer where their codes are curved.

        In many dimensions neighbours are too far away to tell.
        """
        filled = self.filled(k)
        is_curved = k <= FEW_UNITS and filled < CURVED * k
        return max(1, round(filled)) if is_curved else k

    def evidence(self):
        """Return the readings one by one, a tuple of `Evidence`."""
        bend, folds = self.bend, Counter(self.bends)
        of_folds = enumeration([f"{k} in {n} folds" for k, n in sorted(folds.items())])
        found = [
            Evidence(
                "nested fits",
                bend,
                f"with unit {bend} the error of held-out rows falls "
                f"{np.exp(self.fall(bend)):.3g}-fold, with the next one "
                f"{np.exp(self.fall(min(bend + 1, self.n_components))):.3g}-fold; "
                f"the bend is at {of_folds}",
            ),
            Evidence(
                "neighbours of codes",
                self.filled(bend),
                f"dimensions that codes of {bend} units fill",
            ),
            Evidence(
                "neighbours of codes beyond",
                self.filled(bend + 2),
                f"dimensions that codes of {min(bend + 2, self.n_components)} units "
                "fill",
            ),
        ]
        if np.isfinite(self.two_nn):
            text = "TwoNN, which noise makes larger"
            found.append(Evidence("neighbours of rows", self.two_nn, text))
        return tuple(found)

    def select(self, curve):
        """Return the `Selection` on the `ScoreCurve` of the nested fits."""
        choice = self.choice(curve.mean)
        if choice.by == "none":
            choice = choice._replace(value=_enough(curve))
        kind, text = next(
            filter(None, (judge(self, choice, curve) for judge in JUDGES))
        )
        value, settled = min(choice.value, self.most), kind not in ("flat", "sorted")
        if settled:
            text = f"{value} is chosen: {_why(self, choice)}. {text}"
        else:
            text = f"{text} {value} is taken for now{_keeping(choice, curve)}."
        others = {*self.bends, choice.low, choice.high} - {value}
        others = tuple(sorted(k for k in others if k <= self.most))
        position = int(np.searchsorted(curve.values, value))
        return Selection(
            value,
            others[0] if others else None,
            -self.mean[1 : len(curve.values) + 1],
            curve,
            Verdict(kind, curve.best, curve.tied, text),
            index=None if curve.rows is None else int(curve.rows[position]),
            alternatives=others if settled else (),
            interval=(choice.low, choice.high) if settled else None,
            probability=RIGHT.get(kind),
            evidence=self.evidence(),
        )


class _Choice(NamedTuple):
    value: int
    low: int
    high: int
    by: str


def _enough(curve):
    """Return the fewest units that keep `ENOUGH` of the variance, else the most."""
    keeps = np.append(curve.mean >= ENOUGH, True)
    return int(curve.values[min(np.argmax(keeps), len(curve.values) - 1)])


def _keeping(choice, curve):
    if choice.by != "none" or curve.mean.max() < ENOUGH:
        return ""
    return f": the fewest that keep {ENOUGH:.0%} of the variance of held-out rows"


def _check_finite(results):
    """Raise unless all fits have readings."""
    known = "log_error_1" in metrics(results)
    folds = fold_scores(results, "log_error_1") if known else np.full((1, 1), np.nan)
    if not np.isfinite(folds).all():
        raise ValueError(
            "Not all nested fits could be made and scored, which it takes to tell the "
            "dimension. The warnings above say why, or error_score='raise' does."
        )


def _why(nested, choice):
    value, bend = choice.value, nested.bend
    dimensions = f"{value} dimension{'s' * (value != 1)}"
    if value > nested.most:
        return (
            f"the readings speak for {dimensions}, and no more than {nested.most} may "
            "be chosen"
        )
    falls = f"the error of held-out rows falls {np.exp(nested.fall(bend)):.3g}-fold"
    if choice.by == "bend":
        after = f"{np.exp(nested.fall(bend + 1)):.3g}-fold"
        text = f"with unit {bend} {falls}, with the next one only {after}"
        if value < bend:
            text += f", and by their neighbours codes of {bend} units have {dimensions}"
        return text
    return (
        f"neighbours speak for about {dimensions}, and the error of held-out rows, if "
        f"anywhere, bends at {bend}"
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
    if choice.by != "bend" or not nested.is_sharp:
        reasons.append("the curve of errors does not bend sharply there")
    if not _bends_in_variance(nested.bend, curve):
        reasons.append("the variance left unexplained falls on as before")
    differing = [k for k in nested.bends if k != nested.bend]
    if len(differing) > len(nested.bends) // 4:
        reasons.append(f"in some folds it bends at {enumeration(sorted({*differing}))}")
    if choice.high - choice.low > 1:
        reasons.append(
            f"neighbours speak for {choice.low}, the curve of errors for {choice.high}"
        )
    if not reasons:
        return None
    text = f"But {' and '.join(reasons)}"
    if choice.low < choice.high:
        text += f": anything from {choice.low} to {choice.high} is plausible"
    return "ambiguous", f"{text}."


def _bends_in_variance(bend, curve):
    """Return whether the variance left falls less with the unit after the bend.

    The mean logarithm alone counts features of little variance as much as others.
    """
    left = np.log(np.maximum([1.0, *(1 - curve.mean)], 1e-6))
    falls = -np.diff(left)[bend - 1 : bend + 1]
    return len(falls) < 2 or falls[0] > IN_VARIANCE * falls[1]


def _clear(nested, choice, curve):
    text = f"So it is in the {nested.log_error.shape[1]} folds."
    if choice.value < choice.high:
        text += (
            f" They are curved: a code that loses nothing may take {choice.high} units."
        )
    return "clear", text


JUDGES = (_sorted, _flat, _edge, _few_rows, _one_fold, _ambiguous, _clear)
