"""Warnings of fits that searches make many of."""

import sys
import warnings

__all__ = ["warn_once_in_searches"]

# What the fits of searches have said, by key. Python would say it in each of them:
# scikit-learn sets warning filters anew for every fit, and Python forgets then.
_SAID = set()


def warn_once_in_searches(text, category, key, stacklevel):
    """Warn; of the fits that a search compares, in one of each process only.

    The fit of the best candidate, in the end, is none of them.

    Parameters
    ----------
    text : str
    category : type
    key : tuple
        What tells this warning from others.
    stacklevel : int
        Of the warning, as the caller would set it.
    """
    if _is_compared():
        if (category, key) in _SAID:
            return
        _SAID.add((category, key))
    warnings.warn(text, category, stacklevel=stacklevel + 1)


def _is_compared():
    """Return whether scikit-learn fits what runs here to score it, in any backend."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "_fit_and_score":
            return True
        frame = frame.f_back
    return False
