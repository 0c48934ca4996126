"""What the settings of a run stand for: scorer, windows, pipeline and folds."""

import numpy as np
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skae.cli._errors import InputError
from skae.cli._estimators import make_estimator, takes_sequences
from skae.cli._scorers import make_scorer
from skae.cli._space import PARAM, search_space
from skae.exceptions import UnknownNameError
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.scorers import Reconstruction, RootMeanSquaredError
from skae.search._rules import get_rule

__all__ = ["PARAM", "Plan"]


class Plan:
    """A data set with settings, made ready to search.

    Parameters
    ----------
    data : DataSet
        The data.
    settings : Settings
        The choices.

    Attributes
    ----------
    scorer : estimator
        What scores.
    rule : SelectionRule
        What chooses by the scores.
    window : SlidingWindow or None
        What cuts a series; None for a table.
    X : ndarray of shape (n_rows, ...)
        Rows of the table, or windows of the series.
    space : dict or None
        What an evolution searches over; None for other searches.
    pipeline : Pipeline
        Scaler and autoencoder.
    cv : cross-validator
        Shuffled folds of rows, contiguous ones of windows.

    Raises
    ------
    InputError
        When the settings do not fit the data.
    """

    def __init__(self, data, settings):
        self.data = data
        self.settings = settings
        _check_budget(settings)
        autoencoder = make_estimator(settings)
        self.scorer = make_scorer(settings, autoencoder)
        self.window = _window(data, settings, flatten=not takes_sequences(autoencoder))
        self.X = data.X if self.window is None else self.window.fit_transform(data.X)
        self.rule = _rule(settings, self.scorer, self.n_columns)
        self.space = _space(autoencoder, settings, self.components, self.n_columns)
        self.pipeline = _pipeline(data, settings, autoencoder)
        self.cv = _folds(self.X, self.window, settings)

    @property
    def n_columns(self):
        """Number of values in a row, or in a window."""
        return int(np.prod(self.X.shape[1:]))

    @property
    def components(self):
        """The dimensions to search among: an evolution has no time for idle ones."""
        asked = self.settings.components
        compressing = tuple(k for k in asked if k < self.n_columns)
        is_evolution = self.settings.search == "evolution"
        return compressing if is_evolution and compressing else asked

    @property
    def scoring(self):
        """The scorers by name; the one that chooses comes first."""
        return {
            self.settings.scorer: self.scorer,
            "reconstruction": Reconstruction(),
            "neg_rmse": RootMeanSquaredError(),
        }

    def notes(self):
        """Return what the user should know before the search, in plain words."""
        wide = [k for k in self.settings.components if k >= self.n_columns]
        if not wide:
            return []
        kind = "window" if self.window else "row"
        remark = f"the scores from {wide[0]} on say little"
        if wide[0] not in self.components:
            remark = f"those from {wide[0]} on are left out"
        return [
            f"A {kind} has {self.n_columns} values, and codes of as many dimensions "
            f"or more do not compress it: {remark}."
        ]


def _check_budget(settings):
    if settings.search == "evolution" and settings.n_candidates < 2:
        raise InputError(
            "An evolution needs at least two candidates: raise their number, or use "
            "--search bayes.",
            "--n-iter",
        )


def _rule(settings, scorer, n_columns):
    name = settings.rule or getattr(scorer, "selection_rule", "best")
    try:
        return get_rule(name, n_columns)
    except UnknownNameError as error:
        raise InputError(str(error), "--rule") from None


def _space(autoencoder, settings, components, n_columns):
    if settings.search != "evolution":
        return None
    try:
        return search_space(autoencoder, components, n_columns)
    except TypeError as error:
        raise InputError(f"{error} Use --search bayes or grid.", "--search") from None


def _window(data, settings, flatten):
    length = settings.window
    if not length:
        return None
    if length > len(data.X):
        raise InputError(
            f"A window of {length} time steps does not fit into a series of "
            f"{len(data.X)}: lower it.",
            "--window",
        )
    return SlidingWindow(length, stride=settings.stride, flatten=flatten)


def _pipeline(data, settings, autoencoder):
    steps = [("autoencoder", autoencoder)]
    if settings.scale != "none":
        steps.insert(0, ("scale", _scaler(data, settings)))
    return Pipeline(steps)


def _scaler(data, settings):
    if settings.window:
        return SequenceScaler(settings.scale, n_channels=data.X.shape[1])
    return {"standard": StandardScaler, "minmax": MinMaxScaler}[settings.scale]()


def _folds(X, window, settings):
    folds = settings.folds
    cv = KFold(folds, shuffle=True, random_state=settings.seed)
    if window is not None:
        cv = ContiguousKFold(folds, gap=window.gap)
    try:
        sizes = [len(test) for _, test in cv.split(X)]
    except ValueError as error:
        raise InputError(f"{error}", "--folds") from None
    if min(sizes) < 2:
        raise InputError(
            f"{len(X)} rows are too few for {folds} folds, which need two rows each: "
            "lower the number of folds, or pass more rows.",
            "--folds",
        )
    return cv
