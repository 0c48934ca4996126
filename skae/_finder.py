"""Location of the autoencoder in an estimator, and the steps of its data and codes.

Scorers, searches, displays and interpretation are all given whatever a user has built
around an autoencoder: pipelines in pipelines, columns that are treated apart, a search.
`find` looks through these and returns the autoencoder with the steps on its way.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from skae._sklearn import BaseSearchCV, safe_indexing

__all__ = ["Found", "SelectedColumns", "find", "fitted_autoencoder", "leaves"]

# What a reducing step has, an autoencoder before any other transformer.
_ABILITIES = ("reconstruct", "transform"), ("inverse_transform", "n_components")


class Found(NamedTuple):
    """The reducing step of an estimator, and the steps on its way.

    Attributes
    ----------
    name : str
        Names of the steps down to it, joined by ``__`` as those of parameters are;
        empty for an estimator that is the reducing step itself.
    step : estimator
        The autoencoder, or another transformer to `n_components` dimensions.
    before : Pipeline or None
        The steps that the data pass before it, not copied.
    after : Pipeline or None
        The steps that its codes pass, not copied, up to where other features join
        them.
    """

    name: str
    step: Any
    before: Pipeline | None
    after: Pipeline | None

    @property
    def prefix(self):
        """Prefix of the names of its parameters."""
        return f"{self.name}__" if self.name else ""


def find(estimator):
    """Return the reducing step of an estimator, fitted or not.

    It is known by what it can do: the last step that reconstructs, else the last that
    has both `n_components` and `inverse_transform`, as `PCA` does. It may be in a
    `Pipeline`, imbalanced-learn's among them, whose samplers are left out as they
    change the rows of a fit only; in a `ColumnTransformer`, a `FeatureUnion`, a
    `TransformedTargetRegressor`, a search or a detector of outliers with an
    `estimator`; and in any of these within another.

    Parameters
    ----------
    estimator : estimator
        A fitted search stands for its best estimator.

    Returns
    -------
    found : Found

    Raises
    ------
    TypeError
        When there is no such step.
    ValueError
        When there are several side by side, of which none is the last.
    """
    paths = list(_paths(estimator))
    for abilities in _ABILITIES:
        found = [p for p in paths if all(hasattr(p[-1].part, a) for a in abilities)]
        if found:
            _check_that_one_is_last(found)
            return _found(found[-1])
    raise TypeError(
        f"{type(estimator).__name__} has no step that makes codes which can be looked "
        "at: an autoencoder, or a transformer with n_components and inverse_transform."
    )


def fitted_autoencoder(estimator):
    """Return the fitted autoencoder in an estimator.

    Parameters
    ----------
    estimator : estimator
        As for `find`.

    Raises
    ------
    TypeError
        When there is none, or it is not fitted.
    ValueError
        See `find`.
    """
    step = find(estimator).step
    if not hasattr(step, "net_"):
        raise TypeError(
            f"{type(estimator).__name__} has no fitted autoencoder to look at: call "
            "fit first."
        )
    return step


def leaves(estimator):
    """Return the estimators in an estimator that have none inside.

    Parameters
    ----------
    estimator : estimator
        As for `find`.

    Returns
    -------
    leaves : list
        In the order of the data's way; the estimator itself if nothing is inside.
    """
    return [path[-1].part for path in _paths(estimator)]


# Looking inside


class _Place(NamedTuple):
    """Part of an estimator, with the estimator that contains it."""

    whole: Any
    name: str
    part: Any


def _paths(estimator, above=()):
    """Yield the places on the way down to each leaf, the estimator itself first."""
    path = above or (_Place(None, "", estimator),)
    parts = _parts(estimator)
    if parts is None:
        yield path
    for name, part in parts or ():
        yield from _paths(part, (*path, _Place(estimator, name, part)))


def _parts(estimator):
    """Return names and parts, None for an estimator without parts."""
    if hasattr(estimator, "best_estimator_"):
        return [("estimator", estimator.best_estimator_)]
    if isinstance(estimator, BaseSearchCV):
        return [("estimator", estimator.estimator)]
    if isinstance(estimator, OutlierMixin) and hasattr(estimator, "estimator"):
        return [("estimator", getattr(estimator, "estimator_", estimator.estimator))]
    if isinstance(estimator, TransformedTargetRegressor):
        regressor = getattr(estimator, "regressor_", estimator.regressor)
        return [("regressor", regressor)]
    if isinstance(estimator, FeatureUnion):
        return estimator.transformer_list
    if isinstance(estimator, ColumnTransformer):
        rest = {"remainder": estimator.remainder}
        return (rest | {name: part for name, part, _ in _columns_of(estimator)}).items()
    steps = getattr(estimator, "steps", None)
    return steps if isinstance(steps, list | tuple) else None


def _columns_of(transformer):
    """Return names, parts and columns of a `ColumnTransformer`."""
    return getattr(transformer, "transformers_", transformer.transformers)


def _is_side_by_side(estimator):
    return isinstance(estimator, ColumnTransformer | FeatureUnion)


def _check_that_one_is_last(paths):
    """Raise if there are others beside the last one, not before it."""
    *others, last = paths
    for other in others:
        place = next(b for a, b in zip(other, last, strict=False) if a.name != b.name)
        if _is_side_by_side(place.whole):
            one, two = (
                f"{_name(path)!r} ({type(path[-1].part).__name__})"
                for path in (other, last)
            )
            raise ValueError(
                f"{type(place.whole).__name__} has more than one autoencoder side by "
                f"side: {one} and {two}. Pass the one that is meant, with the data "
                "that it sees."
            )


# The way of the data


def _found(path):
    before, after = [], []
    for place in path[1:]:
        earlier, later = _steps_beside(place)
        before += earlier
        after = [] if _is_side_by_side(place.whole) else later + after
    step = path[-1].part
    if hasattr(step, "_as_steps") and (steps := step._as_steps()) is not None:
        *encoders, step = steps  # of tables, as matrices
        before += encoders
    before, after = (
        make_pipeline(*steps) if steps else None for steps in (before, after)
    )
    return Found(_name(path), step, before, after)


def _name(path):
    return "__".join(place.name for place in path[1:])


def _steps_beside(place):
    """Return the steps before and after a part, of those that its whole has."""
    if isinstance(place.whole, ColumnTransformer):
        return [SelectedColumns(place.whole, place.name)], []
    steps = getattr(place.whole, "steps", [(place.name, place.part)])
    index = [name for name, _ in steps].index(place.name)
    return [*_passed(steps[:index])], [*_passed(steps[index + 1 :])]


def _passed(steps):
    """Yield the steps that data pass after the fit; samplers act only during it."""
    for _, step in steps:
        if hasattr(step, "steps"):
            yield from _passed(step.steps)
        elif step not in (None, "passthrough") and not hasattr(step, "fit_resample"):
            yield step


class SelectedColumns(BaseEstimator):
    """The columns that one part of a `ColumnTransformer` sees.

    It is not one of scikit-learn's transformers with an output of their own: what the
    part is given does not depend on `set_output`.

    Parameters
    ----------
    transformer : ColumnTransformer
        If it is fitted, this needs no fit.
    name : str
        Name of the part.
    """

    def __init__(self, transformer, name):
        self.transformer = transformer
        self.name = name

    def fit(self, X, y=None):
        """Find the columns in data, without fitting any part."""
        parts = [(name, "drop", key) for name, _, key in self.transformer.transformers]
        self.transformer_ = ColumnTransformer(parts, remainder="passthrough").fit(X)
        return self

    def transform(self, X):
        """Return the columns of `X`, as the part is given them."""
        X = X if hasattr(X, "shape") else np.asarray(X)
        columns = self._columns()
        names = getattr(self._fitted(), "feature_names_in_", None)
        if hasattr(X, "columns") and names is not None:  # their order may have changed
            named = _named(columns, names).tolist()
            columns = named[0] if np.isscalar(columns) else named
        return safe_indexing(X, columns, axis=1)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns."""
        fitted = self._fitted()
        names = getattr(fitted, "feature_names_in_", input_features)
        if names is None:
            names = [f"x{column}" for column in range(fitted.n_features_in_)]
        return _named(self._columns(), np.asarray(names, dtype=object))

    def __sklearn_is_fitted__(self):
        return hasattr(self._fitted(), "transformers_")

    def _fitted(self):
        return getattr(self, "transformer_", self.transformer)

    def _columns(self):
        return {name: key for name, _, key in _columns_of(self._fitted())}[self.name]


def _named(columns, names):
    """Return the names of columns that are given by names, positions or a mask."""
    if isinstance(columns, slice):
        return names[slice(*_positions(columns, list(names)))]
    columns = np.atleast_1d(np.asarray(columns, dtype=object))
    if columns.size and isinstance(columns[0], str):
        return columns
    return names[columns.tolist()]


def _positions(columns, names):
    """Return the numbers of a slice; one of names includes its last column."""
    start, stop = columns.start, columns.stop
    start = names.index(start) if isinstance(start, str) else start
    stop = names.index(stop) + 1 if isinstance(stop, str) else stop
    return start, stop, columns.step
