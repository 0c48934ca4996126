"""Lengths of sequences with missing ends, and their packing for recurrent layers."""

from math import isnan

import torch
from torch.nn.utils.rnn import pack_padded_sequence

__all__ = ["lengths", "packed"]


def lengths(x):
    """Return the number of time steps before the missing end of each sequence.

    A time step is missing when all of its channels are NaN. Missing steps between
    others count: only an end can be left out.

    Parameters
    ----------
    x : torch.Tensor of shape (..., n_timesteps, n_channels)

    Returns
    -------
    n_steps : torch.Tensor of int64, shape (...)
        Zero for a sequence whose time steps are all missing.

    Examples
    --------
    >>> import torch
    >>> from skae.networks._lengths import lengths
    >>> nan = torch.nan
    >>> lengths(torch.tensor([[[1.0], [2.0], [nan]], [[1.0], [nan], [3.0]]]))
    tensor([2, 3])
    """
    present = ~x.isnan().all(-1)
    steps = torch.arange(1, x.shape[-2] + 1, device=x.device)
    return (present * steps).amax(-1)


def packed(x):
    """Return sequences packed for recurrent layers, without their missing ends.

    Parameters
    ----------
    x : torch.Tensor of shape (batch, n_timesteps, n_channels)

    Returns
    -------
    x : torch.Tensor or torch.nn.utils.rnn.PackedSequence
        The tensor itself, which is faster, where no end is missing. A sequence
        without any time step is packed as one step of zeros.

    Examples
    --------
    >>> import torch
    >>> from skae.networks._lengths import packed
    >>> packed(torch.tensor([[[1.0], [2.0]], [[3.0], [torch.nan]]])).data
    tensor([[1.],
            [3.],
            [2.]])
    """
    # ONNX has no branches on data: a model in it reads all time steps.
    if torch.onnx.is_in_onnx_export() or not _has_missing_ends(x):
        return x
    n_steps = lengths(x)
    x = x.masked_fill((n_steps == 0)[:, None, None], 0)
    # Lengths are read on the processor, whatever the device of the data.
    n_steps = n_steps.clamp(min=1).cpu()
    return pack_padded_sequence(x, n_steps, batch_first=True, enforce_sorted=False)


def _has_missing_ends(x):
    # They include the last time step, whose sum is NaN then: of most batches that sum
    # is all that has to be looked at.
    last = x[:, -1]
    return isnan(last.sum().item()) and bool(last.isnan().all(-1).any())
