"""Effects of a condition on events and codes, taken out and put back in."""

import numpy as np
import torch
from sklearn.linear_model import GammaRegressor
from torch import nn

__all__ = ["ConditionalMeans", "ConditionalScales"]

# Directions of conditions with a smaller share of the largest one are rounding.
ROUNDING = 1e-10
# Numbers far beyond those of the fit are not to make codes vanish or explode.
LARGEST_LOG = 5.0


class ConditionalMeans(nn.Module):
    """Regression of events on a condition, taken out before and put in after a code.

    ``effect(c) = (c - mean(c)) B`` with the least-squares slopes B, of least norm where
    columns depend on each other, as those of labels do. What is encoded are residuals,
    whose mean is that of the events, so that linear paths start as the principal
    components of residuals; reconstructions have the effect added.

    Parameters
    ----------
    n_conditions : int
    event_shape : tuple of int
    restores : bool, default=True
        Whether reconstructions have the effect added, which an output of a bounded
        range is not to have.

    Examples
    --------
    Two batches, the second of which lies 10 higher:

    >>> import numpy as np, torch
    >>> from skae.networks._conditional import ConditionalMeans
    >>> batches = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    >>> events = np.array([[0.0], [2], [10], [12]])
    >>> means = ConditionalMeans(2, (1,))
    >>> means.fit(batches, events)
    >>> means.residuals(torch.tensor(events), torch.tensor(batches)).flatten()
    tensor([5., 7., 5., 7.], dtype=torch.float64)
    """

    def __init__(self, n_conditions, event_shape, restores=True):
        super().__init__()
        self.restores = restores
        self.register_buffer("center", torch.zeros(n_conditions))
        for name in ("of_events", "of_targets"):
            self.register_buffer(name, torch.zeros(n_conditions, *event_shape))

    def fit(self, conditions, events, targets=None):
        """Set the slopes, those of targets too where these are others.

        Parameters
        ----------
        conditions : ndarray of shape (n_samples, n_conditions)
        events, targets : ndarray of shape (n_samples, ...)
        """
        conditions = conditions.astype(np.float64)
        center = conditions.mean(axis=0)
        self.center.copy_(torch.from_numpy(center))
        self.of_events.copy_(_slopes(conditions - center, events))
        if targets is None:
            self.of_targets.copy_(self.of_events)
        else:
            self.of_targets.copy_(_slopes(conditions - center, targets))

    def residuals(self, x, condition):
        """Return events without the effect of a condition ``(..., n_conditions)``."""
        return x - self._effect(self.of_events, condition, x)

    def restored(self, x_hat, condition):
        """Return reconstructions of residuals with the effect of a condition."""
        if not self.restores:
            return x_hat
        return x_hat + self._effect(self.of_targets, condition, x_hat)

    def of_arrays(self, conditions, events, targets=None):
        """Return residuals of what `fit` is given."""
        conditions = torch.from_numpy(conditions)

        def residuals(rows, slopes):
            effect = self._effect(slopes, conditions, rows).numpy(force=True)
            return (rows - effect).astype(rows.dtype, copy=False)

        if targets is not None:
            targets = residuals(targets, self.of_targets)
        return residuals(events, self.of_events), targets

    def _effect(self, slopes, condition, like):
        centred = condition.to(slopes) - self.center
        effect = centred @ slopes.flatten(1)
        return effect.reshape(like.shape)


class ConditionalScales(nn.Module):
    """Scales of normal codes under a condition, with which all have one distribution.

    ``log s(c) = c G + g`` for each unit: codes are divided by s after the bottleneck,
    and multiplied by it before the decoder. That leaves reconstructions what they are;
    the divergence from the standard normal falls where rows of one batch vary more than
    those of others. G and g are learnt, from zero, or from what `fit` finds.

    Parameters
    ----------
    n_conditions, n_components : int

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.networks._conditional import ConditionalScales
    >>> scales, batches = ConditionalScales(2, 1), torch.eye(2)
    >>> wide = torch.tensor([[0.1], [10.0]])
    >>> scales.fit(Latent(wide, wide, torch.full((2, 1), -20.0)), batches)
    >>> scales.alike(Latent(wide, wide), batches).mean.flatten().round().detach()
    tensor([1., 1.])
    """

    def __init__(self, n_conditions, n_components):
        super().__init__()
        self.slopes = nn.Parameter(torch.zeros(n_conditions, n_components))
        self.offsets = nn.Parameter(torch.zeros(n_components))

    @torch.no_grad()
    def fit(self, latent, condition):
        """Set the scales to those of the least divergence of some codes.

        The mean of ``E[z^2] / s^2 + log s^2``, a unit's part in the divergence, is the
        deviance of a gamma regression with a logarithmic link. Of labels the solution
        is the mean of squares under each, shrunk as by one row.

        Parameters
        ----------
        latent : Latent
            With codes ``(n_samples, n_components)``, before they are divided.
        condition : torch.Tensor of shape (n_samples, n_conditions)
        """
        squares = (
            (latent.mean.square() + latent.log_var.exp()).double().numpy(force=True)
        )
        conditions = condition.double().numpy(force=True)
        for unit, y in enumerate(squares.T):
            model = GammaRegressor(alpha=1 / len(y), max_iter=1000).fit(conditions, y)
            self.slopes[:, unit] = torch.from_numpy(model.coef_ / 2)
            self.offsets[unit] = model.intercept_ / 2

    def alike(self, latent, condition):
        """Return codes of one distribution under all conditions."""
        logs = self._logs(condition)
        log_var = None if latent.log_var is None else latent.log_var - 2 * logs
        mean, sample = (z * (-logs).exp() for z in (latent.mean, latent.sample))
        return latent._replace(mean=mean, sample=sample, log_var=log_var)

    def restored(self, z, condition):
        """Return such codes as the decoder has them."""
        return z * self._logs(condition).exp()

    def _logs(self, condition):
        logs = condition @ self.slopes + self.offsets
        return logs.clamp(-LARGEST_LOG, LARGEST_LOG)


def _slopes(conditions, events):
    """Return the least-squares slopes, ``(n_conditions, ...)``, of centred columns."""
    rows = events.reshape(len(events), -1).astype(np.float64)
    covariances = conditions.T @ (rows - rows.mean(axis=0))
    inverse = np.linalg.pinv(conditions.T @ conditions, ROUNDING, hermitian=True)
    return torch.from_numpy((inverse @ covariances).reshape(-1, *events.shape[1:]))
