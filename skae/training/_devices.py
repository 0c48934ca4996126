"""Devices of fits, and the way of arrays to them."""

from copy import deepcopy

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from skae.training._workers import worker_number

__all__ = ["as_tensor", "auto_device", "copied_to", "resolve_device", "torch_dtype"]


def resolve_device(device):
    """Return the `torch.device` that a parameter names.

    Parameters
    ----------
    device : str
        ``"auto"`` is a CUDA device if there is one, else the CPU; see `auto_device`.
        Anything else is torch's own notation, as ``"cpu"``, ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    ValueError
        When torch does not know the device, or it is not there.
    """
    if device == "auto":
        device = auto_device()
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here: choose 'auto', 'cpu', or a device "
            f"that torch finds. (torch: {str(error).splitlines()[0][:80]})"
        ) from error
    return resolved


def auto_device():
    """Return the name of the device for a fit that none is named for.

    It is torch's current CUDA device where there is one. In joblib's worker processes
    the visible devices take turns, by the number of the worker, so that each gets as
    many workers as any other, give or take one.
    """
    if not torch.cuda.is_available():
        return "cpu"
    worker, n_devices = worker_number(), torch.cuda.device_count()
    if worker is None or n_devices < 2:
        return "cuda"
    return f"cuda:{(worker - 1) % n_devices}"


def torch_dtype(dtype, device):
    """Return the torch dtype to train in: that of the data, where the device has it.

    Parameters
    ----------
    dtype : numpy dtype
        float64 or float32.
    device : torch.device
    """
    if device.type == "mps":
        return torch.float32
    return torch.float64 if np.dtype(dtype) == np.float64 else torch.float32


def as_tensor(X):
    """Return an array as a CPU tensor, sharing its memory where that can be written.

    torch warns about read-only memory, such as joblib's memory maps: that is copied.
    """
    X = np.ascontiguousarray(X)  # torch takes no negative strides
    return torch.from_numpy(X if X.flags.writeable else X.copy())


def copied_to(device, value):
    """Return a deep copy whose tensors are on a device, wherever they are kept.

    Parameters
    ----------
    device : str
    value : object
        Modules, optimisers, callbacks, or containers of these.
    """
    with _CopiesTo(device):
        return deepcopy(value)


class _CopiesTo(TorchFunctionMode):
    """Deep copies elsewhere: tensors are copied by a method, parameters by `clone`."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.clone:
            return args[0].to(self.device, copy=True)
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            copy = tensor.detach().to(self.device, copy=True)
            return memo.setdefault(
                id(tensor), copy.requires_grad_(tensor.requires_grad)
            )
        return func(*args, **(kwargs or {}))
