"""Missing entries of events, and the values that encoders are given in their place."""

import numpy as np
import torch

from skae.networks._lengths import lengths

__all__ = ["feature_means", "filled"]


def feature_means(events):
    """Return the mean of every feature over the entries that have a value.

    Parameters
    ----------
    events : ndarray of shape (n_samples, ..., n_features)
        NaN where there is none. Of sequences, features are the channels.

    Returns
    -------
    means : torch.Tensor of float64, shape (n_features,)
        Zero for a feature without any value.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.training._missing import feature_means
    >>> feature_means(np.array([[[1.0, 5.0], [np.nan, 7.0], [3.0, np.nan]]]))
    tensor([2., 6.], dtype=torch.float64)
    """
    table = events.reshape(-1, events.shape[-1])
    present = ~np.isnan(table)
    totals = np.where(present, table, 0).sum(axis=0, dtype=np.float64)
    return torch.from_numpy(totals / np.maximum(1, present.sum(axis=0)))


def filled(x, means, *, keeps_ends):
    """Return events whose missing entries have the mean of their feature.

    Parameters
    ----------
    x : torch.Tensor of shape (..., n_timesteps, n_channels) or (..., n_features)
        NaN where entries are missing.
    means : torch.Tensor
        That `x` can be broadcast with.
    keeps_ends : bool
        Whether `x` are sequences whose time steps after the last value stay NaN.

    Examples
    --------
    >>> import torch
    >>> from skae.training._missing import filled
    >>> x = torch.tensor([[[1.0], [torch.nan], [2.0], [torch.nan]]])
    >>> filled(x, torch.tensor([5.0]), keeps_ends=True).flatten()
    tensor([1., 5., 2., nan])
    """
    missing = x.isnan()
    if keeps_ends:
        steps = torch.arange(x.shape[-2], device=x.device)
        missing &= (steps < lengths(x)[..., None])[..., None]
    return torch.where(missing, means.to(x), x)
