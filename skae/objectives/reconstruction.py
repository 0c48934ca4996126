"""Reconstruction terms: how far a reconstruction is from its original."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator
from torch.nn import functional

from skae.registry import Registry

__all__ = ["RECONSTRUCTIONS", "ReconstructionLoss", "SquaredError"]

RECONSTRUCTIONS = Registry("reconstruction term", "skae.reconstructions")


class ReconstructionLoss(BaseEstimator, ABC):
    """A distance between rows, a mean over their features."""

    @abstractmethod
    def elementwise(self, x, x_hat):
        """Return the loss of every entry, in the shape of `x`."""

    def __call__(self, x, x_hat):
        """Return the mean over features and batch.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)

        Returns
        -------
        loss : torch.Tensor of shape (...)
        """
        return self.elementwise(x, x_hat).mean((-2, -1))


@RECONSTRUCTIONS.register("squared_error")
class SquaredError(ReconstructionLoss):
    """Squared error: mean over features and batch of ``(x - x_hat)**2``.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import SquaredError
    >>> SquaredError()(torch.zeros(4, 2), torch.ones(4, 2))
    tensor(1.)
    """

    def elementwise(self, x, x_hat):
        """Return ``(x - x_hat)**2``."""
        return functional.mse_loss(x_hat, x, reduction="none")

    def __call__(self, x, x_hat):
        """Return the mean over features and batch; see `ReconstructionLoss`."""
        if x.ndim == 2:  # torch has one kernel for it, forward and backward
            return functional.mse_loss(x_hat, x)
        return super().__call__(x, x_hat)
