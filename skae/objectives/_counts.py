"""Likelihoods of counts: whole numbers from 0 on."""

from math import inf

import numpy as np
import torch

from skae._arrays import rounding_of
from skae.objectives._likelihood import Likelihood, sum_over
from skae.objectives._reconstruction import RECONSTRUCTIONS, ReconstructionLoss

__all__ = ["NegativeBinomialLikelihood", "PoissonLikelihood"]

# Means that have vanished, as exp(-200) does, leave probabilities above zero.
SMALLEST_MEAN = 1e-30
# Dispersions: beyond, counts are all but those of Poisson's density, or all zero.
DISPERSIONS = (1e-4, 1e6)


class _Counts(Likelihood):
    """Probability of whole numbers from 0 on, given their mean."""

    low, high = 0.0, inf
    is_discrete = True
    support = "counts, whole numbers from 0 on"

    def outside(self, X):
        """Return the mask of values that are no counts; see `Likelihood`."""
        is_fraction = np.abs(X - np.rint(X)) > rounding_of(X.dtype)
        return is_fraction | super().outside(X)

    # probabilities are at most 1, so that losses are at least 0
    multiplied = ReconstructionLoss.multiplied
    ratio = ReconstructionLoss.ratio


@RECONSTRUCTIONS.register("poisson")
class PoissonLikelihood(_Counts):
    """Likelihood of counts of independent events, Poisson's density, in nats.

    ``-log p(x | z) = sum_j x_hat_j - x_j log(x_hat_j) + log(x_j!)`` with the means
    x_hat, which have to be positive: ``output_activation="exp"``, where effects
    multiply, or ``"softplus"``. The variance of a count is its mean; counts that vary
    more, as those of single cells do, are better told by `NegativeBinomialLikelihood`.
    Counts are given as they are: with a linear path, as `VAE` has it by default, the
    encoder scales them by itself.

    References
    ----------
    Q. Zhao et al., "Variational autoencoders for sparse and overdispersed discrete
    data", 2020, arXiv:1905.00616, compares likelihoods of counts.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import PoissonLikelihood
    >>> PoissonLikelihood()(torch.ones(4, 2), torch.ones(4, 2))
    tensor(2.)
    """

    is_elementwise = True

    def log_density(self, x, x_hat, variance=None):
        """Return the log probability of every entry; see `Likelihood`."""
        # large terms that cancel, up to log(x!), take the digits of double precision
        count, mean = x.double(), x_hat.double().clamp_min(SMALLEST_MEAN)
        log_p = torch.xlogy(count, mean) - mean - torch.lgamma(count + 1)
        return log_p.to(x.dtype)

    def draw(self, x_hat, variance, rng):
        """Return counts; see `Likelihood`."""
        return rng.poisson(x_hat)


@RECONSTRUCTIONS.register("negative_binomial")
class NegativeBinomialLikelihood(_Counts):
    """Likelihood of counts that vary more than independent events do, in nats.

    ``log p(x | z) = sum_j lgamma(x_j + r_j) - lgamma(r_j) - lgamma(x_j + 1)
    + r_j log(r_j / (r_j + m_j)) + x_j log(m_j / (r_j + m_j))`` with the means
    ``m = x_hat``, which have to be positive (``output_activation="exp"`` or
    ``"softplus"``), and a dispersion r of each feature. The variance of a count is
    ``m + m**2 / r``: the smaller r, the more it exceeds Poisson's.

    In a fit the optimiser learns r beside the weights of the network, from its estimate
    by moments on (see `variance`): batches say too little of rare counts to estimate it
    anew in each. What has been learned is the fitted autoencoder's
    `decoder_dispersion_`. Fits train alone, not in stacks.

    References
    ----------
    R. Lopez et al., "Deep generative modeling for single-cell transcriptomics", Nature
    Methods 15, 2018.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import NegativeBinomialLikelihood
    >>> x, x_hat = torch.tensor([[0.0], [2.0]]), torch.ones(2, 1)
    >>> NegativeBinomialLikelihood().log_density(x, x_hat, 1.0)  # log 1/2, log 1/8
    tensor([[-0.6931],
            [-2.0794]])
    """

    learns_dispersion = True

    def log_density(self, x, x_hat, variance=None):
        """Return the log probability of every entry, given dispersions as variance."""
        # lgamma(x + r) - lgamma(r) takes the digits of double precision, and more of
        # them than there are beyond the largest dispersion
        count, mean = x.double(), x_hat.double().clamp_min(SMALLEST_MEAN)
        r = torch.as_tensor(variance, device=x.device).double().clamp(*DISPERSIONS)
        choices = torch.lgamma(count + r) - torch.lgamma(r) - torch.lgamma(count + 1)
        log_p = choices - r * torch.log1p(mean / r) - count * torch.log1p(r / mean)
        return log_p.to(x.dtype)

    def variance(self, x, x_hat, weight=None):
        """Return the dispersions by moments, ``sum m**2 / (sum (x - m)**2 - sum m)``.

        Parameters
        ----------
        x, x_hat, weight : torch.Tensor
            As for `Likelihood.variance`.

        Returns
        -------
        dispersion : torch.Tensor of shape (..., 1, n_features)
            Within [1e-4, 1e6]; the largest where counts vary no more than Poisson's.
        """
        excess = sum_over((x - x_hat).square() - x_hat, (-2,), weight)
        squares = sum_over(x_hat.square(), (-2,), weight)
        smallest = torch.finfo(excess.dtype).tiny
        r = (squares / excess.clamp_min(smallest)).clamp(*DISPERSIONS)
        return torch.where(excess > 0, r, DISPERSIONS[1])

    def draw(self, x_hat, variance, rng):
        """Return counts, those of rates that vary by a gamma density."""
        r = np.clip(variance, *DISPERSIONS)
        return rng.poisson(rng.gamma(r, x_hat / r))
