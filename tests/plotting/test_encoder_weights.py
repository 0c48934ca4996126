import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from skae import Autoencoder
from skae.interpretation import code_sensitivities, first_layer_weights
from skae.networks import ConvolutionalNetwork
from skae.plotting import EncoderWeightsDisplay
from skae.plotting._figures import BLUE, CHOICE

WEIGHTS = pd.DataFrame(
    [[1.0, -2.0], [0.1, 0.1], [-3.0, 0.0]], index=["a", "b", "c"], columns=["u", "v"]
)


def widths(ax):
    return [bar.get_width() for bar in ax.patches]


def test_bars_are_the_weights(drawn):
    display = drawn(EncoderWeightsDisplay(WEIGHTS, name="weight").plot())
    for ax, unit in zip(display.axes_, WEIGHTS, strict=True):
        assert widths(ax) == WEIGHTS[unit].tolist()
        assert ax.get_title() == unit
        assert ax.get_xlabel() == "weight"
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["a", "b", "c"]
    low, high = display.ax_.get_ylim()
    assert low > high  # the first feature is above


def test_colours_are_signs(drawn):
    ax = drawn(EncoderWeightsDisplay(WEIGHTS).plot()).ax_
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors == [to_rgba(color) for color in (BLUE, BLUE, CHOICE)]


def test_the_largest_features_keep_their_order(drawn):
    display = drawn(EncoderWeightsDisplay(WEIGHTS, max_features=2).plot())
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["a", "c"]
    assert display.ax_.get_ylabel() == "2 of 3 features"


def test_chosen_units(drawn):
    display = drawn(EncoderWeightsDisplay(WEIGHTS, units=["v"]).plot())
    assert [ax.get_title() for ax in display.axes_] == ["v"]


@pytest.mark.parametrize("n_units", [7, 12])
def test_panels_of_many_units(n_units, drawn):
    weights = pd.DataFrame(np.eye(n_units)).add_prefix("unit")
    display = drawn(EncoderWeightsDisplay(weights).plot())
    assert len(display.figure_.axes) == len(display.axes_) == n_units


def pictures(display):
    return [ax.images[0].get_array().filled(np.nan) for ax in display.axes_]


def test_weights_of_pixels_are_pictures(drawn):
    weights = pd.DataFrame({"u": np.arange(6.0), "v": -2 * np.arange(6.0)})
    display = drawn(EncoderWeightsDisplay(weights, image_shape=(2, 3)).plot())
    for picture, unit in zip(pictures(display), weights, strict=True):
        np.testing.assert_array_equal(picture.ravel(), weights[unit])
    for ax in display.axes_:
        assert ax.images[0].get_clim() == (-10, 10)  # zero is white
    assert [ax.get_title() for ax in display.axes_] == ["u", "v"]
    assert display.figure_.axes[-1].get_ylabel() == "weight"  # of the scale


def test_channels_are_one_below_the_other(drawn):
    weights = pd.DataFrame({"u": np.arange(12.0)})
    display = drawn(EncoderWeightsDisplay(weights, image_shape=(2, 2, 3)).plot())
    (picture,) = pictures(display)
    assert picture.shape == (2 + 1 + 2, 3)
    np.testing.assert_array_equal(picture[3:].ravel(), np.arange(6, 12))


def test_pictures_take_their_shape_from_the_network(X, drawn):
    network = ConvolutionalNetwork("4", image_shape=(2, 3))
    model = Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(X)
    display = drawn(EncoderWeightsDisplay.from_estimator(model, X))
    expected = code_sensitivities(model, X).to_numpy()
    for picture, values in zip(pictures(display), expected.T, strict=True):
        np.testing.assert_array_equal(picture.ravel(), values)


def test_weights_from_an_estimator(model, drawn):
    with pytest.raises(ValueError, match="66 units are too many"):
        EncoderWeightsDisplay.from_estimator(model)
    display = EncoderWeightsDisplay.from_estimator(model, units=["hidden3"])
    expected = first_layer_weights(model)["hidden3"]
    assert widths(drawn(display).ax_) == expected.tolist()


@pytest.mark.parametrize("absolute", [False, True])
def test_sensitivities_from_an_estimator(model, X, absolute, drawn):
    display = EncoderWeightsDisplay.from_estimator(model, X, absolute=absolute)
    expected = code_sensitivities(model, X, absolute=absolute)
    assert widths(drawn(display).axes_[1]) == expected["denseautoencoder1"].tolist()
    assert ("|" in display.ax_.get_xlabel()) == absolute
