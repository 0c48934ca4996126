"""Warnings of fits that searches make many of."""

import sys
import warnings
from multiprocessing import parent_process
from weakref import WeakKeyDictionary

__all__ = ["warn_once_in_searches"]

# What the fits of searches have said, by the scorer of a search, which its fits share.
# Python would say it in each of them: scikit-learn sets warning filters anew for every
# fit, and Python forgets then. In worker processes each fit has a scorer of its own.
_SAID = WeakKeyDictionary()
_SAID_IN_WORKER = set()


def warn_once_in_searches(text, category, key, stacklevel):
    """Warn; of the fits that a search compares, in one of each search only.

    The fit of the best candidate, in the end, is none of them. In a worker process it
    is one of all searches.

    Parameters
    ----------
    text : str
    category : type
    key : tuple
        What tells this warning from others.
    stacklevel : int
        Of the warning, as the caller would set it.
    """
    said = _said_by_this_search()
    if said is not None:
        if (category, key) in said:
            return
        said.add((category, key))
    warnings.warn(text, category, stacklevel=stacklevel + 1)


def _said_by_this_search():
    """Return what was said, if scikit-learn fits what runs here to score it."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "_fit_and_score":
            return _said_by(frame.f_locals.get("scorer"))
        frame = frame.f_back
    return None


def _said_by(scorer):
    if parent_process() is not None:
        return _SAID_IN_WORKER
    try:
        return _SAID.setdefault(scorer, set())
    except TypeError:  # no weak reference, as to a dict
        return _SAID_IN_WORKER
