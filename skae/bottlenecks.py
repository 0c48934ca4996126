"""Bottlenecks: how a code arises from the encoder's features."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from sklearn.base import BaseEstimator
from torch import nn

from skae.networks.activations import get_activation
from skae.registry import Registry

__all__ = ["BOTTLENECKS", "Bottleneck", "Latent", "PointBottleneck"]

BOTTLENECKS = Registry("bottleneck", "skae.bottlenecks")


class Latent(NamedTuple):
    """Codes of a batch.

    Attributes
    ----------
    mean : torch.Tensor of shape (..., batch, k)
        The deterministic code, which `transform` returns.
    sample : torch.Tensor of shape (..., batch, k)
        The code that is decoded: the mean itself, or a draw around it.
    log_var : torch.Tensor of shape (..., batch, k), or None
        Logarithm of the variance of a draw, where the bottleneck has one.
    """

    mean: torch.Tensor
    sample: torch.Tensor
    log_var: torch.Tensor | None = None


class Bottleneck(BaseEstimator, ABC):
    """How a code arises: hyper-parameters, and the module they describe.

    The module's ``forward(features, generator=None)`` returns a `Latent`. It draws
    random numbers from `generator` only, and none when that is ``None``. Its attribute
    ``mean`` is the linear layer from the features to the mean code, which networks may
    initialise.
    """

    #: The fields of `Latent` that carry information, for penalties to require.
    provides = frozenset()

    @abstractmethod
    def build(self, n_features, n_components):
        """Return the module from `n_features` encoder features to the code."""


@BOTTLENECKS.register("point")
class PointBottleneck(Bottleneck):
    """One point per row: an affine map of the encoder's features.

    Parameters
    ----------
    activation : str, default="identity"
        Activation of the code. A ReLU code can die (a unit that is zero for every
        row), a bounded one saturate; the default has neither problem.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import PointBottleneck
    >>> PointBottleneck().build(32, 3)(torch.zeros(5, 32)).mean.shape
    torch.Size([5, 3])
    """

    provides = frozenset({"mean", "sample"})

    def __init__(self, activation="identity"):
        self.activation = activation

    def build(self, n_features, n_components):
        """Return the module; see `Bottleneck.build`."""
        return _Point(n_features, n_components, get_activation(self.activation).module)


class _Point(nn.Module):
    def __init__(self, n_features, n_components, activation):
        super().__init__()
        self.mean = nn.Linear(n_features, n_components)
        self.activation = activation()

    def forward(self, features, generator=None):
        code = self.activation(self.mean(features))
        return Latent(mean=code, sample=code)
