"""Rows of many members, each array held once."""

import numpy as np
import torch

__all__ = ["JOINED_BYTES", "Pool"]

# Tables of up to so many bytes are joined, so that one operation gathers the rows of
# all members. Larger ones have few members, as memory allows, for which that saves
# little time and takes the data once more.
JOINED_BYTES = 2**24


class Pool:
    """All rows that members train on, each held once.

    Arrays with the same values are held once, as those that the candidates of a
    search have in common in each fold, and all in one table if they are small.

    Parameters
    ----------
    arrays : list of ndarray or torch.Tensor of shape (n_rows, ...)
    dtype : torch.dtype
    device : torch.device

    Attributes
    ----------
    tables : list of torch.Tensor of shape (n_rows, n_features)
        The one that has the rows of each array, flat: most often one for all.
    starts : list of int
        Where the rows of each array begin in it.
    """

    def __init__(self, arrays, dtype, device):
        self._found = []
        numbers = [self._number(_flat(array)) for array in arrays]
        found = [table.to(device, dtype).contiguous() for table in self._found]
        del self._found
        starts = [0] * len(found)
        if max(table.nbytes for table in found) <= JOINED_BYTES:
            starts = np.cumsum([0, *map(len, found[:-1])]).tolist()
            found = [found[0] if len(found) == 1 else torch.cat(found)] * len(found)
        self.tables = [found[number] for number in numbers]
        self.starts = [starts[number] for number in numbers]

    def _number(self, array):
        for number, table in enumerate(self._found):
            if _same(table, array):
                return number
        self._found.append(array)
        return len(self._found) - 1


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
    if torch.equal(a, b):
        return True
    if not (a.isnan().any() and b.isnan().any()):
        return False
    return torch.equal(a.nan_to_num(torch.inf), b.nan_to_num(torch.inf))
