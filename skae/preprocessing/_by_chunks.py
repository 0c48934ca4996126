"""Scaling of rows in chunks, without ever having all of them."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skae._arrays import ChunkedRows, stored
from skae._sklearn import HasMethods, fit_context

__all__ = ["ByChunks"]


def _can_be_undone(self):
    return hasattr(self._step(), "inverse_transform")


class ByChunks(TransformerMixin, BaseEstimator):
    """A scaler for rows in chunks: fitted chunk by chunk, applied where rows are read.

    A step of a pipeline in front of an autoencoder, in place of the scaler itself,
    which would read all rows at once. Rows that are in memory are scaled as the scaler
    does by itself.

    Parameters
    ----------
    step : transformer or None, default=None
        With `partial_fit` and `transform`, each row of which depends on that row alone:
        `StandardScaler`, `MinMaxScaler`, `MaxAbsScaler`. A `StandardScaler` without it.

    Attributes
    ----------
    step_ : transformer
        The fitted one.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where `X` was a data frame.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skae import DenseAutoencoder
    >>> from skae.datasets import ChunkedRows, make_linear_manifold
    >>> from skae.preprocessing import ByChunks
    >>> X = 100 * make_linear_manifold(500, 2, 8, random_state=0).X
    >>> rows = ChunkedRows(X, window_bytes=2**13)
    >>> scaled = ByChunks().fit_transform(rows)
    >>> type(scaled).__name__, abs(scaled[:].std(axis=0) - 1).max() < 1e-9
    ('ChunkedRows', np.True_)
    >>> pipe = make_pipeline(ByChunks(), DenseAutoencoder(2, random_state=0))
    >>> pipe.set_params(denseautoencoder__max_epochs=5).fit(rows).transform(rows).shape
    (500, 2)
    """

    _parameter_constraints = {"step": [HasMethods(["partial_fit", "transform"]), None]}

    def __init__(self, step=None):
        self.step = step

    def _step(self):
        return StandardScaler() if self.step is None else self.step

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Fit the scaler to the rows, some chunks at a time.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows in chunks, or in memory.
        y : None
            Ignored.

        Returns
        -------
        self : ByChunks
        """
        X, self.step_ = stored(X), clone(self._step())
        if isinstance(X, ChunkedRows):
            for rows in X.in_order():
                self.step_.partial_fit(rows)
        else:
            self.step_.fit(X)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(self.step_, name):
                setattr(self, name, getattr(self.step_, name))
        return self

    def transform(self, X):
        """Scale rows: now, or where they are in chunks, when they are read.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_scaled : ndarray or ChunkedRows of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = stored(X)
        if not isinstance(X, ChunkedRows):
            return self.step_.transform(X)
        return ChunkedRows(_Scaled(X, self.step_), window_bytes=X.window_bytes)

    @available_if(_can_be_undone)
    def inverse_transform(self, X):
        """Undo the scaling.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self.step_.inverse_transform(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names that the scaler gives its columns.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        names : ndarray of str
        """
        check_is_fitted(self)
        return self.step_.get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        tags, own = super().__sklearn_tags__(), self._step().__sklearn_tags__()
        tags.input_tags, tags.transformer_tags = own.input_tags, own.transformer_tags
        return tags


class _Scaled:
    """Rows in chunks as a fitted scaler makes them, with their chunks."""

    def __init__(self, X, step):
        self.X, self.step = X, step
        first = self[0:1]
        self.dtype, self.shape = first.dtype, (len(X), *first.shape[1:])
        self.chunks = X.chunk_sizes, *self.shape[1:]

    def __repr__(self):
        return f"{self.step!r} of {self.X!r}"

    def __getitem__(self, rows):
        return np.asarray(self.step.transform(self.X[rows]))
