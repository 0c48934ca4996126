"""Convolutional encoder for images or sequences, and its mirror image."""

from itertools import pairwise
from math import prod
from numbers import Integral

import torch
from torch import nn

from skae.networks._activations import get_activation
from skae.networks._architecture import as_sizes
from skae.networks._base import NETWORKS, Network
from skae.networks._convolutions import Convolutions
from skae.networks._linear_path import LinearPathMixin
from skae.shapes import as_sequences

__all__ = ["ConvolutionalDecoder", "ConvolutionalEncoder", "ConvolutionalNetwork"]


@NETWORKS.register("convolutional")
class ConvolutionalNetwork(LinearPathMixin, Network):
    """Strided convolutions, and the transposed ones that mirror them.

    Every convolution halves height and width of an image, or the length of a
    sequence, rounding up; what is left is flattened to the encoder's features. The
    decoder maps the code back to that shape and doubles its way to the input's. Any
    size will do, but the network has one: that of the fit. Values that sequences lack
    are NaN, for which an estimator puts means.

    Parameters
    ----------
    channels : tuple of int or str, default=(32, 64)
        Channels of the encoder's convolutions, the decoder's in reverse: a tuple, or
        a string such as ``"32-64"``. More of them make smaller features of larger
        receptive fields.
    kernel_size : int, default=3
        Width of the convolutions, in pixels or time steps. One leaves every second
        pixel unread.
    hidden_size : int or None, default=None
        Width of one dense layer between the convolutions and the code, and between
        the code and the transposed convolutions; None for a linear map.
    activation : str, default="silu"
        Activation of the hidden layers.
    output_activation : str, default="identity"
        Activation of the reconstruction.
    image_shape : tuple of int or None, default=None
        ``(height, width)`` or ``(channels, height, width)`` of the images: of their
        flattened pixels in the rows of a 2-D input, channels first, or as they are in
        an input of shape ``(n_samples, height, width)`` or ``(n_samples, channels,
        height, width)``. None: a 4-D input holds images of its own shape; else rows are
        sequences, and convolutions go over time.
    n_channels : int, default=1
        Number of channels of the flattened windows in a 2-D input of sequences. 3-D
        inputs carry their own, images have theirs in `image_shape`.
    linear_path : {"pca"} or None, default=None
        ``"pca"`` adds a linear map from the flattened event to the code, and one back,
        and starts training from the principal components: the linear maps are those of
        whitened components, what the convolutions add is zero. These then learn what a
        linear reconstruction leaves.

    See Also
    --------
    RecurrentNetwork : For sequences whose lengths differ.

    Examples
    --------
    >>> import torch
    >>> from skae.networks import ConvolutionalNetwork
    >>> network = ConvolutionalNetwork("8-16", image_shape=(28, 28))
    >>> x = network.as_events(torch.zeros(5, 784))
    >>> x.shape
    torch.Size([5, 1, 28, 28])
    >>> encoder, decoder = network.build((1, 28, 28), n_components=4)
    >>> encoder(x).shape
    torch.Size([5, 784])
    >>> decoder(torch.zeros(5, 4), (1, 28, 28)).shape
    torch.Size([5, 1, 28, 28])
    """

    def __init__(
        self,
        channels=(32, 64),
        *,
        kernel_size=3,
        hidden_size=None,
        activation="silu",
        output_activation="identity",
        image_shape=None,
        n_channels=1,
        linear_path=None,
    ):
        self.channels = channels
        self.kernel_size = kernel_size
        self.hidden_size = hidden_size
        self.activation = activation
        self.output_activation = output_activation
        self.image_shape = image_shape
        self.n_channels = n_channels
        self.linear_path = linear_path

    takes_images = True

    @property
    def takes_sequences(self):
        """Whether rows may be sequences: only where they are not images."""
        return self.image_shape is None

    def as_events(self, X):
        """Return rows as images, channels first, or as sequences, time first.

        Raises
        ------
        ValueError
            When rows have another number of values than `image_shape`, images another
            shape, rows are not whole time steps of `n_channels`, or channels come last.
        """
        if self.image_shape is not None:
            return _as_images(X, self.image_shape)
        if X.ndim == 4:
            _check_channels_first(X)
            return X
        return as_sequences(X, self.n_channels)

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder; see `Network.build`.

        Raises
        ------
        ValueError
            When a size is below 1, `channels` does not read as sizes, or events are
            neither images nor sequences.
        UnknownNameError
            When there is no such activation or linear path.
        """
        stages = Convolutions(
            event_shape,
            as_sizes(self.channels, "channels"),
            *_checked_sizes("kernel_size", self.kernel_size),
        )
        activation = get_activation(self.activation).module
        output = get_activation(self.output_activation).module
        sizes = ()
        if self.hidden_size is not None:
            sizes = _checked_sizes("hidden_size", self.hidden_size)
        beside = self.has_linear_path
        encoder = ConvolutionalEncoder(stages, sizes, activation, beside)
        sizes = (n_components, *sizes)
        return encoder, ConvolutionalDecoder(stages, sizes, activation, output, beside)


def _checked_sizes(parameter, *sizes):
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{parameter}={size!r}: use an integer of at least 1.")
    return sizes


def _as_images(X, image_shape):
    shape = tuple(image_shape)
    if len(shape) not in (2, 3):
        raise ValueError(
            f"image_shape={image_shape!r}: write (height, width) or "
            "(channels, height, width)."
        )
    _checked_sizes("image_shape", *shape)
    shape = _with_channels(shape)
    if X.ndim > 2 and _with_channels(X.shape[1:]) != shape:
        raise ValueError(
            f"X holds images of shape {tuple(X.shape[1:])}, and image_shape="
            f"{image_shape!r} says otherwise: set image_shape to theirs, (height, "
            f"width) or (channels, height, width).{_if_channels_come_last(X, shape)}"
        )
    if prod(X.shape[1:]) != prod(shape):
        raise ValueError(
            f"X has {prod(X.shape[1:])} columns, but image_shape={image_shape!r} has "
            f"{prod(shape)} pixels: set image_shape to the (height, width) or "
            "(channels, height, width) of the flattened images."
        )
    return X.reshape(X.shape[0], *shape)


def _with_channels(shape):
    return (*(1,) * (3 - len(shape)), *shape)


def _if_channels_come_last(X, shape):
    if X.ndim == 4 and tuple(X.shape[1:]) == (*shape[1:], shape[0]):
        return " These have their channels last: pass X.transpose(0, 3, 1, 2)."
    return ""


def _check_channels_first(X):
    """Refuse images of a shape that says channels last, such as (28, 28, 3)."""
    if X.shape[3] in (1, 3, 4) and X.shape[1] == X.shape[2]:
        raise ValueError(
            f"X of shape {tuple(X.shape)} seems to hold images whose channels come "
            "last: pass X.transpose(0, 3, 1, 2), channels first; or set "
            f"image_shape={tuple(X.shape[1:])}, if channels do come first."
        )


class ConvolutionalEncoder(nn.Module):
    """Convolutions, and dense layers of what they leave; see `ConvolutionalNetwork`."""

    def __init__(self, stages, sizes, activation, beside):
        super().__init__()
        self.event_shape = stages.event_shape
        self.convolutions = stages.down(activation)
        self.dense = _dense((stages.n_features, *sizes), activation)
        self.beside = beside
        n_beside = beside * prod(self.event_shape)
        self.out_features = (stages.n_features, *sizes)[-1] + n_beside

    def forward(self, x):
        n_dims = len(self.event_shape)
        _check_shape(tuple(x.shape[-n_dims:]), self.event_shape)
        features = self.convolutions(_channels_first(x.reshape(-1, *self.event_shape)))
        features = self.dense(features.flatten(1))
        features = features.reshape(*x.shape[:-n_dims], features.shape[-1])
        if self.beside:
            features = torch.cat([x.flatten(-n_dims), features], dim=-1)
        return features


class ConvolutionalDecoder(nn.Module):
    """Dense layers, and transposed convolutions; see `ConvolutionalNetwork`."""

    def __init__(self, stages, sizes, activation, output, beside):
        super().__init__()
        self.event_shape = stages.event_shape
        self.dense = _dense(sizes, activation)
        self.features = nn.Linear(sizes[-1], stages.n_features)
        self.unflatten = nn.Unflatten(1, stages.shapes[-1])
        self.convolutions = stages.up(activation)
        self.activation = output()
        n_values = prod(self.event_shape)
        self.linear_path = nn.Linear(sizes[0], n_values) if beside else None

    @property
    def last(self):
        """The layer that writes the event, before its activation."""
        return self.convolutions[-1] if len(self.convolutions) else self.features

    def forward(self, z, event_shape):
        _check_shape(tuple(event_shape), self.event_shape)
        codes = z.reshape(-1, z.shape[-1])
        features = self.features(self.dense(codes))
        x = _channels_first(self.convolutions(self.unflatten(features)))
        if self.linear_path is not None:
            x = x + self.linear_path(codes).view_as(x)
        return self.activation(x).reshape(*z.shape[:-1], *self.event_shape)


def _dense(sizes, activation):
    layers = [(nn.Linear(*pair), activation()) for pair in pairwise(sizes)]
    return nn.Sequential(*(module for layer in layers for module in layer))


def _channels_first(x):
    """Exchange time and channels of sequences; the exchange is its own inverse."""
    return x.mT if x.ndim == 3 else x


def _check_shape(given, expected):
    if given != expected:
        raise ValueError(
            f"The network was fitted to rows of shape {expected}, and can't take or "
            f"return rows of shape {given}: bring them to that shape, or use a "
            "recurrent network, which takes sequences of any length."
        )
