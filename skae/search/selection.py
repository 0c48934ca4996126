"""What cross-validated scores say about the latent dimension: a curve and a verdict."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from skae.search._verdict import Verdict, enumeration, judge

__all__ = ["ScoreCurve", "Verdict"]


@dataclass(frozen=True, eq=False)
class ScoreCurve:
    """Scores over the values of one parameter, fold by fold; higher is better.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        The values that were tried, ascending.
    scores : ndarray of shape (n_values, n_folds)
        Their scores, all finite.
    failed : tuple
        Values without a score in each fold, which are in none of the arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7]])
    >>> curve = ScoreCurve(np.array([1, 2, 3]), scores)
    >>> curve.best
    2
    >>> curve.verdict().kind
    'clear'
    """

    values: np.ndarray
    scores: np.ndarray
    failed: tuple = ()

    def __post_init__(self):
        if self.scores.ndim != 2 or self.scores.shape[0] != len(self.values):
            raise ValueError(
                f"scores has the shape {self.scores.shape}: pass one row for each of "
                f"the {len(self.values)} values, and one column for each fold."
            )
        if not self.scores.size or not np.isfinite(self.scores).all():
            raise ValueError(
                "No score curve without scores, and without finite ones: leave out the "
                "values that failed and name them in `failed`."
            )

    @classmethod
    def from_cv_results(cls, cv_results, param, metric="score"):
        """Read a curve from what a search has found.

        Values that were tried more than once, as Bayesian searches do, enter with the
        mean of their scores.

        Parameters
        ----------
        cv_results : dict
            The `cv_results_` of a fitted search.
        param : str
            The parameter, as in the search space: ``"autoencoder__n_components"``.
        metric : str, default="score"
            The metric, in searches with several of them.

        Returns
        -------
        curve : ScoreCurve

        Raises
        ------
        ValueError
            When the search has no such parameter or metric, or no value has a finite
            score in every fold.
        """
        values = _column(cv_results, f"param_{param}", "param_")
        scores = _fold_scores(cv_results, metric)
        by_value = defaultdict(list)
        for value, row in zip(values, scores, strict=True):
            by_value[value].append(row)
        return cls._from_rows(by_value)

    @classmethod
    def _from_rows(cls, rows_by_value):
        means, failed = {}, []
        for value in sorted(rows_by_value):
            rows = [row for row in rows_by_value[value] if np.isfinite(row).all()]
            if rows:
                means[value] = np.mean(rows, axis=0)
            else:
                failed.append(value)
        if not means:
            raise ValueError(
                "No candidate has a finite score in every fold, so there is nothing to "
                f"choose from: {enumeration(failed)} failed in at least one."
            )
        return cls(np.array(list(means)), np.array(list(means.values())), tuple(failed))

    @property
    def mean(self):
        """Mean score of each value over the folds, ndarray of shape (n_values,)."""
        return self.scores.mean(axis=1)

    @property
    def standard_error(self):
        """Standard error of each mean, without what all values share in a fold.

        Some folds are harder than others for all values alike, which has no bearing on
        their order. So each fold's own level, its mean over the values, is taken away
        first, where there is more than one value. NaN with a single fold.
        """
        scores = self.scores
        if len(scores) > 1:
            scores = scores - scores.mean(axis=0)
        return _standard_error(scores)

    @property
    def best(self):
        """The value with the highest mean, the smallest one if there are several."""
        return self.values[self._best].item()

    @property
    def tied(self):
        """The values that cannot be told from the best, which is one of them.

        Those whose difference to the best, paired by fold, has a mean of at most one
        standard error. With a single fold, only those that score exactly as the best.
        """
        difference = self.scores[self._best] - self.scores
        error = np.nan_to_num(_standard_error(difference))
        rounding = 1e-9 * np.abs(self.scores).max()
        within = difference.mean(axis=1) <= error + rounding
        return tuple(self.values[within].tolist())

    def verdict(self):
        """Return the `Verdict`: whether the best value means anything."""
        return judge(self)

    @property
    def _best(self):
        return int(np.argmax(self.mean))


def _column(cv_results, key, prefix):
    if key not in cv_results:
        known = [name.removeprefix(prefix) for name in cv_results if prefix in name]
        raise ValueError(
            f"The search has no parameter {key.removeprefix(prefix)!r}: use one of "
            f"{', '.join(map(repr, known))}."
        )
    return [np.asarray(value).item() for value in cv_results[key]]


def _fold_scores(cv_results, metric):
    suffix = f"_test_{metric}"
    folds = [k for k in cv_results if k.startswith("split") and k.endswith(suffix)]
    folds = [k for k in folds if k.removeprefix("split").removesuffix(suffix).isdigit()]
    if not folds:
        known = [k.removeprefix("mean_test_") for k in cv_results if "mean_test_" in k]
        raise ValueError(
            f"The search has no metric {metric!r}: use one of "
            f"{', '.join(map(repr, known))}."
        )
    return np.column_stack([cv_results[key] for key in folds]).astype(float)


def _standard_error(scores):
    n_folds = scores.shape[1]
    if n_folds == 1:
        return np.full(len(scores), np.nan)
    return scores.std(axis=1, ddof=1) / np.sqrt(n_folds)
