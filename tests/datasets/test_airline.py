import sys

import numpy as np
import pandas as pd
import pytest

from skae.datasets import load_airline_passengers


def test_content():
    bunch = load_airline_passengers()
    assert bunch.data.shape == (144, 1)
    assert bunch.data.dtype == np.float64
    assert (bunch.data[0, 0], bunch.data[-1, 0]) == (112, 432)
    assert bunch.data.sum() == 40363
    assert (bunch.data.min(), bunch.data.max()) == (104, 622)
    assert bunch.feature_names == ["passengers"]
    assert bunch.target is None
    assert bunch.frame is None
    assert "thousands of passengers" in bunch.DESCR


def test_months_follow_one_another():
    dates = load_airline_passengers().dates
    months = np.arange("1949-01", "1961-01", dtype="datetime64[M]")
    np.testing.assert_array_equal(dates, months)


def test_frame():
    bunch = load_airline_passengers(as_frame=True)
    assert bunch.data is bunch.frame
    assert list(bunch.frame.columns) == ["passengers"]
    assert isinstance(bunch.frame.index, pd.DatetimeIndex)
    assert bunch.frame.index.freqstr == "MS"
    assert bunch.frame.loc["1960", "passengers"].iloc[-1] == 432
    np.testing.assert_array_equal(bunch.frame, load_airline_passengers().data)


def test_data_without_target():
    data, target = load_airline_passengers(return_X_y=True)
    assert data.shape == (144, 1)
    assert target is None
    frame, _ = load_airline_passengers(return_X_y=True, as_frame=True)
    assert isinstance(frame, pd.DataFrame)


def test_frame_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert load_airline_passengers().data.shape == (144, 1)
    with pytest.raises(ImportError, match=r"needs pandas.*leave `as_frame` False"):
        load_airline_passengers(as_frame=True)


def test_flags_are_checked():
    with pytest.raises(ValueError, match="'as_frame' parameter"):
        load_airline_passengers(as_frame="yes")
