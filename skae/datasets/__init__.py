"""Data sets: bundled, downloaded, and in chunks; manifolds of known dimension."""

from skae._arrays import ChunkedRows
from skae.datasets._airline import load_airline_passengers
from skae.datasets._cube import make_cube_surface
from skae.datasets._fashion_mnist import fetch_fashion_mnist
from skae.datasets._manifolds import (
    Manifold,
    make_linear_manifold,
    make_manifold,
    make_smooth_manifold,
    make_sphere,
    manifold_names,
    manifold_suite,
)
from skae.datasets._parquet import ParquetRows
from skae.datasets._registry import dataset_names, load_dataset

__all__ = [
    "ChunkedRows",
    "Manifold",
    "ParquetRows",
    "dataset_names",
    "fetch_fashion_mnist",
    "load_airline_passengers",
    "load_dataset",
    "make_cube_surface",
    "make_linear_manifold",
    "make_manifold",
    "make_smooth_manifold",
    "make_sphere",
    "manifold_names",
    "manifold_suite",
]
