"""Cross-validated scores over the values of a parameter."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from skae.search._results import candidates, fold_scores, values_of
from skae.search._verdict import Case, enumeration

__all__ = ["ScoreCurve", "best_of_each", "kind_of"]


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
    rows : ndarray of shape (n_values,) or None
        The row of `cv_results_` with each value's highest mean score.
    spread : ndarray of shape (n_values,) or None
        Standard deviation of each value's mean score over restarts, where each value
        has several.
    is_complete : bool
        Whether no value beyond those that were tried makes sense, failed ones included.
        `compressing` tells.
    is_trained : bool
        Whether the scores are those of a network, which may have learnt too little.
    row_order : object or None
        Evidence that rows are sorted, which the folds have cut in their order.

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
    rows: np.ndarray | None = None
    spread: np.ndarray | None = None
    is_complete: bool = False
    is_trained: bool = True
    row_order: object = None

    def __post_init__(self):
        n_values = len(self.values)
        if self.scores.ndim != 2 or len(self.scores) != n_values:
            raise ValueError(
                f"scores has the shape {self.scores.shape}: pass one row for each of "
                f"the {n_values} values, and one column for each fold."
            )
        for name in ("rows", "spread"):
            given = getattr(self, name)
            if given is not None and len(given) != n_values:
                raise ValueError(
                    f"{name} has {len(given)} entries for {n_values} values: pass one "
                    "for each. `ScoreCurve.at` cuts all that belongs to a value."
                )
        if not self.scores.size or not np.isfinite(self.scores).all():
            raise ValueError(
                "No score curve without scores, and without finite ones: leave out the "
                "values that failed and name them in `failed`."
            )

    @classmethod
    def from_cv_results(cls, cv_results, param, metric="score"):
        """Read a curve from the `cv_results_` of a search.

        Candidates that are alike but for their `random_state` are restarts of one, and
        enter with the mean of their scores. Where candidates differ in other
        parameters, each value is represented by its best one.

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
        UnknownNameError
            When the search has no such parameter or metric.
        ValueError
            When no value has a finite score in every fold.
        """
        values = values_of(cv_results, param)
        rows, tried = list(values), candidates(cv_results)
        kinds = [kind_of(tried[row] | {param: None}) for row in rows]
        scores = fold_scores(cv_results, metric)[rows]
        curve = best_of_each([*values.values()], kinds, scores)
        return replace(curve, rows=np.array(rows)[curve.rows])

    def at(self, positions):
        """Return the curve restricted to some of its values.

        Parameters
        ----------
        positions : slice, or array-like of bool or of int
            Which of `values` to keep. Their order stays.

        Returns
        -------
        curve : ScoreCurve
            With the same `failed`. It is complete if this one is, and its largest value
            was kept.

        Examples
        --------
        >>> import numpy as np
        >>> from skae.search import ScoreCurve
        >>> scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7]])
        >>> curve = ScoreCurve(np.array([1, 2, 3]), scores)
        >>> curve.at(curve.values >= 2).values
        array([2, 3])
        """
        kept = np.zeros(len(self.values), dtype=bool)
        kept[positions] = True
        return replace(
            self,
            values=self.values[kept],
            scores=self.scores[kept],
            rows=None if self.rows is None else self.rows[kept],
            spread=None if self.spread is None else self.spread[kept],
            is_complete=bool(self.is_complete and kept[-1]),
        )

    def compressing(self, n_features):
        """Return the curve restricted to dimensions below the number of features.

        Parameters
        ----------
        n_features : int
            Number of values that a code stands for.

        Returns
        -------
        curve : ScoreCurve
            Without values of `n_features` or more, failed ones included. It is complete
            if ``n_features - 1`` was tried.

        Raises
        ------
        ValueError
            When no value with a score compresses.
        """
        kept = self.values < n_features
        if not kept.any():
            raise ValueError(
                f"Of {n_features} features, {enumeration(self.values.tolist())} units "
                "keep as many numbers as there are, or more: try fewer."
            )
        failed = tuple(value for value in self.failed if value < n_features)
        tried = (*self.values[kept].tolist(), *failed)
        is_complete = max(tried) == n_features - 1
        return replace(self.at(kept), failed=failed, is_complete=is_complete)

    @property
    def mean(self):
        """Mean score of each value over the folds, ndarray of shape (n_values,)."""
        return self.scores.mean(axis=1)

    @property
    def standard_error(self):
        """Standard error of each mean, without the fold effect that all values share.

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
        """The values that are statistically tied with the best, the best included.

        Those whose difference to the best, paired by fold, has a mean of at most one
        standard error. With a single fold, only those that score exactly as the best.
        """
        difference = self.scores[self._best] - self.scores
        error = np.nan_to_num(_standard_error(difference))
        rounding = 1e-9 * np.abs(self.scores).max()
        within = difference.mean(axis=1) <= error + rounding
        return tuple(self.values[within].tolist())

    def verdict(self):
        """Return the `Verdict` on the best value, as if the rule `Best` chose it."""
        why = "it has the highest mean score"
        return Case(self, self._best, why, is_maximum=True).verdict()

    @property
    def _best(self):
        return int(np.argmax(self.mean))


def best_of_each(values, kinds, scores):
    """Return the `ScoreCurve` of candidates, each value with its best other parameters.

    Parameters
    ----------
    values : sequence of length n_candidates
        The value of each candidate.
    kinds : sequence of str, of length n_candidates
        What tells it from others of its value. Those of one kind are restarts.
    scores : ndarray of shape (n_candidates, n_folds)
        Not finite where a fit failed.

    Raises
    ------
    ValueError
        When no candidate has a finite score in every fold.
    """
    restarts = defaultdict(lambda: defaultdict(list))
    for row in np.flatnonzero(np.isfinite(scores).all(axis=1)):
        restarts[values[row]][kinds[row]].append(row)
    failed = tuple(sorted(set(values) - set(restarts)))
    if not restarts:
        raise ValueError(
            "No candidate has a finite score in every fold, so there is nothing to "
            f"choose from: {enumeration(failed)} failed in at least one."
        )
    found = sorted(restarts)
    best = [max(restarts[k].values(), key=lambda r: scores[r].mean()) for k in found]
    means = [scores[rows].mean(axis=1) for rows in best]
    return ScoreCurve(
        np.array(found),
        np.array([scores[rows].mean(axis=0) for rows in best]),
        failed,
        rows=np.array([r[np.argmax(m)] for r, m in zip(best, means, strict=True)]),
        spread=_spread(means),
    )


def kind_of(params):
    """Return the parameters of a candidate without its seeds; restarts share them."""
    names = [name for name in params if name.split("__")[-1] != "random_state"]
    return repr({name: params[name] for name in names})


def _spread(means):
    """Return the standard deviation over restarts, None where there are none."""
    if any(len(mean) < 2 for mean in means):
        return None
    return np.array([mean.std(ddof=1) for mean in means])


def _standard_error(scores):
    n_folds = scores.shape[1]
    if n_folds == 1:
        return np.full(len(scores), np.nan)
    return scores.std(axis=1, ddof=1) / np.sqrt(n_folds)
