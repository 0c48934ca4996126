"""Noise on the input, for denoising, or on the code, which bounds its information."""

from abc import ABC, abstractmethod

import torch
from sklearn.base import BaseEstimator
from torch import nn

from skae.registry import Registry

__all__ = ["NOISES", "GaussianNoise", "MaskingNoise", "Noise", "SNRNoise"]

NOISES = Registry("noise", "skae.noises")


class Noise(BaseEstimator, ABC):
    """Noise: hyper-parameters, and the module they describe.

    The module's ``forward(x, generator=None)`` draws from `generator` only; without
    one it returns `x` as it is, so that predictions are deterministic.

    Examples
    --------
    Rows turned upside down, one in two:

    >>> import torch
    >>> from torch import nn
    >>> from skae.noise import Noise
    >>> class SignNoise(Noise):
    ...     def build(self, shape):
    ...         return Flip()
    >>> class Flip(nn.Module):
    ...     def forward(self, x, generator=None):
    ...         if generator is None:
    ...             return x
    ...         coins = torch.rand(x.shape[:-1], generator=generator, dtype=x.dtype)
    ...         return x * (coins.round() * 2 - 1)[..., None]
    >>> module = SignNoise().build((3,))
    >>> noisy = module(torch.ones(100, 3), torch.Generator().manual_seed(0))
    >>> noisy.unique().tolist(), module(torch.ones(2, 3)).unique().tolist()
    ([-1.0, 1.0], [1.0])
    """

    #: Variance of noise that is added, where it does not depend on the data.
    variance = None

    @abstractmethod
    def build(self, shape):
        """Return the module for rows of one shape."""


class _NoiseModule(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x, generator=None):
        return x if generator is None else self.part.draw(x, generator)

    def extra_repr(self):
        return repr(self.part)

    @property
    def noise_variance(self):
        """Variance of the noise on each unit, None where it is not added to them."""
        return self.part.variance


def _normal_like(x, generator):
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)


@NOISES.register("gaussian")
class GaussianNoise(Noise):
    """Independent normal noise of a fixed standard deviation.

    On a code, a network can outgrow it: with nothing that limits the codes they
    become large, and the noise negligible. `SNRNoise` has no such way out.

    Parameters
    ----------
    std : float, default=0.1
        Standard deviation, in units of what it is added to.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import GaussianNoise
    >>> noise = GaussianNoise(std=0.5).build((3,))
    >>> x = torch.zeros(1000, 3)
    >>> noise(x).std(), noise(x, torch.Generator().manual_seed(0)).std()
    (tensor(0.), tensor(0.5))
    """

    def __init__(self, std=0.1):
        self.std = std

    @property
    def variance(self):
        """Variance of the noise."""
        return self.std**2

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        return _NoiseModule(self)

    def draw(self, x, generator):
        """Return `x` with noise."""
        return x + self.std * _normal_like(x, generator)


@NOISES.register("masking")
class MaskingNoise(Noise):
    """Entries set to zero at random; the classical denoising autoencoder's.

    Parameters
    ----------
    p : float in [0, 1), default=0.3
        Probability of an entry to be masked. Zero should be an ordinary value: centre
        the data.

    References
    ----------
    P. Vincent et al., "Extracting and composing robust features with denoising
    autoencoders", ICML 2008.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import MaskingNoise
    >>> noise = MaskingNoise(p=0.25).build((3,))
    >>> noise(torch.ones(4000, 3), torch.Generator().manual_seed(0)).mean()
    tensor(0.75)
    """

    def __init__(self, p=0.3):
        self.p = p

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        return _NoiseModule(self)

    def draw(self, x, generator):
        """Return `x` with entries masked."""
        kept = torch.rand(x.shape, generator=generator, device=x.device) >= self.p
        return x * kept


@NOISES.register("snr")
class SNRNoise(Noise):
    """Normal noise at a fixed ratio of signal to noise, unit by unit.

    ``x + sqrt(var(x) / r) * e`` with standard normal e and ``r = 10**(snr / 10)`` for
    decibels, ``r = snr`` for a ratio of variances. The variance is that of the batch
    and part of the graph: a network cannot escape the noise by scaling its codes,
    whose information is ``1/2 log2(1 + r)`` bits per unit at most.

    Parameters
    ----------
    snr : float, default=15.0
        Signal-to-noise ratio. Raising it lets more information through.
    unit : {"db", "ratio"}, default="db"
        Of `snr`: 15 dB are a ratio of 31.6.

    Notes
    -----
    The variance of a single row does not exist: then, and to tell the noise after
    training, a running estimate serves, the exponential average over batches.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import SNRNoise
    >>> x = 7 * torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    >>> noise = SNRNoise(snr=4.0, unit="ratio").build((2,))
    >>> noisy = noise(x, torch.Generator().manual_seed(1))
    >>> (x.var() / (noisy - x).var()).round()
    tensor(4.)
    """

    def __init__(self, snr=15.0, unit="db"):
        self.snr = snr
        self.unit = unit

    @property
    def ratio(self):
        """The ratio of variances."""
        if self.unit not in ("db", "ratio"):
            raise ValueError(f"unit={self.unit!r}: use 'db' or 'ratio'.")
        return 10 ** (self.snr / 10) if self.unit == "db" else self.snr

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        return _SNRModule(self.ratio, shape)


class _SNRModule(nn.Module):
    momentum = 0.1

    def __init__(self, ratio, shape):
        super().__init__()
        self.ratio = ratio
        self.register_buffer("signal_variance", torch.ones(shape))
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.long))

    @property
    def noise_variance(self):
        """Variance of the noise on each unit, by the running estimate."""
        return self.signal_variance / self.ratio

    def forward(self, x, generator=None):
        if generator is None:
            return x
        variance = self._variance(x)
        return x + (variance / self.ratio).sqrt() * _normal_like(x, generator)

    def _variance(self, x):
        batch_axis = x.ndim - self.signal_variance.ndim - 1
        if x.shape[batch_axis] < 2:
            return self.signal_variance
        variance = x.var(batch_axis, keepdim=True, correction=0)
        if self.training:
            self._update(variance.detach().flatten(0, batch_axis).mean(0))
        # a code that is constant has no direction in which the square root could move
        return variance.clamp_min(torch.finfo(x.dtype).tiny)

    def _update(self, variance):
        self.n_batches += 1
        signal = self.signal_variance
        rate = (1 / self.n_batches).clamp_min(self.momentum).to(signal)
        signal.lerp_(variance.to(signal), rate)
