"""Sequences as arrays: three-dimensional, or flattened to rows."""

import numpy as np

__all__ = ["as_sequences", "has_ended", "n_dims"]


def n_dims(X):
    """Return the number of dimensions of an array-like.

    `np.ndim` will not do: array-likes may refuse it through `__array_function__`.

    Parameters
    ----------
    X : array-like or tensor

    Returns
    -------
    n_dims : int

    Examples
    --------
    >>> from skae.shapes import n_dims
    >>> n_dims([[1, 2], [3, 4]])
    2
    """
    return X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim


def as_sequences(X, n_channels):
    """Return flattened windows as sequences, and sequences as they are.

    Parameters
    ----------
    X : array or tensor of shape (n_samples, n_timesteps, n_channels), or \
            (n_samples, n_timesteps * n_channels)
        The latter time first, channel second.
    n_channels : int
        Channels of flattened windows; three dimensions carry their own.

    Returns
    -------
    X : array or tensor of shape (n_samples, n_timesteps, n_channels)

    Raises
    ------
    ValueError
        If the columns of a two-dimensional `X` are not a multiple of `n_channels`, or
        there is not one channel.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.shapes import as_sequences
    >>> as_sequences(np.zeros((5, 20)), n_channels=2).shape
    (5, 10, 2)
    """
    if X.ndim == 3:
        return X
    if n_channels < 1 or X.shape[1] % n_channels:
        raise ValueError(
            f"X has {X.shape[1]} columns, which are not whole time steps of "
            f"n_channels={n_channels}: set n_channels to the number of channels in "
            "each flattened window, or pass X of shape (n_samples, n_timesteps, "
            "n_channels)."
        )
    return X.reshape(X.shape[0], -1, n_channels)


def has_ended(X):
    """Return which entries of sequences come after their last value.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_channels)
        NaN where entries are missing, in all channels where a sequence has ended.

    Returns
    -------
    has_ended : ndarray of bool of shape (n_samples, n_timesteps, n_channels)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.shapes import has_ended
    >>> has_ended(np.array([[[1.0], [np.nan], [2.0], [np.nan]]])).ravel()
    array([False, False, False,  True])
    """
    present = ~np.isnan(X).all(axis=-1)
    goes_on = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    return np.broadcast_to(~goes_on[..., None], X.shape)
