"""Reconstruction terms: how far a reconstruction is from its original."""

from abc import ABC, abstractmethod
from math import inf, log, pi

from sklearn.base import BaseEstimator
from torch.nn import functional

from skae.registry import Registry

__all__ = [
    "RECONSTRUCTIONS",
    "AbsoluteError",
    "BernoulliCrossEntropy",
    "Huber",
    "ReconstructionLoss",
    "SquaredError",
]

RECONSTRUCTIONS = Registry("reconstruction term", "skae.reconstructions")


class ReconstructionLoss(BaseEstimator, ABC):
    """A distance between rows, a mean over their features.

    A term whose loss of an entry depends on that entry alone says ``is_elementwise =
    True``, and may train in stacks of many fits. Fits with another one train alone.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import ReconstructionLoss
    >>> class FourthPower(ReconstructionLoss):
    ...     is_elementwise = True
    ...
    ...     def elementwise(self, x, x_hat):
    ...         return (x - x_hat) ** 4
    >>> FourthPower()(torch.zeros(4, 2), 2 * torch.ones(4, 2))
    tensor(16.)
    """

    #: The interval in which data and reconstructions have to lie.
    low, high = -inf, inf
    #: Whether the loss of an entry depends on that entry alone. A subclass that has an
    #: `elementwise` or a `__call__` of its own has to say so of that again.
    is_elementwise = False
    #: Parameters, arrays of numbers by feature, that members of a stack may differ in.
    #: The term of all has them with a leading axis, ``(n_members, n)``.
    differs_in = ()
    #: The power of a factor on data and reconstructions that the loss grows by, 0 where
    #: there is none. Steps of training are then the same on any scale.
    degree = 0
    #: Whether the optimiser learns a positive number for each feature, a dispersion. It
    #: starts at what `Likelihood.variance` returns, and takes the place of that.
    learns_dispersion = False

    def link(self):
        """Return the module from what a decoder puts out to reconstructions, if any.

        Returns
        -------
        link : torch.nn.Module or None
            Of outputs ``(..., n_features)``, or those of a time step. It has the
            interval of its values as `low` and `high`, and an `inverse`, a function of
            ndarrays. With one that has parameters or buffers, fits train alone, not in
            stacks.
        """
        return None

    @abstractmethod
    def elementwise(self, x, x_hat):
        """Return the loss of every entry, in the shape of `x`."""

    def __call__(self, x, x_hat, weight=None):
        """Return the mean over features and batch.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)
        weight : torch.Tensor of shape (..., batch, n_features) or None
            Weights of the entries: of rows, or zero where there is no value. The mean
            is then the weighted one.

        Returns
        -------
        loss : torch.Tensor of shape (...)
        """
        losses = self.elementwise(x, x_hat)
        if weight is None:
            return losses.mean((-2, -1))
        return (weight * losses).sum((-2, -1)) / weight.sum((-2, -1))

    def multiplied(self, loss, factor, n_features):
        """Return the loss of errors, squared ones by default, so many times as large.

        Parameters
        ----------
        loss, factor : float
        n_features : int
        """
        return factor * loss

    def ratio(self, loss, other, n_features):
        """Return the factor by which `loss` is that of larger errors than `other`.

        Parameters
        ----------
        loss, other : float
        n_features : int
        """
        return loss / other

    def pooled(self, losses, n_features):
        """Return the losses of several parts of the rows as those of one model.

        Parameters
        ----------
        losses : ndarray of shape (n_parts, ...)
        n_features : int
        """
        return losses

    def log_likelihood(self, x, x_hat, variance):
        """Return ``log p(x | z)`` of every row, in nats, where there is a density.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)
            NaN in `x`, where a value is missing, does not count.
        variance : float
            Variance of the decoder, where the density has one.

        Returns
        -------
        log_likelihood : torch.Tensor of shape (..., batch)
        """
        raise TypeError(
            f"{type(self).__name__} is not the logarithm of a density: use "
            "'squared_error' or 'bernoulli_cross_entropy' to compute likelihoods."
        )


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

    is_elementwise = True
    degree = 2

    def elementwise(self, x, x_hat):
        """Return ``(x - x_hat)**2``."""
        return functional.mse_loss(x_hat, x, reduction="none")

    def __call__(self, x, x_hat, weight=None):
        """Return the mean over features and batch; see `ReconstructionLoss`."""
        if x.ndim == 2 and weight is None:
            # torch has one kernel for it, forward and backward
            return functional.mse_loss(x_hat, x)
        return super().__call__(x, x_hat, weight)

    def log_likelihood(self, x, x_hat, variance):
        """Return the log density of a normal decoder ``N(x_hat, variance)``."""
        squares = self.elementwise(x, x_hat).nansum(-1)
        constant = x.isfinite().sum(-1) * log(2 * pi * variance)
        return -0.5 * (squares / variance + constant)


@RECONSTRUCTIONS.register("absolute_error")
class AbsoluteError(ReconstructionLoss):
    """Absolute error: mean over features and batch of ``|x - x_hat|``.

    Outliers weigh less than under squared error; the optimum is a median.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import AbsoluteError
    >>> AbsoluteError()(torch.zeros(1, 2), torch.tensor([[1.0, -3.0]]))
    tensor(2.)
    """

    is_elementwise = True
    degree = 1

    def elementwise(self, x, x_hat):
        """Return ``|x - x_hat|``."""
        return functional.l1_loss(x_hat, x, reduction="none")


@RECONSTRUCTIONS.register("huber")
class Huber(ReconstructionLoss):
    """Squared for small errors, linear for large ones.

    ``e**2 / 2`` where ``|e| <= delta``, else ``delta * (|e| - delta / 2)``
    (P. J. Huber, 1964).

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss turns linear, in units of the data.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import Huber
    >>> Huber(delta=1.0).elementwise(torch.zeros(2), torch.tensor([1.0, 3.0]))
    tensor([0.5000, 2.5000])
    """

    is_elementwise = True

    def __init__(self, delta=1.0):
        self.delta = delta

    def elementwise(self, x, x_hat):
        """Return the loss of every entry."""
        return functional.huber_loss(x_hat, x, reduction="none", delta=self.delta)


@RECONSTRUCTIONS.register("bernoulli_cross_entropy")
class BernoulliCrossEntropy(ReconstructionLoss):
    """Cross-entropy of data in [0, 1] with probabilities, in nats.

    ``-x log x_hat - (1 - x) log(1 - x_hat)``, mean over features and batch. The output
    has to lie in [0, 1]: ``output_activation="sigmoid"``. It is not zero for a perfect
    reconstruction of values other than 0 and 1. Values beyond, of rounding or of rows
    that a scaler has not seen, count as the nearer bound.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import BernoulliCrossEntropy
    >>> x, x_hat = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5, 0.5]])
    >>> BernoulliCrossEntropy()(x, x_hat)  # log 2
    tensor(0.6931)
    """

    low, high = 0.0, 1.0
    is_elementwise = True

    def elementwise(self, x, x_hat):
        """Return the cross-entropy of every entry."""
        x = x.clamp(self.low, self.high)  # torch refuses the rounding of scalers
        return functional.binary_cross_entropy(x_hat, x, reduction="none")

    def log_likelihood(self, x, x_hat, variance):
        """Return the log probability of a Bernoulli decoder; it has no variance."""
        ended = x.isnan()
        losses = self.elementwise(x.nan_to_num(), x_hat)
        return -losses.masked_fill(ended, 0).sum(-1)
