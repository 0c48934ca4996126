"""Which device a fit runs on, and how arrays get there."""

import numpy as np
import torch

__all__ = ["as_tensor", "resolve_device", "torch_dtype"]


def resolve_device(device):
    """Return the `torch.device` that a parameter names.

    Parameters
    ----------
    device : str
        ``"auto"`` is the first CUDA device if there is one, else the CPU; anything
        else is torch's own notation, as ``"cpu"``, ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    ValueError
        When torch does not know the device, or it is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here: choose 'auto', 'cpu', or a device "
            f"that torch finds. (torch: {str(error).splitlines()[0][:80]})"
        ) from error
    return resolved


def torch_dtype(dtype, device):
    """Return the torch dtype to train in: that of the data, where the device has it."""
    if device.type == "mps":
        return torch.float32
    return torch.float64 if np.dtype(dtype) == np.float64 else torch.float32


def as_tensor(X):
    """Return an array as a CPU tensor, sharing its memory where that can be written.

    torch warns about read-only memory, such as joblib's memory maps: that is copied.
    """
    return torch.from_numpy(X if X.flags.writeable else X.copy())
