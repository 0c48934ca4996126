"""Reconstruction terms that are likelihoods: negative log densities, in nats."""

from abc import abstractmethod
from math import exp, log, pi

import numpy as np
import torch
from scipy.special import logsumexp
from torch.nn import functional

from skae._arrays import is_outside
from skae.objectives._reconstruction import RECONSTRUCTIONS, ReconstructionLoss

__all__ = ["GaussianLikelihood", "LaplaceLikelihood", "Likelihood"]


class Likelihood(ReconstructionLoss):
    """Negative log-likelihood of rows, ``-log p(x | z)``, in nats.

    A sum over features and a mean over rows: with the KL divergence of the codes,
    weighed by 1, the objective is the negative evidence lower bound. What the density
    has besides the reconstruction, its `variance`, is its maximum-likelihood estimate
    over the batch (O. Rybkin, K. Daniilidis, S. Levine, "Simple and effective VAE
    training with calibrated decoders", 2021, arXiv:2006.13202).

    A subclass defines `log_density`, and `variance` and `draw` where it has them.

    Examples
    --------
    Waiting times with a positive mean:

    >>> import torch
    >>> from skae.objectives import Likelihood
    >>> class Exponential(Likelihood):
    ...     low = 0.0
    ...
    ...     def log_density(self, x, x_hat, variance=None):
    ...         return -x / x_hat - torch.log(x_hat)
    ...
    ...     def draw(self, x_hat, variance, rng):
    ...         return rng.exponential(x_hat)
    >>> Exponential()(torch.ones(4, 2), torch.ones(4, 2))
    tensor(2.)
    """

    #: Noise of the linear model that training may start as: of one variance,
    #: ``"shared"``, or of one for each feature, ``"per_feature"``; None for neither.
    noise = None
    #: Whether data are whole numbers, and `log_density` the logarithm of a probability.
    is_discrete = False

    @property
    def support(self):
        """What data have to be, in words: all that is not `outside`."""
        return f"data in [{self.low:g}, {self.high:g}]"

    def outside(self, X):
        """Return the mask of values that data of this density cannot have.

        Parameters
        ----------
        X : ndarray of shape (n_samples, ...)
            With NaN where values are missing, which are none of them.
        """
        return is_outside(X, self.low, self.high)

    @abstractmethod
    def log_density(self, x, x_hat, variance=None):
        """Return ``log p(x | z)`` of every entry, in nats.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)
        variance : float or torch.Tensor, default=None
            Of shape (..., 1, 1) or (..., 1, n_features), as `variance` returns it.
        """

    def variance(self, x, x_hat, weight=None):
        """Return the variance that is most likely, None where there is none.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)
        weight : torch.Tensor of shape (..., batch, n_features) or None
            Weights of the entries.

        Returns
        -------
        variance : torch.Tensor of shape (..., 1, 1) or (..., 1, n_features), or None
        """
        return None

    def draw(self, x_hat, variance, rng):
        """Return rows drawn from the density, given those that codes stand for.

        Parameters
        ----------
        x_hat : ndarray of shape (n_samples, n_features)
        variance : float, ndarray of shape (n_features,), or None
        rng : numpy.random.RandomState
        """
        raise TypeError(f"{type(self).__name__} has no draw, which sample needs.")

    def elementwise(self, x, x_hat):
        """Return the negative log density of every entry."""
        return -self.log_density(x, x_hat, self.variance(x, x_hat))

    def __call__(self, x, x_hat, weight=None, variance=None):
        """Return the sum over features, a mean over rows; see `ReconstructionLoss`.

        A `variance` that is given, as one that is learned, is not estimated.
        """
        if variance is None:
            variance = self.variance(x, x_hat, weight)
        losses = -self.log_density(x, x_hat, variance)
        if weight is None:
            return losses.sum(-1).mean(-1)
        return (weight * losses).sum((-2, -1)) / n_rows_of(weight)

    def log_likelihood(self, x, x_hat, variance=None):
        """Return ``log p(x | z)`` of every row; see `ReconstructionLoss`."""
        is_missing = x.isnan()
        log_p = self.log_density(torch.where(is_missing, x_hat, x), x_hat, variance)
        return log_p.masked_fill(is_missing, 0).sum(-1)

    def multiplied(self, loss, factor, n_features):
        """Return the loss of squared errors `factor` times as large."""
        return loss + 0.5 * n_features * log(factor)

    def ratio(self, loss, other, n_features):
        """Return how many times larger squared errors are than those of `other`."""
        return exp(min(2 * (loss - other) / n_features, 700.0))


def sum_over(values, axes, weight=None):
    """Return the sum over some axes, which stay, weighted where weights are given."""
    weighted = values if weight is None else weight * values
    return weighted.sum(axes, keepdim=True)


def n_rows_of(weight):
    """Return how many rows weights of entries stand for; one is as its largest."""
    return weight.amax(-1).sum(-1)


class Scaled(Likelihood):
    """Density of a location and a scale, one or one of every feature.

    Parameters
    ----------
    per_feature : bool, default=False
    """

    is_elementwise = True

    def __init__(self, per_feature=False):
        self.per_feature = per_feature

    @property
    def noise(self):
        """Noise of the linear model that training may start as."""
        return "per_feature" if self.per_feature else "shared"

    def pooled(self, losses, n_features):
        """Return the losses of parts under the variance most likely for all of them.

        The losses are those under the variance most likely for each.
        """
        half = n_features / 2
        shared = half * (logsumexp(losses / half, axis=0) - log(len(losses)))
        return shared + half * np.expm1((losses - shared) / half)

    def _mean(self, values, weight=None):
        """Return the mean over rows, and features unless each has its own."""
        axes = (-2,) if self.per_feature else (-2, -1)
        if weight is None:
            mean = values.mean(axes, keepdim=True)
        else:
            total = weight.sum(axes, keepdim=True)
            smallest = torch.finfo(total.dtype).tiny
            mean = (weight * values).sum(axes, keepdim=True) / total.clamp_min(smallest)
        # a perfect reconstruction has a density beyond all bounds
        return mean.clamp_min(torch.finfo(mean.dtype).tiny ** 0.5)


@RECONSTRUCTIONS.register("gaussian")
class GaussianLikelihood(Scaled):
    """Likelihood of a normal decoder ``N(x_hat, variance)``, in nats.

    ``-log p(x | z) = sum_j (log(2 pi v_j) + (x_j - x_hat_j)**2 / v_j) / 2``, with the
    variance v that the batch makes most likely, its mean squared error. So errors
    count beside the divergence of the codes as they should on any scale of the data
    (Rybkin et al., 2021, arXiv:2006.13202).

    Parameters
    ----------
    per_feature : bool, default=False
        Whether every feature has a variance of its own. With linear networks the model
        is then factor analysis, and otherwise probabilistic PCA. Of few rows, fewer
        than ten for a feature, it starts with correlations that are 3 % smaller where
        rows that are held out are likelier so.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import GaussianLikelihood
    >>> x, x_hat = torch.zeros(4, 2), torch.ones(4, 2)
    >>> GaussianLikelihood()(x, x_hat)  # log(2 pi) + 1
    tensor(2.8379)
    >>> GaussianLikelihood().variance(x, x_hat)
    tensor([[1.]])
    """

    is_elementwise = True

    def log_density(self, x, x_hat, variance=None):
        """Return the log density of every entry; see `Likelihood`."""
        variance = torch.as_tensor(variance, dtype=x.dtype, device=x.device)
        squares = (x - x_hat).square()
        return -0.5 * (squares / variance + torch.log(2 * pi * variance))

    def variance(self, x, x_hat, weight=None):
        """Return the mean squared error; see `Likelihood`."""
        if x.ndim == 2 and weight is None and not self.per_feature:
            # torch has one kernel for it, forward and backward
            mean = functional.mse_loss(x_hat, x)[None, None]
            return mean.clamp_min(torch.finfo(mean.dtype).tiny ** 0.5)
        return self._mean((x - x_hat).square(), weight)

    def __call__(self, x, x_hat, weight=None):
        """Return the loss, ``sum_j (log(2 pi v_j) + 1) / 2`` with the best v."""
        nats = 0.5 * (torch.log(2 * pi * self.variance(x, x_hat, weight)) + 1)
        if weight is None:
            return nats.expand(*nats.shape[:-1], x.shape[-1]).sum((-2, -1))
        per_feature = weight.sum(-2, keepdim=True)
        return (per_feature * nats).sum((-2, -1)) / n_rows_of(weight)

    def draw(self, x_hat, variance, rng):
        """Return rows with normal noise; see `Likelihood`."""
        return x_hat + variance**0.5 * rng.standard_normal(x_hat.shape)


@RECONSTRUCTIONS.register("laplace")
class LaplaceLikelihood(Scaled):
    """Likelihood of a decoder with Laplace's density, whose tails are heavy, in nats.

    ``-log p(x | z) = sum_j log(2 b_j) + |x_j - x_hat_j| / b_j`` with the scale b that
    the batch makes most likely, its mean absolute error; the variance is ``2 b**2``.
    Gross errors of entries count less than for a normal decoder.

    Parameters
    ----------
    per_feature : bool, default=False
        Whether every feature has a scale of its own.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import LaplaceLikelihood
    >>> LaplaceLikelihood()(torch.zeros(4, 1), torch.ones(4, 1))  # log(2) + 1
    tensor(1.6931)
    """

    def log_density(self, x, x_hat, variance=None):
        """Return the log density of every entry; see `Likelihood`."""
        variance = torch.as_tensor(variance, dtype=x.dtype, device=x.device)
        scale = (variance / 2).sqrt()
        return -(x - x_hat).abs() / scale - torch.log(2 * scale)

    def variance(self, x, x_hat, weight=None):
        """Return twice the squared mean absolute error; see `Likelihood`."""
        return 2 * self._mean((x - x_hat).abs(), weight).square()

    def draw(self, x_hat, variance, rng):
        """Return rows with noise of Laplace's density; see `Likelihood`."""
        return x_hat + (variance / 2) ** 0.5 * rng.laplace(size=x_hat.shape)
