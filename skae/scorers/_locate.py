"""Location of the autoencoder in a fitted estimator, with its data and codes."""

from math import prod
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from skae._arrays import ChunkedRows, as_numbers, as_target, divisible, padded
from skae._finder import find
from skae._sklearn import get_feature_names, num_samples, safe_indexing
from skae._tables import TableEncoder
from skae.metrics import ErrorSums
from skae.training._inference import slices

__all__ = ["Located", "feature_names", "locate"]

# Rows are reconstructed so many bytes of double precision at a time.
PART_BYTES = 2**22


class Located(NamedTuple):
    """The reducing step of an estimator, and the data as that step sees them.

    Attributes
    ----------
    reducer : estimator
        The autoencoder, or another transformer to `n_components` dimensions.
    X : array-like
        The data after the steps before the reducer.
    after : Pipeline or None
        The fitted steps that the codes pass after the reducer.
    before : Pipeline or None
        The fitted steps that the data have passed.
    condition : array-like, scalar or None
        What the reducer was fitted with beside the data.
    """

    reducer: Any
    X: Any
    after: Pipeline | None
    before: Pipeline | None = None
    condition: Any = None

    @property
    def given(self):
        """What methods of an autoencoder are given beside the data, by name."""
        takes_it = hasattr(self.reducer, "_n_conditions")  # PCA does not
        if self.condition is None or not takes_it:
            return {}
        return {"condition": self.condition}

    def of(self, rows):
        """Return the same with some of the rows."""
        condition = self.condition
        if np.ndim(condition):
            condition = safe_indexing(condition, rows)
        X = safe_indexing(self.X, rows)
        X = X[:] if isinstance(X, ChunkedRows) else X  # few enough to be looked at
        return self._replace(X=X, condition=condition)

    def few(self, max_rows):
        """Return the same with evenly spaced rows, at most so many, if in chunks.

        Other rows are in memory, and scorers choose among their codes.
        """
        if not isinstance(self.X, ChunkedRows):
            return self
        n_rows = len(self.X)
        return self.of(np.linspace(0, n_rows - 1, min(n_rows, max_rows)).astype(int))

    def codes(self):
        """Return the codes as an array of shape ``(n_samples, n_components)``."""
        return np.asarray(self.reducer.transform(self.X, **self.given))

    def reconstruct(self):
        """Return the reconstruction of `X`, as an array."""
        if hasattr(self.reducer, "reconstruct"):
            return np.asarray(self.reducer.reconstruct(self.X, **self.given))
        Z = self.codes()
        return np.asarray(self.reducer.inverse_transform(Z, **self.given))

    def errors(self, y=None):
        """Return the `ErrorSums` of reconstructions, made some megabytes at a time.

        They are compared with `y` where that has the very shape of the data, as the
        clean rows of noisy ones have.
        """
        X, sums = divisible(self.X, "Scoring"), ErrorSums()
        whole = self._replace(X=X)
        n_bytes = 8 * prod(np.shape(safe_indexing(X, slice(1))))
        n_rows = max(1, PART_BYTES // max(1, n_bytes))
        for rows in slices(num_samples(X), n_rows):
            part = whole.of(rows)
            values = as_numbers(part.X)
            if not rows.start:
                y = as_target(y, (num_samples(X), *values.shape[1:]))
            sums.update(values if y is None else y[rows], part.reconstruct())
        return sums


def feature_names(before, X):
    """Return the names of features after fitted steps, None where none are known.

    Those that stand for one column of a table, as its categories do, share its name.

    Parameters
    ----------
    before : Pipeline or None
        As of a `Located`.
    X : array-like
        The data before these steps.
    """
    names = get_feature_names(X)
    if before is None:
        return names
    if isinstance(before[-1], TableEncoder):
        return before[-1].columns_of_features
    try:
        return None if names is None else before.get_feature_names_out(names)
    except AttributeError:
        return None


def locate(estimator, X, condition=None):
    """Return the reducing step of a fitted estimator, pipeline or search.

    The step is found by what it can do: the last one that reconstructs, else the last
    that has both `n_components` and `inverse_transform`, as `PCA` does. It may be in a
    `Pipeline`, a `ColumnTransformer`, a `FeatureUnion`, a `TransformedTargetRegressor`,
    a search, and in any of these within another. Samplers, as imbalanced-learn has
    them in its pipelines, are left out: they change the rows of a fit only.

    Parameters
    ----------
    estimator : estimator
        Fitted; a search stands for its best estimator.
    X : array-like
        Data as `estimator` takes them.
    condition : array-like or scalar, default=None
        Of the rows, where the reducing step was fitted with one.

    Raises
    ------
    TypeError
        When there is no such step.
    ValueError
        When there are several side by side, as in a `FeatureUnion`, and none is the
        last.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.scorers import locate
    >>> X = load_iris().data
    >>> pipeline = make_pipeline(StandardScaler(), PCA(2), KMeans(3, random_state=0))
    >>> located = locate(pipeline.fit(X), X)
    >>> located.reducer, located.codes().shape, bool(abs(located.X.mean()) < 1e-9)
    (PCA(n_components=2), (150, 2), True)
    """
    found = find(estimator)
    X = padded(X) if found.before is None else found.before.transform(X)
    return Located(found.step, X, found.after, found.before, condition)
