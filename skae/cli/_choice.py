"""The choice among what a search has tried, as its `refit`."""

from dataclasses import dataclass, replace

from skae.cli._errors import InputError
from skae.cli._space import PARAM
from skae.search import ScoreCurve, SelectionRule

__all__ = ["Choice"]


@dataclass(frozen=True)
class Choice:
    """A selection rule on dimensions that compress, where there are any.

    Where candidates differ in their layers too, each dimension stands for the best of
    its candidates, and with a dimension that candidate is chosen.

    Parameters
    ----------
    rule : SelectionRule
        What chooses.
    metric : str
        By which scores.
    n_columns : int
        Number of values that a code stands for.

    Raises
    ------
    InputError
        When it is called, and there is nothing to choose from, or the rule does not
        suit the scores.
    """

    rule: SelectionRule
    metric: str
    n_columns: int

    def __call__(self, cv_results):
        """Return the row of `cv_results_` that is chosen."""
        return self.from_cv_results(cv_results).index

    def from_cv_results(self, cv_results):
        """Return the `Selection` among what a search has evaluated."""
        try:
            curve = ScoreCurve.from_cv_results(cv_results, PARAM, self.metric)
        except ValueError as error:
            raise InputError(str(error), "--scorer") from error
        try:
            return self.rule.select(self._compressing(curve))
        except ValueError as error:
            raise InputError(str(error), "--rule") from error

    def _compressing(self, curve):
        kept = curve.values < self.n_columns
        if not kept.any():
            return curve
        return replace(
            curve,
            values=curve.values[kept],
            scores=curve.scores[kept],
            rows=curve.rows[kept],
            is_complete=bool(curve.values[kept][-1] == self.n_columns - 1),
        )
