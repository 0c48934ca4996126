"""Searches over the latent dimension, and what their scores say."""

from skae.search._choice import Selection
from skae.search.dimension import LatentDimensionSearchCV, select_dimension
from skae.search.rules import (
    Best,
    Knee,
    OneStandardError,
    Saturation,
    SecondDifference,
    SelectionRule,
    ShortestDescription,
    Threshold,
    get_rule,
)
from skae.search.selection import ScoreCurve, Verdict

__all__ = [
    "Best",
    "Knee",
    "LatentDimensionSearchCV",
    "OneStandardError",
    "Saturation",
    "ScoreCurve",
    "SecondDifference",
    "Selection",
    "SelectionRule",
    "ShortestDescription",
    "Threshold",
    "Verdict",
    "get_rule",
    "select_dimension",
]
