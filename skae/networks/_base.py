"""Base class of networks: an encoder and a decoder for one kind of event."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from skae.registry import Registry

__all__ = ["NETWORKS", "Network"]

NETWORKS = Registry("network", "skae.networks")


class Network(BaseEstimator, ABC):
    """Architecture of an encoder and a decoder: no loss, no data, no tensors.

    One row of data is an *event*: ``(n_features,)`` for tables,
    ``(n_timesteps, n_channels)`` for sequences, ``(n_channels, height, width)`` for
    images. A network says how rows become
    events (`as_events`) and builds the two modules for events of one shape:

    - the encoder maps ``(..., batch, *event_shape)`` to ``(..., batch, h)`` and tells
      ``h`` as its attribute `out_features`; the bottleneck turns those into a code;
    - the decoder maps a code ``(..., batch, k)`` and an event shape to
      ``(..., batch, *event_shape)``.

    Where a fit has a condition, a vector for each row, the network is built for codes
    with that vector behind them, and for events with it where these are vectors, too.

    Examples
    --------
    One linear map each way:

    >>> from torch import nn
    >>> from skae import Autoencoder
    >>> from skae.networks import Network
    >>> class LinearNetwork(Network):
    ...     def build(self, event_shape, n_components):
    ...         encoder = nn.Linear(event_shape[0], 8)  # which has out_features
    ...         return encoder, Decoder(n_components, event_shape[0])
    >>> class Decoder(nn.Module):
    ...     def __init__(self, n_components, n_features):
    ...         super().__init__()
    ...         self.output = nn.Linear(n_components, n_features)
    ...
    ...     def forward(self, z, event_shape):
    ...         return self.output(z)
    >>> from sklearn.datasets import load_iris
    >>> model = Autoencoder(2, network=LinearNetwork(), max_epochs=5, random_state=0)
    >>> model.fit_transform(load_iris().data).shape
    (150, 2)
    """

    #: Whether rows may be sequences, ``(n_samples, n_timesteps, n_channels)``.
    takes_sequences = False

    #: Whether rows may be images, ``(n_samples, height, width)`` where rows are no
    #: sequences, or ``(n_samples, n_channels, height, width)``.
    takes_images = False

    #: Whether the encoder reads sequences to their own ends, after which all channels
    #: are NaN. Others are given the means of channels there, as all networks are where
    #: entries before the end are missing.
    takes_missing_ends = False

    #: Whether a linear map with a weight for each value of an event is part of it, so
    #: that sequences of the fit and later ones have to be equally long.
    has_linear_path = False

    #: Name of the output's activation, whose range the data should lie in.
    output_activation = "identity"

    def as_events(self, X):
        """Return the rows of `X`, an array or a tensor, as events."""
        return X

    @abstractmethod
    def build(self, event_shape, n_components):
        """Return an encoder and a decoder.

        Parameters
        ----------
        event_shape : tuple of int
            Shape of one event.
        n_components : int
            Size of the code.

        Returns
        -------
        encoder, decoder : torch.nn.Module
        """

    def for_unequal_lengths(self):
        """Return the network to build where sequences of the fit differ in length.

        By default the network itself.
        """
        return self

    def units(self, event_shape):
        """Return the module with the units that encoder and decoder work in, or None.

        By default None: they work in those of the events.
        """
        return None

    def initialize(self, module, events, seed):
        """Set initial weights that depend on the data; by default none do.

        Parameters
        ----------
        module : AutoencoderModule
            With the modules that `build` returned, randomly initialised.
        events : ndarray of shape (n_samples, ...)
            The data of the fit; of more than 20,000 rows evenly spaced ones. NaN where
            sequences have ended, for networks that take that.
        seed : int
            Source of any random numbers.
        """

    def aim(self, module, events, targets):
        """Set initial weights for targets other than the events; by default none are.

        Called after `initialize` where a fit is given clean rows of noisy ones.

        Parameters
        ----------
        module : AutoencoderModule
        events, targets : ndarray of shape (n_samples, ...)
            Rows to encode, and what their reconstructions are compared with; NaN where
            sequences have ended.
        """
