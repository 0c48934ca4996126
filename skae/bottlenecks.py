"""Bottlenecks: how a code arises from the encoder's features."""

from abc import ABC, abstractmethod
from functools import partial
from typing import NamedTuple

import torch
from sklearn.base import BaseEstimator
from torch import nn

from skae.networks._activations import get_activation
from skae.noise import NOISES, normal_like
from skae.registry import Registry

__all__ = [
    "BOTTLENECKS",
    "Bottleneck",
    "GaussianBottleneck",
    "Latent",
    "PointBottleneck",
]

BOTTLENECKS = Registry("bottleneck", "skae.bottlenecks")

# exp(-35) is below any noise that a decoder could make use of, even where variances of
# directions differ as far as numbers can tell; exp(10) is far above.
LOG_VAR_RANGE = (-35.0, 10.0)


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

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> code = torch.zeros(5, 2)
    >>> Latent(mean=code, sample=code).log_var is None
    True
    """

    mean: torch.Tensor
    sample: torch.Tensor
    log_var: torch.Tensor | None = None


class Bottleneck(BaseEstimator, ABC):
    """Bottleneck from features to codes: hyper-parameters, and their module.

    The module's ``forward(features, generator=None)`` returns a `Latent`. It draws
    random numbers from `generator` only, and none when that is ``None``. Its attribute
    ``mean`` is the linear layer from the features to the mean code, which networks may
    initialise.

    Examples
    --------
    Codes on the unit sphere:

    >>> import torch
    >>> from torch import nn
    >>> from skae.bottlenecks import Bottleneck, Latent
    >>> class SphereBottleneck(Bottleneck):
    ...     provides = frozenset({"mean", "sample"})
    ...
    ...     def build(self, n_features, n_components):
    ...         return Sphere(n_features, n_components)
    >>> class Sphere(nn.Module):
    ...     def __init__(self, n_features, n_components):
    ...         super().__init__()
    ...         self.mean = nn.Linear(n_features, n_components)
    ...
    ...     def forward(self, features, generator=None):
    ...         code = nn.functional.normalize(self.mean(features), dim=-1)
    ...         return Latent(mean=code, sample=code)
    >>> latent = SphereBottleneck().build(8, 3)(torch.ones(4, 8))
    >>> latent.mean.norm(dim=-1).detach().round(decimals=3)
    tensor([1., 1., 1., 1.])
    """

    #: The fields of `Latent` that carry information, for penalties to require.
    provides = frozenset()

    @abstractmethod
    def build(self, n_features, n_components):
        """Return the module from `n_features` encoder features to the code."""


@BOTTLENECKS.register("point")
class PointBottleneck(Bottleneck):
    """Bottleneck to one point per row: an affine map of the encoder's features.

    Parameters
    ----------
    activation : str, default="identity"
        Activation of the code. A ReLU code can die (a unit that is zero for every
        row), a bounded one saturate; the default has neither problem.
    noise : str, Noise or None, default=None
        Noise on the code while training, such as ``SNRNoise(15)``.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import PointBottleneck
    >>> PointBottleneck().build(32, 3)(torch.zeros(5, 32)).mean.shape
    torch.Size([5, 3])
    """

    provides = frozenset({"mean", "sample"})

    def __init__(self, activation="identity", noise=None):
        self.activation = activation
        self.noise = noise

    def build(self, n_features, n_components):
        """Return the module; see `Bottleneck.build`."""
        activation = get_activation(self.activation).module
        noise = NOISES.resolve(self.noise)
        noise = None if noise is None else noise.build((n_components,))
        return _Point(n_features, n_components, activation, noise)


class _Point(nn.Module):
    #: Whether `latent`, for all members of a stack, is what `forward` does for each.
    stacks = True

    def __init__(self, n_features, n_components, activation, noise):
        super().__init__()
        self.mean = nn.Linear(n_features, n_components)
        self.activation = activation()
        self.noise = noise

    def forward(self, features, generator=None):
        noise = self.noise and partial(self.noise, generator=generator)
        return self.latent([self.mean(features)], noise)

    def latent(self, maps, noise=None):
        code = self.activation(maps[0])
        return Latent(mean=code, sample=code if noise is None else noise(code))


@BOTTLENECKS.register("gaussian")
class GaussianBottleneck(Bottleneck):
    """A normal distribution per row, from which the code is drawn.

    ``sample = mean + exp(log_var / 2) * e`` with standard normal e, so that gradients
    reach both (Kingma & Welling, 2014, arXiv:1312.6114). `log_var` is kept within
    [-35, 10], and after a fit within the range over its rows: farther from all of them,
    a network says nothing of variances.

    Parameters
    ----------
    noise : str, Noise or None, default=None
        Noise on the drawn code while training, such as ``NestedDropout()``.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import GaussianBottleneck
    >>> latent = GaussianBottleneck().build(32, 3)(torch.zeros(5, 32))
    >>> latent.log_var.shape
    torch.Size([5, 3])
    """

    provides = frozenset({"mean", "log_var", "sample"})

    def __init__(self, noise=None):
        self.noise = noise

    def build(self, n_features, n_components):
        """Return the module; see `Bottleneck.build`."""
        noise = NOISES.resolve(self.noise)
        noise = None if noise is None else noise.build((n_components,))
        return _Gaussian(n_features, n_components, noise)


class _Gaussian(nn.Module):
    #: As for points; see there.
    stacks = True
    #: Whether `latent` draws ``mean + exp(log_var / 2) * e``, of logarithms that are
    #: clamped: gradients of that, stacks know.
    is_reparameterised = True

    def __init__(self, n_features, n_components, noise=None):
        super().__init__()
        self.mean = nn.Linear(n_features, n_components)
        self.log_var = nn.Linear(n_features, n_components)
        # Units of the means, in which a step of training is to be no more than noise.
        self.register_buffer("scale", torch.ones(n_components))
        # Beyond that of rows seen, logarithms that are linear in a row tell nothing.
        limits = torch.tensor(LOG_VAR_RANGE)[:, None].repeat(1, n_components)
        self.register_buffer("log_var_range", limits)
        self._limits_before = None
        self.noise = noise

    def forward(self, features, generator=None):
        normal = generator and partial(normal_like, generator=generator)
        maps = [self.scale * self.mean(features), self.log_var(features)]
        if not self.training:
            maps[1] = maps[1].clamp(*self.log_var_range)
        latent = self.latent(maps, normal)
        if self.noise is None:
            return latent
        return latent._replace(sample=self.noise(latent.sample, generator))

    def lift_limits(self):
        """Let variances be any that are valid, until `keep_within`."""
        low, high = LOG_VAR_RANGE
        limits = self.log_var_range
        self._limits_before = None
        if not ((limits[0] == low) & (limits[1] == high)).all():
            self._limits_before = limits.clone()
        limits[0], limits[1] = low, high

    def keep_within(self, log_vars):
        """Let variances stay within those of some rows, and of fits before."""
        low, high = log_vars.aminmax(dim=0)
        if self._limits_before is not None:
            low, high = (
                torch.minimum(low, self._limits_before[0]),
                torch.maximum(high, self._limits_before[1]),
            )
        self.log_var_range.copy_(torch.stack([low, high]))

    def latent(self, maps, normal=None):
        mean, log_var = maps[0], maps[1].clamp(*LOG_VAR_RANGE)
        if normal is None:
            return Latent(mean, mean, log_var)
        return Latent(mean, mean + (0.5 * log_var).exp() * normal(mean), log_var)
