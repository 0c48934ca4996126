"""The recurrent autoencoders of a stack as one network."""

from math import prod
from typing import NamedTuple

from torch import nn

from skae.networks._recurrent import _Encoder, _Repeat, _Stateful
from skae.stacking.layers._dense import has_parts, maps_of
from skae.stacking.layers._gru import StackedGRU
from skae.stacking.layers._linear import StackedLinear
from skae.stacking.layers._lstm import StackedLSTM
from skae.stacking.layers._parts import StackedParts
from skae.stacking.layers._reader import StackedReader
from skae.stacking.layers._writer import StackedWriter

__all__ = ["RecurrentArchitecture", "StackedRecurrent"]

_CELLS = {nn.GRU: StackedGRU, nn.LSTM: StackedLSTM}

# Numbers that a cell writes down for a unit and a time step, and some for products.
_NUMBERS_OF_STEP = 16


class RecurrentArchitecture(NamedTuple):
    """Architecture that the recurrent networks of a stack have in common.

    Attributes
    ----------
    event_shape, read_shape : tuple of int
        Numbers of time steps and channels, of what is written and what is read.
    cell : type
        Of torch's recurrent layers.
    n_layers : tuple of int
        In the encoder and the decoder.
    n_directions : int
        In which the encoder reads.
    decoder : type
    beside : bool
        Whether linear maps run beside encoder and decoder.
    maps : tuple of str
        Names of the bottleneck's linear maps.
    output : type
        Activation of the reconstruction.
    """

    event_shape: tuple
    read_shape: tuple
    cell: type
    n_layers: tuple
    n_directions: int
    decoder: type
    beside: bool
    maps: tuple
    output: type

    @property
    def activations(self):
        """Kinds of activations, besides those of the cells."""
        return {self.output}


class StackedRecurrent(StackedParts):
    """Recurrent encoders, maps to the code and decoders of many members.

    Within, sequences are ``(n_members, n_timesteps, n_rows, width)``.

    Parameters
    ----------
    modules : list of AutoencoderModule
        Of one `RecurrentArchitecture`.
    """

    @staticmethod
    def architecture_of(module):
        """Return the `RecurrentArchitecture`, None for modules of another kind."""
        if not has_parts(module, {_Encoder}, {_Repeat, _Stateful}):
            return None
        encoder, decoder = module.encoder, module.decoder
        if not {type(encoder.layers), type(decoder.layers)} <= set(_CELLS):
            return None
        return RecurrentArchitecture(
            event_shape=module.event_shape,
            read_shape=(module.event_shape[0], encoder.layers.input_size),
            cell=type(encoder.layers),
            n_layers=(encoder.layers.num_layers, decoder.layers.num_layers),
            n_directions=encoder.n_directions,
            decoder=type(decoder),
            beside=encoder.beside,
            maps=maps_of(module.bottleneck),
            output=type(decoder.output[1]),
        )

    @classmethod
    def numbers_of_row(cls, module):
        """Return about how many numbers a row takes in training, besides the row."""
        shared = cls.architecture_of(module)
        n_layers = shared.n_directions * shared.n_layers[0] + shared.n_layers[1]
        units = n_layers * module.encoder.layers.hidden_size
        return _NUMBERS_OF_STEP * shared.event_shape[0] * units

    def __init__(self, modules):
        shared = self.architecture_of(modules[0])
        self.event_shape, self.beside = shared.event_shape, shared.beside
        self.read_shape = shared.read_shape
        self.n_components = [module.bottleneck.mean.out_features for module in modules]
        sizes = [module.encoder.layers.hidden_size for module in modules]
        cell, shape = _CELLS[shared.cell], shared.event_shape
        self.encoder = StackedReader(
            cell, self.read_shape, shared.n_layers[0], shared.n_directions, sizes
        )
        beside = (prod(self.read_shape),) * self.beside
        features = [(*beside, *(size,) * shared.n_directions) for size in sizes]
        self.maps = [StackedLinear(features, self.n_components) for _ in shared.maps]
        sizes = [module.decoder.layers.hidden_size for module in modules]
        self.decoder = StackedWriter(
            cell,
            shape,
            shared.n_layers[1],
            sizes,
            self.n_components,
            is_stateful=shared.decoder is _Stateful,
            activation=shared.output,
            is_beside=self.beside,
        )
        parts = [*self.encoder.parts, *((m, 2) for m in self.maps), *self.decoder.parts]
        super().__init__(parts, len(modules))

    def bind(self, weights, grads):
        """Work on these `Weights`, and write gradients into those."""
        super().bind(weights, grads)
        self.decoder.activation.bind(weights.flat)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        super().keep(members)
        self.n_components = [self.n_components[member] for member in members]
        self.decoder.activation.keep(members)

    def encode(self, x, present=None):
        """Return the outputs of the bottleneck's maps.

        Parameters
        ----------
        x : torch.Tensor of shape (n_members, n_rows, n_features)
            Finite, also where time steps are missing.
        present : torch.Tensor of bool, of the same shape, or None
            Which entries are not missing; all without it.
        """
        n_steps = None
        if present is not None:
            n_steps = present.unflatten(2, self.read_shape)[..., 0].sum(2)
        sequences = x.unflatten(2, self.read_shape).transpose(1, 2).contiguous()
        features = self.encoder.forward(sequences, n_steps)
        features = [x, *features] if self.beside else features
        return [linear.forward(features) for linear in self.maps]

    def decode(self, z):
        """Return the reconstructions of codes."""
        return self.decoder.forward(z).transpose(1, 2).flatten(2)

    def backward_decoder(self, g):
        """Set the decoders' gradients, and return that of the codes."""
        g = g.unflatten(2, self.event_shape).transpose(1, 2).contiguous()
        return self.decoder.backward(g)

    def backward_encoder(self, grads):
        """Set the encoders' gradients, given those of the maps' outputs."""
        n_beside = int(self.beside)
        needed = [False] * n_beside + [True] * self.encoder.n_directions
        of_maps = [
            linear.backward(g, needed)[n_beside:]
            for linear, g in zip(self.maps, grads, strict=True)
        ]
        self.encoder.backward([sum(g[1:], g[0]) for g in zip(*of_maps, strict=True)])

    def parameters_of(self, module):
        """Return a member's parameters, in the order of the layers."""
        maps = [getattr(module.bottleneck, name) for name in maps_of(module.bottleneck)]
        decoder = module.decoder
        ends = [getattr(decoder, "initial", None), decoder.last, decoder.linear_path]
        return [
            *_weights_of(module.encoder.layers),
            *(tensor for layer in maps for tensor in (layer.weight, layer.bias)),
            *_weights_of(module.decoder.layers),
            *(t for layer in ends if layer for t in (layer.weight, layer.bias)),
        ]


def _weights_of(layers):
    return [tensor for of_layer in layers.all_weights for tensor in of_layer]
