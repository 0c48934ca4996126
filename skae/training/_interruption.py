"""Ending a fit from another thread: after each batch it looks whether it is to go on.

Python interrupts its main thread only. Fits in other threads, as those of
`skae.stacked()`, have to look for themselves.
"""

from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["check_after_batches", "look"]

_CHECK = ContextVar("skae_check", default=None)


@contextmanager
def check_after_batches(check):
    """Let the fits of this thread call a function after each of their batches.

    Parameters
    ----------
    check : callable
        What it raises ends the fit.
    """
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


def look():
    """Call the function that is to be called after a batch, if there is one."""
    check = _CHECK.get()
    if check is not None:
        check()
