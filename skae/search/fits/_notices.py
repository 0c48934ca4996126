"""What there is to say of stores, in the process of the user wherever it comes up."""

import warnings
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["overheard", "say"]

_heard = ContextVar("heard", default=None)


@contextmanager
def overheard():
    """Collect what there is to say of stores, in this thread, instead of warning.

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
    """Warn of something, unless that is overheard."""
    texts = _heard.get()
    if texts is None:
        warnings.warn(text, UserWarning, stacklevel=4)
    else:
        texts.append(text)
