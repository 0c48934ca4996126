"""What every penalty promises."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from skae.registry import Registry

__all__ = ["PENALTIES", "Penalty"]

PENALTIES = Registry("penalty", "skae.penalties")


class Penalty(BaseEstimator, ABC):
    """A function of the codes that training should make small.

    A penalty returns its raw value. The objective weighs it, by the penalty's
    parameter `weight`: a number, or a `Schedule` of the epoch.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import Penalty, mean_over_rows
    >>> class Largest(Penalty):
    ...     requires = frozenset({"mean"})
    ...
    ...     def __init__(self, weight=1.0):
    ...         self.weight = weight
    ...
    ...     def __call__(self, latent, generator=None, weight=None):
    ...         return mean_over_rows(latent.mean.abs().amax(-1), weight)
    >>> code = torch.tensor([[1.0, -2.0], [4.0, 0.0]])
    >>> Largest()(Latent(mean=code, sample=code))
    tensor(3.)
    """

    #: The fields of `Latent` that it reads, which the bottleneck has to provide.
    requires = frozenset()

    @abstractmethod
    def __call__(self, latent, generator=None, weight=None):
        """Return the raw value.

        Parameters
        ----------
        latent : Latent
            Codes ``(..., batch, k)``.
        generator : torch.Generator or None
            Source of any draws the penalty needs.
        weight : torch.Tensor of shape (..., batch) or None
            Weights of the rows, for penalties that are a mean over them.

        Returns
        -------
        value : torch.Tensor of shape (...)
        """


def mean_over_rows(values, weight=None):
    """Return the mean over the last axis, weighted where there are weights.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import mean_over_rows
    >>> mean_over_rows(torch.tensor([1.0, 4.0]), weight=torch.tensor([2.0, 1.0]))
    tensor(2.)
    """
    if weight is None:
        return values.mean(-1)
    return (weight * values).sum(-1) / weight.sum(-1)
