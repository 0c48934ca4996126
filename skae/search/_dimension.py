"""Estimator and function that choose the latent dimension."""

import os
from contextlib import ExitStack
from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn import config_context, get_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, ParameterGrid, check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state, get_tags

from skae._arrays import ChunkedRows, divisible, stored
from skae._finder import find
from skae._notices import warn
from skae._sklearn import (
    BaseSearchCV,
    HasMethods,
    Interval,
    StrOptions,
    num_samples,
)
from skae.autoencoders import BaseAutoencoder, DenseAutoencoder
from skae.exceptions import DimensionWarning
from skae.preprocessing import ByChunks
from skae.scorers import get_scorer
from skae.search._nested_fits import (
    FEWEST,
    NestedFits,
    ordered,
    readings_of,
    starts_as_pca,
)
from skae.search._notebook import NotebookMixin
from skae.search._order import are_overlapping
from skae.search._range import Choice, DimensionRange
from skae.search._rules import SelectionRule, get_rule
from skae.search.fits import ScoreStore, remembering
from skae.search.fits._limits import LIMIT_CONSTRAINTS, limiting
from skae.training._limits import FitLimits

__all__ = ["LatentDimensionSearchCV", "select_dimension"]


class LatentDimensionSearchCV(NotebookMixin, BaseSearchCV):
    """Choose the latent dimension of an autoencoder, with a verdict in words.

    By default one fit per fold tells the held-out error of all dimensions: its code is
    nested, so that its first k units are a code of size k. The curve of the logarithm
    of the error bends where the error has fallen as far as it goes. That, neighbours
    among the codes and neighbours among the rows are the evidence, from which the
    choice, an interval and the verdict follow.

    Or every latent dimension from one to a bound is cross-validated by fits of its own,
    and a rule chooses among the scores. The bound lies below the number of features and
    a little above what estimators of the intrinsic dimension say, which are shown
    beside the choice.

    Parameters
    ----------
    estimator : estimator
        An autoencoder, or a pipeline with one; any step with `n_components` and
        `inverse_transform` will do, so `PCA` too.
    n_components : "auto", int or sequence of int, default="auto"
        Latent dimensions to try: all up to a number, or these. ``"auto"`` are all up to
        19 by nested fits, all up to `IntrinsicDimension.upper_bound` by separate ones.
        Codes with as many units as there are
        features, or more, compress nothing and are left out, with a warning.
    curve : {"auto", "nested", "separate"}, default="auto"
        Where the scores of a dimension come from: one ``"nested"`` fit for all of them,
        of 400 steps, or a ``"separate"`` fit for each, with the estimator's own
        settings. ``"auto"`` is nested for estimators with a parameter `nested`, and for
        `Autoencoder` with a bottleneck that has no noise, whose linear path starts as
        principal components, unless `rule`, `scoring` or single `n_components` are
        given. Nested fits need fewer and shorter fits, and learn less noise; their R2
        is a little below that of separate ones.
    rule : str or SelectionRule, default="auto"
        Of separate fits: ``"description_length"``, ``"best"``,
        ``"one_standard_error"``, ``"saturation"``, ``"knee"``,
        ``"second_difference"``, ``"threshold"``, or an instance. ``"auto"`` is the
        `selection_rule` of a scorer of skae: the first for reconstructions, the largest
        score where that has a maximum. For other scorers it is ``"saturation"``.
    scoring : str, callable or dict, default="reconstruction"
        A name that `skae.get_scorer` knows, scikit-learn's included, or a scorer; or
        several scorers by names of your own, of which the one that `refit` names
        chooses.
    n_restarts : int, default=1
        Fits per fold and dimension, from different seeds. Their spread then tells
        differences between dimensions from chance.
    random_state : int, RandomState instance or None, default=None
        Source of the seeds.
    cv, n_jobs, refit, verbose, pre_dispatch, error_score, return_train_score
        As in `sklearn.model_selection.GridSearchCV`; `refit` is boolean, or the name of
        one of several scorers, the first of which chooses if there is no refit. A
        number of folds cuts the rows in their order: where they are sorted, shuffle, by
        ``cv=KFold(4, shuffle=True)``.
    store : path-like, ScoreStore or None, default=None
        A file that keeps each finished fit, so that a search that was killed, or ended
        by Ctrl-C, goes on where it was; see `skae.search.remember`. It takes a
        `random_state` that is an integer.
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
        them, none above the number of features; None for fewer than four different
        rows.
    n_features_ : int
        Number of features as the autoencoder sees them.
    curve_ : {"nested", "separate"}
        Where the scores come from.
    best_estimator_ : estimator
        Refitted to all data.
    cv_results_ : dict
        As of any search.

    Warns
    -----
    DimensionWarning
        When the estimates are more than one away from the choice by separate fits,
        codes that do not compress are left out, or unshuffled folds cut rows that are
        sorted.
    ConvergenceWarning
        When the verdict on separate fits is that the networks may not have learnt
        enough.

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
        "curve": [StrOptions({"auto", "nested", "separate"})],
        "rule": [str, SelectionRule],
        "scoring": [str, callable, dict],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "refit": ["boolean", str],
        "random_state": ["random_state"],
        "store": [str, os.PathLike, ScoreStore, None],
        **LIMIT_CONSTRAINTS,
    }

    def __init__(
        self,
        estimator,
        *,
        n_components="auto",
        curve="auto",
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
        store=None,
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
        self.curve = curve
        self.rule = rule
        self.n_restarts = n_restarts
        self.random_state = random_state
        self.store = store
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
            that asks for them, such as `GroupKFold(4)`; and a `condition` of the rows,
            with metadata routing (`select_dimension` sees to that).

        Returns
        -------
        self : object
        """
        self._validate_params()
        _check_condition(params, X)
        get_tags(self.estimator)  # which refuses a class
        X = divisible(X, type(self).__name__)
        n_blocks = _n_blocks(self.cv, y, self.estimator)
        self._range = DimensionRange.of(
            self.estimator, X, y, n_blocks, params.get("condition")
        )
        self.n_features_ = self._range.n_features
        self.intrinsic_dimension_ = self._range.intrinsic
        self._values = self._range.values(self.n_components)
        self._nested = self._nested_fits()
        self._choice = self._make_choice()
        super().fit(X, y, **params)
        if self._nested is not None:
            self._nested.finish(self)
        self.curve_ = "separate" if self._nested is None else "nested"
        self.selection_ = self._choice.from_cv_results(self.cv_results_)
        self.n_components_ = self.selection_.value
        self._warn()
        return self

    def _nested_fits(self):
        """Return the `NestedFits` of the search, None for a fit of each dimension."""
        found, obstacle = self._range, self._obstacle_to_nested()
        if self.curve == "separate" or (self.curve == "auto" and obstacle):
            return None
        if obstacle:
            raise ValueError(
                "curve='nested' tells the dimension by one fit per fold, and "
                f"{obstacle}: change that, or use curve='separate'."
            )
        metrics, order = readings_of(self.scoring), ordered(find(self.estimator).step)
        return NestedFits(found, self.n_components, metrics, order)

    def _obstacle_to_nested(self):
        """Return what speaks against nested fits, a clause, or None."""
        step = find(self.estimator).step
        if ordered(step) is None:
            return (
                "the estimator has no parameter `nested` for ordered codes, nor a "
                "bottleneck without noise that could order them"
            )
        few_steps_do = starts_as_pca(step) and not self._range.ends_early
        if self.curve == "auto" and not few_steps_do:
            return "training does not begin with principal components"
        if not isinstance(self.n_components, str | Integral):
            return f"n_components={self.n_components!r} are single dimensions"
        if self.rule != "auto":
            return f"rule={self.rule!r} reads scores of separate fits"
        n_folds = getattr(self.cv, "n_splits", self.cv)
        if isinstance(n_folds, Integral) and self._range.n_rows < FEWEST * n_folds:
            return f"{n_folds} folds of {self._range.n_rows} rows are too small"
        found = readings_of(self.scoring)
        if found is None or found[self._metric()] != "r2":
            return f"scoring={self.scoring!r} is not the explained variance"
        return None

    def _metric(self):
        """Return the name of the metric that chooses."""
        if not isinstance(self.scoring, dict):
            return "score"
        return self.refit if isinstance(self.refit, str) else next(iter(self.scoring))

    def _make_choice(self):
        metric, scorer = self._metric(), self.scoring
        if isinstance(scorer, dict):
            scorer = scorer.get(metric)
        rule = self._nested or get_rule(self.rule, self.n_features_, scorer)
        found = self._range
        known = found.is_trained, found.row_order
        return Choice(rule, found.param, self.n_features_, metric, *known)

    def _get_scorers(self):
        if getattr(self, "_nested", None) is not None:  # routing asks before any fit
            return self._nested.scorer, self._metric()
        if isinstance(self.scoring, dict):
            return super()._get_scorers()
        return get_scorer(self.scoring), "score"

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        grid = ParameterGrid(self._grid())
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=len(grid) * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        limits = FitLimits(self.max_fit_seconds, self.max_fit_memory)
        with ExitStack() as stack:
            evaluate = stack.enter_context(limiting(evaluate_candidates, limits))
            evaluate = stack.enter_context(remembering(evaluate, self.store))
            evaluate(grid, callback_ctx=context)
        context.call_on_fit_task_end(estimator=self)

    def _grid(self):
        param = self._range.param
        grid = {param: self._values}
        if self._nested is not None:
            grid = self._nested.grid(self.n_splits_)
        seed = param.removesuffix("n_components") + "random_state"
        if seed in self.estimator.get_params():
            rng = check_random_state(self.random_state)
            seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_restarts)
            grid[seed] = seeds.tolist()
        return grid

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        if self._nested is None:
            return super()._format_results(
                candidate_params, n_splits, out, more_results
            )
        out = _with_all_readings(out)
        results = super()._format_results(candidate_params, n_splits, out, more_results)
        return self._nested.unfold(results)

    def _select_best_index(self, refit, refit_metric, results):
        return self._choice(results)

    def _warn(self):
        verdict = self.selection_.verdict
        if verdict.kind == "under-trained":
            warn(verdict.text, ConvergenceWarning)
        if verdict.kind == "sorted":
            warn(verdict.text, DimensionWarning)
        if self._nested is not None:
            return  # what neighbours say is in the verdict
        if text := self._range.disagreement(self.n_components_, verdict.is_settled):
            warn(text, DimensionWarning)


def _check_condition(params, X):
    """Refuse a condition that is not one of each row, or would not reach scorers."""
    if (condition := params.get("condition")) is None:
        return
    n_given = len(condition) if np.ndim(condition) else 1
    if n_given != num_samples(X):
        raise ValueError(
            f"condition has {n_given} values, and there are {num_samples(X)} rows: "
            "pass one value, or one row of numbers, for each."
        )
    if not get_config()["enable_metadata_routing"]:
        raise ValueError(
            "A condition reaches fits and scores of a search by metadata routing, "
            "which is off: use select_dimension(X, estimator, condition=...), or call "
            "sklearn.set_config(enable_metadata_routing=True), and "
            "set_fit_request(condition=True) and set_transform_request(condition=True) "
            "on the autoencoder."
        )


def _n_blocks(cv, y, estimator):
    """Return the number of blocks that KFold cuts; 0 for folds of another kind."""
    if cv is None or isinstance(cv, Integral):
        cv = check_cv(cv, y, classifier=is_classifier(estimator))
    return cv.n_splits if isinstance(cv, KFold) and not cv.shuffle else 0


def select_dimension(
    X, estimator=None, *, y=None, groups=None, condition=None, **settings
):
    """Choose the latent dimension of an autoencoder for some data.

    By default one nested fit per fold tells the held-out error of all dimensions, and
    where its curve bends, with what distances of neighbours say, is the choice.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data as `estimator` takes them.
    estimator : estimator or None, default=None
        See `LatentDimensionSearchCV`. By default a `DenseAutoencoder` behind a
        `StandardScaler`, which leaves means where they are if `X` is sparse.
    y : array-like of shape (n_samples,), default=None
        Classes, for scorers that compare with them, as ``scoring="ari"``.
    groups : array-like of shape (n_samples,), default=None
        What rows belong to, as patients or machines: no group is in two folds. Without
        a `cv` there are four folds of shuffled groups, fewer if there are fewer; a
        number for `cv` is that of such folds.
    condition : array-like of shape (n_samples,) or (n_samples, n_conditions), \
            default=None
        What codes are freed of, as the machine that a row comes from: see the `fit` of
        the autoencoder.
    **settings
        Those of `LatentDimensionSearchCV`, as ``rule="saturation"``, ``n_restarts=3``
        or ``n_jobs=2``. Without a `cv` there are four folds, and a number for `cv` is
        that of the folds, shuffled, as rows are often sorted. For windows of a series,
        which overlap, pass ``ContiguousKFold(4, gap=window.gap)``: a number cuts those
        in their order.

    Returns
    -------
    selection : Selection
        With the choice as `value`, and the words as ``str(selection)``.

    Examples
    --------
    >>> from skae import select_dimension, stacked
    >>> from skae.datasets import make_smooth_manifold
    >>> X = make_smooth_manifold(400, 2, 10, noise=0.02, random_state=0).X
    >>> with stacked():  # the fits of the four folds train at once
    ...     selection = select_dimension(X, random_state=0)
    >>> selection.value, selection.interval, selection.verdict.kind
    (2, (2, 2), 'clear')
    """
    X = stored(X)
    if estimator is None:
        scaler = StandardScaler(with_mean=not issparse(X))  # which the network centres
        scaler = ByChunks(scaler) if isinstance(X, ChunkedRows) else scaler
        estimator = make_pipeline(scaler, DenseAutoencoder())
    settings["cv"] = _folds(settings.get("cv"), X, groups)
    given = {"groups": groups, "condition": condition}
    given = {name: values for name, values in given.items() if values is not None}
    routes = condition is not None or get_config()["enable_metadata_routing"]
    if condition is not None:
        estimator = _asking_for_condition(estimator)
    search = LatentDimensionSearchCV(estimator, refit=False, **settings)
    with config_context(enable_metadata_routing=routes):
        return search.fit(X, y, **given).selection_


def _asking_for_condition(estimator):
    """Return a clone whose autoencoder is given the condition of rows."""
    estimator = clone(estimator)
    step = find(estimator).step
    if not isinstance(step, BaseAutoencoder):
        raise TypeError(
            f"condition is for autoencoders, and {type(step).__name__} takes none: "
            "pass an autoencoder, or leave it out."
        )
    with config_context(enable_metadata_routing=True):
        step.set_fit_request(condition=True).set_transform_request(condition=True)
    return estimator


def _folds(cv, X, groups):
    """Return shuffled folds for none or a number, other folds as they are.

    Windows, which may overlap, are shuffled by nobody who has passed a number.
    """
    if not (cv is None or isinstance(cv, Integral)):
        return cv
    if groups is not None:
        n_groups = len(set(np.asarray(groups).tolist()))
        return GroupKFold(cv or max(2, min(4, n_groups)), shuffle=True, random_state=0)
    if cv is not None and (getattr(X, "ndim", 2) > 2 or are_overlapping(X)):
        return cv
    return KFold(4 if cv is None else cv, shuffle=True, random_state=0)


def _with_all_readings(results):
    """Return results of fits, of which those that failed have readings of NaN.

    scikit-learn gives them a single number, and the others a dict.
    """
    names = ("test_scores", "train_scores")
    for name in (name for name in names if name in results[0]):
        known = [one[name] for one in results if isinstance(one[name], dict)]
        if known:
            none = {name: dict.fromkeys(known[0], np.nan)}
            results = [
                one if isinstance(one[name], dict) else one | none for one in results
            ]
    return results
