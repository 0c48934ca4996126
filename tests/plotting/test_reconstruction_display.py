import numpy as np
import pytest

from skae import Autoencoder
from skae.networks import ConvolutionalNetwork
from skae.plotting import ReconstructionDisplay


def test_reconstructed_features(model, drawn, X):
    display = drawn(ReconstructionDisplay.from_estimator(model, X, name="length (cm)"))
    assert "% of the variance" in display.ax_.get_title()
    assert abs(display.X.mean()) < 1e-6  # as the autoencoder sees them


def test_what_is_missing_is_no_dot(drawn, X):
    gaps = X.copy()
    gaps[::3, 0] = np.nan
    display = drawn(ReconstructionDisplay(gaps, X).plot())
    assert len(display.ax_.collections[0].get_offsets()) == np.isfinite(gaps).sum()
    diagonal = display.ax_.lines[0].get_xdata()
    assert list(diagonal) == [X.min(), X.max()]


def test_reconstructed_images(drawn, X):
    settings = {"kind": "images", "image_shape": (2, 3)}
    display = drawn(ReconstructionDisplay(X[:4], X[:4], **settings).plot())
    image = display.ax_.images[0].get_array()
    assert image.shape == (2 + 1 + 2, 4 * 3 + 3)
    np.testing.assert_allclose(image[:2, 4:7], X[1].reshape(2, 3), rtol=1e-6)


@pytest.mark.parametrize("shape", [(40, 3, 2), (40, 6)])
def test_reconstructed_sequences(shape, drawn, X):
    windows = X.reshape(shape)[:5]
    settings = {"kind": "sequences", "n_channels": 2, "ticks": list("abcde")}
    display = drawn(ReconstructionDisplay(windows, windows, **settings).plot())
    second = display.ax_.lines[1]
    np.testing.assert_allclose(second.get_ydata(), X[1, ::2])
    assert second.get_xdata().tolist() == [3, 4, 5]
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == list("abcde")


def test_what_is_drawn_follows_from_the_rows(drawn, X):
    images = X[:4].reshape(4, 1, 2, 3)
    display = drawn(ReconstructionDisplay(images, images).plot())
    stated = ReconstructionDisplay(X[:4], X[:4], image_shape=(2, 3)).plot()
    for each in (display, drawn(stated)):
        image = each.ax_.images[0].get_array()
        np.testing.assert_allclose(image[:2, 4:7], X[1].reshape(2, 3), rtol=1e-6)
    windows = X[:4].reshape(4, 3, 2)
    lines = drawn(ReconstructionDisplay(windows, windows).plot()).ax_.lines
    np.testing.assert_allclose(lines[1].get_ydata(), windows[1, :, 0])


def test_images_take_their_shape_from_the_network(drawn, X):
    network = ConvolutionalNetwork("4", image_shape=(2, 3))
    model = Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(X)
    display = drawn(ReconstructionDisplay.from_estimator(model, X))
    image = display.ax_.images[0].get_array()
    assert image.shape == (2 + 1 + 2, 16 * 3 + 15)  # 16 of the 40
    features = ReconstructionDisplay.from_estimator(model, X, kind="features")
    assert len(drawn(features).ax_.collections[0].get_offsets()) == X.size


def test_so_many_are_drawn(drawn, X):
    windows = X[:6].reshape(6, 3, 2)
    settings = {"max_samples": 4, "ticks": list("abcdef")}
    ax = drawn(ReconstructionDisplay(windows, windows, **settings).plot()).ax_
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abcd")
    settings = {"max_samples": 4, "image_shape": (2, 3)}
    ax = drawn(ReconstructionDisplay(X, X, **settings).plot()).ax_
    assert ax.images[0].get_array().shape[1] == 4 * 3 + 3


def test_images_need_a_shape(X):
    with pytest.raises(ValueError, match="kind='images' needs image_shape"):
        ReconstructionDisplay(X, X, kind="images").plot()


def test_unknown_kind(X):
    with pytest.raises(ValueError, match="kind='movie': use one of images"):
        ReconstructionDisplay(X, X, kind="movie").plot()


def test_reconstructed_colours(drawn):
    images = np.random.default_rng(0).uniform(2, 4, size=(3, 3, 4, 5))
    settings = {"kind": "images", "image_shape": (3, 4, 5)}
    display = drawn(ReconstructionDisplay(images, images, **settings).plot())
    image = display.ax_.images[0].get_array()
    assert image.shape == (4 + 1 + 4, 3 * 5 + 2, 3)
    scaled = (images[1] - images.min()) / (images.max() - images.min())
    np.testing.assert_allclose(image[:4, 6:11], scaled.transpose(1, 2, 0))
    assert (image[4] == 1).all()  # paper


def test_images_of_two_channels():
    images = np.zeros((2, 2, 4, 5))
    with pytest.raises(ValueError, match="Images of 2 channels cannot be drawn"):
        ReconstructionDisplay(
            images, images, kind="images", image_shape=(2, 4, 5)
        ).plot()
