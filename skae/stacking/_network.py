"""The dense autoencoders of a stack as one network."""

from itertools import pairwise
from typing import NamedTuple

from torch import nn

from skae.networks.stacking import StackedActivation, StackedLinear, Weights

__all__ = ["Architecture", "StackedNetwork", "architecture_of"]


class Architecture(NamedTuple):
    """What the networks of a stack have in common.

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


def architecture_of(module):
    """Return the `Architecture` of an `AutoencoderModule` with dense layers."""
    encoder, decoder = module.encoder, module.decoder.hidden
    return Architecture(
        n_features=module.decoder.output.out_features,
        encoder=_activations(encoder),
        decoder=_activations(decoder),
        beside=(encoder.beside, decoder.beside),
        maps=_maps(module.bottleneck),
        output=type(module.decoder.activation),
    )


def _activations(hidden):
    return tuple(type(activation) for activation in hidden.layers[1::2])


def _maps(bottleneck):
    return tuple(
        name
        for name, child in bottleneck.named_children()
        if isinstance(child, nn.Linear)
    )


class StackedNetwork:
    """Encoders, maps to the code and decoders of many members.

    Parameters
    ----------
    modules : list of AutoencoderModule
        Of one `Architecture`.
    """

    def __init__(self, modules):
        shared = architecture_of(modules[0])
        self.n_members = len(modules)
        self.beside = shared.beside
        self.n_components = [module.bottleneck.mean.out_features for module in modules]
        self.encoder = _hidden(
            shared.encoder, [_widths(module.encoder) for module in modules]
        )
        self.maps = [
            StackedLinear(self._blocks(modules), self.n_components) for _ in shared.maps
        ]
        self.decoder = _hidden(
            shared.decoder, [_widths(module.decoder.hidden) for module in modules]
        )
        n_features = [shared.n_features] * len(modules)
        self.output = StackedLinear(self._decoder_blocks(modules), n_features)
        self.output_activation = StackedActivation(shared.output, n_features)

    def _blocks(self, modules):
        return [
            _inputs(module.encoder, module.bottleneck.mean.in_features)
            for module in modules
        ]

    def _decoder_blocks(self, modules):
        return [
            _inputs(module.decoder.hidden, module.decoder.output.in_features)
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

    def weights(self, dtype, device):
        """Return zeros for the weights of all members."""
        shapes = [shape for linear in self._linears for shape in linear.shapes]
        return Weights(shapes, self.n_members, dtype, device)

    def bind(self, weights, grads):
        """Work on these `Weights`, and write gradients into those."""
        values, grads = iter(weights.parts), iter(grads.parts)
        for linear in self._linears:
            linear.bind(
                [next(values) for _ in linear.shapes],
                [next(grads) for _ in linear.shapes],
            )
        for activation in self._activations:
            activation.bind(weights.flat)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.n_members = len(members)
        self.n_components = [self.n_components[member] for member in members]
        for part in (*self._linears, *self._activations):
            part.keep(members)

    def encode(self, x):
        """Return the outputs of the bottleneck's maps."""
        features = _forward(self.encoder, x)
        inputs = [x, features] if self.beside[0] else [features]
        return [linear.forward(inputs) for linear in self.maps]

    def decode(self, z):
        """Return the reconstructions of codes."""
        features = _forward(self.decoder, z)
        inputs = [z, features] if self.beside[1] else [features]
        return self.output_activation.forward(self.output.forward(inputs))

    def backward_decoder(self, g):
        """Set the decoders' gradients, and return that of the codes."""
        g = self.output_activation.backward(g)
        *beside, g = self.output.backward(g, [True] * (1 + self.beside[1]))
        g = _backward(self.decoder, g, to_input=True)
        return g.add_(beside[0]) if beside else g

    def backward_encoder(self, grads):
        """Set the encoders' gradients, given those of the maps' outputs."""
        needed = [False] * self.beside[0] + [bool(self.encoder)]
        features = [
            linear.backward(g, needed)[-1]
            for linear, g in zip(self.maps, grads, strict=True)
        ]
        if self.encoder:
            _backward(self.encoder, sum(features[1:], features[0]), to_input=False)

    def layers_of(self, module):
        """Return the linear layers of a member's module, in the stack's order."""
        hidden = (*module.encoder.layers[::2], *module.decoder.hidden.layers[::2])
        maps = (getattr(module.bottleneck, name) for name in _maps(module.bottleneck))
        return [*hidden, *maps, module.decoder.output]

    def pairs(self, member, weights, tensors):
        """Yield parts of a member's tensors, and where they stand in stacked ones.

        Parameters
        ----------
        member : int
        weights : Weights
            Stacked tensors.
        tensors : list of (torch.Tensor, torch.Tensor)
            Of the shapes of weight and bias of each of the member's layers.
        """
        parts = iter(weights.parts)
        for linear, (weight, bias) in zip(self._linears, tensors, strict=True):
            stacked = [next(parts) for _ in linear.shapes]
            yield from linear.pairs(member, stacked, weight, bias)


def _widths(hidden):
    linears = hidden.layers[::2]
    if not len(linears):
        return ()
    return (linears[0].in_features, *(linear.out_features for linear in linears))


def _inputs(hidden, n_inputs):
    """Return the widths of the blocks of what follows hidden layers."""
    if not hidden.beside:
        return (n_inputs,)
    beside = hidden.layers[0].in_features
    return (beside, n_inputs - beside)


def _hidden(activations, widths):
    """Return pairs of linear layers and activations, given the members' widths."""
    pairs = [list(pairwise(of_member)) for of_member in widths]
    layers = []
    for depth, activation in enumerate(activations):
        n_in, n_out = zip(*(of_member[depth] for of_member in pairs), strict=True)
        linear = StackedLinear([(n,) for n in n_in], list(n_out))
        layers.append((linear, StackedActivation(activation, list(n_out))))
    return layers


def _forward(layers, x):
    for linear, activation in layers:
        x = activation.forward(linear.forward([x]))
    return x


def _backward(layers, g, to_input):
    for depth in reversed(range(len(layers))):
        linear, activation = layers[depth]
        g = linear.backward(activation.backward(g), [to_input or depth > 0])[0]
    return g
