"""Scorers of the reconstruction error, and errors by feature."""

import numpy as np

from skae._arrays import as_numbers, padded
from skae._finder import SelectedColumns
from skae.metrics import feature_errors, mean_squared_error
from skae.scorers._base import SCORERS, ConditionRequester, Scorer
from skae.scorers._locate import locate
from skae.scorers._undo import check_undone, undo

__all__ = [
    "MeanSquaredError",
    "Reconstruction",
    "RootMeanSquaredError",
    "reconstruct_in_units",
    "reconstruction_errors",
]


@SCORERS.register("reconstruction")
class Reconstruction(Scorer):
    """Share of the variance that the reconstruction explains, R2, without a unit.

    ``R2 = 1 - sum (X - X_hat)**2 / sum (X - mean(X))**2``, over all features, on the
    data as the autoencoder sees them. In [-1, 1]: 1 is perfect, 0 as good as the mean
    of the scored rows, and whatever is worse than -1 is given as -1, its worst, lest
    one diverged candidate flatten the model that a Bayesian search makes of the others.

    Of a denoising fit it is the error of clean rows: a `y` in the very shape of the
    data takes their place. Any other `y` is ignored.

    It grows with the latent dimension and hardly ever turns down, on held-out data
    neither: its maximum is at the largest dimension tried, which says nothing about
    the data's. Choose where it saturates, or use `DescriptionLength`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import Reconstruction
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> Reconstruction()(autoencoder, X) > 0.9
    True
    """

    worst = -1.0
    selection_rule = "description_length"

    def _score(self, located, y):
        return located.errors(y).variance_explained()


@SCORERS.register("mse")
class MeanSquaredError(Scorer):
    """Negative mean squared error, in squared units of the autoencoder's input.

    ``-mean (X - X_hat)**2`` over all values. At most 0, which is perfect. After a
    `StandardScaler`, -1 is about as good as the mean; without it, features of large
    scale decide. Time steps after the end of a shorter sequence do not count.

    It is compared with clean rows, and orders candidates, as `Reconstruction` does on
    the same rows, and rises with the
    latent dimension as that does. Candidates with other scalers in their pipelines do
    not compare. It has no lower bound, and a diverged candidate scores `worst`, so far
    from the others that a Bayesian search sees no difference among these:
    `Reconstruction` is bounded.

    Attributes
    ----------
    worst : float
        About -3.4e38, the lowest number in single precision.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import MeanSquaredError
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> -0.1 < MeanSquaredError()(autoencoder, X) < 0
    True
    """

    worst = -float(np.finfo(np.float32).max)
    selection_rule = "knee"

    def _score(self, located, y):
        return -located.errors(y).mean_squared_error()


class RootMeanSquaredError(ConditionRequester):
    """Negative root mean squared error, in the units of the data.

    ``-sqrt(mean((X - X_hat)**2))`` over all values, where the steps before the
    autoencoder, such as a scaler, are undone on its reconstruction: with `Threshold`,
    the smallest code that is exact enough. At most 0, which is perfect, and finite;
    what cannot be scored scores `worst`. Features of large scale decide. Steps that
    cannot be undone are refused, see `reconstruct_in_units`.

    It orders candidates with different scalers too. Other scorers look at the data as
    the autoencoder sees them; as this one does not, it goes without a name.

    Attributes
    ----------
    worst : float
        About -3.4e38, the lowest number in single precision.

    Examples
    --------
    The smallest code of flowers, in cm, that is exact to 2 mm:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.scorers import RootMeanSquaredError
    >>> from skae.search import Threshold
    >>> search = GridSearchCV(
    ...     make_pipeline(StandardScaler(), PCA()),
    ...     {"pca__n_components": [1, 2, 3]},
    ...     scoring=RootMeanSquaredError(),
    ...     refit=Threshold(-0.2),
    ...     cv=KFold(5, shuffle=True, random_state=0),  # rows are sorted by class
    ... ).fit(load_iris().data)
    >>> search.best_params_
    {'pca__n_components': 2}
    """

    worst = -float(np.finfo(np.float32).max)
    selection_rule = "knee"

    def __call__(self, estimator, X, y=None, *, condition=None):
        """Return the score of a fitted autoencoder or pipeline, at most 0."""
        return self.of(locate(estimator, X, condition), X)

    def of(self, located, X):
        """Return the score of a `Located` reducer, given the data before all steps."""
        with np.errstate(all="ignore"):
            score = -np.sqrt(mean_squared_error(*_in_units(located, X)))
        return max(float(score), self.worst) if np.isfinite(score) else self.worst


def reconstruction_errors(estimator, X):
    """Return the reconstruction error of every feature, in its own units.

    The steps before the autoencoder, such as a scaler, are undone on its
    reconstruction.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder, pipeline or search.
    X : array-like of shape (n_samples, n_features) or \
            (n_samples, n_timesteps, n_channels)
        Data as `estimator` takes them, held-out rows at best. A data frame names the
        features.

    Returns
    -------
    errors : pandas.DataFrame
        A row for each feature, or each channel of sequences, under its name, and the
        columns ``rmse``, the root mean squared error, and ``std``, the standard
        deviation in `X`, which is the error of the feature's mean; both in units of the
        feature. All errors are NaN where the reconstruction is not finite.

    Raises
    ------
    TypeError
        When a step before the autoencoder cannot be undone: it has no
        ``inverse_transform``, or that of another function, as a `FunctionTransformer`
        without `inverse_func` has. What a step loses, as `PCA` does, counts as error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import reconstruction_errors
    >>> X = load_iris(as_frame=True).data
    >>> model = make_pipeline(StandardScaler(), DenseAutoencoder(2, random_state=0))
    >>> errors = reconstruction_errors(model.fit(X), X)
    >>> list(errors.columns)
    ['rmse', 'std']
    >>> bool((errors["rmse"] < 0.5 * errors["std"]).all())
    True
    """
    import pandas as pd

    values, X_hat = _in_units(locate(estimator, X), X)
    means = _feature_means(values)
    errors = {"rmse": feature_errors(values, X_hat)}
    errors["std"] = feature_errors(values, means)
    return pd.DataFrame(errors, index=_feature_names(estimator, X, len(means)))


def _in_units(located, X):
    """Return the data and their reconstruction, NaN where either has no value."""
    X_hat = np.asarray(_undone(located, X), dtype=np.float64)
    X = as_numbers(X)[: len(X_hat)]  # windows leave out a tail, and gaps
    return np.where(np.isnan(X_hat), np.nan, X.astype(np.float64)), X_hat


def reconstruct_in_units(estimator, X):
    """Return the reconstruction of `X` by a fitted pipeline, in the units of `X`.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder, pipeline or search.
    X : array-like
        Data as `estimator` takes them.

    Returns
    -------
    X_hat : ndarray like `X`
        NaN where sequences have ended; all NaN where the reconstruction is not finite,
        which scalers refuse to undo.

    Raises
    ------
    TypeError
        When a step before the autoencoder cannot be undone: it has no
        ``inverse_transform``, or that of another function, as a `FunctionTransformer`
        without `inverse_func` has. What a step loses, as `PCA` does, counts as error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.scorers import reconstruct_in_units
    >>> X = load_iris().data
    >>> X_hat = reconstruct_in_units(make_pipeline(StandardScaler(), PCA(3)).fit(X), X)
    >>> bool(abs(X - X_hat).mean() < 0.1)
    True
    """
    return _undone(locate(estimator, X), X)


def _undone(located, X):
    """Return what `reconstruct_in_units` does, by a `Located` reducer."""
    steps = _steps_to_undo(located)
    check_undone(steps, X)
    X_hat = located.reconstruct()
    has_ended = np.isnan(as_numbers(located.X))
    if not (np.isfinite(X_hat) | has_ended).all():
        return np.full(np.shape(padded(X)), np.nan)
    return undo(steps, X_hat)


def _steps_to_undo(located):
    """Return the steps before the reducing one, with their names."""
    steps = [] if located.before is None else located.before.steps
    if any(isinstance(step, SelectedColumns) for _, step in steps):
        raise TypeError(
            "In a ColumnTransformer the autoencoder sees some of the columns, and "
            "errors are in the units of all: pass its part of the ColumnTransformer "
            "with its columns, or use 'mse' or 'reconstruction'."
        )
    return steps


def _feature_means(X):
    """Return the mean of every feature, over time steps too; 0 without any value."""
    X = X.reshape(-1, X.shape[-1])
    return np.nansum(X, axis=0) / np.maximum(1, (~np.isnan(X)).sum(axis=0))


def _feature_names(estimator, X, n_features):
    estimator = getattr(estimator, "best_estimator_", estimator)
    seen = getattr(estimator, "feature_names_in_", ())
    for names in (getattr(X, "columns", ()), seen):
        if len(names) == n_features:
            return list(names)
    return [f"x{feature}" for feature in range(n_features)]
