"""Fully connected encoder and its mirror image."""

from itertools import pairwise
from math import prod

import torch
from torch import nn

from skae.networks._activations import get_activation
from skae.networks._architecture import layer_sizes
from skae.networks._base import NETWORKS, Network
from skae.networks._linear_path import LinearPathMixin

__all__ = ["DenseNetwork", "Hidden"]


@NETWORKS.register("dense")
class DenseNetwork(LinearPathMixin, Network):
    """Multilayer perceptrons: an encoder and the decoder that mirrors it.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, str or int, default=(64, 64)
        Widths of the encoder's hidden layers, the decoder's in reverse: a tuple, a
        string such as ``"64-32"``, or a depth of up to 6 layers with geometrically
        tapering widths. One layer of 10 units is ``(10,)``; 10 is refused.
        ``()`` makes both maps linear.
    activation : str, default="silu"
        Activation of the hidden layers.
    output_activation : str, default="identity"
        Activation of the reconstruction.
    linear_path : {"pca"} or None, default=None
        ``"pca"`` adds a linear map to the encoder and to the decoder, beside their
        hidden layers, and starts training from the principal components: the linear
        maps are those of whitened components, what the hidden layers add is zero.
        The hidden layers then learn what a linear reconstruction leaves.

    Examples
    --------
    >>> from skae.networks import DenseNetwork
    >>> encoder, decoder = DenseNetwork((64, 32)).build((100,), n_components=8)
    >>> encoder.out_features
    32
    """

    def __init__(
        self,
        hidden_layer_sizes=(64, 64),
        *,
        activation="silu",
        output_activation="identity",
        linear_path=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output_activation = output_activation
        self.linear_path = linear_path

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder; see `Network.build`."""
        n_features = prod(event_shape)
        sizes = layer_sizes(self.hidden_layer_sizes, n_features, n_components)
        encoder = self._hidden((n_features, *sizes))
        decoder = _Decoder(
            self._hidden((n_components, *reversed(sizes))),
            n_features,
            get_activation(self.output_activation).module,
        )
        return encoder, decoder

    def _hidden(self, sizes):
        activation = get_activation(self.activation).module
        return Hidden(sizes, activation, beside=self.has_linear_path)


class Hidden(nn.Module):
    """Hidden layers, whose output has the inputs beside its features on demand."""

    def __init__(self, sizes, activation, beside):
        super().__init__()
        layers = [(nn.Linear(*pair), activation()) for pair in pairwise(sizes)]
        self.layers = nn.Sequential(*(module for layer in layers for module in layer))
        self.beside = beside and len(layers) > 0
        self.out_features = sizes[-1] + self.beside * sizes[0]

    def forward(self, x):
        features = self.layers(x)
        return torch.cat([x, features], dim=-1) if self.beside else features


class _Decoder(nn.Module):
    def __init__(self, hidden, n_features, activation):
        super().__init__()
        self.hidden = hidden
        self.output = nn.Linear(hidden.out_features, n_features)
        self.activation = activation()

    @property
    def linear_path(self):
        """The layer that is given the code beside the hidden layers' features."""
        return self.output

    last = linear_path

    def forward(self, z, event_shape):
        return self.activation(self.output(self.hidden(z)))
