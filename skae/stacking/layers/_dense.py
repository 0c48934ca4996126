"""The dense autoencoders of a stack as one network."""

from itertools import pairwise
from typing import NamedTuple

from torch import nn

from skae.networks import AutoencoderModule
from skae.networks._dense import Hidden, _Decoder
from skae.registry import declares
from skae.stacking.layers._linear import StackedActivation, StackedLinear
from skae.stacking.layers._parts import StackedParts

__all__ = [
    "Architecture",
    "StackedNetwork",
    "back_through",
    "has_parts",
    "hidden_layers",
    "inputs_of",
    "kinds_of",
    "linears_of",
    "maps_of",
    "through",
    "widths_of",
]


class Architecture(NamedTuple):
    """Architecture that the dense networks of a stack have in common.

    Attributes
    ----------
    n_features : int
        Width of the data.
    encoder, decoder : tuple of type
        Activations of the hidden layers.
    beside : tuple of bool
        Whether inputs run beside the hidden layers of encoder and decoder.
    maps : tuple of str
        Names of the bottleneck's linear maps.
    output : type
        Activation of the reconstruction.
    """

    n_features: int
    encoder: tuple
    decoder: tuple
    beside: tuple
    maps: tuple
    output: type

    @property
    def activations(self):
        """Kinds of activations."""
        return {*self.encoder, *self.decoder, self.output}


def has_parts(module, encoders, decoders):
    """Return whether a module is known, given the types of encoders and decoders."""
    return (
        type(module) is AutoencoderModule
        and type(module.encoder) in encoders
        and type(module.decoder) in decoders
        and declares(module.bottleneck, "stacks", "forward", "latent")
    )


def maps_of(bottleneck):
    """Return the names of a bottleneck's linear maps."""
    return tuple(
        name
        for name, child in bottleneck.named_children()
        if isinstance(child, nn.Linear)
    )


class StackedNetwork(StackedParts):
    """Dense encoders, maps to the code and decoders of many members.

    Parameters
    ----------
    modules : list of AutoencoderModule
        Of one `Architecture`.
    """

    @staticmethod
    def architecture_of(module):
        """Return the `Architecture` of a module, None if it is of another kind."""
        if not has_parts(module, {Hidden}, {_Decoder}):
            return None
        encoder, decoder = module.encoder, module.decoder.hidden
        return Architecture(
            n_features=module.decoder.output.out_features,
            encoder=kinds_of(encoder),
            decoder=kinds_of(decoder),
            beside=(encoder.beside, decoder.beside),
            maps=maps_of(module.bottleneck),
            output=type(module.decoder.activation),
        )

    @staticmethod
    def numbers_of_row(module):
        """Return about how many numbers a row takes in training, besides the row."""
        layers = (m for m in module.modules() if isinstance(m, nn.Linear))
        return 2 * sum(layer.out_features + layer.in_features for layer in layers)

    @staticmethod
    def is_quick_alone(module, n_rows):
        """Return whether a lone member gains by gradients that are written by hand.

        Parameters
        ----------
        module : AutoencoderModule
        n_rows : int
            Of a batch.
        """
        return True

    def __init__(self, modules):
        shared = self.architecture_of(modules[0])
        self.beside = shared.beside
        self.n_components = [module.bottleneck.mean.out_features for module in modules]
        self.encoder = hidden_layers(
            shared.encoder, [widths_of(module.encoder.layers) for module in modules]
        )
        self.maps = [
            StackedLinear(self._blocks(modules), self.n_components) for _ in shared.maps
        ]
        self.decoder = hidden_layers(
            shared.decoder,
            [widths_of(module.decoder.hidden.layers) for module in modules],
        )
        n_features = [shared.n_features] * len(modules)
        self.output = StackedLinear(self._decoder_blocks(modules), n_features)
        self.output_activation = StackedActivation(shared.output, n_features)
        super().__init__([(linear, 2) for linear in self._linears], len(modules))

    def _blocks(self, modules):
        return [
            inputs_of(module.encoder, module.bottleneck.mean.in_features)
            for module in modules
        ]

    def _decoder_blocks(self, modules):
        return [
            inputs_of(module.decoder.hidden, module.decoder.output.in_features)
            for module in modules
        ]

    @property
    def _linears(self):
        layers = [linear for linear, _ in (*self.encoder, *self.decoder)]
        return [*layers, *self.maps, self.output]

    @property
    def _activations(self):
        hidden = [activation for _, activation in (*self.encoder, *self.decoder)]
        return [*hidden, self.output_activation]

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
        features = through(self.encoder, x)
        inputs = [x, features] if self.beside[0] else [features]
        return [linear.forward(inputs) for linear in self.maps]

    def decode(self, z):
        """Return the reconstructions of codes."""
        features = through(self.decoder, z)
        inputs = [z, features] if self.beside[1] else [features]
        return self.output_activation.forward(self.output.forward(inputs))

    def backward_decoder(self, g):
        """Set the decoders' gradients, and return that of the codes."""
        g = self.output_activation.backward(g)
        *beside, g = self.output.backward(g, [True] * (1 + self.beside[1]))
        g = back_through(self.decoder, g, to_input=True)
        return g.add_(beside[0]) if beside else g

    def backward_encoder(self, grads):
        """Set the encoders' gradients, given those of the maps' outputs."""
        needed = [False] * self.beside[0] + [bool(self.encoder)]
        features = [
            linear.backward(g, needed)[-1]
            for linear, g in zip(self.maps, grads, strict=True)
        ]
        if self.encoder:
            back_through(self.encoder, sum(features[1:], features[0]), to_input=False)

    @staticmethod
    def parameters_of(module):
        """Return a member's parameters, in the order of the layers."""
        hidden = linears_of(module.encoder) + linears_of(module.decoder.hidden)
        maps = (getattr(module.bottleneck, name) for name in maps_of(module.bottleneck))
        layers = (*hidden, *maps, module.decoder.output)
        return [tensor for layer in layers for tensor in (layer.weight, layer.bias)]


def kinds_of(hidden):
    """Return the activations of hidden layers."""
    return tuple(type(activation) for activation in [*hidden.layers][1::2])


def linears_of(hidden):
    """Return the linear layers among hidden ones."""
    return [*hidden.layers][::2]  # a slice would be a module, which is slow to make


def widths_of(layers):
    """Return the widths of hidden layers, from the first input to the last output."""
    linears = [*layers][::2]
    if not linears:
        return ()
    return (linears[0].in_features, *(linear.out_features for linear in linears))


def inputs_of(hidden, n_inputs):
    """Return the widths of the blocks of what follows hidden layers."""
    if not hidden.beside:
        return (n_inputs,)
    beside = hidden.layers[0].in_features
    return (beside, n_inputs - beside)


def hidden_layers(activations, widths):
    """Return pairs of linear layers and activations, given the members' widths."""
    pairs = [list(pairwise(of_member)) for of_member in widths]
    layers = []
    for depth, activation in enumerate(activations):
        n_in, n_out = zip(*(of_member[depth] for of_member in pairs), strict=True)
        linear = StackedLinear([(n,) for n in n_in], list(n_out))
        layers.append((linear, StackedActivation(activation, list(n_out))))
    return layers


def through(layers, x):
    """Return what pairs of layers and activations, in a row, make of inputs."""
    for linear, activation in layers:
        x = activation.forward(linear.forward([x]))
    return x


def back_through(layers, g, to_input):
    """Set the weights' gradients of such pairs, and return that of the inputs."""
    for depth in reversed(range(len(layers))):
        linear, activation = layers[depth]
        g = linear.backward(activation.backward(g), [to_input or depth > 0])[0]
    return g
