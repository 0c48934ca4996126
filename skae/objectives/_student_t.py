"""Likelihood of a decoder with Student's t density."""

from math import lgamma, log, pi

import torch

from skae.objectives._likelihood import Scaled
from skae.objectives._reconstruction import RECONSTRUCTIONS

__all__ = ["StudentTLikelihood"]

# They find the scale to 1e-4 of itself; losses, at their least, see the square of that.
N_STEPS = 10


@RECONSTRUCTIONS.register("student_t")
class StudentTLikelihood(Scaled):
    """Likelihood of a decoder with Student's t density, whose tails are heavy, in nats.

    ``-log p(x | z) = sum_j log(s_j) + c + (df + 1) / 2 log(1 + e_j**2 / (df s_j**2))``
    with errors ``e = x - x_hat``, the constant
    ``c = log(df pi) / 2 + lgamma(df / 2) - lgamma((df + 1) / 2)`` and the scale s that
    the batch makes most likely; the variance is ``s**2 df / (df - 2)``. Gross errors
    of entries count by their logarithm, far less than for a normal decoder, and little
    errors as for that.

    Parameters
    ----------
    df : float, default=4.0
        Degrees of freedom, above 2. The more, the lighter are the tails; with some
        hundred the density is all but a normal one.
    per_feature : bool, default=False
        Whether every feature has a scale of its own.

    References
    ----------
    K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using
    the t distribution", Journal of the American Statistical Association 84, 1989; the
    scale by the fixed point of X.-L. Meng, D. van Dyk, "The EM algorithm: an old
    folk-song sung to a fast new tune", Journal of the Royal Statistical Society B 59,
    1997.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import StudentTLikelihood
    >>> term = StudentTLikelihood(df=4.0)
    >>> term(torch.zeros(4, 1), torch.ones(4, 1))  # of a scale of 1
    tensor(1.5387)
    >>> term.variance(torch.zeros(4, 1), torch.ones(4, 1))  # df / (df - 2)
    tensor([[2.]])
    """

    def __init__(self, df=4.0, per_feature=False):
        self.df = df
        self.per_feature = per_feature

    @property
    def _variance_of_unit_scale(self):
        if not self.df > 2:
            raise ValueError(
                f"df={self.df!r}: Student's t has a variance with more than 2 degrees "
                "of freedom only; use a larger df."
            )
        return self.df / (self.df - 2)

    def log_density(self, x, x_hat, variance=None):
        """Return the log density of every entry; see `Likelihood`."""
        variance = torch.as_tensor(variance, dtype=x.dtype, device=x.device)
        square = variance / self._variance_of_unit_scale
        ratio = (x - x_hat).square() / (self.df * square)
        constant = lgamma(self.df / 2) - lgamma((self.df + 1) / 2)
        constant += log(self.df * pi) / 2
        return -torch.log(square) / 2 - constant - (self.df + 1) / 2 * ratio.log1p()

    @torch.no_grad()  # at the maximum its derivative has no part in that of the loss
    def variance(self, x, x_hat, weight=None):
        """Return the variance of the most likely scale; see `Likelihood`."""
        squares = (x - x_hat).square()
        unit = self._variance_of_unit_scale
        square = self._mean(squares, weight) / unit
        for _ in range(N_STEPS):
            mass = (self.df + 1) / (self.df + squares / square)
            square = self._mean(mass * squares, weight) / self._mean(mass, weight)
        return unit * square

    def draw(self, x_hat, variance, rng):
        """Return rows with noise of Student's t density; see `Likelihood`."""
        scale = (variance / self._variance_of_unit_scale) ** 0.5
        return x_hat + scale * rng.standard_t(self.df, x_hat.shape)
