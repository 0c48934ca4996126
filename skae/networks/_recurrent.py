"""Recurrent encoder and decoder for sequences."""

import math
from numbers import Integral
from typing import NamedTuple

import torch
from sklearn.base import clone
from torch import nn
from torch.nn import functional as F

from skae.networks._activations import get_activation
from skae.networks._architecture import layer_sizes
from skae.networks._base import NETWORKS, Network
from skae.networks._dense import Hidden
from skae.networks._lengths import packed
from skae.networks._linear_path import LinearPathMixin
from skae.registry import unknown_name
from skae.shapes import as_sequences

__all__ = ["RecurrentNetwork", "padded", "shape_of_patches", "time_code"]

N_TIME_CODES = 16
# Of a patch length that is "auto".
MOST_PATCHES = 16


@NETWORKS.register("recurrent")
class RecurrentNetwork(LinearPathMixin, Network):
    """Recurrent layers that read a sequence, and others that write it from the code.

    The encoder's features are the last hidden state of its last layer. The decoder
    sees the code at every time step and maps its hidden states linearly to channels.

    Sequences at prediction may be longer or shorter than those of the fit. Those of
    one batch may be of unequal length, padded at the end by time steps whose channels
    are all NaN: each is read to its own end, so its features are those of the shorter
    sequence alone. The decoder writes all time steps. Other NaN are missing values,
    for which an estimator puts means.

    Parameters
    ----------
    hidden_size : int, default=64
        Width of the recurrent layers, in each direction.
    n_layers : int, default=1
        Number of recurrent layers in the encoder, and in the decoder.
    decoder : {"repeat", "stateful"}, default="repeat"
        ``"repeat"``: the code is all that the decoder is given, repeated over time;
        its state starts at zero, so that it has to count the steps by itself.
        ``"stateful"``: the code also sets the initial state, and every step is
        given a sinusoidal code of its time (Vaswani et al., 2017, section 3.5);
        this takes fewer epochs to train.
    n_channels : int, default=1
        Number of channels of the flattened windows in a 2-D input. 3-D inputs carry
        their own.
    output_activation : str, default="identity"
        Activation of the reconstruction.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of the recurrent layers: long short-term memory, or gated recurrent
        units, which have one state instead of two and three quarters of the weights.
    bidirectional : bool, default=False
        Whether the encoder also reads backwards: its features are then the last
        hidden states of both directions, ``2 * hidden_size`` of them. The decoder
        writes forwards in any case.
    linear_path : {"pca"} or None, default=None
        ``"pca"`` adds a linear map from the flattened sequence to the code, and one
        back, and starts training from the principal components: the linear maps are
        those of whitened components, what the recurrent layers add is zero. These then
        learn what a linear reconstruction leaves. A linear map has one weight for each
        time step, so that sequences at prediction have to be as long as those of the
        fit; and where these differ in length themselves, there is no linear path,
        whatever is set here.
    dense_path : tuple of int, str or int, default=()
        Hidden layers that run beside the recurrent ones, from the flattened sequence to
        the code and, in reverse, from the code back: widths as of
        ``DenseNetwork(hidden_layer_sizes)``, with SiLU activations. What they add
        starts at zero too. States of recurrent layers are bounded, and follow a series
        that grows beyond those of the fit less well than such layers do. Without a
        linear path there are none, whatever is set here.
    patch_length : int or "auto", default=1
        How many time steps recurrent layers read, and write, at once, as so many times
        the channels; the last patch is filled up with zeros. Patches of p steps take
        about a p-th of the time, and a sequence of many steps is fewer steps to learn
        over (Nie et al., "A time series is worth 64 words", ICLR 2023). ``"auto"``: as
        many as leave 16 patches at most, which is 1 for sequences of up to 16 steps.
        Without a linear path it is 1, whatever is set here.

    Examples
    --------
    >>> import torch
    >>> from skae.networks import RecurrentNetwork
    >>> encoder, decoder = RecurrentNetwork(hidden_size=32).build((10, 1), 4)
    >>> encoder(torch.zeros(5, 10, 1)).shape
    torch.Size([5, 32])
    >>> decoder(torch.zeros(5, 4), (12, 1)).shape
    torch.Size([5, 12, 1])
    """

    takes_sequences = True
    takes_missing_ends = True

    def __init__(
        self,
        hidden_size=64,
        n_layers=1,
        *,
        decoder="repeat",
        n_channels=1,
        output_activation="identity",
        cell="lstm",
        bidirectional=False,
        linear_path=None,
        dense_path=(),
        patch_length=1,
    ):
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.decoder = decoder
        self.n_channels = n_channels
        self.output_activation = output_activation
        self.cell = cell
        self.bidirectional = bidirectional
        self.linear_path = linear_path
        self.dense_path = dense_path
        self.patch_length = patch_length

    def as_events(self, X):
        """Return flattened windows as ``(n_samples, n_timesteps, n_channels)``."""
        return as_sequences(X, self.n_channels)

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder; see `Network.build`.

        Raises
        ------
        UnknownNameError
            When there is no such cell, decoder, output activation or linear path.
        ValueError
            When widths or the patch length are none.
        """
        cell = _look_up("cell", self.cell, _CELLS)
        decoder = _look_up("decoder", self.decoder, _DECODERS)
        activation = get_activation(self.output_activation).module
        has_linear_path = self.has_linear_path
        patch = self._patch_length(event_shape[0]) if has_linear_path else 1
        n_channels = patch * event_shape[-1]
        # torch's recurrent layers take no numpy integers
        sizes = (int(self.hidden_size), int(self.n_layers))
        # The decoder draws its weights first: the order is part of a seed's meaning.
        decoder = decoder(cell, n_components, sizes, n_channels, activation, patch)
        encoder = _Encoder(cell, n_channels, sizes, self.bidirectional, patch)
        if has_linear_path:
            n_values = math.prod(event_shape)
            hidden = layer_sizes(self.dense_path, n_values, n_components, "dense_path")
            encoder.run_beside((n_values, *hidden))
            decoder.run_beside((n_components, *reversed(hidden)), n_values)
        return encoder, decoder

    def _patch_length(self, n_timesteps):
        length = self.patch_length
        if isinstance(length, str) and length == "auto":
            return math.ceil(n_timesteps / MOST_PATCHES)
        if not isinstance(length, Integral) or isinstance(length, bool) or length < 1:
            raise ValueError(
                f"patch_length={length!r} is no number of time steps: an integer from "
                '1 on, or "auto".'
            )
        return int(min(length, n_timesteps))

    def for_unequal_lengths(self):
        """Return the network without a linear path, which has one length."""
        return clone(self).set_params(linear_path=None)


def _look_up(kind, name, known):
    try:
        return known[name]
    except (KeyError, TypeError):
        raise unknown_name(kind, name, known) from None


def shape_of_patches(event_shape, length):
    """Return numbers of patches and of values in each, of sequences.

    Parameters
    ----------
    event_shape : tuple of int
        Numbers of time steps and channels.
    length : int
        Time steps of a patch.

    Examples
    --------
    >>> from skae.networks._recurrent import shape_of_patches
    >>> shape_of_patches((10, 2), 4)
    (3, 8)
    """
    n_timesteps, n_channels = event_shape
    return -(-n_timesteps // length), length * n_channels


def padded(x, n_values):
    """Return flattened sequences, filled up with zeros behind to so many values."""
    n_more = n_values - x.shape[-1]
    return F.pad(x, (0, n_more)) if n_more else x


def time_code(n_timesteps, like):
    """Return sines and cosines of the time, ``(n_timesteps, 16)``.

    Wavelengths are geometric from 2 pi to 2000 pi steps, so that any number of time
    steps has distinct codes and longer sequences extend shorter ones.
    """
    time = torch.arange(n_timesteps, dtype=like.dtype, device=like.device)
    octave = torch.arange(N_TIME_CODES // 2, dtype=like.dtype, device=like.device)
    angle = time[:, None] * torch.exp(
        -math.log(1000) * octave / (N_TIME_CODES // 2 - 1)
    )
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class _Cell(NamedTuple):
    """Recurrent layers and the number of their states, the hidden one first."""

    layers: type[nn.RNNBase]
    n_states: int

    def join(self, states):
        """Return the states in the form that the layers take."""
        return tuple(states) if self.n_states > 1 else states[0]

    def hidden(self, states):
        """Return the hidden state among the states that the layers return."""
        return states[0] if self.n_states > 1 else states


_CELLS = {"gru": _Cell(nn.GRU, n_states=1), "lstm": _Cell(nn.LSTM, n_states=2)}


class _Encoder(nn.Module):
    def __init__(self, cell, n_channels, sizes, bidirectional, patch_length):
        super().__init__()
        self.cell, self.patch_length = cell, patch_length
        self.layers = cell.layers(
            n_channels, *sizes, batch_first=True, bidirectional=bool(bidirectional)
        )
        self.n_directions = 2 if bidirectional else 1
        self.out_features = self.n_directions * self.layers.hidden_size
        self.beside = None

    def run_beside(self, sizes):
        """Give the flattened sequence, and hidden layers' features of it, before all.

        Parameters
        ----------
        sizes : tuple of int
            Number of values of a sequence, and widths of the layers.
        """
        self.beside = Hidden(sizes, nn.SiLU, beside=True)
        self.out_features += self.beside.out_features

    def forward(self, x):
        _, states = self.layers(packed(self._in_patches(x)))
        hidden = self.cell.hidden(states)
        if self.n_directions == 1:
            features = hidden[-1]
        else:
            features = torch.cat(tuple(hidden[-self.n_directions :]), dim=-1)
        features = features.reshape(*x.shape[:-2], -1)
        if self.beside is None:
            return features
        return torch.cat([self.beside(x.flatten(-2)), features], dim=-1)

    def _in_patches(self, x):
        shape = shape_of_patches(x.shape[-2:], self.patch_length)
        return padded(x.flatten(-2), math.prod(shape)).reshape(-1, *shape)


class _Repeat(nn.Module):
    n_extra = 0

    def __init__(self, cell, n_components, sizes, n_channels, activation, patch_length):
        super().__init__()
        self.cell, self.patch_length = cell, patch_length
        self.layers = cell.layers(n_components + self.n_extra, *sizes, batch_first=True)
        self.output = nn.Sequential(
            nn.Linear(self.layers.hidden_size, n_channels), activation()
        )
        self.beside = self.linear_path = None

    def run_beside(self, sizes, n_values):
        """Add a linear map of the code, and of hidden layers' features of it.

        Parameters
        ----------
        sizes : tuple of int
            Width of the code, and of the layers.
        n_values : int
            Of a sequence.
        """
        self.beside = Hidden(sizes, nn.SiLU, beside=True)
        self.linear_path = nn.Linear(self.beside.out_features, n_values)

    @property
    def last(self):
        """The layer that writes the channels."""
        return self.output[0]

    def forward(self, z, event_shape):
        codes = z.reshape(-1, z.shape[-1])
        n_patches, _ = shape_of_patches(event_shape, self.patch_length)
        hidden, _ = self.layers(self.inputs(codes, n_patches), self.state(codes))
        x = self.last(hidden).flatten(-2)[:, : math.prod(event_shape)]
        if self.linear_path is not None:
            x = x + self.linear_path(self.beside(codes))
        return self.output[1](x).reshape(*z.shape[:-1], *event_shape)

    def inputs(self, z, n_timesteps):
        return z.unsqueeze(-2).expand(-1, n_timesteps, -1)

    def state(self, z):
        return None


class _Stateful(_Repeat):
    n_extra = N_TIME_CODES

    def __init__(self, cell, n_components, sizes, *args):
        super().__init__(cell, n_components, sizes, *args)
        hidden_size, n_layers = sizes
        self.shape = (cell.n_states, n_layers, hidden_size)
        self.initial = nn.Linear(n_components, math.prod(self.shape))

    def inputs(self, z, n_timesteps):
        times = time_code(n_timesteps, z).expand(z.shape[0], -1, -1)
        return torch.cat([super().inputs(z, n_timesteps), times], dim=-1)

    def state(self, z):
        initial = self.initial(z).unflatten(-1, self.shape).movedim(0, 2)
        hidden, *memory = initial
        states = [hidden.tanh(), *memory]
        return self.cell.join([state.contiguous() for state in states])


_DECODERS = {"repeat": _Repeat, "stateful": _Stateful}
