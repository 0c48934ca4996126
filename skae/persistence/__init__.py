"""Estimators in files that hold numbers and names, and no code."""

from skae.persistence._classes import ESTIMATORS
from skae.persistence._estimator import load, save
from skae.persistence._file import FORMAT_VERSION
from skae.persistence._onnx import METHODS, OPSET

__all__ = [
    "ESTIMATORS",
    "FORMAT_VERSION",
    "METHODS",
    "OPSET",
    "load",
    "save",
]
