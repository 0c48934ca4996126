"""Recurrent encoder and decoder for sequences."""

import math

import torch
from torch import nn

from skae.networks._base import NETWORKS, Network
from skae.networks.activations import get_activation
from skae.shapes import as_sequences

__all__ = ["RecurrentNetwork", "time_code"]

N_TIME_CODES = 16


@NETWORKS.register("recurrent")
class RecurrentNetwork(Network):
    """An LSTM that reads a sequence, and an LSTM that writes it from the code.

    The encoder's features are the last hidden state of its last layer. The decoder
    sees the code at every time step and maps its hidden states linearly to channels.
    Sequences at prediction may be longer or shorter than those of the fit.

    Parameters
    ----------
    hidden_size : int, default=64
        Width of the recurrent layers.
    n_layers : int, default=1
        Number of recurrent layers in the encoder, and in the decoder.
    decoder : {"repeat", "stateful"}, default="repeat"
        ``"repeat"``: the code is all that the decoder is given, repeated over time;
        its state starts at zero, so that it has to count the steps by itself.
        ``"stateful"``: the code also sets the initial state, and every step is
        given a sinusoidal code of its time (Vaswani et al., 2017, section 3.5);
        this trains several times faster.
    n_channels : int, default=1
        Number of channels of the flattened windows in a 2-D input. 3-D inputs carry
        their own.
    output_activation : str, default="identity"
        Activation of the reconstruction.

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

    def __init__(
        self,
        hidden_size=64,
        n_layers=1,
        *,
        decoder="repeat",
        n_channels=1,
        output_activation="identity",
    ):
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.decoder = decoder
        self.n_channels = n_channels
        self.output_activation = output_activation

    def as_events(self, X):
        """Return flattened windows as ``(n_samples, n_timesteps, n_channels)``."""
        return as_sequences(X, self.n_channels)

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder; see `Network.build`."""
        n_channels = event_shape[-1]
        sizes = (self.hidden_size, self.n_layers)
        decoder = _DECODERS[self.decoder](
            n_components, *sizes, n_channels, self.output_activation
        )
        return _Encoder(n_channels, *sizes), decoder


def _over_leading_axes(lstm, x, state=None):
    """Run a batch-first `lstm` over ``(..., batch, time, channels)``."""
    output, (hidden, _) = lstm(x.reshape(-1, *x.shape[-2:]), state)
    return output.reshape(*x.shape[:-1], -1), hidden[-1].reshape(*x.shape[:-2], -1)


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


class _Encoder(nn.Module):
    def __init__(self, n_channels, hidden_size, n_layers):
        super().__init__()
        self.lstm = nn.LSTM(n_channels, hidden_size, n_layers, batch_first=True)
        self.out_features = hidden_size

    def forward(self, x):
        return _over_leading_axes(self.lstm, x)[1]


class _Repeat(nn.Module):
    n_extra = 0

    def __init__(
        self, n_components, hidden_size, n_layers, n_channels, output_activation
    ):
        super().__init__()
        n_inputs = n_components + self.n_extra
        self.lstm = nn.LSTM(n_inputs, hidden_size, n_layers, batch_first=True)
        self.output = nn.Sequential(
            nn.Linear(hidden_size, n_channels),
            get_activation(output_activation).module(),
        )

    def forward(self, z, event_shape):
        inputs = self.inputs(z, event_shape[0])
        return self.output(_over_leading_axes(self.lstm, inputs, self.state(z))[0])

    def inputs(self, z, n_timesteps):
        return z.unsqueeze(-2).expand(*z.shape[:-1], n_timesteps, -1)

    def state(self, z):
        return None


class _Stateful(_Repeat):
    n_extra = N_TIME_CODES

    def __init__(self, n_components, hidden_size, n_layers, *args):
        super().__init__(n_components, hidden_size, n_layers, *args)
        self.initial = nn.Linear(n_components, 2 * n_layers * hidden_size)

    def inputs(self, z, n_timesteps):
        times = time_code(n_timesteps, z).expand(*z.shape[:-1], n_timesteps, -1)
        return torch.cat([super().inputs(z, n_timesteps), times], dim=-1)

    def state(self, z):
        initial = self.initial(z.reshape(-1, z.shape[-1]))
        initial = initial.unflatten(-1, (2, self.lstm.num_layers, -1))
        hidden, cell = initial.movedim(0, 2)
        return hidden.tanh().contiguous(), cell.contiguous()


_DECODERS = {"repeat": _Repeat, "stateful": _Stateful}
