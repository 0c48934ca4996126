"""Plan of a run: windows, pipeline, folds, dimensions, scorer and rule."""

import warnings

from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skae._sklearn import safe_indexing
from skae._tables import TableEncoder
from skae.cli._cut import cut_rows, too_few, window_of
from skae.cli._errors import InputError
from skae.cli._numbers import check_numbers
from skae.cli._parts import (
    described,
    make_estimator,
    make_scorer,
    takes_sequences,
    takes_text,
)
from skae.cli._settings import format_components, parse_components
from skae.cli._target import as_classes
from skae.exceptions import DimensionWarning, UnknownNameError
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler
from skae.scorers import Reconstruction, RootMeanSquaredError
from skae.search import get_rule
from skae.search._range import DimensionRange

__all__ = ["PARAM", "PREFIX", "Plan"]

#: Before the names of the autoencoder's parameters in the pipeline.
PREFIX = "autoencoder__"

#: The parameter of the pipeline that every search is about.
PARAM = f"{PREFIX}n_components"


#: Rows below which any finding is doubtful.
FEW_ROWS = 30

#: The error of numbers, in their units.
_IN_UNITS = RootMeanSquaredError()


class Plan:
    """A data set with settings, made ready to search.

    Parameters
    ----------
    data : DataSet
        The data.
    settings : Settings
        The choices, completed.

    Attributes
    ----------
    window : SlidingWindow or None
        What cuts a series; None for a table.
    X : ndarray of shape (n_rows, ...)
        Rows of the table, or windows of the series.
    starts : ndarray of int of shape (n_rows,) or None
        First time steps of windows.
    pipeline : Pipeline
        Scaler and autoencoder.
    metadata : dict
        What a search's `fit` and the folds take beside the rows: the groups of windows,
        where they have any.
    cv : cross-validator
        Shuffled folds of rows, contiguous ones of windows, of each group for itself.
    columns : tuple of NumberColumn and CategoryColumn
        Kinds of the columns, where some are no numbers, or values are missing.
    range : DimensionRange
        What the data allow a code to be.
    components : list of int
        The latent dimensions to search among, ascending.
    scorer : estimator
        What scores.
    rule : SelectionRule
        What chooses by the scores.
    notes : list of str
        What the user should know before the search.

    Raises
    ------
    InputError
        When the settings do not fit the data.
    """

    def __init__(self, data, settings):
        _check_budget(settings)
        asked = parse_components(settings.components)
        self.data = data
        self.settings = settings
        autoencoder = make_estimator(settings, data.n_channels)
        _check_table(data, settings, autoencoder)
        self.columns = _columns(data)
        self.scorer = make_scorer(settings, autoencoder)
        self.window = window_of(data, settings, not takes_sequences(autoencoder))
        self.X, self.starts, cut = cut_rows(data, self.window)
        self.metadata = _metadata(data, self.starts)
        self.y = _classes(data, settings, self.scorer)
        self.cv = _folds(self, settings)
        self.pipeline = _pipeline(data, settings, autoencoder)
        self.range = DimensionRange.of(self.pipeline, self.X)
        self.components, notes = _compressing(self.range, asked)
        self.notes = [*data.notes, *cut, *notes, *_few(self.X)]
        self.rule = _rule(settings, self.scorer, self.range.n_features)

    @property
    def labels(self):
        """Labels of the rows, None without any; of windows, of their last time step."""
        labels = self.data.labels
        if labels is None or self.window is None:
            return labels
        return safe_indexing(labels, self.starts + self.window.length - 1)

    @property
    def scoring(self):
        """The scorers by name; the one that chooses comes first."""
        scorers = {
            self.settings.scorer: self.scorer,
            "reconstruction": Reconstruction(),
        }
        return scorers if self.data.is_mixed else scorers | {"neg_rmse": _IN_UNITS}

    @property
    def error(self):
        """The scorer of the error: in the data's units, if these are numbers alone."""
        return Reconstruction() if self.data.is_mixed else _IN_UNITS

    @property
    def n_fits(self):
        """The number of fits of the search, at most; without the refit."""
        n_candidates = len(self.components) * self.settings.restarts
        return (self.settings.n_iter or n_candidates) * self.settings.folds

    @property
    def title(self):
        """The plan in a line."""
        settings = self.settings
        shape = " x ".join(map(str, self.X.shape))
        kind = "windows" if self.window else "rows"
        return (
            f"{self.data.name}: {shape} {kind}, {described(settings.estimator)}, "
            f"{self.search_text} by {settings.scorer}, {settings.folds} folds"
        )

    @property
    def search_text(self):
        """The search in words, with the range of dimensions and why it is that."""
        settings = self.settings
        text = f"{settings.search} search"
        if settings.n_iter:
            text += f" of {settings.n_iter} candidates"
        text += f" over latent dimensions {format_components(self.components)}"
        if settings.components == "auto":
            text += " (bounded by the data)"
        if settings.restarts > 1:
            text += f", {settings.restarts} fits of each"
        return text


def _few(X):
    if len(X) >= FEW_ROWS:
        return []
    return [
        f"{len(X)} rows are few: whatever is found may be chance. Some hundred rows "
        "tell a dimension."
    ]


def _check_budget(settings):
    if settings.processes == 0:
        raise InputError("No process is none: pass 1 or more, or -1.", "--processes")
    if settings.processes not in (None, 1) and settings.cluster is not None:
        raise InputError(
            "A cluster has processes of its own: leave the option out.", "--processes"
        )
    if settings.n_jobs == 0:
        raise InputError("No fit at a time is none: pass 1 or more, or -1.", "--n-jobs")
    if settings.search == "curve":
        if settings.n_iter is not None:
            raise InputError(
                "A curve tries each dimension once: leave the option out, choose the "
                "dimensions by --components, or use --search bayes.",
                "--n-iter",
            )
        return
    if settings.search == "evolution" and settings.n_iter < 2:
        raise InputError(
            "An evolution needs at least two candidates: raise their number, or use "
            "--search curve.",
            "--n-iter",
        )
    if settings.restarts > 1:
        raise InputError(
            "Restarts are those of a curve: leave the option out, or use --search "
            "curve.",
            "--restarts",
        )


def _check_table(data, settings, autoencoder):
    if not takes_text(autoencoder):
        who, is_series = f"the estimator {settings.estimator!r}", bool(settings.window)
        check_numbers(data, who, is_series)
        return
    if settings.window:
        raise InputError(
            f"The estimator {settings.estimator!r} takes rows of a table: leave the "
            "option out, or use --estimator lstm.",
            "--window",
        )
    if data.is_mixed and settings.scale not in ("auto", "none"):
        raise InputError(
            f"The estimator {settings.estimator!r} standardises numbers itself, and "
            "other columns have no scale: leave the option out.",
            "--scale",
        )


def _columns(data):
    """Return the kinds of columns, none where all are numbers without a gap."""
    import pandas as pd

    if not (data.is_mixed or data.n_missing):
        return ()
    try:
        frame = pd.DataFrame(data.X, columns=data.columns)
        return tuple(TableEncoder().fit(frame).columns_)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from None


def _metadata(data, starts):
    if data.groups is None or starts is None:
        return {}
    return {"groups": data.groups.to_numpy()[starts]}


def _classes(data, settings, scorer):
    """Return the class of each row if the scorer compares with these, else None."""
    if not getattr(scorer, "requires_y", False):
        return None
    name, scored = settings.target, f"the scorer {settings.scorer!r}"
    if settings.window:
        raise InputError(
            f"A window has no class, which {scored} needs: use another scorer.",
            "--scorer",
        )
    classes = as_classes(data.labels)
    if classes is None:
        raise InputError(
            f"{name!r} holds numbers or dates, and {scored} compares with classes: "
            "name a column of classes, or use another scorer.",
            "--target",
        )
    if n_missing := int(classes.isna().sum()):
        raise InputError(
            f"{name!r} has no value in {n_missing} of {len(classes)} rows, and "
            f"{scored} needs the class of every row: leave these rows out of the file, "
            "or use another scorer.",
            "--target",
        )
    return classes.to_numpy(dtype=str)


def _folds(plan, settings):
    folds, X = settings.folds, plan.X
    cv = KFold(folds, shuffle=True, random_state=settings.seed)
    if plan.window is not None:
        cv = ContiguousKFold(folds, gap=plan.window.gap)
    try:
        sizes = [len(test) for _, test in cv.split(X, **plan.metadata)]
    except ValueError:
        sizes = [0]
    if min(sizes) < 2:
        raise InputError(_too_few(plan, folds), "--folds")
    return cv


def _too_few(plan, folds):
    if plan.window is None:
        return (
            f"{len(plan.X)} rows are too few for {folds} folds, which need two rows "
            "each: lower the number of folds, or pass more rows."
        )
    return (
        f"{too_few(plan.X, folds, plan.window.gap)}: change the number of folds, lower "
        "the length of windows, or pass more rows."
    )


def _pipeline(data, settings, autoencoder):
    steps = [("autoencoder", autoencoder)]
    scale = scale_of(data, settings)
    if scale != "none":
        steps.insert(0, ("scale", _scaler(data, settings, scale)))
    return Pipeline(steps)


def scale_of(data, settings):
    """Return the name of the scaling; an autoencoder gives images one scale itself."""
    if data.is_mixed:
        return "none"
    if settings.scale != "auto":
        return str(settings.scale)
    return "standard" if data.image_shape is None else "none"


def _scaler(data, settings, scale):
    if settings.window or data.n_channels:
        n_channels = data.n_channels or data.X.shape[1]
        return SequenceScaler(scale, n_channels=n_channels)
    return {"standard": StandardScaler, "minmax": MinMaxScaler}[scale]()


def _compressing(dimension_range, asked):
    """Return the dimensions to try, and a note on requested ones that are left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DimensionWarning)
        try:
            values = dimension_range.values(asked)
        except ValueError as error:
            raise InputError(str(error), "--components") from None
    return values, [str(warning.message) for warning in caught]


def _rule(settings, scorer, n_features):
    try:
        return get_rule(settings.rule or "auto", n_features, scorer)
    except UnknownNameError as error:
        raise InputError(str(error), "--rule") from None
