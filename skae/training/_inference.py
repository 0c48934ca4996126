"""Running a trained module over many rows."""

import numpy as np
import torch

from skae._arrays import slices
from skae.training._devices import as_tensor

__all__ = ["filled", "map_rows", "rows_at_a_time", "slices"]

CHUNK_BYTES = 2**21


def map_rows(function, X, module, condition=None):
    """Apply `function` to the rows of an array, a few megabytes at a time.

    The chunks do not depend on the batch size of training: they are as large as the
    processor's caches like them.

    Parameters
    ----------
    function : callable
        From a tensor ``(n_rows, ...)``, and one of conditions or None, to a tensor
        ``(n_rows, ...)``.
    X : ndarray of shape (n_samples, ...)
    module : torch.nn.Module
        The module that `function` calls; tells device and dtype.
    condition : ndarray of shape (n_samples, n_conditions) or None, default=None

    Returns
    -------
    Y : ndarray of shape (n_samples, ...)
        In the dtype of `X`; that of the module if `X` is neither float64 nor float32.
    """
    weight = next(module.parameters())
    if any(part.training for part in module.modules()):  # eval takes long to set it
        module.eval()

    def mapped(rows):
        chunks = X[rows], None if condition is None else condition[rows]
        with torch.inference_mode():
            given = (
                None
                if chunk is None
                else as_tensor(chunk).to(weight.device, weight.dtype)
                for chunk in chunks
            )
            y = function(*given).cpu().numpy()
        is_kept = X.dtype in (np.float64, np.float32)
        return y.astype(X.dtype, copy=False) if is_kept else y

    size = rows_at_a_time(X, module)
    return filled(map(mapped, slices(len(X), size)), len(X))


def rows_at_a_time(X, module):
    """Return the number of rows of an array that a module is best given at once."""
    weight = next(module.parameters())
    size = CHUNK_BYTES if weight.device.type == "cpu" else 64 * CHUNK_BYTES
    return max(1, size // max(1, X[:1].size * weight.itemsize))


def filled(parts, n_rows=None, out=None):
    """Return parts of a result in one array.

    Parameters
    ----------
    parts : iterable of ndarray of shape (n, ...)
    n_rows : int or None, default=None
        Of all parts together, where that is known beforehand.
    out : array-like of shape (n_rows, ...) or None, default=None
        What to write into: anything with a shape and a floating dtype that takes
        slices, as a memory map; a new array by default.

    Raises
    ------
    ValueError
        When `out` has another shape, or cannot be written.
    TypeError
        When it has no floating dtype.
    """
    if out is None and n_rows is None:
        return np.concatenate([*parts])
    end = 0
    for part in parts:
        if out is None:
            out = np.empty((n_rows, *part.shape[1:]), dtype=part.dtype)
        start, end = end, end + len(part)
        if not start:
            _check_out(out, (n_rows or out.shape[0], *part.shape[1:]))
        if end > out.shape[0]:
            raise ValueError(
                f"out has {out.shape[0]} rows, and there are more: give it one for "
                "each."
            )
        out[start:end] = part
    if end < out.shape[0]:
        raise ValueError(
            f"out has {out.shape[0]} rows, and there are {end}: give it {end}."
        )
    return out


def _check_out(out, shape):
    if not (hasattr(out, "shape") and hasattr(out, "dtype")):
        raise TypeError(
            f"out is a {type(out).__name__}: give an array to write into, as np.empty("
            f"{shape}) or a memory map."
        )
    if tuple(out.shape) != shape:
        raise ValueError(f"out has the shape {tuple(out.shape)}: give one of {shape}.")
    if np.dtype(out.dtype).kind != "f":
        raise TypeError(
            f"out has the dtype {out.dtype}: give a float32 or float64 one."
        )
    if not getattr(getattr(out, "flags", None), "writeable", True):
        raise ValueError("out cannot be written: open a memory map with mode='r+'.")
