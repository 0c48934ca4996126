"""The recurrent autoencoders of a stack as one network."""

from math import prod
from typing import NamedTuple

from torch import nn

from skae.networks._recurrent import (
    _Encoder,
    _Repeat,
    _Stateful,
    padded,
    shape_of_patches,
)
from skae.stacking.layers._dense import (
    back_through,
    has_parts,
    hidden_layers,
    inputs_of,
    kinds_of,
    linears_of,
    maps_of,
    through,
    widths_of,
)
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

# A lone LSTM takes less time by hand over so few time steps, or with so many units of
# all rows of a batch: there it is the arithmetic that counts.
_FEW_STEPS, _MANY_UNITS = 12, 8192


class RecurrentArchitecture(NamedTuple):
    """Architecture that the recurrent networks of a stack have in common.

    Attributes
    ----------
    event_shape, read_shape : tuple of int
        Numbers of time steps and channels, of what is written and what is read.
    patch_length : int
        Number of time steps that cells read and write at once.
    cell : type
        Of torch's recurrent layers.
    n_layers : tuple of int
        In the encoder and the decoder.
    n_directions : int
        In which the encoder reads.
    decoder : type
    beside : bool
        Whether linear maps run beside encoder and decoder.
    dense : tuple of type
        Activations of hidden layers that run beside these.
    maps : tuple of str
        Names of the bottleneck's linear maps.
    output : type
        Activation of the reconstruction.
    """

    event_shape: tuple
    read_shape: tuple
    patch_length: int
    cell: type
    n_layers: tuple
    n_directions: int
    decoder: type
    beside: bool
    dense: tuple
    maps: tuple
    output: type

    @property
    def activations(self):
        """Kinds of activations, besides those of the cells."""
        return {*self.dense, self.output}


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
            read_shape=(
                module.event_shape[0],
                encoder.layers.input_size // encoder.patch_length,
            ),
            patch_length=encoder.patch_length,
            cell=type(encoder.layers),
            n_layers=(encoder.layers.num_layers, decoder.layers.num_layers),
            n_directions=encoder.n_directions,
            decoder=type(decoder),
            beside=encoder.beside is not None,
            dense=() if encoder.beside is None else kinds_of(encoder.beside),
            maps=maps_of(module.bottleneck),
            output=type(decoder.output[1]),
        )

    @classmethod
    def numbers_of_row(cls, module):
        """Return about how many numbers a row takes in training, besides the row."""
        shared = cls.architecture_of(module)
        n_layers = shared.n_directions * shared.n_layers[0] + shared.n_layers[1]
        units = n_layers * module.encoder.layers.hidden_size
        n_steps, _ = shape_of_patches(shared.event_shape, shared.patch_length)
        return _NUMBERS_OF_STEP * n_steps * units

    @classmethod
    def is_quick_alone(cls, module, n_rows):
        """Return whether a lone member gains; see `StackedNetwork`.

        Torch goes through time by one operation if cells are LSTMs, and by several for
        each time step if they are GRUs.
        """
        shared, n_units = cls.architecture_of(module), module.encoder.layers.hidden_size
        n_steps, _ = shape_of_patches(shared.event_shape, shared.patch_length)
        is_short = n_steps <= _FEW_STEPS or n_rows * n_units >= _MANY_UNITS
        return shared.cell is nn.GRU or is_short

    def __init__(self, modules):
        shared = self.architecture_of(modules[0])
        self.n_values, self.beside = prod(shared.event_shape), shared.beside
        self.shape, self.read_shape = (
            shape_of_patches(shape, shared.patch_length)
            for shape in (shared.event_shape, shared.read_shape)
        )
        self.n_components = [module.bottleneck.mean.out_features for module in modules]
        self._make_encoders(modules, shared)
        self.decoder = self._writer_of(modules, shared)
        linears = [*(linear for linear, _ in self.dense), *self.maps]
        parts = [
            *self.encoder.parts,
            *((linear, 2) for linear in linears),
            *self.decoder.parts,
        ]
        super().__init__(parts, len(modules))

    def _make_encoders(self, modules, shared):
        """Make the recurrent layers that read, what runs beside them, and the maps."""
        sizes = [module.encoder.layers.hidden_size for module in modules]
        self.encoder = StackedReader(
            _CELLS[shared.cell],
            self.read_shape,
            shared.n_layers[0],
            shared.n_directions,
            sizes,
        )
        paths = [module.encoder.beside for module in modules] if self.beside else []
        self.dense = hidden_layers(
            shared.dense, [widths_of(path.layers) for path in paths]
        )
        beside = [inputs_of(p, p.out_features) for p in paths] or [()] * len(modules)
        features = [
            (*widths, *(size,) * shared.n_directions)
            for widths, size in zip(beside, sizes, strict=True)
        ]
        self.maps = [StackedLinear(features, self.n_components) for _ in shared.maps]

    def _writer_of(self, modules, shared):
        return StackedWriter(
            _CELLS[shared.cell],
            self.shape,
            shared.n_layers[1],
            [module.decoder.layers.hidden_size for module in modules],
            self.n_components,
            is_stateful=shared.decoder is _Stateful,
            activation=shared.output,
            paths=[module.decoder.beside for module in modules] if self.beside else [],
            n_values=self.n_values,
        )

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

    @property
    def _activations(self):
        of_dense = [activation for _, activation in self.dense]
        return [*of_dense, *self.decoder.activations]

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
            of_patches = padded(present, prod(self.read_shape))
            n_steps = of_patches.unflatten(2, self.read_shape)[..., 0].sum(2)
        sequences = _in_steps(x, self.read_shape)
        features = [*self._beside(x), *self.encoder.forward(sequences, n_steps)]
        return [linear.forward(features) for linear in self.maps]

    def _beside(self, x):
        """Return what runs beside the encoders' features, in blocks."""
        of_dense = [through(self.dense, x)] if self.dense else []
        return [x, *of_dense] if self.beside else []

    def decode(self, z):
        """Return the reconstructions of codes."""
        x_hat = self.decoder.forward(z).transpose(1, 2).flatten(2)
        return x_hat[..., : self.n_values].contiguous()

    def backward_decoder(self, g):
        """Set the decoders' gradients, and return that of the codes."""
        return self.decoder.backward(_in_steps(g, self.shape))

    def backward_encoder(self, grads):
        """Set the encoders' gradients, given those of the maps' outputs."""
        n_beside, n_dense = int(self.beside), int(len(self.dense) > 0)
        needed = [True] * (n_dense + self.encoder.n_directions)
        of_maps = [
            linear.backward(g, [False] * n_beside + needed)[n_beside:]
            for linear, g in zip(self.maps, grads, strict=True)
        ]
        of_features = [sum(g[1:], g[0]) for g in zip(*of_maps, strict=True)]
        if self.dense:
            back_through(self.dense, of_features[0], to_input=False)
        self.encoder.backward(of_features[n_dense:])

    @staticmethod
    def parameters_of(module):
        """Return a member's parameters, in the order of the layers."""
        maps = [getattr(module.bottleneck, name) for name in maps_of(module.bottleneck)]
        encoder, decoder = module.encoder, module.decoder
        ends = [
            getattr(decoder, "initial", None),
            decoder.last,
            *_linears(decoder.beside),
            decoder.linear_path,
        ]
        return [
            *_weights_of(encoder.layers),
            *_tensors_of([*_linears(encoder.beside), *maps]),
            *_weights_of(decoder.layers),
            *_tensors_of(layer for layer in ends if layer is not None),
        ]


def _in_steps(x, shape):
    """Return flattened sequences as cells take them, filled up with zeros behind."""
    steps = padded(x, prod(shape)).unflatten(2, shape)
    return steps.transpose(1, 2).contiguous()


def _linears(path):
    return [] if path is None else linears_of(path)


def _tensors_of(layers):
    return [tensor for layer in layers for tensor in (layer.weight, layer.bias)]


def _weights_of(layers):
    return [tensor for of_layer in layers.all_weights for tensor in of_layer]
