"""Base class of penalties, and their contract."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from skae.registry import Registry

__all__ = ["PENALTIES", "Penalty"]

PENALTIES = Registry("penalty", "skae.penalties")


class Penalty(BaseEstimator, ABC):
    """A function of the codes that training should make small.

    A penalty returns its raw value. The objective weighs it, by the penalty's
    parameter `weight`: a number, or a `Schedule` of the epoch.

    One formula serves a lone fit and a stack of many, whose codes are padded to one
    size: a penalty that says ``takes_units = True`` is told which units are padding.
    Fits with another one train alone.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import Penalty, masked, mean_over_rows
    >>> class Largest(Penalty):
    ...     requires = frozenset({"mean"})
    ...     takes_units = True
    ...
    ...     def __init__(self, weight=1.0):
    ...         self.weight = weight
    ...
    ...     def __call__(self, latent, generator=None, weight=None, units=None):
    ...         codes = masked(latent.mean, units)
    ...         return mean_over_rows(codes.abs().amax(-1), weight)
    >>> code = torch.tensor([[1.0, -2.0], [4.0, 0.0]])
    >>> Largest()(Latent(mean=code, sample=code))
    tensor(3.)
    """

    #: The fields of `Latent` that it reads, which the bottleneck has to provide.
    requires = frozenset()
    #: Whether it takes the mask `units`, and so may train in a stack. A subclass that
    #: has a `__call__` of its own has to say so of that again.
    takes_units = False

    @abstractmethod
    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value.

        Parameters
        ----------
        latent : Latent
            Codes ``(..., batch, k)``.
        generator : torch.Generator, list of torch.Generator, or None
            Source of any draws the penalty needs; in a stack a list, one for each
            member of the leading axis. See `draw_points`.
        weight : torch.Tensor of shape (..., batch) or None
            Weights of the rows, for penalties that are a mean over them. Zero for rows
            that a member of a stack does not have.
        units : torch.Tensor of bool, of shape (..., k), or None
            Which units are there; the others are padding, and their values of no
            account. All without it. Only passed where the penalty `takes_units`.

        Returns
        -------
        value : torch.Tensor of shape (...)
        """
