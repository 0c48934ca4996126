"""Random numbers without touching, or depending on, any global generator."""

from contextlib import contextmanager
from threading import Lock

import numpy as np
import torch

__all__ = ["generator_for", "global_seed"]

_LOCK = Lock()


@contextmanager
def global_seed(seed):
    """Seed torch's global CPU generator for a while, then put it back as it was.

    torch's layers draw their initial weights from the global generator only. The lock
    keeps fits in other threads from building theirs at the same time.
    """
    with _LOCK, torch.random.fork_rng(devices=[]):
        # torch.manual_seed seeds other devices too, and where one is not in use yet
        # it keeps the traceback, which takes longer than to draw a small network.
        # On the device "meta", which has no values, nothing is drawn.
        on_cpu = torch.get_default_device().type in ("cpu", "meta")
        (torch.default_generator if on_cpu else torch).manual_seed(seed)
        yield


def generator_for(*key, device="cpu"):
    """Return a generator that is a pure function of some integers.

    Keyed by the seed of a fit and the epoch, it makes an epoch's draws independent of
    how many epochs were run before in the same process, so that a resumed or stacked
    fit draws what an undisturbed one does.
    """
    seed = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(seed) >> 1)
