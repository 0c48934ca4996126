"""A search over the latent dimension, from a data set to a model and a verdict."""

import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skae.autoencoders import DenseAutoencoder, LSTMAutoencoder
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.scorers import Reconstruction, get_scorer
from skae.search._bayes import FaultTolerantBayesSearchCV
from skae.search._error import NegativeRMSE
from skae.search._inputs import InputError
from skae.search.selection import ScoreCurve, Verdict

__all__ = ["PARAM", "Outcome", "Study"]

PARAM = "autoencoder__n_components"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search has found.

    Attributes
    ----------
    model : Pipeline
        Refitted on all rows with the chosen dimension.
    curve : ScoreCurve
        Of the metric that chose.
    verdict : Verdict
        What the curve says.
    r2 : float
        Share of the variance explained at the chosen dimension, mean over the folds.
    fold_rmse : ndarray of shape (n_folds,)
        Errors at the chosen dimension, in the units of the data.
    linear_rmse : float or None
        That of as many principal components, on the same folds; None where there is
        nothing to compress.
    cv_results : dict
        Those of the search.
    seconds : float
        Duration of search and refit.
    """

    model: Pipeline
    curve: ScoreCurve
    verdict: Verdict
    r2: float
    fold_rmse: np.ndarray
    linear_rmse: float | None
    cv_results: dict
    seconds: float

    @property
    def rmse(self):
        """Mean of the errors over the folds, in the units of the data."""
        return float(self.fold_rmse.mean())

    @property
    def chosen(self):
        """The chosen latent dimension."""
        return self.curve.best


class Study:
    """A data set with settings, made ready to search.

    Parameters
    ----------
    data : DataSet
        The data.
    settings : Settings
        The choices.

    Raises
    ------
    InputError
        When the settings do not fit the data.
    """

    def __init__(self, data, settings):
        self.data = data
        self.settings = settings
        self.scorer = self._make_scorer()
        self.window = self._make_window()
        self.X = self._rows()
        self.pipeline = self._make_pipeline()
        self.cv = self._make_cv()

    @property
    def n_columns(self):
        """Number of values in a row, or in a window."""
        return int(np.prod(self.X.shape[1:]))

    @property
    def scoring(self):
        """The scorers by name; the one that chooses comes first."""
        return {
            self.settings.scorer: self.scorer,
            "reconstruction": Reconstruction(),
            "neg_rmse": NegativeRMSE(),
        }

    def notes(self):
        """Return what the user should know before the search, in plain words."""
        wide = [k for k in self.settings.components if k >= self.n_columns]
        if not wide:
            return []
        kind = "window" if self.window else "row"
        return [
            f"A {kind} has {self.n_columns} values, and codes of as many dimensions "
            f"or more do not compress it: the scores from {wide[0]} on say little."
        ]

    def remarks(self, outcome):
        """Return what the user should know after the search, in plain words."""
        remarks = []
        if outcome.chosen >= self.n_columns:
            remarks.append(
                f"The chosen dimension, {outcome.chosen}, does not compress "
                f"{self.n_columns} values: search below {self.n_columns}, by "
                f"--components 1:{self.n_columns - 1}."
            )
        if outcome.curve.failed:
            failed = ", ".join(map(str, outcome.curve.failed))
            remarks.append(f"Failed in at least one fold, and left out: {failed}.")
        return remarks

    def run(self, progress):
        """Search, choose and refit.

        Parameters
        ----------
        progress : callable
            Called as ``progress(search)`` before the fit: it may set scikit-learn
            callbacks, and returns those that go to skopt's `fit`, as a dict.

        Returns
        -------
        outcome : Outcome

        Raises
        ------
        InputError
            When the model cannot be fitted to the data at all.
        """
        start = time.perf_counter()
        with _quiet(), _one_thread():
            self._try_out()
            search = self._search()
            with parallel_config("loky", inner_max_num_threads=1):
                self._fit(search, progress)
            return self._outcome(search, start)

    # What the settings stand for

    def _make_scorer(self):
        scorer = clone(get_scorer(self.settings.scorer))
        if self.settings.clusters is None:
            return scorer
        if "n_clusters" not in scorer.get_params():
            raise InputError(
                f"The scorer {self.settings.scorer!r} has no clusters: leave the "
                "option out, or use --scorer silhouette.",
                "--clusters",
            )
        return scorer.set_params(n_clusters=self.settings.clusters)

    def _make_window(self):
        length = self.settings.window
        if not length:
            return None
        if length > len(self.data.X):
            raise InputError(
                f"A window of {length} time steps does not fit into a series of "
                f"{len(self.data.X)}: lower it.",
                "--window",
            )
        flatten = self.settings.estimator == "dense"
        return SlidingWindow(length, stride=self.settings.stride, flatten=flatten)

    def _rows(self):
        X = self.data.X
        return X if self.window is None else self.window.fit_transform(X)

    def _make_pipeline(self):
        steps = [("autoencoder", self._make_autoencoder())]
        if self.settings.scale != "none":
            steps.insert(0, ("scale", self._make_scaler()))
        return Pipeline(steps)

    def _make_scaler(self):
        method = self.settings.scale
        if self.window is not None:
            return SequenceScaler(method, n_channels=self.data.X.shape[1])
        return {"standard": StandardScaler, "minmax": MinMaxScaler}[method]()

    def _make_autoencoder(self):
        settings = self.settings
        shared = {"random_state": settings.seed, "device": settings.device}
        if settings.max_epochs is not None:
            shared["max_epochs"] = settings.max_epochs
        if settings.estimator == "lstm":
            return self._make_lstm(shared)
        if settings.hidden is not None:
            shared["hidden_layer_sizes"] = settings.hidden
        return DenseAutoencoder(**shared)

    def _make_lstm(self, shared):
        if self.settings.hidden is not None:
            raise InputError(
                "Hidden layers written as 64-32 are those of a dense autoencoder: "
                "leave the option out, or use --estimator dense.",
                "--hidden",
            )
        return LSTMAutoencoder(**shared)

    def _make_cv(self):
        folds = self.settings.folds
        cv = KFold(folds, shuffle=True, random_state=self.settings.seed)
        if self.window is not None:
            cv = ContiguousKFold(folds, gap=self.window.gap)
        try:
            sizes = [len(test) for _, test in cv.split(self.X)]
        except ValueError as error:
            raise InputError(f"{error}", "--folds") from None
        if min(sizes) < 2:
            raise InputError(
                f"{len(self.X)} rows are too few for {folds} folds, which need two "
                "rows each: lower the number of folds, or pass more rows.",
                "--folds",
            )
        return cv

    # Running

    def _search(self):
        settings = self.settings
        shared = {
            "scoring": self.scoring,
            "refit": settings.scorer,
            "cv": self.cv,
            "n_jobs": settings.n_jobs,
            "error_score": np.nan,
        }
        if settings.search == "grid" or settings.n_iter >= len(settings.components):
            grid = {PARAM: list(settings.components)}
            return GridSearchCV(self.pipeline, grid, **shared)
        return FaultTolerantBayesSearchCV(
            self.pipeline,
            {PARAM: _dimension(settings.components)},
            n_iter=settings.n_iter,
            random_state=settings.seed,
            optimizer_kwargs=_spread_start(settings.n_iter),
            **shared,
        )

    def _try_out(self):
        """Fit one epoch, so that what fails always fails now, in its own words."""
        model = clone(self.pipeline)
        model.set_params(autoencoder__max_epochs=1)
        model.set_params(**{PARAM: self.settings.components[0]})
        try:
            model.fit(self.X)
        except (ValueError, TypeError, RuntimeError) as error:
            raise InputError(f"The model does not fit the data: {error}") from error

    def _fit(self, search, progress):
        try:
            search.fit(self.X, **progress(search))
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"No candidate could be fitted: {reason}") from error

    def _outcome(self, search, start):
        results = search.cv_results_
        curve = self._curve(results)
        return Outcome(
            model=self._refitted(search, curve.best),
            curve=curve,
            verdict=curve.verdict(),
            r2=float(_at(results, "reconstruction", curve.best).mean()),
            fold_rmse=-_at(results, "neg_rmse", curve.best),
            linear_rmse=self._linear_rmse(curve.best),
            cv_results=results,
            seconds=time.perf_counter() - start,
        )

    def _curve(self, results):
        try:
            return ScoreCurve.from_cv_results(results, PARAM, self.settings.scorer)
        except ValueError as error:
            raise InputError(str(error), "--scorer") from error

    def _linear_rmse(self, chosen):
        X = self.X.reshape(len(self.X), -1)
        n_train = min(len(train) for train, _ in self.cv.split(X))
        if chosen >= min(self.n_columns, n_train):
            return None
        steps = [*self.pipeline.steps[:-1], ("pca", PCA(chosen, svd_solver="full"))]
        scores = cross_val_score(Pipeline(steps), X, scoring=NegativeRMSE(), cv=self.cv)
        return -float(scores.mean())

    def _refitted(self, search, chosen):
        """Return the search's own refit, unless the curve has chosen otherwise."""
        if search.best_params_[PARAM] == chosen:
            return search.best_estimator_
        return clone(self.pipeline).set_params(**{PARAM: chosen}).fit(self.X)


def _dimension(values) -> Any:
    from skopt.space import Categorical, Integer

    if len(values) > 1 and values == tuple(range(values[0], values[-1] + 1)):
        return Integer(values[0], values[-1])
    return Categorical(list(values))


def _spread_start(n_iter):
    # skopt starts with ten random points, which repeat one another on a short range of
    # integers; a Latin hypercube does not.
    return {
        "n_initial_points": max(1, n_iter // 2),
        "avoid_duplicates": False,  # by a random point; ours is a near one
        "initial_point_generator": "lhs",
    }


def _at(results, metric, value):
    """Return the scores of each fold at a value; they are NaN where that failed."""
    curve = ScoreCurve.from_cv_results(results, PARAM, metric)
    rows = dict(zip(curve.values.tolist(), curve.scores, strict=True))
    return rows.get(value, np.full(curve.scores.shape[1], np.nan))


@contextmanager
def _quiet():
    """Leave out the warnings that the report gives a place of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="The objective has been evaluated")
        yield


@contextmanager
def _one_thread():
    """Train on one thread: small networks lose more to barriers than they gain."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
