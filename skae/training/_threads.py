"""How many of torch's threads a training uses."""

import threading
from contextlib import contextmanager, nullcontext

import torch
from torch.nn.modules.conv import _ConvNd

__all__ = ["few_threads", "one_thread"]

# Products of fewer numbers in a batch, all layers together, take longer on two threads,
# which wait for one another at every operation: a third longer on cores that are
# idle, ten times as long where something else runs on one of them.
FEWEST_PRODUCTS = 32e6

# torch keeps one number of threads for each thread, and one for those yet to come:
# the latter is what the first to come finds, and what the last to go puts back.
_LOCK = threading.Lock()
_COUNT = {"inside": 0, "before": None}


def few_threads(modules, batch_size):
    """Return a context in which torch uses no more threads than training gains from.

    Parameters
    ----------
    modules : list of torch.nn.Module
        Trained together.
    batch_size : int
        Rows of each in a batch.
    """
    return one_thread() if _is_little(modules, batch_size) else nullcontext()


def _is_little(modules, batch_size):
    """Return whether a batch is little work.

    Weights of convolutions serve often. A lone network of these trains on all threads;
    in a stack, beside which others train, they count like others.
    """
    is_convolutional = any(isinstance(m, _ConvNd) for m in modules[0].modules())
    if len(modules) == 1 and is_convolutional:
        return False
    n_weights = sum(p.numel() for module in modules for p in module.parameters())
    return batch_size * n_weights < FEWEST_PRODUCTS


@contextmanager
def one_thread():
    """Let torch use one thread for what this thread does."""
    with _LOCK:
        own = torch.get_num_threads()
        if not _COUNT["inside"]:
            _COUNT["before"] = own
        _COUNT["inside"] += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            torch.set_num_threads(own)
            _COUNT["inside"] -= 1
            if not _COUNT["inside"]:
                torch.set_num_threads(_COUNT["before"])
