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
        NaN where there is none. Of sequences, features are the channels; of images,
        ``(n_samples, n_channels, height, width)``, the pixels.

    Returns
    -------
    means : torch.Tensor of float64, shape (n_features,), or that of an image
        Zero for a feature without any value; the mean of the channel for a pixel.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.training._missing import feature_means
    >>> feature_means(np.array([[[1.0, 5.0], [np.nan, 7.0], [3.0, np.nan]]]))
    tensor([2., 6.], dtype=torch.float64)
    """
    if events.ndim == 4:
        return torch.from_numpy(_means_of_pixels(events))
    means, _ = _means(events.reshape(-1, events.shape[-1]))
    return torch.from_numpy(means)


def _means(table):
    """Return the means of columns, zero without any value, and whether there is one."""
    totals = table.sum(axis=0, dtype=np.float64)
    if not np.isnan(totals).any():
        return totals / max(1, len(table)), np.full(totals.shape, len(table) > 0)
    present = ~np.isnan(table)
    totals = np.where(present, table, 0).sum(axis=0, dtype=np.float64)
    counts = present.sum(axis=0)
    return totals / np.maximum(1, counts), counts > 0


def _means_of_pixels(images):
    means, is_known = (
        part.reshape(images.shape[1:])
        for part in _means(images.reshape(len(images), -1))
    )
    of_channels, _ = _means(np.moveaxis(images, 1, -1).reshape(-1, images.shape[1]))
    return np.where(is_known, means, of_channels[:, None, None])


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
