"""Errors for what no file holds: what it is, and what to do instead."""

import re
import types

import numpy as np
from sklearn.base import BaseEstimator

from skae.persistence._steps import STEPS

__all__ = ["cannot_save", "left_by_no_fit"]

FUNCTIONS = types.FunctionType | types.BuiltinFunctionType | types.MethodType


def cannot_save(value, path):
    """Return the error for a value that would have to be pickled.

    Parameters
    ----------
    value : object
    path : str
        Its name in the estimator, as ``reduce__callbacks[0]``; empty for the estimator.
    """
    obstacle, advice = _reason(value, path)
    return ValueError(f"{path or 'The estimator'} can't be saved: {obstacle}. {advice}")


def left_by_no_fit(estimator, path):
    """Return the error for an attribute of a step of scikit-learn's, `path`."""
    return ValueError(
        f"{path} can't be saved: a fit of {type(estimator).__name__} leaves no such "
        "attribute, or another. Remove it, or use skops, pickle or joblib."
    )


def _reason(value, path):
    """Return the obstacle in words, and the way on."""
    name = re.split(r"__|\.", path)[-1]
    if name == "memory":
        return "a cache is a folder of pickles", f"Call set_params({path}=None) first."
    if name.startswith(("callbacks[", "_skl_callbacks[")):
        is_parameter = name.startswith("callbacks")
        return _of_a_callback(value, path.partition("[")[0] if is_parameter else None)
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return "it is a generator", "Use an integer, or pickle or joblib."
    if isinstance(value, FUNCTIONS | type):
        return _of_code(value)
    return _of_an_object(value)


def _of_a_callback(callback, parameter):
    call = f"set_params({parameter}=None)" if parameter else "set_callbacks()"
    return (
        f"a callback ({type(callback).__name__}) is code, and no file holds code",
        f"Call {call} first, or use pickle or joblib.",
    )


def _of_code(value):
    if isinstance(value, type):
        return (
            f"it is the class {value.__qualname__}, and of classes only those of "
            "torch.optim are known by name",
            "Use one of those, or pickle or joblib.",
        )
    return (
        f"it is the function {value.__qualname__}, and no file holds code",
        "Use a registered part or a built-in choice, or pickle or joblib.",
    )


def _of_an_object(value):
    cls = type(value)
    of_type = f"objects of type {cls.__module__}.{cls.__qualname__}"
    if isinstance(value, BaseEstimator) and cls.__module__.startswith("sklearn."):
        return (
            f"files of skae hold no {of_type}, but autoencoders, their parts, and "
            f"{', '.join(STEPS)}",
            "Use skops (skops.io.dump), which asks which types to trust, or pickle or "
            "joblib.",
        )
    return (
        f"no registered name stands for {of_type}",
        "Register the class (skae.registry), or use skops, pickle or joblib.",
    )
