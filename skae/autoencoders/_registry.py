"""Estimators by name, for files that say which one they hold."""

from skae.persistence import ESTIMATORS

__all__ = ["ESTIMATORS"]
