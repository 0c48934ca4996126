"""Running a trained module over many rows."""

import numpy as np
import torch

from skae.training._devices import as_tensor

__all__ = ["map_rows"]

CHUNK_BYTES = 2**22


def map_rows(function, X, module):
    """Apply `function` to the rows of an array, a few megabytes at a time.

    The chunks do not depend on the batch size of training: they are as large as the
    processor's caches like them.

    Parameters
    ----------
    function : callable
        From a tensor ``(n_rows, ...)`` to a tensor ``(n_rows, ...)``.
    X : ndarray of shape (n_samples, ...)
    module : torch.nn.Module
        The module that `function` calls; tells device and dtype.

    Returns
    -------
    Y : ndarray of shape (n_samples, ...)
        In the dtype of `X`.
    """
    weight = next(module.parameters())
    module.eval()
    result = None
    with torch.inference_mode():
        for rows in _chunks(X, on_cpu=weight.device.type == "cpu"):
            chunk = function(as_tensor(X[rows]).to(weight.device, weight.dtype))
            if result is None:
                result = np.empty((len(X), *chunk.shape[1:]), dtype=X.dtype)
            result[rows] = chunk.cpu().numpy()
    return result


def _chunks(X, on_cpu):
    size = CHUNK_BYTES if on_cpu else 64 * CHUNK_BYTES
    n_rows = max(1, size // max(1, X[:1].nbytes))
    for start in range(0, len(X), n_rows):
        yield slice(start, start + n_rows)
