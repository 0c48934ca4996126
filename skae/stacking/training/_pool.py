"""The rows of many members, each array held once."""

import numpy as np
import torch

__all__ = ["Pool"]


class Pool:
    """All rows that members train on, in one table.

    Arrays with the same values are held once, as those that the candidates of a
    search have in common in each fold.

    Parameters
    ----------
    arrays : list of ndarray or torch.Tensor of shape (n_rows, ...)
    dtype : torch.dtype
    device : torch.device

    Attributes
    ----------
    table : torch.Tensor of shape (n_rows, n_features)
        Each row flat.
    starts : list of int
        Where the rows of each array begin in it.
    """

    def __init__(self, arrays, dtype, device):
        self._tables = []
        numbers = [self._number(_flat(array)) for array in arrays]
        lengths = torch.tensor([0, *map(len, self._tables[:-1])])
        starts = lengths.cumsum(0).tolist()
        self.starts = [starts[number] for number in numbers]
        is_single = len(self._tables) == 1
        table = self._tables[0] if is_single else torch.cat(self._tables)
        self.table = table.to(device, dtype).contiguous()
        del self._tables

    def _number(self, array):
        for number, table in enumerate(self._tables):
            if _same(table, array):
                return number
        self._tables.append(array)
        return len(self._tables) - 1


def _flat(array):
    """Return a tensor of flat rows."""
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        array = array.copy()  # torch warns of tensors that must not be written
    return torch.as_tensor(array).flatten(1)


def _same(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    is_shared = a.data_ptr() == b.data_ptr() and a.stride() == b.stride()
    return is_shared or (_equal(a[:1], b[:1]) and _equal(a, b))


def _equal(a, b):
    """Return whether entries are equal; those that are missing are."""
    if not (a.isnan().any() and b.isnan().any()):
        return torch.equal(a, b)
    return torch.equal(a.nan_to_num(torch.inf), b.nan_to_num(torch.inf))
