"""Series to windows and back, and scaling of sequences channel by channel.

Three shapes appear throughout: a series ``(n_timesteps, n_channels)``, windows cut
from it ``(n_windows, length, n_channels)``, and the same windows flattened row by row
to ``(n_windows, length * n_channels)``, time first and channel second.
"""

from numbers import Integral
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
    validate_data,
)

from skae.shapes import as_sequences, n_dims

__all__ = ["SequenceScaler", "SlidingWindow"]

_DTYPES = [np.float64, np.float32]


def _window_output_has_columns(window):
    # An array of three dimensions is no table. Once this is known, the estimator has
    # no column names to offer, and scikit-learn then leaves its output an array also
    # inside a pipeline that is set to return data frames.
    return window.flatten or not hasattr(window, "n_features_in_")


class SlidingWindow(TransformerMixin, BaseEstimator):
    """Cut a series into windows of equal length.

    Window `k` holds the time steps ``k * stride`` to ``k * stride + length - 1``::

        windows[k, t, c] = series[k * stride + t, c]
        n_windows        = (n_timesteps - length) // stride + 1

    Nothing but the number of channels is learnt in `fit`. The number of rows changes
    from time steps to windows, so a target `y` of one value per time step does not
    go along; and windows that overlap share values, so a random split of them leaks
    from test to training: split with `skae.model_selection.ContiguousKFold` and
    `gap`.

    Parameters
    ----------
    length : int, default=10
        Time steps in a window, at least 1. Longer windows show slower movements, and
        are fewer.
    stride : int, default=1
        Time steps from the start of one window to the start of the next, at least 1.
        Raising it makes windows fewer and less alike; above `length`, time steps
        between windows are skipped.
    flatten : bool, default=False
        Whether to return windows as rows ``(n_windows, length * n_channels)``, for
        estimators that take two-dimensional data, instead of ``(n_windows, length,
        n_channels)``. Only rows have feature names and can be data frames
        (`set_output`); the index is then that of each window's first time step.

    Attributes
    ----------
    gap : int
        Windows on either side of a window that share time steps with it,
        ``ceil(length / stride) - 1``. A property; needs no fit.
    n_features_in_ : int
        Channels of the series.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, when the series is a data frame with string columns.

    See Also
    --------
    SequenceScaler : Scales windows channel by channel.
    skae.model_selection.ContiguousKFold : Splits windows without overlap.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing import SlidingWindow
    >>> series = np.arange(6.0).reshape(-1, 1)
    >>> window = SlidingWindow(length=3, stride=2, flatten=True)
    >>> window.fit_transform(series)
    array([[0., 1., 2.],
           [2., 3., 4.]])
    >>> window.get_feature_names_out()
    array(['x0_t0', 'x0_t1', 'x0_t2'], dtype=object)
    >>> window.inverse_transform(window.transform(series)).ravel()
    array([0., 1., 2., 3., 4.])
    >>> window.gap
    1
    """

    _parameter_constraints: ClassVar[dict] = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "flatten": ["boolean"],
    }

    def __init__(self, length=10, stride=1, *, flatten=False):
        self.length = length
        self.stride = stride
        self.flatten = flatten

    @property
    def gap(self):
        """Windows on either side of a window that share time steps with it."""
        return (self.length - 1) // self.stride

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the number of channels.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels)
            The series. One channel is a column: ``x.reshape(-1, 1)``.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.
        """
        validate_data(self, X, dtype=_DTYPES)
        return self

    def transform(self, X):
        """Cut a series into windows.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels)
            The series, of at least `length` time steps.

        Returns
        -------
        windows : ndarray of shape (n_windows, length, n_channels), or \
                (n_windows, length * n_channels) with `flatten`
            A copy, in the series' own float dtype. Time steps after the last window
            that fits are left out.

        Raises
        ------
        ValueError
            If the series is shorter than one window.
        """
        check_is_fitted(self)
        series = validate_data(self, X, dtype=_DTYPES, reset=False)
        self._check_length(series)
        windows = self._cut(series)
        if not self.flatten:
            return windows
        return self._with_index(windows.reshape(len(windows), -1), X)

    def inverse_transform(self, X):
        """Lay windows over one another and average where they overlap.

        ::

            series[i] = mean of windows[k, t] over all k * stride + t = i

        Parameters
        ----------
        X : array-like of shape (n_windows, length, n_channels), or \
                (n_windows, length * n_channels)
            Windows in their order, for instance those an autoencoder reconstructed.

        Returns
        -------
        series : ndarray of shape ((n_windows - 1) * stride + length, n_channels)
            The series from the first window's start to the last window's end; a tail
            that `transform` left out does not come back. Time steps that no window
            covers (``stride > length``) are NaN.

        Raises
        ------
        ValueError
            If the windows have another length or number of channels.
        """
        check_is_fitted(self)
        windows = check_array(X, allow_nd=True, dtype=_DTYPES, input_name="windows")
        self._check_windows(windows)
        return self._overlay(
            windows.reshape(len(windows), self.length, self.n_features_in_)
        )

    @available_if(_window_output_has_columns)
    def get_feature_names_out(self, input_features=None):
        """Name the columns of flattened windows, ``<channel>_t<time step>``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the channels; those seen in `fit`, or ``x0, x1, ...``, if None.

        Returns
        -------
        names : ndarray of str of shape (length * n_channels,)
            Names in the order of the columns: time first, channel second.
        """
        check_is_fitted(self)
        channels = _check_feature_names_in(self, input_features)
        names = [f"{c}_t{t}" for t in range(self.length) for c in channels]
        return np.asarray(names, dtype=object)

    def _check_length(self, series):
        if len(series) < self.length:
            raise ValueError(
                f"SlidingWindow got a series of {len(series)} time steps, which is "
                f"shorter than one window of length={self.length}: pass at least "
                f"{self.length} time steps, or lower `length`."
            )

    def _check_windows(self, windows):
        length, n_channels = self.length, self.n_features_in_
        if windows.shape[1:] not in [(length, n_channels), (length * n_channels,)]:
            raise ValueError(
                f"SlidingWindow got windows of shape {windows.shape}, and puts "
                f"together those of shape (n_windows, {length}, {n_channels}) or "
                f"(n_windows, {length * n_channels}), for length={length} and the "
                f"{n_channels} channels seen in fit."
            )

    def _cut(self, series):
        view = sliding_window_view(series, self.length, axis=0)[:: self.stride]
        return view.transpose(0, 2, 1).copy()

    def _overlay(self, windows):
        n_windows, length, n_channels = windows.shape
        last_start = (n_windows - 1) * self.stride
        series = np.zeros((last_start + length, n_channels), windows.dtype)
        count = np.zeros((last_start + length, 1), windows.dtype)
        for t in range(length):
            at = slice(t, t + last_start + 1, self.stride)
            count[at] += 1
            # A running mean: where all windows agree their value returns exactly,
            # which a sum that is divided at the end does not achieve.
            series[at] += (windows[:, t] - series[at]) / count[at]
        return np.where(count > 0, series, np.asarray(np.nan, windows.dtype))

    def _with_index(self, rows, X):
        # scikit-learn would give the rows the index of X, which has one entry for
        # each time step.
        is_frame = hasattr(X, "iloc")
        if not is_frame or _get_output_config("transform", self)["dense"] != "pandas":
            return rows
        import pandas as pd

        return pd.DataFrame(rows, index=X.index[:: self.stride][: len(rows)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


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
    feature_names_in_ : ndarray of shape (n_features_in_,)
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

    _parameter_constraints: ClassVar[dict] = {
        "method": [StrOptions({"standard", "minmax"})],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "feature_range": [tuple],
    }

    def __init__(self, method="standard", *, n_channels=1, feature_range=(0, 1)):
        self.method = method
        self.n_channels = n_channels
        self.feature_range = feature_range

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Compute each channel's statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_channels), or \
                (n_samples, n_timesteps * n_channels)
            Sequences, or flattened windows of `n_channels` channels.
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
        X = self._validate(X, reset=True)
        self._n_dims_in = X.ndim
        self.n_channels_ = as_sequences(X, self.n_channels).shape[2]
        self.scaler_ = self._make_scaler().fit(X.reshape(-1, self.n_channels_))
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
        self._check_n_dims(X)
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
        self._check_n_dims(X)
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
        names : ndarray of str of shape (n_features_in_,)
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

    def _check_n_dims(self, X):
        given = n_dims(X)
        if {given, self._n_dims_in} == {2, 3}:
            raise ValueError(
                f"SequenceScaler got an array of {given} dimensions and was fitted on "
                f"one of {self._n_dims_in}: pass the same kind to both, sequences "
                "(n_samples, n_timesteps, n_channels) or flattened windows."
            )

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
