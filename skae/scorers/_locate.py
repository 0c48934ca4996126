"""Finding the autoencoder in whatever a search hands to a scorer."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, gen_batches
from sklearn.utils.validation import _num_samples

from skae.metrics import PART_BYTES, ErrorSums

__all__ = ["Located", "flattened", "locate", "reducing_step"]


class Located(NamedTuple):
    """The reducing step of an estimator, and the data as that step sees them.

    Attributes
    ----------
    reducer : estimator
        The autoencoder, or another transformer to `n_components` dimensions.
    X : array-like
        The data after the steps before the reducer.
    after : Pipeline or None
        The fitted steps after the reducer.
    """

    reducer: Any
    X: Any
    after: Pipeline | None

    def codes(self):
        """Return the codes as an array of shape ``(n_samples, n_components)``."""
        return np.asarray(self.reducer.transform(self.X))

    def reconstruct(self):
        """Return the reconstruction of `X`, as an array."""
        if hasattr(self.reducer, "reconstruct"):
            return np.asarray(self.reducer.reconstruct(self.X))
        return np.asarray(self.reducer.inverse_transform(self.codes()))

    def errors(self):
        """Return the `ErrorSums` of reconstructions, made some megabytes at a time."""
        n_bytes = 8 * np.size(np.asarray(_safe_indexing(self.X, slice(1))))
        n_rows, sums = max(1, PART_BYTES // max(1, n_bytes)), ErrorSums()
        for rows in gen_batches(_num_samples(self.X), n_rows):
            part = self._replace(X=_safe_indexing(self.X, rows))
            sums.update(np.asarray(part.X), part.reconstruct())
        return sums


def locate(estimator, X):
    """Return the reducing step of a fitted estimator, pipeline or search.

    The step is found by what it can do: the last one that reconstructs, else the last
    that has both `n_components` and `inverse_transform`, as `PCA` does. It may be in a
    pipeline that is a step of another one.

    Parameters
    ----------
    estimator : estimator
        Fitted; a search stands for its best estimator.
    X : array-like
        Data as `estimator` takes them.

    Raises
    ------
    TypeError
        When there is no such step.

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
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        _check(estimator, [estimator])
        return Located(estimator, X, None)
    estimator = flattened(estimator)
    index = reducing_step(estimator)
    if index:
        X = estimator[:index].transform(X)
    after = estimator[index + 1 :] if index + 1 < len(estimator) else None
    return Located(estimator[index], X, after)


def flattened(pipeline):
    """Return a pipeline with the steps of those in it in their place, not copied.

    Names are joined by ``__``, as those of parameters are: the result is to look at,
    and to transform with. What is no pipeline becomes the only step of one.
    """
    return Pipeline(_flat_steps("", pipeline))


def _flat_steps(name, step):
    if not isinstance(step, Pipeline):
        return [(name, step)]
    prefix = f"{name}__" if name else ""
    return [
        pair for key, inner in step.steps for pair in _flat_steps(prefix + key, inner)
    ]


def reducing_step(pipeline):
    """Return the position of a pipeline's reducing step, fitted or not.

    Raises
    ------
    TypeError
        When there is none.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.scorers import reducing_step
    >>> reducing_step(make_pipeline(StandardScaler(), PCA(2)))
    1
    """
    steps = [step for _, step in pipeline.steps]
    _check(pipeline, steps)
    for is_one in (_reconstructs, _reduces):
        found = [index for index, step in enumerate(steps) if is_one(step)]
        if found:
            return found[-1]


def _check(estimator, steps):
    if not any(_reconstructs(step) or _reduces(step) for step in steps):
        raise TypeError(
            f"{type(estimator).__name__} has no step that scorers of codes can look "
            "at: an autoencoder, or a transformer with n_components and "
            "inverse_transform."
        )


def _reconstructs(step):
    return hasattr(step, "reconstruct") and hasattr(step, "transform")


def _reduces(step):
    return hasattr(step, "inverse_transform") and hasattr(step, "n_components")
