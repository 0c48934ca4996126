"""Warnings about stores, given in the user's process wherever they arise."""

from contextlib import contextmanager
from contextvars import ContextVar

from skae._notices import warn

__all__ = ["overheard", "say"]

_heard = ContextVar("heard", default=None)


@contextmanager
def overheard():
    """Collect the warnings about stores, in this thread, instead of giving them.

    Yields
    ------
    texts : list of str
    """
    texts = []
    token = _heard.set(texts)
    try:
        yield texts
    finally:
        _heard.reset(token)


def say(text):
    """Warn with a text, unless warnings are being collected."""
    texts = _heard.get()
    if texts is None:
        warn(text)
    else:
        texts.append(text)
