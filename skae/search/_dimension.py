"""The latent dimension in one call."""

import warnings
from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, ParameterGrid
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skae._arrays import as_numbers, divisible
from skae.autoencoders import DenseAutoencoder
from skae.exceptions import DimensionWarning
from skae.information import estimate_dimension
from skae.scorers import get_scorer, reducing_step
from skae.scorers._locate import flattened
from skae.search._curve import ScoreCurve
from skae.search._rules import SelectionRule, get_rule
from skae.search.fits._limits import LIMIT_CONSTRAINTS, limiting
from skae.training._limits import FitLimits

__all__ = ["LatentDimensionSearchCV", "select_dimension"]


class LatentDimensionSearchCV(BaseSearchCV):
    """Choose the latent dimension of an autoencoder by a rule on the whole curve.

    Every latent dimension from one to a bound is cross-validated, and a rule chooses
    among the scores, with a verdict in words. The bound lies below the number of
    features and a little above what estimators of the intrinsic dimension say,
    which are shown beside the choice.

    Parameters
    ----------
    estimator : estimator
        An autoencoder, or a pipeline with one; any step with `n_components` and
        `inverse_transform` will do, so `PCA` too.
    n_components : "auto", int or sequence of int, default="auto"
        Latent dimensions to try: all up to a number, or these. ``"auto"`` are all up to
        `IntrinsicDimension.upper_bound`.
    rule : str or SelectionRule, default="auto"
        ``"description_length"``, ``"best"``, ``"one_standard_error"``,
        ``"saturation"``, ``"knee"``, ``"second_difference"``, ``"threshold"``, or an
        instance. ``"auto"`` is the `selection_rule` of a scorer of skae: the first for
        reconstructions, the largest score where that has a maximum. For other scorers
        it is ``"saturation"``.
    scoring : str or callable, default="reconstruction"
        A name that `skae.get_scorer` knows, or a scorer.
    n_restarts : int, default=1
        Fits per fold and dimension, from different seeds. Their spread then tells
        differences between dimensions from chance.
    random_state : int, RandomState instance or None, default=None
        Source of the seeds.
    cv, n_jobs, refit, verbose, pre_dispatch, error_score, return_train_score
        As in `sklearn.model_selection.GridSearchCV`; `refit` is boolean. A number of
        folds cuts the rows in their order: where they are sorted, shuffle, by
        ``cv=KFold(4, shuffle=True)``.
    max_fit_seconds, max_fit_memory : float or None, default=None
        Most seconds, and most bytes, that the fit of a candidate on a fold may take;
        one that takes more has failed. See `skae.search.limited`. The refit is
        not limited.

    Attributes
    ----------
    n_components_ : int
        The latent dimension that was chosen.
    selection_ : Selection
        The choice, the curve, the runner-up, and the verdict.
    intrinsic_dimension_ : IntrinsicDimension or None
        Estimates from the distances of neighbours, on the data as the autoencoder sees
        them; None for fewer than four different rows.
    n_features_ : int
        Number of features as the autoencoder sees them.
    best_estimator_ : estimator
        Refitted to all data.
    cv_results_ : dict
        As of any search.

    Warns
    -----
    DimensionWarning
        When the estimates are more than one away from the choice.
    ConvergenceWarning
        When the verdict is that the networks may not have learnt enough.

    See Also
    --------
    select_dimension : The same as a function.

    Examples
    --------
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.search import LatentDimensionSearchCV
    >>> from sklearn.decomposition import PCA
    >>> X = make_linear_manifold(300, 3, 12, noise=0.05, random_state=0).X
    >>> search = LatentDimensionSearchCV(PCA()).fit(X)
    >>> search.n_components_, search.selection_.verdict.kind
    (3, 'clear')
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "estimator": [HasMethods(["fit"])],
        "n_components": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            "array-like",
        ],
        "rule": [str, SelectionRule],
        "scoring": [str, callable],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "refit": ["boolean"],
        "random_state": ["random_state"],
        **LIMIT_CONSTRAINTS,
    }

    def __init__(
        self,
        estimator,
        *,
        n_components="auto",
        rule="auto",
        scoring="reconstruction",
        n_restarts=1,
        random_state=None,
        cv=4,
        n_jobs=None,
        refit=True,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        max_fit_seconds=None,
        max_fit_memory=None,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.n_components = n_components
        self.rule = rule
        self.n_restarts = n_restarts
        self.random_state = random_state
        self.max_fit_seconds = max_fit_seconds
        self.max_fit_memory = max_fit_memory

    def fit(self, X, y=None, **params):
        """Evaluate the curve, choose, and refit to all data.

        Parameters
        ----------
        X : array-like
            Data as `estimator` takes them.
        y, **params
            As in `sklearn.model_selection.GridSearchCV.fit`: `groups` too, with a `cv`
            that asks for them, such as `GroupKFold(4)`.

        Returns
        -------
        self : object
        """
        self._validate_params()
        get_tags(self.estimator)  # which refuses a class
        X = divisible(X, type(self).__name__)
        self._look_at(X, y)
        super().fit(X, y, **params)
        self.n_components_ = self.selection_.value
        self._warn()
        return self

    def _look_at(self, X, y):
        """Find the parameter, and how many components there could be."""
        prefix, before = _parts(self.estimator)
        self._param = f"{prefix}n_components"
        params = self.estimator.get_params()
        if self._param not in params:
            raise TypeError(
                f"{type(self.estimator).__name__} has no parameter {self._param!r}: "
                "pass an autoencoder, PCA, or a pipeline with one."
            )
        self._seeded = f"{prefix}random_state" in params
        X = as_numbers(_seen(before, X, y), type(self).__name__)
        if not X.size:
            raise ValueError(f"X of shape {X.shape} holds no values to encode.")
        X = X.reshape(len(X), -1)
        self.n_features_ = X.shape[1]
        self.intrinsic_dimension_ = _estimated(X)
        self._values = self._candidates()
        self._rule = get_rule(self._rule_or_default(), self.n_features_)

    def _rule_or_default(self):
        if not isinstance(self.rule, str) or self.rule != "auto":
            return self.rule
        return getattr(get_scorer(self.scoring), "selection_rule", "saturation")

    def _candidates(self):
        most = self.n_features_ - 1
        if not isinstance(self.n_components, str | Integral):
            if not all(isinstance(k, Integral) for k in self.n_components):
                raise ValueError(
                    f"n_components={self.n_components!r}: dimensions to try are "
                    "integers."
                )
            return sorted({int(k) for k in self.n_components if 1 <= k <= most})
        if not isinstance(self.n_components, str):
            most = min(most, self.n_components)
        elif self.intrinsic_dimension_ is not None:
            most = min(most, self.intrinsic_dimension_.upper_bound)
        return range(1, most + 1)

    def _get_scorers(self):
        return get_scorer(self.scoring), "score"

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        grid = ParameterGrid(self._grid())
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=len(grid) * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        limits = FitLimits(self.max_fit_seconds, self.max_fit_memory)
        with limiting(evaluate_candidates, limits) as evaluate:
            evaluate(grid, callback_ctx=context)
        context.call_on_fit_task_end(estimator=self)

    def _grid(self):
        if self.n_features_ < 2:
            raise ValueError(
                f"n_components={self.n_components!r} leaves nothing to try: the "
                "autoencoder sees one feature, which no smaller code can stand for; "
                "pass data of two features or more."
            )
        if not len(self._values):
            raise ValueError(
                f"n_components={self.n_components!r} leaves nothing to try: a code of "
                f"{self.n_features_} features compresses with 1 to "
                f"{self.n_features_ - 1} units."
            )
        grid = {self._param: list(self._values)}
        if self._seeded:
            rng = check_random_state(self.random_state)
            seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_restarts)
            grid[self._param.replace("n_components", "random_state")] = seeds.tolist()
        return grid

    def _select_best_index(self, refit, refit_metric, results):
        curve = ScoreCurve.from_cv_results(results, self._param)
        is_complete = curve.values[-1] >= self.n_features_ - 1
        self.selection_ = self._rule.select(replace(curve, is_complete=is_complete))
        return self.selection_.index

    def _warn(self):
        verdict = self.selection_.verdict
        if verdict.kind == "under-trained":
            warnings.warn(verdict.text, ConvergenceWarning, stacklevel=3)
        estimated = self.intrinsic_dimension_
        if estimated is not None and abs(estimated.median - self.n_components_) > 1.5:
            warnings.warn(
                f"{self.n_components_} units are chosen, but the distances between "
                f"neighbours speak for about {estimated.median:.1f} dimensions (TwoNN "
                f"{estimated.two_nn:.1f}, Levina-Bickel {estimated.levina_bickel:.1f}, "
                f"correlation {estimated.correlation:.1f}). A code may need more units "
                "than the data have dimensions, where they curve; noise makes "
                "neighbours see more; and a network that is trained too little finds "
                "fewer. Look at the curve.",
                DimensionWarning,
                stacklevel=3,
            )


def _parts(estimator):
    """Return the prefix of the reducing step's parameters, and the steps before it."""
    if not isinstance(estimator, Pipeline):
        return "", None
    estimator = flattened(estimator)
    index = reducing_step(estimator)
    before = make_pipeline(*(step for _, step in estimator.steps[:index]))
    return f"{estimator.steps[index][0]}__", before if index else None


def _seen(before, X, y):
    """Return the data as the autoencoder sees them."""
    if before is None:
        return X
    try:
        return clone(before).fit_transform(X, y)
    except (TypeError, ValueError):
        as_numbers(X)  # says in a sentence what the steps could not make numbers of
        raise


def _estimated(X):
    try:
        return estimate_dimension(X)
    except ValueError:  # fewer than four different rows
        return None


def select_dimension(X, estimator=None, *, y=None, groups=None, **settings):
    """Choose the latent dimension of an autoencoder for some data.

    Every dimension from one to a bound is cross-validated, and a rule chooses, by
    default that of the shortest description of held-out rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data as `estimator` takes them.
    estimator : estimator or None, default=None
        See `LatentDimensionSearchCV`. By default a `DenseAutoencoder` behind a
        `StandardScaler`.
    y : array-like of shape (n_samples,), default=None
        Classes, for scorers that compare with them, as ``scoring="ari"``.
    groups : array-like of shape (n_samples,), default=None
        What rows belong to, as patients or machines: no group is in two folds. Without
        a `cv` there are four folds of shuffled groups, fewer if there are fewer.
    **settings
        Those of `LatentDimensionSearchCV`, as ``rule="saturation"``, ``n_restarts=3``
        or ``n_jobs=2``. Without a `cv` there are four folds, shuffled, as rows are
        often sorted; for windows of a series, which overlap, pass
        ``ContiguousKFold(4, gap=window.gap)``.

    Returns
    -------
    selection : Selection
        With the choice as `value`, and the words as ``str(selection)``.

    Examples
    --------
    >>> from skae import select_dimension, stacked
    >>> from skae.datasets import make_smooth_manifold
    >>> X = make_smooth_manifold(400, 2, 10, noise=0.02, random_state=0).X
    >>> with stacked():  # all sixteen fits train at once
    ...     selection = select_dimension(X, random_state=0, n_components=4)
    >>> selection.value
    2
    """
    if estimator is None:
        estimator = make_pipeline(StandardScaler(), DenseAutoencoder())
    settings.setdefault("cv", _shuffled_folds(groups))
    search = LatentDimensionSearchCV(estimator, refit=False, **settings)
    params = {} if groups is None else {"groups": groups}
    return search.fit(X, y, **params).selection_


def _shuffled_folds(groups):
    if groups is None:
        return KFold(4, shuffle=True, random_state=0)
    n_groups = len(set(np.asarray(groups).tolist()))
    return GroupKFold(max(2, min(4, n_groups)), shuffle=True, random_state=0)
