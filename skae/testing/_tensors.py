"""Tensors to check parts with, and checks of tensor functions."""

import pickle
from contextlib import contextmanager
from functools import partial

import torch

from skae.testing._promise import require, same

__all__ = [
    "assert_finite_gradients",
    "assert_stacked_is_looped",
    "built",
    "generator",
    "normal",
    "over_dtypes",
    "pickled",
    "uniform",
]


def generator(seed=0):
    """Return a generator with a seed."""
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float32):
    """Return standard normal numbers, the same for the same arguments."""
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def uniform(*shape, seed=0, dtype=torch.float32):
    """Return numbers uniform on [0, 1), the same for the same arguments."""
    return torch.rand(*shape, generator=generator(seed), dtype=dtype)


@contextmanager
def _seeded(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def built(build, *args, seed=0, dtype=torch.float32):
    """Return the result of `build`, called under a seed as by an autoencoder."""
    with _seeded(seed):
        modules = build(*args)
    if isinstance(modules, tuple):
        return tuple(module.to(dtype) for module in modules)
    return modules.to(dtype)


def assert_stacked_is_looped(function, *stacks, what="the result"):
    """Require a function of stacks to be the stack of its values."""
    stacked = function(*stacks)
    looped = torch.stack([function(*members) for members in zip(*stacks, strict=True)])
    require(
        stacked.shape == looped.shape,
        f"{what} has shape {tuple(stacked.shape)} for a stack of {len(looped)}, and "
        f"{tuple(looped.shape)} when its members are taken one by one",
    )
    same(stacked, looped, f"{what} of a stack is not the stack of {what}")


def assert_finite_gradients(function, *inputs, what="the result", reaches=True):
    """Require gradients with respect to inputs to be finite, and not all zero."""
    inputs = [x.detach().clone().requires_grad_() for x in inputs]
    output = function(*inputs)
    require(output.requires_grad, f"{what} has no gradient: it is cut from the graph")
    gradients = torch.autograd.grad(
        output.square().sum() + output.sum(), inputs, allow_unused=True
    )
    gradients = [gradient for gradient in gradients if gradient is not None]
    finite = all(torch.isfinite(gradient).all() for gradient in gradients)
    require(finite, f"the gradient of {what} is not finite")
    some = any(gradient.any() for gradient in gradients)
    require(some or not reaches, f"the gradient of {what} is zero: it is cut")


def pickled(part):
    """Return a part, or a module that it built, after a pickle's round trip."""
    return pickle.loads(pickle.dumps(part))


def over_dtypes(check):
    """Return a check in single and in double precision."""
    return [partial(check, dtype=dtype) for dtype in (torch.float32, torch.float64)]
