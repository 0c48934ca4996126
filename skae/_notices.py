"""Warnings that point at the user's line, and are given once in a search.

Python would point at whatever stands so many calls below, in scikit-learn or joblib,
and give a warning again in each fit of a search: scikit-learn sets filters of warnings
anew for every fit, and Python forgets then what it has said.
"""

import math
import sys
import time
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing import parent_process
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

__all__ = ["Call", "Place", "are_new", "current_call", "on_behalf_of", "once", "warn"]

# Packages that call skae on behalf of a user, and what Python calls them through.
_BETWEEN = {
    *{"skae", "sklearn", "imblearn", "skopt", "skorch", "torch", "joblib"},
    *{"dask", "distributed", "concurrent", "threading", "contextlib"},
}

# What lasts as long as one call of these functions, by which variable of theirs.
_SEARCHES = {
    ("sklearn.model_selection._search", "fit"): "base_estimator",
    ("sklearn.model_selection._validation", "cross_validate"): "parallel",
    ("sklearn.model_selection._validation", "cross_val_predict"): "parallel",
    ("sklearn.model_selection._validation", "learning_curve"): "parallel",
    ("sklearn.model_selection._validation", "validation_curve"): "parallel",
    # in a thread of a search, which shares its scorer
    ("sklearn.model_selection._validation", "_fit_and_score"): "scorer",
}

ONE_OF_MANY = " (Said once for all fits that are compared here.)"

_CALL = ContextVar("skae_call", default=None)
_SAID = WeakKeyDictionary()
# Of threads that look at the same values.
_LOCK = Lock()


class _Lately(dict):
    """What was said within a minute, as a set."""

    def __contains__(self, told):
        return time.monotonic() - self.get(told, -math.inf) < 60

    def add(self, told):
        self[told] = time.monotonic()


# A worker does not know where a search ends and the next one begins.
_SAID_IN_WORKER = _Lately()


class Place(NamedTuple):
    """A line of code, as far as warnings want to know it."""

    filename: str
    lineno: int
    module: str = "skae"
    registry: dict | None = None

    def __reduce__(self):
        return Place, (self.filename, self.lineno)  # a registry stays in its process


UNKNOWN = Place("<worker of a search>", 1)


class Call(NamedTuple):
    """What a user has called: where, and which warnings were given since.

    `said` is None where fits are not compared with one another, and each may speak.
    """

    place: Place
    said: set | None = None


def warn(text, category=UserWarning, key=None, *, is_of_one=False):
    """Warn at the user's line, and of the fits that are compared, in one only.

    Parameters
    ----------
    text : str or Warning
    category : type
    key : hashable, default=None
        What tells this warning from others, by default its text, which may have
        numbers in it that differ from fit to fit.
    is_of_one : bool, default=False
        Whether it speaks of one model among those that are compared. The best of them,
        fitted in the end, then says it again for itself.
    """
    call = current_call()
    if is_of_one := is_of_one and call.said is not None and _is_compared():
        text = f"{text}{ONE_OF_MANY}"
    if call.said is not None:
        told = category, key or str(text), is_of_one
        if told in call.said:
            return
        call.said.add(told)
    filename, lineno, module, registry = call.place
    warnings.warn_explicit(text, category, filename, lineno, module, registry)


def are_new(values, key):
    """Return whether these values are looked at for the first time in a search.

    Candidates of a search are fitted to the same folds. Beyond a search, values always
    are new.

    Parameters
    ----------
    values : ndarray
    key : hashable
        What they are looked at for.

    Examples
    --------
    >>> import numpy as np
    >>> from skae._notices import are_new, once
    >>> with once():
    ...     print([are_new(np.zeros(2), "scale") for _ in range(2)])
    [True, False]
    """
    said = current_call().said
    if said is None:
        return True
    looked_at = key, values.dtype.str, values.shape, hash(values.tobytes())
    with _LOCK:
        is_new = looked_at not in said
        said.add(looked_at)
    return is_new


def current_call():
    """Return the `Call` of a user in which this runs."""
    if (call := _CALL.get()) is not None:
        return call
    if parent_process() is not None:
        return Call(UNKNOWN, _SAID_IN_WORKER)
    place, search = UNKNOWN, None
    for frame in _frames():
        if place is UNKNOWN and not _is_between(frame):
            place = _place(frame)
        if variable := _SEARCHES.get(_name(frame)):
            search = frame.f_locals.get(variable, search)  # in the end the outermost
    return Call(place, None if search is None else _said_by(search))


@contextmanager
def on_behalf_of(call):
    """Let warnings of this thread count as those of a `Call`."""
    token = _CALL.set(call)
    try:
        yield
    finally:
        _CALL.reset(token)


def once():
    """Return a context in which each warning is given once, at the user's line."""
    call = current_call()
    return on_behalf_of(call if call.said is not None else call._replace(said=set()))


def _frames():
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _name(frame):
    return frame.f_globals.get("__name__"), frame.f_code.co_name


def _is_between(frame):
    return (_name(frame)[0] or "").partition(".")[0] in _BETWEEN


def _place(frame):
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    filename = frame.f_code.co_filename
    module = _name(frame)[0] or Place._field_defaults["module"]
    return Place(filename, frame.f_lineno, module, registry)


def _is_compared():
    return any(frame.f_code.co_name == "_fit_and_score" for frame in _frames())


def _said_by(search):
    try:
        return _SAID.setdefault(search, set())
    except TypeError:  # without weak references nobody knows when it is gone
        return set()
