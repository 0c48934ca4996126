"""The module that wires encoder, bottleneck and decoder."""

from math import log2

from torch import nn

__all__ = ["AutoencoderModule"]


class AutoencoderModule(nn.Module):
    """Encoder, bottleneck and decoder in a row.

    Parameters
    ----------
    encoder, bottleneck, decoder : torch.nn.Module
        As built by a `Network` and a `Bottleneck`.
    event_shape : tuple of int
        Shape of one event in the fit, which codes are decoded to by default.
    input_noise : torch.nn.Module or None, default=None
        What corrupts the events before they are encoded, as built by a `Noise`.
    units : torch.nn.Module or None, default=None
        The `Units` that encoder and decoder work in; by default those of the events.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import PointBottleneck
    >>> from skae.networks import AutoencoderModule, DenseNetwork
    >>> encoder, decoder = DenseNetwork((8,)).build((5,), n_components=2)
    >>> bottleneck = PointBottleneck().build(encoder.out_features, 2)
    >>> module = AutoencoderModule(encoder, bottleneck, decoder, event_shape=(5,))
    >>> x_hat, latent = module(torch.zeros(10, 5))
    >>> x_hat.shape, latent.mean.shape
    (torch.Size([10, 5]), torch.Size([10, 2]))
    """

    def __init__(
        self,
        encoder,
        bottleneck,
        decoder,
        event_shape,
        input_noise=None,
        units=None,
    ):
        super().__init__()
        self.input_noise = input_noise
        self.units = units
        self.encoder = encoder
        self.bottleneck = bottleneck
        self.decoder = decoder
        self.event_shape = tuple(event_shape)
        #: Whether it starts as a model with noise of one variance, ``"shared"``, or of
        #: one for each feature, ``"per_feature"``; None for neither.
        self.noise = None

    def loss_unit(self, degree):
        """Return what losses are to be counted in, so that steps suit any scale.

        Parameters
        ----------
        degree : int
            Power of the scale of reconstructions that the loss grows by.

        Returns
        -------
        unit : float
            A power of two, so that nothing is rounded.
        """
        if self.units is None or not self.units.restores:
            return 1.0
        scale = self.units.scale.square().mean().sqrt().item()
        return 2.0 ** round(degree * log2(scale))

    def encode(self, x, generator=None):
        """Return the `Latent` of events; noise is drawn only with a generator.

        That on the events is, too, only drawn in training.
        """
        if self.input_noise is not None:
            x = self.input_noise(x, generator if self.training else None)
        if self.units is not None:
            x = self.units.standardised(x)
        return self.bottleneck(self.encoder(x), generator)

    def decode(self, z, event_shape=None):
        """Return the events that codes ``(..., batch, k)`` stand for."""
        x_hat = self.decoder(z, event_shape or self.event_shape)
        return x_hat if self.units is None else self.units.restored(x_hat)

    def forward(self, x, generator=None):
        """Return the reconstruction and the `Latent` it was decoded from."""
        latent = self.encode(x, generator)
        event_shape = x.shape[x.ndim - len(self.event_shape) :]
        return self.decode(latent.sample, event_shape), latent
