"""Lists of sequences of unequal length as one array, filled up with NaN."""

import numpy as np
import torch

from skae._arrays._conversion import (
    array_of_frame,
    array_of_list,
    array_of_tensor,
    checked,
)
from skae._arrays._kinds import is_pair

__all__ = ["padded"]


def padded(X, *, always=False):
    """Return a list of sequences of unequal length as an array, filled up with NaN.

    Parameters
    ----------
    X : object
        A list, a tuple or an array of objects, whose items are arrays, tensors, data
        frames or lists of shape ``(n_timesteps, n_channels)``, or ``(n_timesteps,)``
        for one channel; or a nested tensor. Anything else is returned as it is, and so
        are items of one shape.
    always : bool, default=False
        Whether items of one shape are made sequences, too, if they are vectors.

    Returns
    -------
    X : ndarray of shape (n_samples, longest, n_channels), or what was given
        In float32 where all sequences are, else in float64.

    Raises
    ------
    ValueError
        When an item is no sequence, or has other channels than the first.

    Examples
    --------
    >>> from skae._arrays import padded
    >>> padded([[1.0, 2.0], [3.0]])[..., 0]
    array([[ 1.,  2.],
           [ 3., nan]])
    """
    items = _items(X)
    outlines = set(map(_outline, items))
    are_alike = len(outlines) == 1
    if not outlines or (are_alike and not (always and _n_dims(items[0]) == 1)):
        return X
    sequences = [_sequence(number, item) for number, item in enumerate(items)]
    _check_channels([sequence.shape[1] for sequence in sequences])
    shape = len(sequences), max(map(len, sequences)), sequences[0].shape[1]
    is_single = all(sequence.dtype == np.float32 for sequence in sequences)
    out = np.full(shape, np.nan, dtype=np.float32 if is_single else np.float64)
    for place, sequence in zip(out, sequences, strict=True):
        place[: len(sequence)] = sequence
    return out


def _items(X):
    """Return the items of a list of sequences, none for anything else."""
    if isinstance(X, torch.Tensor):
        return list(X.unbind()) if X.is_nested else []
    is_array = isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype == object
    if not (is_array or isinstance(X, list | tuple)) or is_pair(X):
        return []
    return [*X] if all(_n_dims(item) for item in X) else []


def _n_dims(item):
    """Return the number of dimensions, of lists by their first items."""
    if isinstance(item, list):
        return 1 + (_n_dims(item[0]) if item else 0)
    return getattr(item, "ndim", 0)


def _outline(item):
    """Return what items of one shape have in common, without a conversion."""
    shape = getattr(item, "shape", None)
    if shape is not None:
        return tuple(shape)
    is_table = len(item) and isinstance(item[0], list)
    return (len(item), len(item[0])) if is_table else (len(item),)


def _sequence(number, item):
    """Return an item as an array of two dimensions."""
    if isinstance(item, torch.Tensor):
        item = array_of_tensor(item)
    elif isinstance(item, list):
        item = array_of_list(item)
    elif hasattr(item, "iloc"):
        item = array_of_frame(item)
    sequence = checked(np.asarray(item))
    if sequence.ndim not in (1, 2):
        raise ValueError(
            f"Item {number} of X has the shape {sequence.shape}: the sequences in a "
            "list are arrays of shape (n_timesteps, n_channels), or (n_timesteps,) for "
            "one channel."
        )
    return sequence[:, None] if sequence.ndim == 1 else sequence


def _check_channels(n_channels):
    for number, own in enumerate(n_channels):
        if own != n_channels[0]:
            raise ValueError(
                f"The sequences in a list have the same channels: item 0 of X has "
                f"{n_channels[0]}, item {number} has {own}."
            )
