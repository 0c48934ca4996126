"""Fully connected encoder and its mirror image."""

from itertools import pairwise
from math import prod

from torch import nn

from skae.networks._base import NETWORKS, Network
from skae.networks.activations import get_activation
from skae.networks.architecture import layer_sizes

__all__ = ["DenseNetwork"]


@NETWORKS.register("dense")
class DenseNetwork(Network):
    """Multilayer perceptrons: an encoder and the decoder that mirrors it.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, str or int, default=(64, 32)
        Widths of the encoder's hidden layers, the decoder's in reverse: a tuple, a
        string such as ``"64-32"``, or a depth with geometrically tapering widths.
        ``()`` makes both maps linear.
    activation : str, default="relu"
        Activation of the hidden layers.
    output_activation : str, default="identity"
        Activation of the reconstruction.

    Examples
    --------
    >>> from skae.networks import DenseNetwork
    >>> encoder, decoder = DenseNetwork((64, 32)).build((100,), n_components=8)
    >>> encoder.out_features
    32
    """

    def __init__(
        self,
        hidden_layer_sizes=(64, 32),
        *,
        activation="relu",
        output_activation="identity",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output_activation = output_activation

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder; see `Network.build`."""
        n_features = prod(event_shape)
        sizes = layer_sizes(self.hidden_layer_sizes, n_features, n_components)
        hidden = get_activation(self.activation).module
        output = get_activation(self.output_activation).module
        encoder = _Encoder(_layers((n_features, *sizes), hidden), sizes, n_features)
        decoder = _Decoder(
            *_layers((n_components, *reversed(sizes)), hidden),
            nn.Linear((sizes or (n_components,))[0], n_features),
            *([] if output is nn.Identity else [output()]),
        )
        return encoder, decoder


def _layers(sizes, activation):
    for n_in, n_out in pairwise(sizes):
        yield nn.Linear(n_in, n_out)
        yield activation()


class _Encoder(nn.Sequential):
    def __init__(self, layers, sizes, n_features):
        super().__init__(*layers)
        self.out_features = (n_features, *sizes)[-1]


class _Decoder(nn.Sequential):
    def forward(self, z, event_shape):
        return super().forward(z)
