import numpy as np
import pandas as pd

from skae.interpretation import Traversal, traversal
from skae.plotting import TraversalDisplay

POSITIONS = np.array([-1.0, 0.0, 1.0])


def test_panels_of_the_columns_that_change_most(drawn):
    rows = pd.DataFrame(
        {"a": [1.0, 2.0, 3.0], "kind": ["x", "y", "y"], "c": [5.0, 5.0, 5.1]}
    )
    changes = pd.Series([1.0, 2.0, 0.1], index=rows.columns)
    found = Traversal(POSITIONS, rows, "unit0", list(rows), changes)
    display = drawn(TraversalDisplay(found, max_features=2).plot())
    assert [ax.get_title() for ax in display.axes_] == ["kind", "a"]
    line = display.axes_[1].get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), POSITIONS)
    np.testing.assert_array_equal(line.get_ydata(), rows["a"])
    levels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert levels == ["x", "y"]
    assert display.ax_.get_xlabel() == "unit0"


def test_panels_without_one_below_are_labelled(drawn):
    rows = pd.DataFrame(np.arange(18.0).reshape(3, 6), columns=list("abcdef"))
    found = Traversal(POSITIONS, rows, "unit0", list(rows), np.ones(6))
    axes = drawn(TraversalDisplay(found).plot()).axes_
    assert [ax.get_xlabel() for ax in axes] == ["", "", "", *["unit0"] * 3]


def test_curves_of_channels(drawn):
    rows = np.arange(24.0).reshape(3, 4, 2)
    found = Traversal(POSITIONS, rows, "unit0", ["flow", "heat"], np.ones((4, 2)))
    display = drawn(TraversalDisplay(found).plot())
    assert [ax.get_title() for ax in display.axes_] == ["flow", "heat"]
    drawn_rows = [line.get_ydata() for line in display.axes_[1].get_lines()]
    np.testing.assert_array_equal(drawn_rows, rows[:, :, 1])
    legend = display.figure_.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["-1", "0", "1"]


def test_pictures_in_a_row(drawn):
    rows = np.arange(12.0).reshape(3, 1, 2, 2)
    found = Traversal(POSITIONS, rows, "unit0", [], np.ones((1, 2, 2)))
    ax = drawn(TraversalDisplay(found).plot()).ax_
    assert ax.images[0].get_array().shape == (2, 8)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["-1", "0", "1"]


def test_rows_of_pixels_are_pictures_if_their_shape_is_stated(drawn):
    rows = pd.DataFrame(np.arange(18.0).reshape(3, 6), columns=list("abcdef"))
    found = Traversal(POSITIONS, rows, "unit0", list(rows), np.ones(6))
    ax = drawn(TraversalDisplay(found, image_shape=(2, 3)).plot()).ax_
    image = ax.images[0].get_array().filled(np.nan)
    assert image.shape == (2, 3 * 3 + 2)
    np.testing.assert_array_equal(image[:, 4:7], rows.iloc[1].to_numpy().reshape(2, 3))


def test_from_an_estimator(model, X, drawn):
    display = TraversalDisplay.from_estimator(model, X, unit=1, n_steps=4)
    found = traversal(model, X, unit=1, n_steps=4)
    largest = np.argmax(found.changes)
    line = drawn(display).ax_.get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), found.rows[:, largest])


def test_pictures_from_an_estimator(model, X, drawn):
    display = TraversalDisplay.from_estimator(model, X, n_steps=4, image_shape=(2, 3))
    assert drawn(display).ax_.images[0].get_array().shape == (2, 4 * 3 + 3)
