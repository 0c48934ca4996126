"""Metadata with one entry for each row."""

import numpy as np

__all__ = ["as_vector"]


def as_vector(values, name):
    """Return an array-like of one dimension, or a single column, as a vector.

    scikit-learn's `column_or_1d` calls what is wrong with it by the name ``y``.

    Parameters
    ----------
    values : array-like of shape (n,) or (n, 1)
    name : str
        What the error calls it.

    Returns
    -------
    vector : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If it has another shape.

    Examples
    --------
    >>> from skae._arrays import as_vector
    >>> as_vector([[1], [2]], "groups")
    array([1, 2])
    """
    vector = np.asarray(values)
    if vector.ndim == 2 and vector.shape[1] == 1:
        return vector[:, 0]
    if vector.ndim != 1:
        raise ValueError(
            f"{name} has the shape {vector.shape}: pass an array of one dimension."
        )
    return vector
