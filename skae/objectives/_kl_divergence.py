"""Kullback-Leibler divergence of the codes' distributions from a standard normal."""

import torch

from skae.objectives._batch import masked, mean_over_rows
from skae.objectives._penalty import PENALTIES, Penalty

__all__ = ["KLDivergence", "kl_to_standard_normal"]


def kl_to_standard_normal(mean, log_var):
    """Return ``KL(N(mean, exp(log_var)) || N(0, 1))`` of every entry, in nats.

    ``(mean**2 + exp(log_var) - 1 - log_var) / 2``.

    Parameters
    ----------
    mean, log_var : torch.Tensor of one shape

    Returns
    -------
    kl : torch.Tensor of that shape

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import kl_to_standard_normal
    >>> kl_to_standard_normal(torch.tensor([0.0, 2.0]), log_var=torch.zeros(2))
    tensor([0., 2.])
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var)


@PENALTIES.register("kl")
class KLDivergence(Penalty):
    """KL divergence to N(0, I) in nats, summed over units, mean over the batch.

    Parameters
    ----------
    weight : float or Schedule, default=0.01
        The beta of a beta-VAE. The reconstruction is a mean over features, so 1 is not
        the evidence lower bound: that is ``2 * v / n_features`` for a decoder of
        variance v. By the theory of linear networks (probabilistic PCA), for data of
        unit variance, a direction is kept where its share of the total variance
        exceeds ``weight / 2``; when none does, the posterior collapses.
    free_bits : float, default=0.0
        Nats per unit that cost nothing: units below are not pressed further
        (Kingma et al., 2016, arXiv:1606.04934).
    capacity : float, default=0.0
        Nats in all that the code should carry: the penalty is ``|KL - capacity|``
        (Burgess et al., 2018, arXiv:1804.03599).

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import KLDivergence
    >>> mean, log_var = torch.ones(5, 2), torch.zeros(5, 2)
    >>> KLDivergence()(Latent(mean, mean, log_var))
    tensor(1.)
    """

    requires = frozenset({"mean", "log_var"})
    takes_units = True

    def __init__(self, weight=0.01, *, free_bits=0.0, capacity=0.0):
        self.weight = weight
        self.free_bits = free_bits
        self.capacity = capacity

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value; see `Penalty`."""
        mean, log_var = masked(latent.mean, units), masked(latent.log_var, units)
        weight = None if weight is None else weight.unsqueeze(-2)
        nats = mean_over_rows(kl_to_standard_normal(mean, log_var).mT, weight)
        return self.of_nats(nats, units)

    def of_nats(self, nats, units=None):
        """Return the raw value, given the nats of each unit.

        Parameters
        ----------
        nats : torch.Tensor of shape (..., k)
            Means over the rows.
        units : torch.Tensor of bool, of shape (..., k), or None
            See `Penalty`.

        Returns
        -------
        value : torch.Tensor of shape (...)
        """
        kl = self._that_cost(nats, units).sum(-1)
        return (kl - self.capacity).abs() if self.capacity else kl

    def slopes(self, nats, units=None):
        """Return the derivatives of `of_nats` by each of the nats, ``(..., k)``.

        Examples
        --------
        >>> import torch
        >>> from skae.objectives import KLDivergence
        >>> KLDivergence(free_bits=0.5).slopes(torch.tensor([0.2, 0.7]))
        tensor([0., 1.])
        """
        slopes = nats >= self.free_bits
        slopes = (slopes if units is None else slopes & units).to(nats.dtype)
        if not self.capacity:
            return slopes
        kl = self._that_cost(nats, units).sum(-1, keepdim=True)
        return slopes * (kl - self.capacity).sign()

    def _that_cost(self, nats, units):
        nats = nats.clamp_min(self.free_bits)
        if units is None:  # others have no nats that are free
            return nats
        return torch.where(units, nats, 0)
