"""What a value is, as text: equal for equal values, in any process."""

import json
import sys
from functools import lru_cache, partial
from hashlib import blake2b
from importlib.metadata import version
from inspect import unwrap
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
)

import numpy as np
import torch
from scipy.sparse import issparse

__all__ = ["fingerprint", "versions"]

_PACKAGES = {
    "skae": "skae",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
}
_PLAIN = (type(None), bool, int, float, str)
_CALLBACKS = {"_skl_callbacks", "_parent_callback_ctx"}  # they watch a fit
_BLOCK = 2**23  # bytes of an array that are hashed at a time


def fingerprint(value):
    """Return 40 hexadecimal digits that stand for a value.

    Arrays, tables and tensors count by their contents, functions and classes outside
    the libraries by their name and code, all other objects by what pickle would
    keep of them. Nothing is pickled.

    Parameters
    ----------
    value : object

    Returns
    -------
    digits : str

    Raises
    ------
    TypeError
        When there is an object inside that cannot be taken apart, such as a lock.

    Examples
    --------
    >>> from skae.search.fits._identity import fingerprint
    >>> fingerprint({"hidden": (64, 32)}) == fingerprint({"hidden": (64, 32)})
    True
    >>> fingerprint({"hidden": (64, 32)}) == fingerprint({"hidden": (64, 33)})
    False
    """
    text = json.dumps(_describe(value), separators=(",", ":"))
    return blake2b(text.encode(), digest_size=20).hexdigest()


@lru_cache(maxsize=1)
def versions():
    """Return the versions of the libraries whose code a fit runs, as one text."""
    return " ".join(f"{name} {version(name)}" for name in _PACKAGES.values())


def _describe(value, above=()):
    """Return lists and plain values; `above` are the ids of what `value` is in."""
    if type(value) in _PLAIN:
        return value
    if id(value) in above:
        return ["again", above.index(id(value))]
    inner = partial(_describe, above=(*above, id(value)))
    rule = next((rule for fits, rule in _RULES if fits(value)), _object)
    return rule(value, inner)


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


def _class(value, inner):
    return ["class", value.__module__, value.__qualname__, _class_code(value)]


@lru_cache(maxsize=1024)
def _class_code(value):
    bases = [base for base in value.__mro__ if not _in_library(base)]
    return [[base.__qualname__, _members(base)] for base in bases]


def _members(value):
    """Return the code of a class's methods and its plain constants, by name."""
    found = []
    for name, member in sorted(vars(value).items()):
        member = getattr(member, "fget", None) or getattr(member, "__func__", member)
        code = getattr(unwrap(member), "__code__", None)
        if code is not None:
            found.append([name, _code(code, _describe)])
        elif _is_plain(member) and not name.startswith("__"):
            found.append([name, _describe(member)])
    return found


def _is_plain(value):
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    return type(value) in _PLAIN


def _function(value, inner):
    names = [value.__module__, value.__qualname__]
    if _in_library(value) and "<locals>" not in value.__qualname__:
        return ["function", *names]
    cells = [_cell(cell, inner) for cell in value.__closure__ or ()]
    defaults = inner(value.__defaults__), inner(value.__kwdefaults__)
    return ["function", *names, _code(value.__code__, inner), *defaults, cells]


def _cell(cell, inner):
    try:
        return inner(cell.cell_contents)
    except ValueError:  # it is still empty
        return ["empty"]


def _code(code, inner):
    """Return what code does, without where it stands."""
    constants = [
        _code(each, inner) if isinstance(each, CodeType) else inner(each)
        for each in code.co_consts
    ]
    return ["code", code.co_code.hex(), list(code.co_names), constants]


def _named(value, inner):
    owner = getattr(value, "__self__", None)
    owner = None if isinstance(owner, ModuleType) else inner(owner)
    return ["named", value.__module__, value.__qualname__, owner]


def _method(value, inner):
    return ["method", inner(value.__self__), inner(value.__func__)]


def _module(value, inner):
    return ["module", value.__name__]


def _object(value, inner):
    parts = value.__reduce_ex__(4)
    if isinstance(parts, str):
        return ["name", type(value).__module__, type(value).__qualname__, parts]
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


def _in_library(value):
    """Return whether code is known by the version of its library, or of Python."""
    package = (value.__module__ or "").split(".")[0]
    return package in _PACKAGES or package in sys.stdlib_module_names


def _is(*kinds):
    return lambda value: isinstance(value, kinds)


def _is_exactly(*kinds):
    return lambda value: type(value) in kinds


def _is_table(value):
    return hasattr(value, "iloc") and hasattr(value, "to_numpy")


_RULES = (
    (_is(np.generic), _scalar),
    (_is(np.ndarray), _array),
    (_is(torch.Tensor), _tensor),
    (_is_exactly(list, tuple), _sequence),
    (_is_exactly(dict), _dict),
    (_is_exactly(set, frozenset), _set),
    (_is_exactly(bytes, bytearray), _bytes),
    (_is(type), _class),
    (_is(FunctionType), _function),
    (_is(BuiltinFunctionType), _named),
    (_is(MethodType), _method),
    (_is(ModuleType), _module),
    (issparse, _sparse),
    (_is_table, _table),
)
