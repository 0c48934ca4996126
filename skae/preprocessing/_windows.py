"""Series to windows and back."""

from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skae._sklearn import (
    Interval,
    check_feature_names_in,
    fit_context,
    get_output_config,
)

__all__ = ["SlidingWindow"]

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
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
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

    _parameter_constraints = {
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

    @fit_context(prefer_skip_nested_validation=True)
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
        view = sliding_window_view(series, self.length, axis=0)[:: self.stride]
        windows = view.transpose(0, 2, 1).copy()
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
        channels = check_feature_names_in(self, input_features)
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
        if not is_frame or get_output_config("transform", self)["dense"] != "pandas":
            return rows
        import pandas as pd

        return pd.DataFrame(rows, index=X.index[:: self.stride][: len(rows)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
