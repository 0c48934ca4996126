"""Optimisers by name."""

from functools import cache
from inspect import signature

import torch

from skae.registry import unknown_name

__all__ = ["OPTIMIZERS", "get_optimizer"]

# The fused kernels update all weights in one call: on small networks the loop over
# them costs more than the rest of a training step.
OPTIMIZERS = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "sgd": (torch.optim.SGD, {"fused": True, "momentum": 0.9, "nesterov": True}),
}


def get_optimizer(optimizer, weight_decay):
    """Return an optimiser class, given it or its name, and the settings it takes.

    Not every optimiser has a weight decay; those without go without.
    """
    cls, settings = (
        (optimizer, {}) if isinstance(optimizer, type) else _named(optimizer)
    )
    if _has_weight_decay(cls):
        settings = {**settings, "weight_decay": weight_decay}
    return cls, settings


@cache
def _has_weight_decay(cls):
    return "weight_decay" in signature(cls).parameters


def _named(name):
    try:
        return OPTIMIZERS[name]
    except (KeyError, TypeError):
        raise unknown_name("optimizer", name, OPTIMIZERS) from None
