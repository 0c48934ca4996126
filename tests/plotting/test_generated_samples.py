import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import MMDVAE, VAE, Autoencoder
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
from skae.plotting import GeneratedSamplesDisplay

draw = GeneratedSamplesDisplay.from_estimator


@pytest.fixture(scope="module")
def generator(X):
    model = make_pipeline(StandardScaler(), MMDVAE(2, max_epochs=2, random_state=0))
    return model.fit(10 + X)


@pytest.mark.parametrize("dimensions", [None, (5, 2), (1, 2, 3)])
def test_points_are_those_of_the_autoencoder(generator, dimensions, drawn):
    display = drawn(draw(generator, 30, dimensions=dimensions, random_state=0))
    expected = generator[-1].sample(30, random_state=0)
    features = (0, 1, 2) if dimensions is None else dimensions
    (dots,) = display.ax_.collections
    is_solid = len(features) == 3
    points = np.transpose(dots._offsets3d) if is_solid else dots.get_offsets()
    np.testing.assert_allclose(points, expected[:, features])
    assert display.ax_.get_xlabel() == f"x{features[0]}"


def test_two_features_are_drawn_in_the_plane(X, drawn):
    model = VAE(1, max_epochs=1, random_state=0).fit(X[:, :2])
    assert drawn(draw(model, 5, random_state=0)).ax_.name == "rectilinear"


def test_real_rows_are_behind_as_the_autoencoder_sees_them(generator, X, drawn):
    display = draw(generator, 7, X=10 + X, dimensions=(0, 1), random_state=0)
    data, generated = drawn(display).ax_.collections
    np.testing.assert_allclose(
        data.get_offsets(), generator[0].transform(10 + X)[:, :2], rtol=1e-5
    )
    assert len(generated.get_offsets()) == 7
    legend = display.ax_.get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["data", "generated"]


@pytest.mark.parametrize(
    ("n_samples", "shape"), [(8, (2, 4)), (7, (2, 4)), (1, (1, 1))]
)
def test_images_are_laid_in_a_grid(generator, n_samples, shape, drawn):
    settings = {"kind": "images", "image_shape": (2, 3), "random_state": 0}
    display = drawn(draw(generator, n_samples, **settings))
    image = display.ax_.images[0].get_array().filled(np.nan)
    n_rows, n_columns = shape
    assert image.shape == (3 * n_rows - 1, 4 * n_columns - 1)
    for i, row in enumerate(display.X):
        top, left = 3 * (i // n_columns), 4 * (i % n_columns)
        drawn_row = image[top : top + 2, left : left + 3]
        np.testing.assert_allclose(drawn_row, row.reshape(2, 3))
    assert np.isfinite(image).sum() == display.X.size


def test_images_take_their_shape_from_the_network(X, drawn):
    network = ConvolutionalNetwork("4", image_shape=(2, 3))
    model = Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(X)
    display = drawn(draw(model, 1, kind="images", X=X, random_state=0))
    image = display.ax_.images[0]
    assert image.get_array().shape == (2, 3)
    np.testing.assert_allclose(image.get_clim(), (X.min(), X.max()))


def test_images_need_a_shape(generator):
    with pytest.raises(ValueError, match="needs image_shape"):
        draw(generator, 2, kind="images", random_state=0)


@pytest.mark.parametrize("flat", [False, True])
def test_sequences_have_a_panel_each(X, flat, drawn):
    windows = X if flat else X.reshape(40, 3, 2)
    network = RecurrentNetwork(4, n_channels=2)
    model = Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(windows)
    display = drawn(draw(model, 5, kind="sequences", random_state=0))
    assert len(display.axes_) == len(display.figure_.axes) == 5
    for ax, window in zip(display.axes_, display.X.reshape(5, 3, 2), strict=True):
        lines = [line.get_ydata() for line in ax.lines]
        np.testing.assert_array_equal(np.transpose(lines), window)
    legend = display.axes_[2].get_legend().get_texts()  # the end of the first row
    assert [text.get_text() for text in legend] == ["channel 1", "channel 2"]


@pytest.mark.parametrize(("kind", "n_samples"), [("points", 500), ("sequences", 12)])
def test_number_of_samples_by_default(generator, kind, n_samples):
    assert len(draw(generator, kind=kind, random_state=0).X) == n_samples


def test_random_state_determines_the_samples(generator):
    first, again, other = (
        draw(generator, 3, random_state=seed).X for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_what_does_not_generate(model):
    with pytest.raises(TypeError, match="DenseAutoencoder does not generate rows"):
        draw(model)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "films"}, "use one of images, sequences, points"),
        ({"dimensions": (0, 6)}, "two or three of the 6 features"),
        ({"dimensions": (0,)}, "two or three of the 6 features"),
    ],
)
def test_what_cannot_be_drawn(generator, settings, words):
    with pytest.raises(ValueError, match=words):
        draw(generator, 2, random_state=0, **settings)


def test_sequences_have_no_data_behind(generator, X):
    with pytest.raises(ValueError, match="draws no data beside"):
        draw(generator, 2, kind="sequences", X=X, random_state=0)


def test_sequences_are_no_points():
    with pytest.raises(ValueError, match="rows of at least two features"):
        GeneratedSamplesDisplay(np.zeros((4, 3, 2)), kind="points").plot()


def test_what_is_drawn_follows_from_the_rows(X, drawn):
    rows = X.reshape(40, 1, 2, 3)
    assert drawn(GeneratedSamplesDisplay(rows).plot()).ax_.images
    flat = GeneratedSamplesDisplay(X, image_shape=(2, 3)).plot()
    expected = GeneratedSamplesDisplay(rows).plot().ax_.images[0].get_array()
    np.testing.assert_array_equal(drawn(flat).ax_.images[0].get_array(), expected)
    sequences = GeneratedSamplesDisplay(X[:5].reshape(5, 3, 2)).plot()
    assert len(drawn(sequences).axes_) == 5


def test_what_is_drawn_follows_from_the_network(X, drawn):
    networks = {
        "images": ConvolutionalNetwork("4", image_shape=(2, 3)),
        "sequences": RecurrentNetwork(4, n_channels=2),
    }
    settings = {"max_epochs": 1, "random_state": 0}
    fitted = {
        kind: Autoencoder(2, network=network, **settings).fit(X)
        for kind, network in networks.items()
    }
    display = drawn(draw(fitted["images"], X=X, random_state=0))
    assert (len(display.X), len(display.ax_.images)) == (32, 1)
    display = drawn(draw(fitted["sequences"], random_state=0))
    assert (len(display.X), len(display.axes_)) == (12, 12)
    beside = drawn(draw(fitted["sequences"], 9, X=X, random_state=0))
    assert len(beside.ax_.collections) == 2  # data and points


def test_images_of_another_shape(X):
    with pytest.raises(ValueError, match=r"\(2, 4\) has 8 values, and a row has 6"):
        GeneratedSamplesDisplay(X, image_shape=(2, 4)).plot()
