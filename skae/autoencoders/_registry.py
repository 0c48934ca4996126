"""Estimators by name, for files that say which one they hold."""

from skae.registry import Registry

__all__ = ["ESTIMATORS"]

ESTIMATORS = Registry("estimator", "skae.estimators")
