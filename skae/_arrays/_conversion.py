"""Tensors, lists, data frames and other libraries' arrays as arrays of numbers."""

import numpy as np
import torch

from skae._arrays._refusals import (
    check_masked,
    complex_numbers,
    no_number,
    ragged,
    times,
)

__all__ = [
    "array_of_frame",
    "array_of_list",
    "array_of_other",
    "array_of_tensor",
    "checked",
    "stack_items",
]


def array_of_tensor(X):
    """Return a tensor as an array; `bfloat16`, which numpy lacks, as float32."""
    if X.is_nested:
        raise ragged([tuple(row.shape) for row in X.unbind()])
    if X.layout != torch.strided:
        raise TypeError(
            "Sparse data was passed for X, but dense data is required: pass "
            "X.to_dense()."
        )
    X = X.detach().cpu().resolve_conj().resolve_neg()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def array_of_list(X):
    """Return rows as an array, which may be tensors or items of a data set."""
    if X and isinstance(X[0], tuple) and getattr(next(iter(X[0]), 0), "ndim", 0):
        return stack_items(X)  # what cross-validation makes of a torch data set
    if any(isinstance(row, torch.Tensor) for row in X):
        X = [array_of_tensor(torch.as_tensor(row)) for row in X]
    try:
        return np.asarray(X)
    except ValueError as error:
        shapes = {np.shape(row) for row in X} if _are_rectangular(X) else ()
        raise ragged(shapes) from error


def _are_rectangular(rows):
    """Return whether each of some rows is an array by itself."""
    try:
        return all(np.asarray(row).dtype != object for row in rows)
    except ValueError:
        return False


def array_of_frame(y):
    """Return the values of a data frame, NaN where some are missing."""
    values = y.to_numpy()
    if values.dtype.kind != "O":
        return values
    return y.to_numpy(dtype=np.float64, na_value=np.nan)


def array_of_other(X):
    """Return an array of another library, as scikit-learn's array API dispatch has."""
    if hasattr(X, "get"):  # CuPy's way to the CPU
        return X.get()
    try:
        return np.asarray(X)
    except (TypeError, RuntimeError):
        return np.from_dlpack(X)


def stack_items(items):
    """Return items of a torch data set as an array of rows.

    Items are rows, or tuples that begin with one; all but float64 become float32.
    """
    rows = [item[0] if isinstance(item, tuple | list) else item for item in items]
    try:
        rows = torch.stack([torch.as_tensor(row) for row in rows])
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            "Items of a data set have to be rows of one shape, arrays or tensors, or "
            f"tuples that begin with one: this has a {type(items[0]).__name__}. "
            f"(torch: {str(error).splitlines()[0][:80]})"
        ) from error
    rows = checked(array_of_tensor(rows))
    return rows if rows.dtype == np.float64 else rows.astype(np.float32, copy=False)


def checked(X):
    """Return an array of numbers, from one that may hold them as objects or text."""
    check_masked(X)
    kind = X.dtype.kind
    if kind == "c":
        raise complex_numbers()
    if kind in "mM":
        raise times("X", X.dtype)
    if kind == "V":
        raise ValueError(
            f"X is a structured array of fields {X.dtype.names}: pass a table of "
            "numbers, as numpy.lib.recfunctions.structured_to_unstructured(X)."
        )
    return _floats(X) if kind in "OUST" else X


def _floats(X):
    if X.dtype == object and X.ndim == 1 and len(X) and np.ndim(X[0]) > 0:
        return checked(array_of_list(list(X)))
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise no_number(error) from error
