import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from skae.interpretation import Attributions, attributions
from skae.plotting import AttributionsDisplay
from skae.plotting._figures import BLUE, CHOICE

VALUES = pd.DataFrame(
    [[1.0, -3.0, 0.5, 0.1], [0.0, 2.0, 0.0, 0.0]], columns=list("abcd")
)
FOUND = Attributions(
    VALUES,
    np.array([2.0, 3.0]),
    np.array([3.4, 1.0]),
    "unit0",
    list("abcd"),
    observed=VALUES + 0.5,
)


def labels(ticks):
    return [label.get_text() for label in ticks]


def test_bars_are_sorted_and_the_rest_is_summed(drawn):
    ax = drawn(AttributionsDisplay(FOUND, row=0, max_features=2).plot()).ax_
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [-3, 1, 0.6])
    expected = ["b = -2.5", "a = 1.5", "2 other columns"]
    assert labels(ax.get_yticklabels()) == expected
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors == [to_rgba(color) for color in (CHOICE, BLUE, BLUE)]
    assert ax.get_xlabel() == "attribution to unit0"
    assert ax.get_title() == "unit0: 2, of the baseline 3.4"


def test_a_single_column_is_not_summed(drawn):
    ax = drawn(AttributionsDisplay(FOUND, row=0, max_features=3).plot()).ax_
    assert labels(ax.get_yticklabels())[-1] == "d = 0.6"


def test_a_heat_map_of_many_rows(drawn):
    display = drawn(AttributionsDisplay(FOUND, max_features=3).plot())
    image = display.ax_.images[0]
    np.testing.assert_array_equal(image.get_array(), VALUES[["a", "b", "c"]])
    assert image.norm.vmin == -image.norm.vmax
    assert labels(display.ax_.get_xticklabels()) == ["a", "b", "c"]
    assert display.ax_.get_xlabel() == "3 of 4 columns"
    assert labels(display.ax_.get_yticklabels()) == ["0", "1"]


def test_a_map_of_a_window(drawn):
    values = np.arange(12.0).reshape(2, 3, 2) - 5
    found = Attributions(values, np.ones(2), np.zeros(2), "error", ["flow", "heat"])
    ax = drawn(AttributionsDisplay(found, row=1).plot()).ax_
    np.testing.assert_array_equal(ax.images[0].get_array(), values[1].T)
    assert labels(ax.get_yticklabels()) == ["flow", "heat"]
    assert ax.get_xlabel() == "time step"


def test_the_map_of_an_image_sums_channels(drawn):
    values = np.arange(24.0).reshape(1, 2, 3, 4)
    found = Attributions(values, np.ones(1), np.zeros(1), "error", [])
    ax = drawn(AttributionsDisplay(found).plot()).ax_
    np.testing.assert_array_equal(ax.images[0].get_array(), values[0].sum(axis=0))


def test_kinds_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="kind='map' is not for attributions of a tab"):
        AttributionsDisplay(FOUND, kind="map").plot()
    with pytest.raises(ValueError, match="use one of 'bars', 'heatmap', 'map'"):
        AttributionsDisplay(FOUND, kind="bar").plot()
    window = Attributions(np.ones((1, 2, 2)), np.ones(1), np.ones(1), "error", [*"ab"])
    with pytest.raises(ValueError, match="not for attributions of sequences"):
        AttributionsDisplay(window, kind="bars").plot()


def test_from_an_estimator(model, X, ax, drawn):
    display = AttributionsDisplay.from_estimator(model, X, target=1, row=3, ax=ax)
    expected = attributions(model, X, target=1).values.iloc[3]
    widths = [bar.get_width() for bar in drawn(display).ax_.patches]
    np.testing.assert_allclose(sorted(widths), sorted(expected))
    assert display.ax_ is ax
