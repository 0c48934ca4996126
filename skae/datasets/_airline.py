"""Monthly airline passengers, 1949 to 1960."""

from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

from skae._sklearn import validate_params

_FILENAME = "airline-passengers.csv"

_DESCR = """\
Airline passengers
------------------

Monthly totals of international airline passengers, January 1949 to December 1960.

:Number of time steps: 144, one a month
:Number of channels: 1, in thousands of passengers
:Range: 104 to 622
:Missing values: none
:Target: none

The totals grow over the years, and with them the yearly swing, whose peak is in July
and August.

Source: series G of G. E. P. Box and G. M. Jenkins, *Time Series Analysis: Forecasting
and Control*, Holden-Day, San Francisco, 1970.
"""


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_airline_passengers(*, return_X_y=False, as_frame=False):
    """Load the monthly totals of international airline passengers, 1949 to 1960.

    A series of 144 months with a trend and a yearly swing that grows along: series G
    of Box and Jenkins (1970). `skae.preprocessing.SlidingWindow` makes samples of it.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, None)`` instead of a `Bunch`. The second is None because the
        series has no target.
    as_frame : bool, default=False
        Return `data` as a pandas data frame with an index of months.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        data : ndarray of shape (144, 1), or data frame
            Thousands of passengers in each month, float64.
        target : None
            There is none.
        dates : ndarray of shape (144,), datetime64[M]
            The months.
        feature_names : list of str
            ``["passengers"]``.
        frame : data frame or None
            Same as `data` with ``as_frame=True``, else None.
        DESCR : str
            Description, units and source.
        filename, data_module : str
            Where the file is.

    Raises
    ------
    ImportError
        If `as_frame` is set and pandas is not installed.

    Examples
    --------
    >>> from skae.datasets import load_airline_passengers
    >>> passengers = load_airline_passengers()
    >>> passengers.data.shape
    (144, 1)
    >>> print(passengers.dates[0], passengers.data[0])
    1949-01 [112.]
    >>> frame = load_airline_passengers(as_frame=True).frame
    >>> int(frame["passengers"]["1960-12"].item())
    432
    """
    with (files("skae.datasets") / "data" / _FILENAME).open(encoding="utf-8") as file:
        table = np.loadtxt(file, dtype=str, delimiter=",", quotechar='"', skiprows=1)
    dates, data = table[:, 0].astype("datetime64[M]"), table[:, 1:].astype(np.float64)
    frame = _as_frame(dates, data) if as_frame else None
    data = frame if as_frame else data
    if return_X_y:
        return data, None
    return Bunch(
        data=data,
        target=None,
        dates=dates,
        feature_names=["passengers"],
        frame=frame,
        DESCR=_DESCR,
        filename=_FILENAME,
        data_module="skae.datasets.data",
    )


def _as_frame(dates, data):
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "load_airline_passengers(as_frame=True) needs pandas: install it (pip "
            "install pandas), or leave `as_frame` False for an array."
        ) from error
    months = pd.DatetimeIndex(dates, freq="MS", name="month")
    return pd.DataFrame(data, index=months, columns=["passengers"])
