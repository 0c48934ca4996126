"""Optimisers by name."""

import torch

from skae.registry import unknown_name

__all__ = ["OPTIMIZERS", "get_optimizer"]

# The fused kernels update all weights in one call: on small networks the loop over
# them costs more than the rest of a training step.
OPTIMIZERS = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True, "weight_decay": 0.0}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "sgd": (torch.optim.SGD, {"fused": True, "momentum": 0.9, "nesterov": True}),
}


def get_optimizer(optimizer):
    """Return an optimiser class, given it or its name, and its default settings."""
    if isinstance(optimizer, type):
        return optimizer, {}
    try:
        return OPTIMIZERS[optimizer]
    except (KeyError, TypeError):
        raise unknown_name("optimizer", optimizer, OPTIMIZERS) from None
