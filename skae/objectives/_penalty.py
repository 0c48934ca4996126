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
    """Return the mean over the last axis, weighted where there are weights."""
    if weight is None:
        return values.mean(-1)
    return (weight * values).sum(-1) / weight.sum(-1)
