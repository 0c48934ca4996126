"""What held-out rows gain by a training, far ones among them, and by which variance."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize_scalar

__all__ = ["HeldOut", "Outcome", "safe_gain"]

# Of what training takes from the errors of held-out rows, the share that is granted to
# rows farther from the start than all of them.
OF_FAR_ROWS = 0.5


class Outcome(NamedTuple):
    """Rows, and what codes that are drawn for them stand for.

    Attributes
    ----------
    x : torch.Tensor of shape (n_draws * n_rows, n_features)
        All rows for each draw, with zeros where values are missing.
    x_hat : torch.Tensor of shape (n_draws * n_rows, n_features)
    weight : torch.Tensor of shape (n_draws * n_rows, n_features)
        Of the entries, zero where they are missing.
    kl : torch.Tensor of shape (n_rows,)
        Divergences of the codes from the prior, times the weights of rows.
    n_draws : int
    """

    x: torch.Tensor
    x_hat: torch.Tensor
    weight: torch.Tensor
    kl: torch.Tensor
    n_draws: int

    def log_density(self, term, variance):
        """Return ``log p(x | z)`` of rows in nats, ``(n_rows,)``, over the draws."""
        density = self.weight * term.log_density(self.x, self.x_hat, variance)
        n_rows = len(density) // self.n_draws
        return density.sum(-1).reshape(self.n_draws, n_rows).mean(0)

    def variance(self, term):
        """Return the variance that is most likely; see `Likelihood.variance`."""
        return term.variance(self.x, self.x_hat, self.weight)

    def of_rows(self, numbers):
        """Return the outcome of some rows."""
        parts = (part.unflatten(0, (self.n_draws, -1)) for part in self[:3])
        parts = (part[:, numbers].flatten(0, 1) for part in parts)
        return Outcome(*parts, self.kl[numbers], self.n_draws)

    def double(self):
        """Return the outcome in double precision."""
        return Outcome(*(part.double() for part in self[:4]), self.n_draws)

    def nearer(self, ratio):
        """Return the outcome of squared errors `ratio` times as large."""
        return self._replace(x_hat=torch.lerp(self.x, self.x_hat, ratio**0.5))


class HeldOut(NamedTuple):
    """Rows that were held out from a training which started as a linear model.

    Attributes
    ----------
    variance : torch.Tensor of shape (1, 1) or (1, n_features)
        Of the noise of that model.
    before, after : Outcome
        Of the rows, by that model and by what has become of it.
    far : Outcome
        By that model, of rows trained on which it reconstructs worse than all of these.
    share_of_far : float
        How many of all rows `far` stands for.
    beta : float
        Weight of the divergences.
    """

    variance: torch.Tensor
    before: Outcome
    after: Outcome
    far: Outcome
    share_of_far: float
    beta: float

    def gains(self, term, ratio, factor):
        """Return by how much bounds of rows rise, in nats, and weights of the rows."""
        variance = self.variance * ratio * factor
        far = self.far.nearer(1 - OF_FAR_ROWS * (1 - ratio.clamp_max(1)))
        rows = [(self.before, self.after), (self.far, far)]
        gains = [
            after.log_density(term, variance)
            - before.log_density(term, self.variance)
            - self.beta * (after.kl - before.kl)
            for before, after in rows
        ]
        shares = (1 - self.share_of_far, self.share_of_far)
        weights = [
            torch.full_like(gain, share / max(1, len(gain)))
            for gain, share in zip(gains, shares, strict=True)
        ]
        return torch.cat(gains), torch.cat(weights)


def safe_gain(term, parts, n_errors):
    """Return what rows gain by a training, and their errors after and before it.

    The variance of a decoder may be as much smaller than that of the linear start as
    errors of held-out rows have become, in the mean over parts of its logarithm. Where
    rows are far from all others and training has not brought them nearer, so small a
    variance costs them more than others gain by it: the ratio, 1 at most, is that by
    which the gain is largest.

    Parameters
    ----------
    term : Likelihood
        With a variance.
    parts : list of HeldOut
    n_errors : float
        Standard errors of the mean over rows that the gain is taken to be less.

    Returns
    -------
    gain : float
        Of the evidence lower bound, in nats.
    ratio : float
        Of variances; where each feature has one, their geometric mean.
    """
    ratios = [part.after.variance(term) / part.before.variance(term) for part in parts]
    ratio = torch.stack(ratios).log().mean(0).exp()
    smallest = ratio.log().mean().item()

    def loss(log_factor):
        return -_lower_gain(term, parts, ratio, np.exp(log_factor), n_errors)

    factors = [0.0]
    if -np.inf < smallest < 0:
        bounds, options = (0, -smallest), {"xatol": 1e-4}
        factors += [-smallest, minimize_scalar(loss, bounds=bounds, options=options).x]
    best = min(factors, key=loss)
    return -loss(best), float(np.exp(smallest + best))


def _lower_gain(term, parts, ratio, factor, n_errors):
    """Return the mean gain of rows less its standard errors."""
    found = [part.gains(term, ratio, factor) for part in parts]
    gains, weights = (torch.cat(column) for column in zip(*found, strict=True))
    weights = weights / weights.sum()
    mean = (weights * gains).sum()
    variance = (weights * (gains - mean).square()).sum() * weights.square().sum()
    return (mean - n_errors * variance.sqrt()).item()
