import numpy as np
import pytest
import torch
from helpers.data import tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from skae import DenseAutoencoder
from skae.exceptions import UnknownNameError
from skae.networks import NETWORKS, ConvolutionalNetwork

quick = settings(max_examples=40, deadline=None, derandomize=True)
sizes = st.integers(1, 29)


class ImageAutoencoder(DenseAutoencoder):
    """A composition, as a user would write one."""

    def _network(self):
        return ConvolutionalNetwork((8, 16), image_shape=(8, 8))


class ConvolutionalSequences(DenseAutoencoder):
    def _network(self):
        return ConvolutionalNetwork("16-16", n_channels=2)


def build(network, event_shape, n_components=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, decoder = network.build(event_shape, n_components)
    return encoder.double(), decoder.double()


def sines(n_samples=150, n_timesteps=13, seed=0):
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, size=(n_samples, 1, 1))
    X = np.sin(phase + np.arange(n_timesteps)[:, None] / 2 + [0, 1])
    return X.astype(np.float32)


def assert_shapes(network, event_shape, leading=(2, 3)):
    encoder, decoder = build(network, event_shape)
    x, z = tensor(*leading, *event_shape), tensor(*leading, 3)
    assert encoder(x).shape == (*leading, encoder.out_features)
    assert decoder(z, event_shape).shape == x.shape


@quick
@given(
    image_shape=st.tuples(st.integers(1, 3), sizes, sizes),
    channels=st.lists(st.integers(1, 4), max_size=4),
    kernel_size=st.integers(1, 6),
    hidden_size=st.none() | st.integers(1, 5),
)
def test_images_of_any_size(image_shape, channels, kernel_size, hidden_size):
    network = ConvolutionalNetwork(
        channels,
        kernel_size=kernel_size,
        hidden_size=hidden_size,
        image_shape=image_shape,
    )
    assert_shapes(network, image_shape)


@quick
@given(
    event_shape=st.tuples(st.integers(1, 70), st.integers(1, 3)),
    channels=st.lists(st.integers(1, 4), max_size=4),
    kernel_size=st.integers(1, 6),
)
def test_sequences_of_any_length(event_shape, channels, kernel_size):
    network = ConvolutionalNetwork(channels, kernel_size=kernel_size)
    assert_shapes(network, event_shape)


@pytest.mark.parametrize("leading", [(5,), (1,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("event_shape", [(2, 9, 6), (9, 2)])
def test_leading_axes(event_shape, leading):
    assert_shapes(ConvolutionalNetwork("4-5", hidden_size=6), event_shape, leading)


@pytest.mark.parametrize("event_shape", [(2, 9, 6), (9, 2)])
def test_stacked_is_looped(event_shape):
    encoder, decoder = build(ConvolutionalNetwork("4-5"), event_shape)
    x, z = tensor(2, 5, *event_shape), tensor(2, 5, 3)
    torch.testing.assert_close(encoder(x), torch.stack([encoder(one) for one in x]))
    torch.testing.assert_close(
        decoder(z, event_shape), torch.stack([decoder(one, event_shape) for one in z])
    )


def test_convolutions_go_over_time():
    """Shifting a sequence by two strides shifts its features by one of them."""
    encoder, _ = build(ConvolutionalNetwork((4, 4)), (32, 2))
    x = torch.zeros(2, 32, 2, dtype=torch.float64)
    x[0, 12:16] = x[1, 16:20] = tensor(4, 2)
    early, late = encoder(x).unflatten(1, (4, 8))
    # The last one is left out: its field of view meets the padding.
    torch.testing.assert_close(early[:, 1:6], late[:, 2:7])


@pytest.mark.parametrize(("shape", "event"), [((4, 6), (1, 4, 6)), ((3, 4, 2),) * 2])
def test_flattened_images_round_trip(shape, event):
    network = ConvolutionalNetwork(image_shape=shape)
    X = np.arange(5 * 24.0).reshape(5, 24)
    images = network.as_events(X)
    assert images.shape == (5, *event)
    np.testing.assert_array_equal(images.reshape(X.shape), X)
    np.testing.assert_array_equal(network.as_events(torch.from_numpy(X)), images)
    np.testing.assert_array_equal(network.as_events(images), images)


def test_flattened_windows_round_trip():
    network = ConvolutionalNetwork(n_channels=2)
    X = sines()
    np.testing.assert_array_equal(network.as_events(X.reshape(len(X), -1)), X)
    np.testing.assert_array_equal(network.as_events(X), X)


def test_only_sequences_are_sequences():
    assert NETWORKS.get("convolutional")().takes_sequences
    assert not ConvolutionalNetwork(image_shape=(8, 8)).takes_sequences
    assert not ConvolutionalNetwork().takes_missing_ends


def test_more_channels_and_layers_make_these_features():
    def out_features(network):
        return build(network, (1, 28, 28))[0].out_features

    assert out_features(ConvolutionalNetwork((8,))) == 8 * 14 * 14
    assert out_features(ConvolutionalNetwork("8-16")) == 16 * 7 * 7
    assert out_features(ConvolutionalNetwork("8-16", hidden_size=32)) == 32


def test_the_output_activation_bounds_the_output():
    _, decoder = build(ConvolutionalNetwork(output_activation="sigmoid"), (9, 2))
    x_hat = decoder(100 * tensor(50, 3), (9, 2))
    assert x_hat.min() >= 0
    assert x_hat.max() <= 1


def test_it_learns_digits():
    X = (load_digits().data / 16).astype(np.float32)[:900]
    settings = {"learning_rate": 1e-2, "batch_size": 32, "random_state": 0}
    briefly = ImageAutoencoder(16, max_epochs=2, **settings).fit(X)
    longer = ImageAutoencoder(16, max_epochs=20, **settings).fit(X)
    assert longer.score_samples(X).mean() > briefly.score_samples(X).mean()
    assert longer.score(X) > 0.6
    assert longer.transform(X).shape == (900, 16)
    assert longer.inverse_transform(longer.transform(X)).shape == X.shape


def test_it_learns_sequences_in_either_form():
    X = sines()
    settings = {"max_epochs": 60, "learning_rate": 1e-2, "random_state": 0}
    on_3d = ConvolutionalSequences(2, **settings).fit(X)
    flat = X.reshape(len(X), -1)
    on_2d = ConvolutionalSequences(2, **settings).fit(flat)
    assert on_3d.score(X) > 0.9
    np.testing.assert_array_equal(on_3d.transform(X), on_2d.transform(flat))
    assert on_3d.reconstruct(X).shape == X.shape
    assert on_2d.reconstruct(flat).shape == flat.shape


def test_transform_does_not_depend_on_the_other_rows():
    X = load_digits().data[:40]
    model = ImageAutoencoder(4, max_epochs=2, random_state=0).fit(X)
    one_by_one = np.vstack([model.transform(row[None]) for row in X])
    np.testing.assert_allclose(model.transform(X), one_by_one, atol=1e-12)


def test_the_length_is_that_of_the_fit():
    model = ConvolutionalSequences(2, max_epochs=1, random_state=0).fit(sines())
    with pytest.raises(ValueError, match=r"\(13, 2\).*\(12, 2\).*recurrent"):
        model.transform(sines(n_timesteps=12))
    _, decoder = build(ConvolutionalNetwork(), (13, 2))
    with pytest.raises(ValueError, match=r"\(13, 2\).*\(12, 2\)"):
        decoder(tensor(4, 3), (12, 2))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"channels": "8-x"}, "channels='8-x'.*'64-32'"),
        ({"channels": 8}, r"channels=8.*\(64, 32\)"),
        ({"channels": (8, 0)}, "at least 1"),
        ({"kernel_size": 0}, "kernel_size=0"),
        ({"kernel_size": 2.5}, "kernel_size=2.5"),
        ({"hidden_size": 0}, "hidden_size=0"),
        ({"activation": "silo"}, "Did you mean 'silu'"),
        ({"output_activation": "sigmod"}, "Did you mean 'sigmoid'"),
    ],
)
def test_bad_parameters_are_named(params, match):
    with pytest.raises((ValueError, UnknownNameError), match=match):
        build(ConvolutionalNetwork(**params), (9, 2))


@pytest.mark.parametrize(
    ("image_shape", "match"),
    [
        ((8, 9), r"X has 64 columns.*image_shape=\(8, 9\) has 72 pixels"),
        ((64,), "write .height, width."),
        ((0, 8), "image_shape=0"),
        ((8.0, 8.0), "image_shape=8.0"),
    ],
)
def test_bad_image_shapes_are_named(image_shape, match):
    with pytest.raises(ValueError, match=match):
        ConvolutionalNetwork(image_shape=image_shape).as_events(np.ones((5, 64)))


def test_tables_are_neither_images_nor_sequences():
    with pytest.raises(ValueError, match=r"event_shape=\(64,\).*as_events"):
        build(ConvolutionalNetwork(), (64,))
