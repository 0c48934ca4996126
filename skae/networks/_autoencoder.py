"""The module that wires encoder, bottleneck and decoder."""

from math import log2

import torch
from torch import nn

from skae.networks._indicator import weights_of_hidden

__all__ = ["AutoencoderModule"]

# Dispersions may be far from where they start. A step of the optimiser, of the size of
# the learning rate in each parameter, is this many times as large in their logarithms.
SPEED = 20.0


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
    n_dispersions : int or None, default=None
        Of how many features to learn a dispersion beside the weights, for a
        reconstruction term with ``learns_dispersion``.
    link : torch.nn.Module or None, default=None
        From what the decoder puts out to reconstructions, as a reconstruction term has
        it. The decoder's output is then in no units.
    means : torch.nn.Module or None, default=None
        The `ConditionalMeans` that are taken out of what is encoded, where there is a
        condition and the network has a linear path.
    scales : torch.nn.Module or None, default=None
        The `ConditionalScales` of codes with a distribution, where there is a
        condition.
    indicator : torch.nn.Module or None, default=None
        The `MissingIndicator`, where the encoder is built for events with one beside
        them. Noise that hides entries then leaves gaps in the place of zeros.
    bins : torch.nn.Module or None, default=None
        The `NumberBins` whose encoding the encoder is given behind the indicator.

    Notes
    -----
    A condition, ``(..., batch, n_conditions)``, is given to the encoder beside the
    features of an event, to the bottleneck beside the encoder's features where events
    have more axes, and to the decoder beside the code. They have to be built for it.

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
        n_dispersions=None,
        link=None,
        means=None,
        scales=None,
        indicator=None,
        bins=None,
    ):
        super().__init__()
        self.input_noise = input_noise
        self.indicator = indicator
        self.bins = bins
        self.units = units
        self.means = means
        self.scales = scales
        self.encoder = encoder
        self.bottleneck = bottleneck
        self.decoder = decoder
        self.link = link
        if link is not None and units is not None:
            units.restores = False
        self.event_shape = tuple(event_shape)
        #: Whether it starts as a model with noise of one variance, ``"shared"``, or of
        #: one for each feature, ``"per_feature"``; None for neither.
        self.noise = None
        has_none = n_dispersions is None
        raw = None if has_none else nn.Parameter(torch.zeros(n_dispersions))
        self.register_parameter("raw_dispersion", raw)

    @property
    def dispersion(self):
        """Dispersions that are learned, ``(1, n_features)``, or None."""
        raw = self.raw_dispersion
        return None if raw is None else (SPEED * raw).exp()[None]

    @torch.no_grad()
    def start_dispersion(self, dispersion):
        """Let learning start from dispersions, ``(1, n_features)``."""
        self.raw_dispersion.copy_(dispersion[0].log() / SPEED)

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

    def encode(self, x, generator=None, condition=None, *, is_hidden=False):
        """Return the `Latent` of events; noise is drawn only with a generator.

        That on the events is, too, only drawn in training, and not where `x` are events
        as `hidden` returns them.
        """
        x, gaps = (x, None) if self.indicator is None else self.indicator.parts(x)
        if self.input_noise is not None and not (is_hidden or self.noise_in_targets):
            x, gaps = self._noisy(x, gaps, generator if self.training else None)
        binned = None if self.bins is None else self.bins(x, gaps)
        if self.means is not None:
            x = self.means.residuals(x, condition)
        if self.units is not None:
            x = self.units.standardised(x)
        if gaps is not None:
            x = torch.cat([x, gaps], self.indicator.axis)
        if binned is not None:
            x = torch.cat([x, binned], dim=-1)
        latent = self.bottleneck(self._features(x, condition), generator)
        return latent if self.scales is None else self.scales.alike(latent, condition)

    @property
    def hides(self):
        """Whether noise hides entries from an encoder that is told which."""
        return self.indicator is not None and getattr(self.input_noise, "hides", False)

    @property
    def noise_in_targets(self):
        """Whether events are to be reconstructed with their noise; see `to_learn`."""
        return getattr(self.input_noise, "in_targets", False)

    def to_learn(self, x, generator):
        """Return events with the noise that is in their targets, too, if any."""
        return self.input_noise(x, generator) if self.noise_in_targets else x

    def hidden(self, x, generator):
        """Return events and an indicator beside them, as if noise left entries out."""
        parts = self._noisy(*self.indicator.parts(x), generator)
        return torch.cat(parts, self.indicator.axis)

    def _noisy(self, x, gaps, generator):
        if not self.hides:
            return self.input_noise(x, generator), gaps
        kept = self.input_noise(torch.ones_like(x), generator)
        return self.indicator.hidden(x, gaps, kept)

    @property
    def kept_weight(self):
        """Weight in the loss of entries that are not hidden, 1 where none are."""
        return getattr(self.input_noise, "kept_weight", 1.0) if self.hides else 1.0

    def weight_of_entries(self, given):
        """Return weights of entries in the loss, given events as `hidden` has them."""
        _, gaps = self.indicator.parts(given)
        return weights_of_hidden(gaps, self.kept_weight)

    @torch.no_grad()
    def fit_scales(self, x, condition):
        """Set the scales of codes to those of some events, of which none are known."""
        self.scales.fit(self.encode(x, condition=condition), condition)

    def _features(self, x, condition):
        if condition is None:
            return self.encoder(x)
        if len(self.event_shape) == 1:
            return self.encoder(torch.cat([x, condition], dim=-1))
        return torch.cat([self.encoder(x), condition], dim=-1)

    def decode(self, z, event_shape=None, condition=None):
        """Return the events that codes ``(..., batch, k)`` stand for."""
        if self.scales is not None:
            z = self.scales.restored(z, condition)
        if condition is not None:
            z = torch.cat([z, condition], dim=-1)
        x_hat = self.decoder(z, event_shape or self.event_shape)
        if self.units is not None:
            x_hat = self.units.restored(x_hat)
        if self.means is not None:
            x_hat = self.means.restored(x_hat, condition)
        return x_hat if self.link is None else self.link(x_hat)

    def forward(self, x, generator=None, condition=None, *, is_hidden=False):
        """Return the reconstruction and the `Latent` it was decoded from."""
        latent = self.encode(x, generator, condition, is_hidden=is_hidden)
        x = x if self.indicator is None else self.indicator.parts(x)[0]
        event_shape = x.shape[x.ndim - len(self.event_shape) :]
        return self.decode(latent.sample, event_shape, condition), latent
