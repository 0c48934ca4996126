"""Conversion of users' data into arrays for scikit-learn's validation."""

from skae._arrays._chunked import ChunkedRows, slices, stored
from skae._arrays._conversion import stack_items
from skae._arrays._forms import FLOATS, array_like, as_numbers, as_target, divisible
from skae._arrays._frames import with_filled
from skae._arrays._lazy import LazyRows, SparseRows, eager
from skae._arrays._padding import padded
from skae._arrays._ranges import is_outside, rounding_of
from skae._arrays._vectors import as_vector

__all__ = [
    "FLOATS",
    "ChunkedRows",
    "LazyRows",
    "SparseRows",
    "array_like",
    "as_numbers",
    "as_target",
    "as_vector",
    "divisible",
    "eager",
    "is_outside",
    "padded",
    "rounding_of",
    "slices",
    "stack_items",
    "stored",
    "with_filled",
]
