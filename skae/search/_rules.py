"""Rules that choose a latent dimension from cross-validated scores.

Each is a callable for `refit` in scikit-learn's searches. `select` applies it to a
`ScoreCurve`, and says in words how much the choice is worth.
"""

from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator

from skae._sklearn import Interval, StrOptions, validate_params
from skae.registry import Registry
from skae.scorers import get_scorer
from skae.scorers._description_length import description_length
from skae.search._curve import ScoreCurve
from skae.search._results import find_param
from skae.search._selection import explain

__all__ = [
    "RULES",
    "Best",
    "Knee",
    "OneStandardError",
    "Saturation",
    "SecondDifference",
    "SelectionRule",
    "ShortestDescription",
    "Threshold",
    "get_rule",
]

RULES = Registry("selection rule", "skae.rules")

# Share of the unexplained variance that equally sensible training changes: the median
# between 30, 100 and 300 epochs is 5 to 13 % on wine, iris, diabetes, breast cancer.
_TRAINING_CHANGES = 0.1


class SelectionRule(BaseEstimator, ABC):
    """A choice among values of one parameter, by their scores in every fold.

    Parameters
    ----------
    param : str or None, default=None
        The parameter, as in the search space. By default the one that is called
        ``n_components``, in whatever step of a pipeline.
    metric : str, default="score"
        The scores to choose by, in searches with several metrics.

    Attributes
    ----------
    is_maximum : bool
        Whether the rule takes the highest mean score as such, so that the verdict is
        clear only if it stands out from all others. False unless a class says so.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.scorers import Reconstruction
    >>> from skae.search import Saturation
    >>> search = GridSearchCV(
    ...     make_pipeline(StandardScaler(), PCA()),
    ...     {"pca__n_components": range(1, 13)},
    ...     scoring=Reconstruction(),
    ...     refit=Saturation(0.9),
    ...     cv=KFold(5, shuffle=True, random_state=0),  # rows are sorted by class
    ... ).fit(load_wine().data)
    >>> search.best_params_
    {'pca__n_components': 8}
    """

    is_maximum = False

    def __init__(self, param=None, metric="score"):
        self.param = param
        self.metric = metric

    def __call__(self, cv_results):
        """Return the row of `cv_results_` that is chosen, for `refit`."""
        return self.from_cv_results(cv_results).index

    def from_cv_results(self, cv_results):
        """Return the `Selection` among the candidates of a search.

        Where candidates differ in other parameters as well, each value is represented
        by its best candidate.
        """
        param = self.param or find_param(cv_results)
        curve = ScoreCurve.from_cv_results(cv_results, param, self.metric)
        return self.select(curve)

    def select(self, curve):
        """Return the `Selection` on a `ScoreCurve`.

        Parameters
        ----------
        curve : ScoreCurve

        Returns
        -------
        selection : Selection
        """
        return explain(self, curve)

    @abstractmethod
    def criterion(self, curve):
        """Return the criterion of the rule for each value; higher is better.

        Parameters
        ----------
        curve : ScoreCurve

        Returns
        -------
        criterion : ndarray of shape (n_values,)
        """

    def choose(self, curve):
        """Return the position of the chosen value: that of the largest criterion."""
        return int(np.argmax(self.criterion(curve)))

    @abstractmethod
    def why(self, curve, position):
        """Return the reason for a choice, a clause in plain words."""

    def unexplained(self, curve):
        """Return the share of the variance that each value leaves, if that is known."""
        return None

    def rivals(self, curve, position):
        """Return the values that the rule cannot tell from its choice, ascending.

        By none that it knows. With rivals a verdict is ambiguous, with many it is flat.

        Parameters
        ----------
        curve : ScoreCurve
        position : int
            Of the choice on the curve.

        Returns
        -------
        values : tuple of int
            0 among them stands for no code at all.
        """
        return ()


@RULES.register("best")
class Best(SelectionRule):
    """The largest mean score; the smallest value with it, where there are several.

    For scores that do turn down. Those of reconstructions and plain information grow
    with the dimension: there it takes the largest value tried, or noise.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import Best, ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7], [0.3, 0.4]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> Best().select(curve).value
    2
    """

    is_maximum = True

    def criterion(self, curve):
        """Return the mean scores; see `SelectionRule`."""
        return curve.mean

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        return "it has the highest mean score"


@RULES.register("one_standard_error")
class OneStandardError(SelectionRule):
    """The smallest value within one standard error of the best.

    The error is that of the difference to the best, paired by fold (Breiman et al.,
    1984, with the folds' own level taken away). Folds of an autoencoder's search agree
    so well that it hardly differs from the best: prefer another rule where scores
    keep growing.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import OneStandardError, ScoreCurve
    >>> scores = np.array([[0.2, 0.4], [0.71, 0.8], [0.73, 0.79], [0.3, 0.4]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> OneStandardError().select(curve).value
    2
    """

    def criterion(self, curve):
        """Return the mean scores; see `SelectionRule`."""
        return curve.mean

    def choose(self, curve):
        """Return the position of the chosen value; see `SelectionRule`."""
        return int(np.searchsorted(curve.values, curve.tied[0]))

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        return "it is the smallest within one standard error of the highest mean score"


@RULES.register("saturation")
class Saturation(SelectionRule):
    """The smallest value that reaches a share of the way up to the highest score.

    ``score(k) >= floor + share * (max score - floor)``. For scores that level off, as
    the information that a reconstruction keeps.

    Parameters
    ----------
    share : float, default=0.95
        Of the way from the floor to the highest mean score.
    floor : float or "first", default=0.0
        Where the way starts: the score of a code that says nothing, or the mean score
        of the smallest value. It is the latter too where all scores are below a number,
        as negative errors are.
    param, metric
        See `SelectionRule`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import Saturation, ScoreCurve
    >>> scores = np.array([[0.5, 0.5], [0.9, 0.92], [0.93, 0.92], [0.94, 0.93]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> Saturation(0.95).select(curve).value
    2
    """

    @validate_params(
        {
            "share": [Interval(Real, 0, 1, closed="right")],
            "floor": [Real, StrOptions({"first"})],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(self, share=0.95, floor=0.0, param=None, metric="score"):
        super().__init__(param, metric)
        self.share = share
        self.floor = floor

    def criterion(self, curve):
        """Return the share of the way up; see `SelectionRule`."""
        floor = self._floor(curve)
        height = curve.mean.max() - floor
        if height <= np.finfo(float).eps * np.abs(curve.mean).max():  # rounding
            return np.ones(len(curve.values))
        return (curve.mean - floor) / height

    def _floor(self, curve):
        if self.floor == "first" or curve.mean.max() < self.floor:
            return curve.mean[0]
        return self.floor

    def choose(self, curve):
        """Return the position of the chosen value; see `SelectionRule`."""
        return int(np.argmax(self.criterion(curve) >= self.share - 1e-12))

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        share, floor = f"{self.share:.0%}", self._floor(curve)
        if floor == 0:
            return f"it is the smallest that reaches {share} of the highest score"
        return (
            f"it is the smallest to come {share} of the way from {floor:.3g} to the "
            "highest score"
        )


@RULES.register("threshold")
class Threshold(SelectionRule):
    """The smallest value whose mean score reaches a number.

    For scores with a meaning of their own, such as 95 % of the variance. Where none
    reaches it, the best one.

    Parameters
    ----------
    score : float, default=0.95
        To be reached.
    param, metric
        See `SelectionRule`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import ScoreCurve, Threshold
    >>> scores = np.array([[0.5, 0.5], [0.9, 0.92], [0.93, 0.92], [0.94, 0.93]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> Threshold(0.9).select(curve).value
    2
    """

    def __init__(self, score=0.95, param=None, metric="score"):
        super().__init__(param, metric)
        self.score = score

    def criterion(self, curve):
        """Return the mean scores; see `SelectionRule`."""
        return curve.mean

    def choose(self, curve):
        """Return the position of the chosen value; see `SelectionRule`."""
        reached = curve.mean >= self.score
        return int(np.argmax(reached if reached.any() else curve.mean))

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        if curve.mean[position] < self.score:
            return f"none reaches {self.score:g}, and it has the highest mean score"
        return f"it is the smallest whose mean score reaches {self.score:g}"


@RULES.register("knee")
class Knee(SelectionRule):
    """Knee: the value farthest above the line from the curve's first point to its last.

    With both axes scaled to [0, 1] (Satopaa et al., 2011, "Finding a 'kneedle' in a
    haystack"). For scores that rise steeply and then slowly; it depends on the largest
    value tried.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import Knee, ScoreCurve
    >>> scores = np.array([[0.5, 0.5], [0.9, 0.92], [0.93, 0.92], [0.94, 0.93]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> Knee().select(curve).value
    2
    """

    def criterion(self, curve):
        """Return the height above the line; see `SelectionRule`."""
        x, y = _unit(curve.values), _unit(curve.mean)
        return y - y[0] - (y[-1] - y[0]) * x

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        return "the curve is farthest above the line through its ends there"


def _unit(values):
    span = np.ptp(values)
    return (values - np.min(values)) / (span if span > 0 else 1)


class _OfVariance(SelectionRule):
    """A rule on the share of the variance that is not explained."""

    def unexplained(self, curve):
        """Return the unexplained share of the variance, of shape (n_values,)."""
        if (curve.mean > 1 + 1e-9).any():
            raise ValueError(
                f"{type(self).__name__} needs shares of variance, at most 1: score by "
                f"'reconstruction'. The highest score is {curve.mean.max():g}."
            )
        return np.clip(1 - curve.mean, 0, 1)


@RULES.register("second_difference")
class SecondDifference(_OfVariance):
    """Value at the sharpest bend of the logarithm of the unexplained variance.

    ``log FVU(k-1) - 2 log FVU(k) + log FVU(k+1)`` with the share of variance FVU = 1 -
    R2 that k units leave unexplained, FVU(0) = 1. The scores have to be shares of
    variance, those of "reconstruction". The largest value tried cannot be
    chosen, nor can values that are not neighbours be compared: try each.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import ScoreCurve, SecondDifference
    >>> scores = np.array([[0.5, 0.5], [0.9, 0.92], [0.93, 0.92], [0.94, 0.93]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> SecondDifference().select(curve).value
    2
    """

    def criterion(self, curve):
        """Return the second differences; see `SelectionRule`."""
        log_fvu = np.log(np.maximum(self.unexplained(curve), 1e-12))
        values = curve.values.astype(float)
        if values[0] > 0:  # no unit at all explains nothing
            values, log_fvu = np.append(0, values), np.append(0, log_fvu)
        slopes = np.diff(log_fvu) / np.diff(values)
        bends = np.append(np.diff(slopes), -np.inf)
        return bends if curve.values[0] > 0 else np.append(-np.inf, bends)

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        return "the logarithm of the unexplained variance bends most there"


@RULES.register("description_length")
class ShortestDescription(_OfVariance):
    """The value with the shortest description length of held-out rows.

    See `skae.scorers.DescriptionLength`: a trade of the variance that k units leave
    unexplained against their number. The scores have to be shares of variance, those
    of "reconstruction".

    Parameters
    ----------
    n_features : int
        Number of features of the data as the autoencoder sees them: the length of
        windows times their channels.
    eps : float, default=0.02
        Share of a feature's variance that is not worth a dimension, lest what a
        network fails to approximate count as signal. Between 0.01 and 0.1 it hardly
        matters.
    param, metric
        See `SelectionRule`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search import ScoreCurve, ShortestDescription
    >>> scores = np.array([[0.5, 0.5], [0.9, 0.92], [0.93, 0.92], [0.94, 0.93]])
    >>> curve = ScoreCurve(np.array([1, 2, 3, 4]), scores)
    >>> ShortestDescription(n_features=10).select(curve).value
    2
    """

    @validate_params(
        {
            "n_features": [Interval(Integral, 1, None, closed="left")],
            "eps": [Interval(Real, 0, None, closed="neither")],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(self, n_features, eps=0.02, param=None, metric="score"):
        super().__init__(param, metric)
        self.n_features = n_features
        self.eps = eps

    def criterion(self, curve):
        """Return the savings of a row, in nats per feature; see `SelectionRule`."""
        if curve.values[0] >= self.n_features:
            raise ValueError(
                f"With {self.n_features} features, {curve.values[0]} units compress "
                "nothing: try fewer."
            )
        pairs = zip(curve.values.tolist(), self.unexplained(curve), strict=True)
        return np.array([-self._length(k, fvu) for k, fvu in pairs])

    def rivals(self, curve, position):
        """Return the values that a tenth of the unexplained variance could make best.

        That is a tenth more than measured for the choice, and a tenth less for a rival.
        So much differs from one sensible number of epochs to another, which folds do
        not show, as they all train alike. No code at all, 0, explains nothing.
        """
        fvu = self.unexplained(curve)
        less = (1 - _TRAINING_CHANGES) * fvu
        others = {0: 1.0} | dict(zip(curve.values.tolist(), less, strict=True))
        chosen, more = curve.values[position], (1 + _TRAINING_CHANGES) * fvu[position]
        longest = self._length(chosen, more)
        return tuple(
            sorted(
                k
                for k, share in others.items()
                if k != chosen and self._length(k, share) <= longest
            )
        )

    def _length(self, k, fvu):
        if k >= self.n_features:
            return np.inf
        return description_length(fvu, k, self.n_features, eps=self.eps)

    def why(self, curve, position):
        """Return the reason; see `SelectionRule`."""
        return "it gives the shortest description of held-out data"


def get_rule(rule, n_features=None, scoring=None):
    """Return a rule by its name, or the rule itself.

    Parameters
    ----------
    rule : str or SelectionRule
        One of the names in `RULES`; or ``"auto"``, which is the `selection_rule` of the
        scorer, and ``"saturation"`` for scorers that have none.
    n_features : int or None, default=None
        For rules that need it.
    scoring : str, callable or None, default=None
        A scorer, or the name of one in skae, for ``"auto"``.

    Returns
    -------
    rule : SelectionRule

    Raises
    ------
    UnknownNameError
        When there is no such rule, or no such scorer.

    Examples
    --------
    >>> from skae.search import get_rule
    >>> get_rule("knee"), get_rule("description_length", n_features=8)
    (Knee(), ShortestDescription(n_features=8))
    >>> get_rule("auto", n_features=8, scoring="reconstruction")
    ShortestDescription(n_features=8)
    """
    if isinstance(rule, str) and rule == "auto":
        rule = getattr(get_scorer(scoring), "selection_rule", "saturation")
    if not isinstance(rule, str):
        return rule
    cls = RULES.get(rule)
    needs = "n_features" in cls._get_param_names()
    return cls(n_features=n_features) if needs else cls()
