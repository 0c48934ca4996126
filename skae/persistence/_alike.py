"""Comparison of a net that was built anew with the one that was fitted."""

import numpy as np
import torch
from sklearn.base import BaseEstimator

__all__ = ["first_difference", "first_unequal"]

# What belongs to torch, or differs between two modules that compute the same.
_IGNORED = {*vars(torch.nn.Module()), "_flat_weights", "_flat_weight_refs"}


def first_difference(net, other):
    """Return the first difference of two nets in computing or training, or None.

    Compared are the modules, with all tensors and all plain attributes, the loss
    function and the optimiser. Attributes of other types are taken to be alike.

    Returns
    -------
    place : str or None
    """
    modules = dict(other.module_.named_modules())
    for name, module in net.module_.named_modules():
        if place := _difference(module, modules.get(name)):
            return ".".join(filter(None, ["module", name, place]))
    if not _alike(_parts(net.criterion_), _parts(other.criterion_)):
        return "objective"
    return None if type(net.optimizer_) is type(other.optimizer_) else "optimizer"


def first_unequal(items, others):
    """Return the first name under which two dicts hold different values, or None."""
    for name in items | others:
        if not _alike(items.get(name), others.get(name)):
            return name
    return None


def _difference(module, other):
    if type(module) is not type(other):
        return "type"
    return first_unequal(_tensors(module), _tensors(other)) or first_unequal(
        _plain(module), _plain(other)
    )


def _tensors(module):
    return {
        **dict(module.named_parameters(recurse=False)),
        **dict(module.named_buffers(recurse=False)),
    }


def _plain(module):
    return {name: item for name, item in vars(module).items() if name not in _IGNORED}


def _parts(criterion):
    return [criterion.reconstruction, *criterion.penalties.items()]


def _alike(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return torch.equal(*(as_bytes(x.detach().cpu()) for x in (a, b)))
    if isinstance(a, type):
        return a is b
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, BaseEstimator):
        return _alike(a.get_params(deep=False), b.get_params(deep=False))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, bool | int | float | complex | str | bytes | np.generic):
        return bool(a == b or (a != a and b != b))
    return True


def as_bytes(tensor):
    """Return the bytes of a tensor, of which NaN equal themselves."""
    return tensor.contiguous().flatten().view(torch.uint8)
