"""Fingerprints of values: equal for equal values, in any process."""

import json
from functools import lru_cache, partial
from hashlib import blake2b
from importlib.metadata import version
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy.sparse import issparse

from skae._arrays import ChunkedRows
from skae.search.fits._code import LIBRARIES, body, is_known_by_name, origin

__all__ = ["fingerprint", "versions"]

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
_PLAIN = (type(None), bool, int, float, str)
_CALLBACKS = {"_skl_callbacks", "_parent_callback_ctx"}  # they watch a fit
_BLOCK = 2**23  # bytes of an array that are hashed at a time


def fingerprint(value, known=None):
    """Return 40 hexadecimal digits that stand for a value.

    Arrays, tables and tensors count by their contents, functions and classes by their
    code and what that reads (see `skae.search.fits._code`), all other objects by what
    pickle would keep of them. Nothing is pickled.

    Parameters
    ----------
    value : object
    known : WeakKeyDictionary or None, default=None
        What is known of functions and classes from earlier calls, and keeps what is
        found now: what they read counts as it was at first sight.

    Returns
    -------
    digits : str

    Raises
    ------
    TypeError
        When there is an object inside that cannot be taken apart, such as a lock. Of
        those that code reads the class counts.

    Examples
    --------
    >>> from skae.search.fits._identity import fingerprint
    >>> fingerprint({"hidden": (64, 32)}) == fingerprint({"hidden": (64, 32)})
    True
    >>> fingerprint({"hidden": (64, 32)}) == fingerprint({"hidden": (64, 33)})
    False
    """
    known = WeakKeyDictionary() if known is None else known
    return _digest(_Description(partial(_digest_of_code, known=known))(value))


@lru_cache(maxsize=1)
def versions():
    """Return the versions of the libraries whose code a fit runs, as one text."""
    names = [_DISTRIBUTIONS.get(package, package) for package in LIBRARIES]
    return " ".join(f"{name} {version(name)}" for name in names)


def _digest(description):
    text = json.dumps(description, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=20).hexdigest()


def _digest_of_code(value, known):
    if value not in known:
        known[value] = _digest(_bodies(value))
    return known[value]


def _bodies(value):
    """Return the code of a function or class, and of all that it uses, one by one."""
    found, numbers = [value], {id(value): 0}

    def number(other):
        if id(other) not in numbers:
            numbers[id(other)] = len(found)
            found.append(other)
        return numbers[id(other)]

    describe = _Description(number, strict=False)
    return [body(each, describe) for each in found]  # which grows meanwhile


class _Description:
    """Callable that returns lists and plain values for any value.

    Parameters
    ----------
    refer : callable
        Says what stands for a function or class.
    above : tuple of int
        The ids of what the value is in.
    strict : bool
        Whether what cannot be taken apart is an error. Else its class stands for it.
    """

    def __init__(self, refer, above=(), *, strict=True):
        self.refer = refer
        self.above = above
        self.strict = strict

    def __call__(self, value):
        if type(value) in _PLAIN:
            return value
        if id(value) in self.above:
            return ["again", self.above.index(id(value))]
        above = (*self.above, id(value))
        inner = _Description(self.refer, above, strict=self.strict)
        rule = next((rule for fits, rule in _RULES if fits(value)), _object)
        try:
            return rule(value, inner)
        except TypeError:
            if self.strict:
                raise
            return ["a", inner(type(value))]


def _scalar(value, inner):
    item = value.item()
    return [value.dtype.str, repr(value)] if item is value else inner(item)


def _array(value, inner):
    if value.dtype.hasobject:
        return ["array", list(value.shape), inner(value.tolist())]
    return ["array", value.dtype.str, list(value.shape), _contents(value)]


def _contents(array):
    digest = blake2b(digest_size=20)
    rows = array if array.ndim else array.reshape(1)
    step = max(1, _BLOCK // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        digest.update(rows[start : start + step].tobytes())
    return digest.hexdigest()


def _chunks(value, inner):
    digest = value.whole.digest
    shape, window = list(value.whole.shape), value.window_bytes
    return ["chunks", value.dtype.str, shape, digest, inner(value.numbers), window]


def _tensor(value, inner):
    flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return ["tensor", str(value.dtype), list(value.shape), _contents(flat.numpy())]


def _sparse(value, inner):
    rows = value.tocsr()
    parts = rows.data, rows.indices, rows.indptr
    return ["sparse", list(rows.shape), *map(inner, parts)]


def _table(value, inner):
    columns = [value] if value.ndim == 1 else [value[name] for name in value]
    names = [value.name] if value.ndim == 1 else list(value)
    arrays = [inner(column.to_numpy()) for column in columns]
    return ["table", inner(names), inner(value.index.to_numpy()), arrays]


def _sequence(value, inner):
    return [type(value).__name__, *map(inner, value)]


def _dict(value, inner):
    return ["dict", *([inner(key), inner(item)] for key, item in value.items())]


def _set(value, inner):
    return ["set", *sorted(json.dumps(inner(item)) for item in value)]


def _bytes(value, inner):
    return ["bytes", blake2b(value, digest_size=20).hexdigest()]


def _function_or_class(value, inner):
    names = [value.__module__, value.__qualname__]
    if is_known_by_name(value):
        return ["known", origin(value.__module__), *names]
    return ["code", *names, inner.refer(value)]


def _named(value, inner):
    owner = getattr(value, "__self__", None)
    owner = None if isinstance(owner, ModuleType) else inner(owner)
    return ["named", value.__module__, value.__qualname__, owner]


def _method(value, inner):
    return ["method", inner(value.__self__), inner(value.__func__)]


def _module(value, inner):
    return ["module", origin(value.__name__), value.__name__]


def _object(value, inner):
    try:
        parts = value.__reduce_ex__(4)
    except Exception as error:  # whatever it is that objects raise there
        raise TypeError(str(error)) from error
    if isinstance(parts, str):
        wrapped = inner(getattr(value, "__wrapped__", None))
        module = getattr(value, "__module__", None)
        return ["name", inner(type(value)), module, parts, wrapped]
    function, args, state, items, pairs = (*parts, None, None, None)[:5]
    if isinstance(state, dict):
        state = {k: state[k] for k in sorted(state, key=str) if k not in _CALLBACKS}
    return [
        "object",
        inner(function),
        inner(args),
        inner(state),
        [inner(item) for item in items or ()],
        [inner(pair) for pair in pairs or ()],
    ]


def _is(*kinds):
    return lambda value: isinstance(value, kinds)


def _is_exactly(*kinds):
    return lambda value: type(value) in kinds


def _is_table(value):
    return hasattr(value, "iloc") and hasattr(value, "to_numpy")


_RULES = (
    (_is(np.generic), _scalar),
    (_is(np.ndarray), _array),
    (_is(ChunkedRows), _chunks),
    (_is(torch.Tensor), _tensor),
    (_is_exactly(list, tuple), _sequence),
    (_is_exactly(dict), _dict),
    (_is_exactly(set, frozenset), _set),
    (_is_exactly(bytes, bytearray), _bytes),
    (_is(type, FunctionType), _function_or_class),
    (_is(BuiltinFunctionType), _named),
    (_is(MethodType), _method),
    (_is(ModuleType), _module),
    (issparse, _sparse),
    (_is_table, _table),
)
