"""Users' data, in whatever form, as arrays."""

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array
from torch.utils.data import Dataset

from skae._arrays._chunked import ChunkedRows, stored
from skae._arrays._conversion import (
    array_of_frame,
    array_of_list,
    array_of_other,
    array_of_tensor,
    checked,
    stack_items,
)
from skae._arrays._kinds import TAKEN, check_kind, is_pair
from skae._arrays._padding import padded
from skae._arrays._refusals import check_columns, check_masked

__all__ = ["FLOATS", "array_like", "as_numbers", "as_target", "divisible"]

FLOATS = (np.float64, np.float32)


def as_numbers(X, name="Scoring", *, pads=True):
    """Return data as an array of floats, NaN where values are missing.

    Parameters
    ----------
    X : array-like, data frame, tensor or torch Dataset
        A data set is read as a whole, and sparse data become dense.
    name : str, default="Scoring"
        What asks for it, as it reads in messages.
    pads : bool, default=True
        Whether a list of sequences of unequal length is filled up with NaN.

    Returns
    -------
    X : ndarray of float64, or of float32 where `X` is

    Raises
    ------
    TypeError, ValueError
        When `X` is no such thing; see `array_like`.
    """
    if isinstance(X, Dataset):
        return stack_items(list(_items(X)))
    X = X.toarray() if issparse(X) else stored(X)
    return check_array(
        array_like(padded(X) if pads else X, name),
        dtype=FLOATS,
        allow_nd=True,
        ensure_all_finite=False,
        ensure_min_samples=0,
        ensure_min_features=0,
    )


def _items(dataset):
    if hasattr(dataset, "__len__"):
        return (dataset[number] for number in range(len(dataset)))
    return iter(dataset)


def as_target(y, shape):
    """Return what reconstructions of rows are compared with, as an array.

    That is a `y` of numbers in the very shape of the rows, in two dimensions at least:
    the clean rows of noisy ones. Anything else is labels.

    Parameters
    ----------
    y : object
    shape : tuple of int
        Of the rows, ``(n_samples, ...)``.

    Returns
    -------
    y : ndarray of numbers or ChunkedRows, or None for labels

    Examples
    --------
    >>> import numpy as np
    >>> from skae._arrays import as_target
    >>> as_target([[1.0, 2.0]], (1, 2))
    array([[1., 2.]])
    >>> as_target(np.zeros(3), (3, 1)) is as_target(["a"], (1, 2)) is None
    True
    """
    if y is None or issparse(y) or isinstance(y, Dataset) or len(shape) < 2:
        return None
    if isinstance(y, ChunkedRows):
        return y if y.shape == tuple(shape) else None
    try:
        y = padded(y) if len(shape) == 3 else y
        dims = getattr(y, "shape", None)
        if tuple(np.shape(y) if dims is None else dims) != tuple(shape):
            return None
        if isinstance(y, torch.Tensor):
            y = array_of_tensor(y)
        y = array_of_frame(y) if hasattr(y, "iloc") else np.asarray(y)
        if y.dtype.kind == "O":
            y = y.astype(np.float64)
            return None if np.isnan(y).all() else y  # nothing but None, for one
    except (TypeError, ValueError):  # ragged, text
        return None
    return y if y.dtype.kind in "bfiu" else None


def array_like(X, name):
    """Return data in a form that scikit-learn's `check_array` takes, or raise an error.

    Tensors, on any device and with gradients, and other libraries' arrays become
    arrays; so do lists, rows of unequal length being refused. Arrays of numbers and
    data frames are returned as they are.

    Parameters
    ----------
    X : object
    name : str
        Who takes it, as it reads in messages.

    Raises
    ------
    TypeError
        When `X` is no collection of rows: a dict, an iterator, a path, None.
    ValueError
        When its values are no numbers: dates, text, complex or masked ones; or when
        rows are of unequal length.
    """
    if isinstance(X, np.ndarray):
        return checked(X)
    if issparse(X):  # some of which are dicts
        return X
    check_kind(X, name)
    if is_pair(X):
        raise TypeError(f"{name} {TAKEN}, not a pair (X, y): pass X alone.")
    if isinstance(X, torch.Tensor):
        return checked(array_of_tensor(X))
    if hasattr(X, "iloc"):
        check_columns(X)
        return X
    if isinstance(X, list | tuple):
        return checked(array_of_list(X))
    return checked(array_of_other(X)) if hasattr(X, "__dlpack__") else X


def divisible(X, name):
    """Return data as a sequence that can be cut into folds, or raise an error.

    Its values may be anything that the steps of a pipeline make numbers of. A torch
    data set is read as a whole.

    Parameters
    ----------
    X : object
    name : str
        Who takes it, as it reads in messages.

    Raises
    ------
    TypeError, ValueError
        When `X` is no collection of rows, or masked.
    """
    if isinstance(X, Dataset):
        return as_numbers(X, name)
    if issparse(X):
        return X
    check_kind(X, name)
    check_masked(X)
    return X.detach() if isinstance(X, torch.Tensor) else stored(X)
