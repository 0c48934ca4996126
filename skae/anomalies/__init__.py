"""Anomalies with a stated error rate: a detector, episodes in time, tests of drift."""

from skae.anomalies._conformal import conformal_p_values, discoveries
from skae.anomalies._detector import ReconstructionDetector

__all__ = ["ReconstructionDetector", "conformal_p_values", "discoveries"]
