"""Lists of series of different lengths, as one array."""

import numpy as np

__all__ = ["joined", "joined_stamps"]


def joined(X):
    """Return series one below the other, and what each time step belongs to.

    Parameters
    ----------
    X : array-like of shape (n_timesteps, n_channels), or list of these
        Series of the same channels, of any lengths.

    Returns
    -------
    X : array-like of shape (n_timesteps, n_channels)
        A data frame for data frames. What is no list of series stays as it is.
    numbers : ndarray of int of shape (n_timesteps,), or None
        The number of each time step's series, None for what is no list.

    Raises
    ------
    ValueError
        If an item is not two-dimensional, or they differ in their channels.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._lists import joined
    >>> joined([np.zeros((2, 1)), np.ones((3, 1))])[1]
    array([0, 0, 1, 1, 1])
    """
    if not _is_list_of_series(X):
        return X, None
    for i, series in enumerate(X):
        if _n_dims(series) != 2:
            raise ValueError(
                f"Item {i} of the list of series has {_n_dims(series)} dimensions: "
                "pass arrays of shape (n_timesteps, n_channels), one channel as a "
                "column, x.reshape(-1, 1)."
            )
    numbers = np.repeat(np.arange(len(X)), [len(series) for series in X])
    if all(hasattr(series, "iloc") for series in X):
        return _joined_frames(X), numbers
    arrays = [np.asarray(series) for series in X]
    _check_same([array.shape[1] for array in arrays], "channels")
    return np.concatenate(arrays), numbers


def joined_stamps(timestamps, X):
    """Return the time stamps of a list of series one below the other.

    Parameters
    ----------
    timestamps : list of array-like of shape (n_timesteps of a series,), or None
    X : list of array-like of shape (n_timesteps of a series, n_channels)

    Returns
    -------
    timestamps : ndarray of shape (n_timesteps of all,), or None

    Raises
    ------
    ValueError
        If there is not one array for each series, of its length.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.preprocessing._lists import joined_stamps
    >>> joined_stamps([[1, 2], [1, 2, 3]], [np.zeros((2, 1)), np.ones((3, 1))])
    array([1, 2, 1, 2, 3])
    """
    if timestamps is None:
        return None
    stamps = list(timestamps)
    given = [len(s) if np.iterable(s) else None for s in stamps]
    lengths = [len(series) for series in X]
    if given != lengths:
        raise ValueError(
            "timestamps of a list of series is a list too: pass an array for each "
            f"series, of its length. The {len(lengths)} series have the lengths "
            f"{_few(lengths)}; timestamps has {len(given)} items, of lengths "
            f"{_few(given)}."
        )
    return np.concatenate([np.asarray(s) for s in stamps])


def _is_list_of_series(X):
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype == object:
        X = list(X)
    if not isinstance(X, list | tuple) or len(X) == 0:
        return False
    dims = {_n_dims(item) for item in X}
    if dims == {1}:  # rows of one series, unless their lengths differ
        return len({len(item) for item in X}) > 1
    return dims != {0}


def _n_dims(item):
    """Return the number of dimensions of nested lists too, whatever their lengths."""
    if hasattr(item, "ndim"):
        return item.ndim
    if isinstance(item, list | tuple):
        return 1 + (_n_dims(item[0]) if item else 0)
    return np.ndim(item)


def _joined_frames(frames):
    import pandas as pd

    _check_same([list(frame.columns) for frame in frames], "columns")
    return pd.concat(frames)


def _check_same(values, what):
    for i, value in enumerate(values):
        if value != values[0]:
            raise ValueError(
                f"The series of a list have the same channels: item 0 has {what} "
                f"{values[0]}, item {i} has {value}."
            )


def _few(values):
    return ", ".join(map(str, values[:5])) + (", ..." if len(values) > 5 else "")
