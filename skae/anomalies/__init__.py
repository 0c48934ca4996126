"""Anomalies with a stated error rate: a detector, episodes in time, tests of drift."""

from skae.anomalies._conformal import conformal_p_values, discoveries
from skae.anomalies._detector import ReconstructionDetector
from skae.anomalies._drift import DriftResult, drift_test
from skae.anomalies._episodes import Episode, find_episodes

__all__ = [
    "DriftResult",
    "Episode",
    "ReconstructionDetector",
    "conformal_p_values",
    "discoveries",
    "drift_test",
    "find_episodes",
]
