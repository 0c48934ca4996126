"""Random numbers without touching, or depending on, any global setting."""

from contextlib import contextmanager, nullcontext
from threading import Lock

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

__all__ = ["generator_for", "global_seed"]

_LOCK = Lock()


@contextmanager
def global_seed(seed):
    """Seed torch's global CPU generator for a while, then put it back as it was.

    torch's layers draw their initial weights from the global generator only, in single
    precision here: in torch's default dtype, which users may change, they would be
    others. The lock keeps fits in other threads from building theirs at the same time.
    """
    with _LOCK, torch.random.fork_rng(devices=[]), _single_precision():
        # torch.manual_seed seeds other devices too, and where one is not in use yet
        # it keeps the traceback, which takes longer than to draw a small network.
        # On the device "meta", which has no values, nothing is drawn.
        on_cpu = torch.get_default_device().type in ("cpu", "meta")
        (torch.default_generator if on_cpu else torch).manual_seed(seed)
        yield


def _single_precision():
    is_default = torch.get_default_dtype() == torch.float32
    return nullcontext() if is_default else _SinglePrecision()


class _SinglePrecision(TorchFunctionMode):
    """New tensors in single precision, in this thread, unless they have a dtype."""

    functions = frozenset(
        {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.normal}
    )

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in self.functions and kwargs.get("dtype") is None:
            kwargs = {**kwargs, "dtype": torch.float32}
        return func(*args, **kwargs)


def generator_for(*key, device="cpu"):
    """Return a generator that is a pure function of some integers.

    Keyed by the seed of a fit and the epoch, it makes an epoch's draws independent of
    how many epochs were run before in the same process, so that a resumed or stacked
    fit draws what an undisturbed one does.
    """
    seed = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(seed) >> 1)
