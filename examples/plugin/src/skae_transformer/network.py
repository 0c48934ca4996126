"""Transformers that read a sequence, and that write one from a code."""

import math

import torch
from skae.networks import Network, get_activation
from skae.shapes import as_sequences
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["TransformerNetwork"]


class TransformerNetwork(Network):
    """Self-attention in encoder and decoder, for sequences.

    Time steps are mapped to tokens, to which a sinusoidal code of their time is added
    (Vaswani et al., 2017, section 3.5). The encoder's features are the mean of the
    tokens after the last layer. The decoder starts from the code, repeated over time,
    and maps tokens to channels. Layers normalise before they attend (Xiong et al.,
    2020, arXiv:2002.04745), which needs no warm-up.

    Sequences at prediction may be longer or shorter than those of the fit. Those of
    one batch may be of unequal length, padded at the end by time steps whose channels
    are all NaN: no token attends to those, nor do they count in the mean.

    Parameters
    ----------
    width : int, default=32
        Size of a token, even and a multiple of `n_heads`.
    n_layers : int, default=1
        Number of layers in the encoder, and in the decoder.
    n_heads : int, default=4
        Number of attention heads in a layer.
    n_channels : int, default=1
        Number of channels of the flattened windows in a 2-D input. 3-D inputs carry
        their own.
    output_activation : str, default="identity"
        Activation of the reconstruction.

    Examples
    --------
    >>> import torch
    >>> from skae_transformer import TransformerNetwork
    >>> encoder, decoder = TransformerNetwork(width=16).build((10, 2), n_components=3)
    >>> encoder(torch.zeros(5, 10, 2)).shape
    torch.Size([5, 16])
    >>> decoder(torch.zeros(5, 3), (12, 2)).shape
    torch.Size([5, 12, 2])
    """

    takes_sequences = True
    takes_missing_ends = True

    def __init__(
        self,
        width=32,
        n_layers=1,
        *,
        n_heads=4,
        n_channels=1,
        output_activation="identity",
    ):
        self.width = width
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.n_channels = n_channels
        self.output_activation = output_activation

    def as_events(self, X):
        """Return flattened windows as ``(n_samples, n_timesteps, n_channels)``."""
        return as_sequences(X, self.n_channels)

    def build(self, event_shape, n_components):
        """Return the encoder and the decoder.

        Raises
        ------
        ValueError
            When there are no layers or heads, tokens can't be divided among the heads,
            or there is no such activation.
        """
        # a search may pass numpy's integers, which torch does not take
        width, n_layers, n_heads = map(int, (self.width, self.n_layers, self.n_heads))
        for name in ("width", "n_layers", "n_heads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: use at least 1.")
        if width % n_heads or width % 2:
            raise ValueError(
                f"width={width} is no even multiple of n_heads={n_heads}: choose, for "
                f"example, width={2 * n_heads * max(1, width // (2 * n_heads))}."
            )
        activation = get_activation(self.output_activation).module
        layers = [_layers(width, n_layers, n_heads) for _ in ("encoder", "decoder")]
        encoder = _Encoder(event_shape[-1], width, layers[0])
        decoder = _Decoder(n_components, width, layers[1], event_shape[-1])
        return encoder, _Activated(decoder, activation())


def _layers(width, n_layers, n_heads):
    return nn.ModuleList(_Layer(width, n_heads) for _ in range(n_layers))


def _time_code(n_timesteps, width, like):
    """Return sines and cosines of the time, of shape (n_timesteps, width)."""
    time = torch.arange(n_timesteps, dtype=like.dtype, device=like.device)
    octave = torch.arange(width // 2, dtype=like.dtype, device=like.device)
    angle = time[:, None] * torch.exp(-math.log(10_000) * 2 * octave / width)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class _Layer(nn.Module):
    """Self-attention and a perceptron, each beside an identity."""

    def __init__(self, width, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            nn.Linear(2 * width, width),
        )

    def forward(self, tokens, present=None):
        tokens = tokens + self.attention(self.norm(tokens), present)
        return tokens + self.perceptron(tokens)

    def attention(self, tokens, present):
        heads = self.queries_keys_values(tokens).unflatten(-1, (3, self.n_heads, -1))
        q, k, v = (x.transpose(-3, -2) for x in heads.unbind(-3))
        mask = None if present is None else present[..., None, None, :]
        attended = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.mixed(attended.transpose(-3, -2).flatten(-2))


class _Encoder(nn.Module):
    def __init__(self, n_channels, width, layers):
        super().__init__()
        self.tokens = nn.Linear(n_channels, width)
        self.layers = layers
        self.norm = nn.LayerNorm(width)
        self.out_features = width

    def forward(self, x):
        present = ~x.isnan().all(-1)
        tokens = self.tokens(x.nan_to_num())
        tokens = tokens + _time_code(x.shape[-2], self.out_features, x)
        for layer in self.layers:
            tokens = layer(tokens, present)
        counts = present.to(x)[..., None]
        return (counts * self.norm(tokens)).sum(-2) / counts.sum(-2)


class _Decoder(nn.Module):
    def __init__(self, n_components, width, layers, n_channels):
        super().__init__()
        self.tokens = nn.Linear(n_components, width)
        self.layers = layers
        self.output = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_channels))

    def forward(self, z, event_shape):
        time = _time_code(event_shape[0], self.tokens.out_features, z)
        tokens = self.tokens(z)[..., None, :] + time
        for layer in self.layers:
            tokens = layer(tokens)
        return self.output(tokens)


class _Activated(nn.Module):
    def __init__(self, decoder, activation):
        super().__init__()
        self.decoder = decoder
        self.activation = activation

    def forward(self, z, event_shape):
        return self.activation(self.decoder(z, event_shape))
