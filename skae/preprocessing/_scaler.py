"""Scaling of sequences, channel by channel."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    validate_data,
)

from skae._arrays import padded
from skae._sklearn import Interval, StrOptions, fit_context
from skae.shapes import as_sequences, n_dims

__all__ = ["SequenceScaler"]

_DTYPES = [np.float64, np.float32]


def _scaler_output_has_columns(scaler):
    return getattr(scaler, "_n_dims_in", 2) == 2


class SequenceScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale sequences channel by channel.

    Each channel `c` has one offset and one scale, from all values of all sequences at
    all time steps::

        standard:  X_scaled[..., c] = (X[..., c] - mean_c) / std_c
        minmax:    X_scaled[..., c] = low + (high - low) * (X[..., c] - min_c)
                                            / (max_c - min_c)

    so the shape of a sequence survives, which one scale for each time step (a
    `sklearn.preprocessing.StandardScaler` on flattened windows) would distort.
    The arithmetic is that of scikit-learn's scalers on the matrix ``(n_samples *
    n_timesteps, n_channels)``; channels that do not vary are shifted only.

    Parameters
    ----------
    method : {"standard", "minmax"}, default="standard"
        Zero mean and unit variance, or the range `feature_range`.
    n_channels : int, default=1
        Channels in each row of a two-dimensional `X`, whose rows are flattened
        windows, time first and channel second. A three-dimensional `X` states its own.
    feature_range : tuple of (low, high), default=(0, 1)
        Range of the training data after ``method="minmax"``; not used by "standard".
        Later data may fall outside.

    Attributes
    ----------
    scaler_ : StandardScaler or MinMaxScaler
        The fitted scaler, with one feature for each channel.
    n_channels_ : int
        Number of channels.
    n_features_in_ : int
        Columns of a two-dimensional `X`, channels of a three-dimensional one. The
        number of time steps of the latter may differ between `fit` and `transform`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when `X` is a data frame with string columns.

    See Also
    --------
    SlidingWindow : Cuts a series into windows.

    Notes
    -----
    NaN is left out of the statistics and stays NaN, so that sequences of unequal
    length can be filled up with NaN at their ends. In overlapping windows the middle
    of a series counts more often than its two ends.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SequenceScaler
    >>> X = np.array([[[0.0, 10.0], [1.0, 30.0]], [[2.0, 20.0], [4.0, 50.0]]])
    >>> scaler = SequenceScaler("minmax").fit(X)
    >>> scaler.transform(X)[1]
    array([[0.5 , 0.25],
           [1.  , 1.  ]])
    >>> SequenceScaler("minmax", n_channels=2).fit_transform(X.reshape(2, 4))[1]
    array([0.5 , 0.25, 1.  , 1.  ])
    >>> scaler.inverse_transform(scaler.transform(X))[1]
    array([[ 2., 20.],
           [ 4., 50.]])
    """

    _parameter_constraints = {
        "method": [StrOptions({"standard", "minmax"})],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "feature_range": [tuple],
    }

    def __init__(self, method="standard", *, n_channels=1, feature_range=(0, 1)):
        self.method = method
        self.n_channels = n_channels
        self.feature_range = feature_range

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Compute each channel's statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_channels), or \
                (n_samples, n_timesteps * n_channels)
            Sequences, or flattened windows of `n_channels` channels. A list of arrays
            of different lengths is filled up with NaN.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceScaler
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns of a two-dimensional `X` are not a multiple of `n_channels`.
        """
        X = self._validate(padded(X), reset=True)
        self._n_dims_in = X.ndim
        self.n_channels_ = as_sequences(X, self.n_channels).shape[2]
        # whatever data frames users ask scikit-learn for, channels stay an array
        scaler = self._make_scaler().set_output(transform="default")
        self.scaler_ = scaler.fit(X.reshape(-1, self.n_channels_))
        return self

    def transform(self, X):
        """Scale each channel.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_channels), or \
                (n_samples, n_timesteps * n_channels)
            Sequences of as many dimensions as in `fit`.

        Returns
        -------
        X_scaled : ndarray of the shape of X
            Scaled sequences, in the float dtype of `X`.

        Raises
        ------
        ValueError
            If the number of dimensions, columns or channels is not that of `fit`.
        """
        check_is_fitted(self)
        X = self._as_in_fit(X)
        X = self._validate(X, reset=False)
        return self._channelwise(self.scaler_.transform, X)

    def inverse_transform(self, X):
        """Undo the scaling.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_channels), or \
                (n_samples, n_timesteps * n_channels)
            Scaled sequences of as many dimensions as in `fit`.

        Returns
        -------
        X_original : ndarray of the shape of X
            Sequences in the units of the training data.

        Raises
        ------
        ValueError
            If the number of dimensions, columns or channels is not that of `fit`.
        """
        check_is_fitted(self)
        X = self._as_in_fit(X)
        X = check_array(X, allow_nd=True, dtype=_DTYPES, ensure_all_finite="allow-nan")
        self._check_width(X)
        return self._channelwise(self.scaler_.inverse_transform, X)

    @available_if(_scaler_output_has_columns)
    def get_feature_names_out(self, input_features=None):
        """Name the columns of a two-dimensional output: those of the input.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Column names; those seen in `fit`, or ``x0, x1, ...``, if None.

        Returns
        -------
        names : ndarray of str of shape (`n_features_in_`,)
            The names.
        """
        return super().get_feature_names_out(input_features)

    def _validate(self, X, *, reset):
        shape = None
        if n_dims(X) == 3:
            # One row for each time step: scikit-learn's own checks then take the
            # channels for the features, and let the number of time steps vary.
            X = np.asarray(X)
            shape, X = X.shape, X.reshape(-1, X.shape[2])
        X = validate_data(
            self, X, dtype=_DTYPES, ensure_all_finite="allow-nan", reset=reset
        )
        return X if shape is None else X.reshape(shape)

    def _make_scaler(self):
        if self.method == "standard":
            return StandardScaler()
        return MinMaxScaler(feature_range=self.feature_range)

    def _as_in_fit(self, X):
        """Return lists of sequences as an array, and refuse other dimensions."""
        X = padded(X, always=self._n_dims_in == 3)
        given = n_dims(X)
        if {given, self._n_dims_in} == {2, 3}:
            raise ValueError(
                f"SequenceScaler got an array of {given} dimensions and was fitted on "
                f"one of {self._n_dims_in}: pass the same kind to both, sequences "
                "(n_samples, n_timesteps, n_channels) or flattened windows."
            )
        return X

    def _check_width(self, X):
        if X.shape[-1] != self.n_features_in_:
            kind = "channels" if X.ndim == 3 else "columns"
            raise ValueError(
                f"SequenceScaler got an array of {X.shape[-1]} {kind} and was fitted "
                f"on {self.n_features_in_}."
            )

    def _channelwise(self, function, X):
        return function(X.reshape(-1, self.n_channels_)).reshape(X.shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
