"""What held-out rows gain by a training, far ones among them, and by which variance."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize_scalar

__all__ = ["HeldOut", "Outcome", "safe_gain"]

# Of what training takes from the errors of held-out rows, the share that is granted to
# rows farther from the start than all of them.
OF_FAR_ROWS = 0.5
# Nats that a row may gain: one that is like no other is not to decide for all.
MOST_OF_ROW = 1000.0


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
    """Rows that were held out from a training, as the linear model of its start has it.

    Attributes
    ----------
    variance : torch.Tensor of shape (1, 1) or (1, n_features)
        Of the noise of that model.
    error : torch.Tensor of that shape
        The variance that is most likely for these rows.
    density, kl : torch.Tensor of shape (n_rows,)
        Log densities and divergences, as of an `Outcome`.
    far : Outcome
        Of rows trained on which the model reconstructs worse than all of these.
    share_of_far : float
        How many of all rows `far` stands for.
    beta : float
        Weight of the divergences.
    """

    variance: torch.Tensor
    error: torch.Tensor
    density: torch.Tensor
    kl: torch.Tensor
    far: Outcome
    share_of_far: float
    beta: float

    def gains(self, term, after, ratio, factor):
        """Return by how much bounds of rows rise, in nats, and weights of the rows.

        Parameters
        ----------
        term : Likelihood
        after : Outcome
            Of the held-out rows after the training.
        ratio : torch.Tensor of shape (1, 1) or (1, n_features)
            Of errors after and before.
        factor : float
            How many times larger than by that ratio the variance is.
        """
        variance = self.variance * ratio * factor
        rise = after.log_density(term, variance) - self.density
        rise = (rise - self.beta * (after.kl - self.kl)).clamp_max(MOST_OF_ROW)
        far = self.far.nearer(1 - OF_FAR_ROWS * (1 - ratio.clamp_max(1)))
        of_far = far.log_density(term, variance)
        of_far = of_far - self.far.log_density(term, self.variance)
        shares = (1 - self.share_of_far, self.share_of_far)
        weights = [
            torch.full_like(gain, share / max(1, len(gain)))
            for gain, share in zip((rise, of_far), shares, strict=True)
        ]
        return torch.cat([rise, of_far]), torch.cat(weights)


def safe_gain(term, parts, outcomes, n_errors):
    """Return what held-out rows gain by a training, and the variance to gain most by.

    The variance of a decoder may be as much smaller than that of the linear start as
    errors of held-out rows have become, in the mean over parts of its logarithm. Where
    rows are far from all others and training has not brought them nearer, so small a
    variance costs them more than others gain by it: the ratio is that by which
    the gain is largest, at most 1 unless errors have become larger.

    Parameters
    ----------
    term : Likelihood
        With a variance.
    parts : list of HeldOut
    outcomes : list of Outcome
        Of the same rows after the training.
    n_errors : float
        Standard errors of the mean over rows that the gain is taken to be less.

    Returns
    -------
    gain : float
        Of the evidence lower bound, in nats.
    ratio : float
        Of the variance to that of the linear model; where each feature has one, the
        geometric mean.
    """
    pairs = [*zip(parts, outcomes, strict=True)]
    ratios = [after.variance(term) / part.error for part, after in pairs]
    ratios = torch.stack(ratios).log()
    smallest = ratios.mean().item()
    if not smallest < np.inf:  # where nothing was left to explain
        return -np.inf, 1.0
    by_ratio = [*zip(pairs, _of_others(ratios).exp(), strict=True)]

    def loss(log_factor):
        factor = np.exp(log_factor)
        found = [
            part.gains(term, after, ratio, factor) for (part, after), ratio in by_ratio
        ]
        return -_lower_mean(*map(torch.cat, zip(*found, strict=True)), n_errors)

    factors = [0.0]
    if -np.inf < smallest < 0:
        bounds, options = (0, -smallest), {"xatol": 1e-4}
        factors += [-smallest, minimize_scalar(loss, bounds=bounds, options=options).x]
    best = min(factors, key=loss)
    return -loss(best), float(np.exp(smallest + best))


def _of_others(ratios):
    """Return means of logarithms over parts, where each feature has one over others.

    So many numbers would be judged by the very rows that they are of.
    """
    n_parts, _, n_ratios = ratios.shape
    mean = ratios.mean(0).expand_as(ratios)
    if n_parts == 1 or n_ratios == 1:
        return mean
    return mean + (mean - ratios) / (n_parts - 1)


def _lower_mean(values, weights, n_errors):
    """Return a weighted mean less so many of its standard errors."""
    weights = weights / weights.sum()
    mean = (weights * values).sum()
    variance = (weights * (values - mean).square()).sum() * weights.square().sum()
    return (mean - n_errors * variance.sqrt()).item()
