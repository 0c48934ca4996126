"""A reconstruction term: squared for small errors and absolute for large ones."""

import math

from skae.objectives import ReconstructionLoss
from torch.nn.functional import softplus

__all__ = ["LogCosh"]


class LogCosh(ReconstructionLoss):
    """Logarithm of the hyperbolic cosine of the error, a mean over features and batch.

    ``scale**2 log cosh(e / scale)`` with the error ``e = x - x_hat``: about
    ``e**2 / 2`` for errors much smaller than the scale, and ``scale |e|`` for larger
    ones. In contrast to Huber's it has derivatives of every order.

    Parameters
    ----------
    scale : float, default=1.0
        Where squares become absolute values, in units of the data.

    Examples
    --------
    >>> import torch
    >>> from skae_transformer import LogCosh
    >>> LogCosh().elementwise(torch.zeros(2), torch.tensor([0.1, 100.0]))
    tensor([4.9917e-03, 9.9307e+01])
    """

    # so that fits with it train in the stacks of skae.stacked()
    is_elementwise = True

    def __init__(self, scale=1.0):
        self.scale = scale

    def elementwise(self, x, x_hat):
        """Return the loss of every entry, in the shape of `x`."""
        error = (x - x_hat).abs() / self.scale
        return self.scale**2 * (error + softplus(-2 * error) - math.log(2))
