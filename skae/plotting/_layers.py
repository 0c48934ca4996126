"""Architectures among the values of a parameter."""

import re
from numbers import Integral

from skae.plotting._scale import Scale

__all__ = ["are_many_architectures", "depth_of", "layers_of"]

# More of them are drawn by their size.
_MAX_ARCHITECTURES = 12


def are_many_architectures(values):
    """Return whether values are layers, too many different ones for categories."""
    if any(layers_of(value) is None for value in values):
        return False
    return len(Scale.of(values).values) > _MAX_ARCHITECTURES


def layers_of(value):
    """Return the widths of layers that a value stands for, None if it is no such.

    Examples
    --------
    >>> from skae.plotting._layers import layers_of
    >>> layers_of((64, 32)), layers_of("64-32"), layers_of("relu")
    ((64, 32), (64, 32), None)
    """
    if isinstance(value, str):
        is_layers = re.fullmatch(r"\d+(-\d+)+", value)
        return tuple(map(int, value.split("-"))) if is_layers else None
    if not isinstance(value, tuple | list):
        return None
    is_layers = all(_is_number(width) for width in value)
    return tuple(int(width) for width in value) if is_layers else None


def depth_of(value):
    """Return the number of layers that a value stands for, None if it is no such.

    A number is a depth itself, as in `skae.networks.layer_sizes`.
    """
    if _is_number(value):
        return int(value)
    if isinstance(value, str) and (value.isdecimal() or not value):
        return 1 if value else 0
    layers = layers_of(value)
    return None if layers is None else len(layers)


def _is_number(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
