"""Code of functions and classes as plain values, with the globals that it reads.

Code of Python and of installed packages counts by its version. The user's own counts
line by line, with the functions that it calls, the globals that it reads, the
constants of classes, and so on from there.
"""

import dis
import sys
from functools import cached_property, lru_cache
from types import CodeType, GetSetDescriptorType, MemberDescriptorType, ModuleType

__all__ = ["LIBRARIES", "body", "is_known_by_name", "origin"]

#: The packages whose versions every key holds.
LIBRARIES = ("skae", "sklearn", "torch", "numpy", "scipy")
_INSTALLED = "site-packages", "dist-packages"
_HOLDERS = {
    property: ("fget", "fset", "fdel"),
    cached_property: ("func",),
    classmethod: ("__func__",),
    staticmethod: ("__func__",),
}
_SLOTS = GetSetDescriptorType, MemberDescriptorType


@lru_cache(maxsize=1024)
def origin(module):
    """Return the package and the version of code, None for the user's own.

    Parameters
    ----------
    module : str or None
        Full name of a module.
    """
    package = (module or "").split(".")[0]
    if package in LIBRARIES or package in sys.stdlib_module_names:
        return package
    if package in ("", "__main__"):
        return None
    root = sys.modules.get(package)
    places = [getattr(root, "__file__", None), *getattr(root, "__path__", ())]
    if any(folder in str(place) for place in places for folder in _INSTALLED):
        return f"{package} {getattr(root, '__version__', '')}"
    return None


def is_known_by_name(value):
    """Return whether a library's function or class has an importable name.

    Functions that are made by others, such as wrappers, have none: they may hold some
    of the user's.
    """
    if isinstance(value, type):
        return all(origin(base.__module__) for base in value.__mro__)
    return bool(_origin(value)) and "<locals>" not in value.__code__.co_qualname


def _origin(function):
    return origin(function.__globals__.get("__name__"))  # wrappers change __module__


def body(value, describe):
    """Return the code of a function or a class, without that of those it uses.

    Parameters
    ----------
    value : function or type
    describe : callable
        Returns plain values for any value, for functions and classes a reference.

    Returns
    -------
    body : list
    """
    if isinstance(value, type):
        bases = [base for base in value.__mro__ if not origin(base.__module__)]
        return [[base.__qualname__, _members(base, describe)] for base in bases]
    code = _code(value.__code__, describe)
    defaults = [describe(value.__defaults__), describe(value.__kwdefaults__)]
    cells = [_cell(cell, describe) for cell in value.__closure__ or ()]
    return [code, defaults, cells, [] if _origin(value) else _globals(value, describe)]


def _members(value, describe):
    """Return the methods and constants of a class, by name."""
    found = []
    for name, member in sorted(vars(value).items()):
        held = [names for kind, names in _HOLDERS.items() if isinstance(member, kind)]
        if held:
            parts = [getattr(member, part) for part in held[0]]
            found.append([name, *map(describe, parts)])
        elif hasattr(member, "__code__") or not _is_of_python(name, member):
            found.append([name, describe(member)])
    return found


def _is_of_python(name, member):
    return name.startswith("__") or name == "_abc_impl" or isinstance(member, _SLOTS)


def _cell(cell, describe):
    try:
        return describe(cell.cell_contents)
    except ValueError:  # it is still empty
        return ["empty"]


def _code(code, describe):
    """Return a code object's instructions and constants, without line numbers."""
    constants = [
        _code(each, describe) if isinstance(each, CodeType) else describe(each)
        for each in code.co_consts
    ]
    return ["code", code.co_code.hex(), list(code.co_names), constants]


# Globals


def _globals(function, describe):
    """Return the values of the globals that a function reads, by name."""
    names, attributes, modules = _names(function.__code__)
    found = {name: sys.modules.get(name) for name in modules}
    found |= {k: v for k, v in function.__globals__.items() if k in names}
    return _values(found, attributes, describe)


def _values(found, attributes, describe, above=()):
    """Return values by name; those of a module are the attributes that are named."""
    values = []
    for name, value in sorted(found.items()):
        if name.startswith("__") or any(value is module for module in above):
            continue
        if isinstance(value, ModuleType) and not origin(value.__name__):
            inside = {k: v for k, v in vars(value).items() if k in attributes}
            inner = _values(inside, attributes, describe, (*above, value))
            values.append([name, value.__name__, inner])
        else:
            values.append([name, describe(value)])
    return values


@lru_cache(maxsize=4096)
def _names(code):
    """Return the names of globals, attributes and modules that code reads."""
    names, attributes, modules = set(), set(), set()
    kinds = {
        "LOAD_GLOBAL": names,
        "LOAD_NAME": names,
        "LOAD_ATTR": attributes,
        "LOAD_METHOD": attributes,
        "IMPORT_FROM": attributes,
        "IMPORT_NAME": modules,
    }
    for instruction in _instructions(code):
        if instruction.opname in kinds:
            kinds[instruction.opname].add(instruction.argval)
    return names, attributes, modules


def _instructions(code):
    yield from dis.get_instructions(code)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _instructions(inner)
