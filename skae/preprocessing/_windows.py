"""Series to windows and back."""

from numbers import Integral, Real

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skae._notices import warn
from skae._sklearn import (
    Interval,
    StrOptions,
    check_feature_names_in,
    fit_context,
    get_output_config,
)
from skae.preprocessing._lists import joined, joined_stamps
from skae.preprocessing._remarks import check_found, remarks_on
from skae.preprocessing._starts import find_starts
from skae.preprocessing._time_axis import check_starts, overlaid

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

    With `groups` (machines, patients, ...) this holds within each group, and no window
    mixes two; with time stamps and `max_gap` no window spans a gap in time.

    Nothing is learnt in `fit` but the number of channels, and whether windows begin at
    ``k * stride``. The number of rows changes
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
    max_gap : float or None, default=None
        Longest step in time within a window, in units of the usual step, at least 1.
        The usual step of a group is the median of its own, so that hourly and daily
        groups go together; of the steps of all groups, where it has less than three.
        Needs time stamps: the `timestamps` of `transform`, or a data frame with a
        `pandas.DatetimeIndex` or a `pandas.PeriodIndex`. Where months or jitter make
        steps uneven, 1.5 takes them and no missing time step. None looks for no gaps.
    gaps : {"drop", "raise"}, default="drop"
        What is done about windows that span a longer step than `max_gap`: they are
        left out, with a warning that says how many, or `transform` refuses.
    missing : {"raise", "keep", "drop"}, default="raise"
        What is done about NaN in the series: it is refused; or it stays NaN in the
        windows, as estimators of sequences take it; or windows with any of it are left
        out. Of those that are kept, windows whose last time step lacks all channels
        would be taken for shorter sequences: they are left out, too. A warning says
        how many are.

    Attributes
    ----------
    gap : int
        Windows on either side of a window that share time steps with it,
        ``ceil(length / stride) - 1``. A property; needs no fit.
    n_features_in_ : int
        Channels of the series.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, when the series is a data frame with string columns.
    needs_starts_ : bool
        Whether windows of the fit do not begin at ``k * stride``, as they are of
        several groups or gaps have left some out; `inverse_transform` then asks where
        they do. `fit` knows of lists, and `fit_transform` of all.

    See Also
    --------
    SequenceScaler : Scales windows channel by channel.
    window_scores_to_series : Lays scores of windows back on the time axis.
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

    Series of different lengths:

    >>> window.fit_transform([series, series[:4]])
    array([[0., 1., 2.],
           [2., 3., 4.],
           [0., 1., 2.]])

    Two machines, one of which stood still for a while:

    >>> machines = ["a", "a", "a", "b", "b", "b"]
    >>> SlidingWindow(length=2, flatten=True).fit_transform(series, groups=machines)
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    >>> import warnings
    >>> window = SlidingWindow(length=2, max_gap=1.5, flatten=True).fit(series)
    >>> with warnings.catch_warnings(action="ignore"):  # 1 of 4 windows is left out
    ...     window.transform(series, groups=machines, timestamps=[7, 8, 9, 1, 2, 5])
    array([[0., 1.],
           [1., 2.],
           [3., 4.]])
    """

    _parameter_constraints = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "flatten": ["boolean"],
        "max_gap": [Interval(Real, 1, None, closed="left"), None],
        "gaps": [StrOptions({"drop", "raise"})],
        "missing": [StrOptions({"raise", "keep", "drop"})],
    }

    def __init__(
        self,
        length=10,
        stride=1,
        *,
        flatten=False,
        max_gap=None,
        gaps="drop",
        missing="raise",
    ):
        self.length = length
        self.stride = stride
        self.flatten = flatten
        self.max_gap = max_gap
        self.gaps = gaps
        self.missing = missing

    @property
    def gap(self):
        """Windows on either side of a window that share time steps with it."""
        return (self.length - 1) // self.stride

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the number of channels.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels), or list of these
            The series, or several. One channel is a column: ``x.reshape(-1, 1)``.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.
        """
        series, numbers = joined(X)
        self._validated(series, reset=True)
        self.needs_starts_ = numbers is not None and bool(numbers[-1] > 0)
        return self

    def fit_transform(self, X, y=None, *, groups=None, timestamps=None):
        """Learn the number of channels and cut the series into windows.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels), or list of these
            The series, or several, as in `transform`.
        y : None
            Ignored.
        groups, timestamps : array-like of shape (n_timesteps,), default=None
            Metadata as in `transform`.

        Returns
        -------
        windows : ndarray of shape (n_windows, length, n_channels), or \
                (n_windows, length * n_channels) with `flatten`
            As from `transform`.
        """
        self.fit(X, y)
        windows, starts = self._cut(X, groups, timestamps)
        at = np.arange(len(starts)) * self.stride
        self.needs_starts_ = not np.array_equal(starts, at)
        return windows

    def transform(self, X, *, groups=None, timestamps=None):
        """Cut a series, or several of any lengths, into windows.

        `groups` and `timestamps` are metadata: a pipeline passes them on where
        ``set_transform_request(groups=True, timestamps=True)`` asks for them.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels), or list of these
            The series, of at least `length` time steps; or a list of series of the
            same channels and of any lengths, each a group of its own. Rows are then
            counted as if they stood one below the other.
        groups : array-like of shape (n_timesteps,), default=None
            What each time step belongs to, as numbers or strings. The time steps of a
            group follow one another. No window mixes two groups; groups shorter than
            a window have none, with a warning. By default an array is one series. Not
            for a list, which says by itself what belongs together.
        timestamps : array-like of shape (n_timesteps,), default=None
            Time of each time step, as numbers or dates, strictly increasing within
            each group; for a list of series, a list of such arrays. By default the
            index of `X`, where `max_gap` is set and `X` is a data frame with a
            `pandas.DatetimeIndex` or a `pandas.PeriodIndex`, or a list of those.

        Returns
        -------
        windows : ndarray of shape (n_windows, length, n_channels), or \
                (n_windows, length * n_channels) with `flatten`
            A copy, in the series' own float dtype, group after group. Time steps after
            the last window that fits are left out.

        Raises
        ------
        ValueError
            If no group is as long as a window, or no window is without a gap; if
            `X` has NaN and ``missing="raise"``, or no window is without; if
            `groups` or `timestamps` have another length than `X`, or `groups` that
            do not stand together, or time stamps that are missing, equal or not in
            order; if there are none and `max_gap` needs them; if windows span a gap
            and ``gaps="raise"``; if series of a list have other channels.
        """
        check_is_fitted(self)
        return self._cut(X, groups, timestamps)[0]

    def window_starts(self, X, *, groups=None, timestamps=None):
        """Return the first time step of each window that `transform` cuts.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_channels), or list of these
            The series, as in `transform`.
        groups, timestamps : array-like of shape (n_timesteps,), default=None
            As in `transform`.

        Returns
        -------
        starts : ndarray of int of shape (n_windows,)
            Window `k` holds the rows ``starts[k]`` to ``starts[k] + length - 1`` of
            `X`; of the series one below the other, for a list.

        Raises
        ------
        ValueError
            As `transform`.

        See Also
        --------
        window_scores_to_series : Lays scores of windows back on the time axis.
        """
        check_is_fitted(self)
        X, groups, timestamps = self._as_one(X, groups, timestamps)
        series = self._validated(X, reset=False)
        found = find_starts(self, X, series, groups, timestamps)
        check_found(self, found)
        return found.starts

    def inverse_transform(self, X, *, starts=None):
        """Lay windows over one another and average where they overlap.

        ::

            series[i] = mean of windows[k, t] over all starts[k] + t = i

        `starts` is metadata: a pipeline passes it on where
        ``set_inverse_transform_request(starts=True)`` asks for it.

        Parameters
        ----------
        X : array-like of shape (n_windows, length, n_channels), or \
                (n_windows, length * n_channels)
            Windows, for instance those an autoencoder reconstructed.
        starts : array-like of int of shape (n_windows,), default=None
            First time step of each window, from `window_starts`: needed for windows
            cut with `groups`, from a list, or where gaps left some out. By default
            window `k` starts at ``k * stride``, unless `needs_starts_`.

        Returns
        -------
        series : ndarray of shape (max(starts) + length, n_channels)
            The series from its first time step to the last window's end; a tail
            that `transform` left out does not come back. Time steps that no window
            covers (as with ``stride > length``) are NaN.

        Raises
        ------
        ValueError
            If the windows have another length or number of channels, or `starts` is
            not one whole number for each, all different, or is None and needed.
        """
        check_is_fitted(self)
        windows = check_array(X, allow_nd=True, dtype=_DTYPES, input_name="windows")
        self._check_windows(windows)
        n_windows = len(windows)
        if starts is None:
            self._check_regular()
            starts = np.arange(n_windows) * self.stride
        starts = check_starts(starts, n_windows, self.length)
        windows = windows.reshape(n_windows, self.length, self.n_features_in_)
        return overlaid(windows, starts, starts.max() + self.length)

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

    def _cut(self, X, groups, timestamps):
        """Return windows and their first rows, and warn of what has none."""
        X, groups, timestamps = self._as_one(X, groups, timestamps)
        series = self._validated(X, reset=False)
        found = find_starts(self, X, series, groups, timestamps)
        check_found(self, found)
        for remark in remarks_on(self, found, groups):
            warn(remark)
        view = sliding_window_view(series, self.length, axis=0).transpose(0, 2, 1)
        windows = np.ascontiguousarray(view[found.starts])
        if self.flatten:
            rows = windows.reshape(len(windows), -1)
            windows = self._with_index(rows, X, found.starts)
        return windows, found.starts

    def _validated(self, X, *, reset):
        series = validate_data(
            self, X, dtype=_DTYPES, ensure_all_finite="allow-nan", reset=reset
        )
        if self.missing == "raise" and (lacking := np.isnan(series).any(axis=1)).any():
            raise ValueError(
                f"Input X contains NaN in {lacking.sum()} of {len(series)} time steps, "
                f"the first in row {lacking.argmax()}: fill them, or set "
                "missing='keep', for estimators that take them, or missing='drop'."
            )
        return series

    def _as_one(self, X, groups, timestamps):
        """Return the series of a list one below the other, with their metadata."""
        rows, numbers = joined(X)
        if numbers is None:
            return X, groups, timestamps
        if groups is not None:
            raise ValueError(
                "SlidingWindow got groups beside a list of series, each of which is a "
                "group of its own: leave out `groups`, or pass one array."
            )
        return rows, numbers, joined_stamps(timestamps, X)

    def _check_regular(self):
        if getattr(self, "needs_starts_", False):
            raise ValueError(
                "SlidingWindow was fitted to windows that do not begin every "
                f"{self.stride} time steps, as they are of several series or gaps have "
                "left some out, and does not know where these begin: pass `starts`, "
                "from window_starts. (A pipeline passes it on after "
                "set_inverse_transform_request(starts=True), with metadata routing.)"
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

    def _with_index(self, rows, X, starts):
        # scikit-learn would give the rows the index of X, which has one entry for
        # each time step.
        is_frame = hasattr(X, "iloc")
        if not is_frame or get_output_config("transform", self)["dense"] != "pandas":
            return rows
        import pandas as pd

        return pd.DataFrame(rows, index=X.index[starts])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.allow_nan = self.missing != "raise"
        return tags
