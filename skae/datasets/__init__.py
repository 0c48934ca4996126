"""Data sets: one that ships with the package, one that is drawn, and names for more."""

from skae.datasets._airline import load_airline_passengers
from skae.datasets._cube import make_cube_surface
from skae.datasets._registry import dataset_names, load_dataset

__all__ = [
    "dataset_names",
    "load_airline_passengers",
    "load_dataset",
    "make_cube_surface",
]
