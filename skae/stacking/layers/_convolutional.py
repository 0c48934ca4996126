"""The convolutional autoencoders of a stack as one network."""

from itertools import pairwise
from math import prod
from typing import NamedTuple

from torch import nn

from skae.networks._convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from skae.networks._convolutions import STRIDE, Convolutions
from skae.stacking.layers._convolutions import StackedConvolution, StackedTransposed
from skae.stacking.layers._dense import (
    back_through,
    has_parts,
    hidden_layers,
    maps_of,
    through,
    widths_of,
)
from skae.stacking.layers._linear import StackedActivation, StackedLinear
from skae.stacking.layers._parts import StackedParts
from skae.stacking.layers._patches import Patches

__all__ = ["ConvolutionalArchitecture", "StackedConvolutional"]


class ConvolutionalArchitecture(NamedTuple):
    """Architecture that the convolutional networks of a stack have in common.

    Attributes
    ----------
    event_shape, read_shape : tuple of int
        Of what is written and what is read.
    kernel_size : int or None
        None without convolutions.
    n_layers, n_dense : int
        Numbers of convolutions, and of dense layers between them and the code.
    hidden : type
        Activation of these layers.
    beside : bool
        Whether linear maps run beside encoder and decoder.
    maps : tuple of str
        Names of the bottleneck's linear maps.
    output : type
        Activation of the reconstruction.
    """

    event_shape: tuple
    read_shape: tuple
    kernel_size: int | None
    n_layers: int
    n_dense: int
    hidden: type
    beside: bool
    maps: tuple
    output: type

    @property
    def activations(self):
        """Kinds of activations."""
        return {self.hidden, self.output}


class StackedConvolutional(StackedParts):
    """Convolutional encoders, maps to the code and decoders of many members.

    Within, maps are ``(n_members, n_channels, n_pixels * n_rows)``; dense layers are
    given what is flattened of them, with channels first, as in a lone network.

    Parameters
    ----------
    modules : list of AutoencoderModule
        Of one `ConvolutionalArchitecture`.
    """

    @staticmethod
    def architecture_of(module):
        """Return the `ConvolutionalArchitecture`, None for modules of other kinds."""
        if not has_parts(module, {ConvolutionalEncoder}, {ConvolutionalDecoder}):
            return None
        encoder, decoder = module.encoder, module.decoder
        convolutions, dense = [*encoder.convolutions], [*encoder.dense]
        hidden = [*convolutions[1::2], *dense[1::2], nn.Identity()]
        return ConvolutionalArchitecture(
            event_shape=decoder.event_shape,
            read_shape=encoder.event_shape,
            kernel_size=convolutions[0].kernel_size[0] if convolutions else None,
            n_layers=len(convolutions) // 2,
            n_dense=len(dense) // 2,
            hidden=type(hidden[0]),
            beside=bool(encoder.beside),
            maps=maps_of(module.bottleneck),
            output=type(decoder.activation),
        )

    @classmethod
    def numbers_of_row(cls, module):
        """Return about how many numbers a row takes in training, besides the row."""
        network = cls([module])
        # what activations make of outputs, and of gradients, is as large as these
        of_linears = sum(3 * li.width + sum(li.in_widths) for li in network._linears)
        convolutions = [layer for layer, _ in (*network.down, *network.up)]
        return of_linears + sum(
            layer.numbers_of_row + 2 * layer.n_small * prod(layer.patches.windows)
            for layer in convolutions
        )

    @staticmethod
    def is_quick_alone(module, n_rows):
        """Return False, as torch's own way back is as fast; see `StackedNetwork`."""
        return False

    def __init__(self, modules):
        shared = self.architecture_of(modules[0])
        self.event_shape, self.read_shape = shared.event_shape, shared.read_shape
        self.beside = shared.beside
        self.n_components = [module.bottleneck.mean.out_features for module in modules]
        self.down = _convolutions(StackedConvolution, self.read_shape, shared, modules)
        up = _convolutions(StackedTransposed, self.event_shape, shared, modules)
        self.up = up[::-1]
        self._set_dense(shared, modules)
        n_values = [prod(self.event_shape)] * len(modules)
        self.linear_path = None
        if self.beside:
            codes = [(k,) for k in self.n_components]
            self.linear_path = StackedLinear(codes, n_values)
        self.output_activation = StackedActivation(shared.output, n_values)
        super().__init__([(layer, 2) for layer in self._layers], len(modules))

    def _set_dense(self, shared, modules):
        """Make the layers between convolutions and the code, and those behind it."""
        hidden = (shared.hidden,) * shared.n_dense
        encoders, decoders = (
            [getattr(module, name) for module in modules]
            for name in ("encoder", "decoder")
        )
        self.dense_down = hidden_layers(hidden, [widths_of(e.dense) for e in encoders])
        beside = (prod(self.read_shape),) * self.beside
        features = [(*beside, e.out_features - sum(beside)) for e in encoders]
        self.maps = [StackedLinear(features, self.n_components) for _ in shared.maps]
        self.dense_up = hidden_layers(hidden, [widths_of(d.dense) for d in decoders])
        self.features = StackedLinear(
            [(decoder.features.in_features,) for decoder in decoders],
            [decoder.features.out_features for decoder in decoders],
        )

    @property
    def _linears(self):
        hidden = [linear for linear, _ in (*self.dense_down, *self.dense_up)]
        beside = [self.linear_path] if self.beside else []
        return [*hidden, *self.maps, self.features, *beside]

    @property
    def _layers(self):
        """Layers in the order of `parameters_of`."""
        convolutions = [layer for layer, _ in (*self.down, *self.up)]
        return [*convolutions, *self._linears]

    @property
    def _activations(self):
        pairs = (*self.down, *self.dense_down, *self.dense_up, *self.up)
        return [*(activation for _, activation in pairs), self.output_activation]

    def bind(self, weights, grads):
        """Work on these `Weights`, and write gradients into those."""
        super().bind(weights, grads)
        for activation in self._activations:
            activation.bind(weights.flat)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        super().keep(members)
        self.n_components = [self.n_components[member] for member in members]
        for activation in self._activations:
            activation.keep(members)

    def encode(self, x, present=None):
        """Return the outputs of the bottleneck's maps, of rows that are complete."""
        maps = through(self.down, _maps_of(x, self.read_shape))
        features = through(self.dense_down, _flat(maps, x.shape[1]))
        inputs = [x, features] if self.beside else [features]
        return [linear.forward(inputs) for linear in self.maps]

    def decode(self, z):
        """Return the reconstructions of codes."""
        features = self.features.forward([through(self.dense_up, z)])
        maps = _maps_of_flat(features, self._n_channels)
        for convolution, activation in self.up:
            maps = convolution.forward([activation.forward(maps)])
        x = _events_of(maps, z.shape[1], self.event_shape)
        if self.beside:
            x = x.add_(self.linear_path.forward([z]))
        return self.output_activation.forward(x)

    def backward_decoder(self, g):
        """Set the decoders' gradients, and return that of the codes."""
        g = self.output_activation.backward(g)
        beside = self.linear_path.backward(g, [True]) if self.beside else []
        n_rows, g = g.shape[1], _maps_of(g, self.event_shape)
        for convolution, activation in reversed(self.up):
            g = activation.backward(convolution.backward(g, [True])[0])
        (g,) = self.features.backward(_flat(g, n_rows), [True])
        g = back_through(self.dense_up, g, to_input=True)
        return sum(beside, g)

    def backward_encoder(self, grads):
        """Set the encoders' gradients, given those of the maps' outputs."""
        needed = [False] * self.beside + [bool(self.down or self.dense_down)]
        features = [
            linear.backward(g, needed)[-1]
            for linear, g in zip(self.maps, grads, strict=True)
        ]
        if not needed[-1]:
            return
        g = sum(features[1:], features[0])
        g = back_through(self.dense_down, g, to_input=bool(self.down))
        if self.down:
            g = _maps_of_flat(g, self.down[-1][0].n_small)
            back_through(self.down, g, to_input=False)

    @property
    def _n_channels(self):
        """Number of channels of the maps that the decoder begins with, padded."""
        return self.up[0][0].n_small if self.up else _n_channels_of(self.event_shape)

    def parameters_of(self, module):
        """Return a member's parameters, in the order of the layers."""
        encoder, decoder = module.encoder, module.decoder
        maps = [getattr(module.bottleneck, name) for name in maps_of(module.bottleneck)]
        layers = [
            *[*encoder.convolutions][::2],
            *[*decoder.convolutions][1::2],
            *[*encoder.dense][::2],
            *[*decoder.dense][::2],
            *maps,
            decoder.features,
            *([decoder.linear_path] if self.beside else []),
        ]
        return [tensor for layer in layers for tensor in (layer.weight, layer.bias)]


def _convolutions(kind, event_shape, shared, modules):
    """Return pairs of convolutions and the activations of the smaller maps."""
    own = [
        tuple(layer.out_channels for layer in [*module.encoder.convolutions][::2])
        for module in modules
    ]
    if not shared.n_layers:
        return []
    channels = list(zip(*own, strict=True))
    shapes = Convolutions(event_shape, map(max, channels), shared.kernel_size).shapes
    pairs = []
    for (large, small), sizes in zip(pairwise(shapes), channels, strict=True):
        patches = Patches.between(large, small, shared.kernel_size, STRIDE)
        activation = StackedActivation(shared.hidden, list(sizes), axis=1)
        pairs.append((kind(patches, small[0]), activation))
    return pairs


def _n_channels_of(event_shape):
    """Return the number of channels of events."""
    return event_shape[0] if len(event_shape) == 3 else event_shape[1]


def _maps_of(x, event_shape):
    """Return the maps of flat events: images, channels first, or sequences."""
    if len(event_shape) == 2:
        return x.unflatten(2, event_shape).permute(0, 3, 2, 1).flatten(2).contiguous()
    return _maps_of_flat(x, event_shape[0])


def _events_of(maps, n_rows, event_shape):
    """Return flat events of maps."""
    if len(event_shape) == 2:
        maps = maps.unflatten(2, (-1, n_rows))
        return maps.permute(0, 3, 2, 1).flatten(2).contiguous()
    return _flat(maps, n_rows)


def _maps_of_flat(x, n_channels):
    """Return the maps of rows ``(n_members, n_rows, n_channels * n_pixels)``."""
    return x.mT.unflatten(1, (n_channels, -1)).flatten(2).contiguous()


def _flat(maps, n_rows):
    """Return maps as such rows."""
    return maps.view(len(maps), -1, n_rows).mT.contiguous()
