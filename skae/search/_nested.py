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
from skae.search._verdict import enumeration

__all__ = ["Choice", "Evidence", "NestedCurve"]

# The fall of the log error with the last unit, over those with the next, from where the
# bend is taken, and from where it is taken whatever neighbours say. These and what
# follows were settled on the first half of the families in benchmarks/_families.py.
STRONG, SURE = 2.3, 3.5
# Share of its units that codes which fill their space fill, as few rows tell it.
FILLED = 0.85
# Share below which codes of a few units are curved: they have fewer dimensions.
CURVED, FEW_UNITS = 0.8, 6
# Data of which a quarter of the units keeps so much have a low dimension, noisy or not.
NEARLY_ALL = 0.95
_COLUMN = "explained_from_"


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
    explained_from : ndarray of shape (n_columns, n_folds), or None
        The fewest units whose codes explain something of a column of a table.
    names : array-like of str, or None
        Of the columns, where they have some.
    """

    log_error: np.ndarray
    dimension: np.ndarray
    two_nn: float
    n_features: int
    n_rows: int
    most: int
    explained_from: np.ndarray | None = None
    names: object = None

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
        columns = [name for name in metrics(results) if name.startswith(_COLUMN)]
        known["explained_from"] = np.array(
            [fold_scores(results, column).mean(axis=0) for column in columns]
        )
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
    def falls_in_words(self):
        """How the error falls with the unit at the bend, and with the next ones."""
        text = (
            f"the error of held-out rows falls {np.exp(self.fall(self.bend)):.3g}-fold"
        )
        if not np.isfinite(self.next_fall):
            return text
        return f"{text}, with the next ones at most {np.exp(self.next_fall):.3g}-fold"

    @property
    def strength(self):
        """How much more the error falls with the unit at the bend than beyond it."""
        return float(self.fall(self.bend) / self.next_fall)

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
        """Return the `Choice` that the readings together speak for.

        Parameters
        ----------
        explained : array-like of shape (n_sizes,)
            Share of the variance that codes explain, from one unit on.
        """
        bend, low = self.bend, self.low
        if self.strength >= STRONG:
            agree = self.strength >= SURE or bend - low <= 1
            value = self._uncurved(bend) if agree else low
            return Choice(value, min(low, value), bend, "bend")
        early = np.asarray(explained)[: self.n_components // 4]
        if self.fills and not (early >= NEARLY_ALL).any():
            return Choice(self.most, 1, self.most, "none")
        near = max(1, round(min(self.filled(bend + 2), self.two_nn)))
        return Choice(near, min(low, near), max(bend, near), "neighbours")

    def _uncurved(self, k):
        """Return the dimension of k units, fewer where their codes are curved.

        In many dimensions neighbours are too far away to tell.
        """
        filled = self.filled(k)
        is_curved = k <= FEW_UNITS and filled < CURVED * k
        return max(1, round(filled)) if is_curved else k

    def unexplained(self, k):
        """Return the columns of which codes of k units explain nothing in most folds.

        They go by their names where they have some, else by their numbers.
        """
        if self.explained_from is None or not len(self.explained_from):
            return ()
        n_folds = self.explained_from.shape[1]
        is_left = (self.explained_from > k).sum(axis=1) > n_folds / 2
        columns = np.flatnonzero(is_left).tolist()
        return tuple(
            columns if self.names is None else (self.names[j] for j in columns)
        )

    def evidence(self):
        """Return the readings one by one, a tuple of `Evidence`."""
        bend, folds = self.bend, Counter(self.bends)
        of_folds = enumeration(
            [f"{k} in {n} fold{'s' * (n > 1)}" for k, n in sorted(folds.items())]
        )
        found = [
            Evidence(
                "nested fits",
                bend,
                f"with unit {bend} {self.falls_in_words}; the bend is at {of_folds}",
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


class Choice(NamedTuple):
    """A dimension that readings speak for.

    Attributes
    ----------
    value, low, high : int
        The dimension, and the least and the largest that is plausible.
    by : {"bend", "neighbours", "none"}
        What decided.
    """

    value: int
    low: int
    high: int
    by: str


def _check_finite(results):
    """Raise unless all fits have readings."""
    known = "log_error_1" in metrics(results)
    folds = fold_scores(results, "log_error_1") if known else np.full((1, 1), np.nan)
    if not np.isfinite(folds).all():
        raise ValueError(
            "Not all nested fits could be made and scored, which it takes to tell the "
            "dimension. The warnings above say why, or error_score='raise' does."
        )
