"""Manifolds whose dimension is known."""

from skae.datasets._manifolds._base import Manifold
from skae.datasets._manifolds._catalogue import make_manifold, manifold_names
from skae.datasets._manifolds._embedded import (
    make_linear_manifold,
    make_smooth_manifold,
    make_sphere,
)
from skae.datasets._manifolds._suite import manifold_suite

__all__ = [
    "Manifold",
    "make_linear_manifold",
    "make_manifold",
    "make_smooth_manifold",
    "make_sphere",
    "manifold_names",
    "manifold_suite",
]
