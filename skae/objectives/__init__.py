"""Objectives: reconstruction terms, penalties, and their named sum."""

from skae.objectives._penalty import PENALTIES, Penalty
from skae.objectives.l1_activity import L1Activity
from skae.objectives.objective import LossFunction, Objective
from skae.objectives.reconstruction import (
    RECONSTRUCTIONS,
    ReconstructionLoss,
    SquaredError,
)

__all__ = [
    "PENALTIES",
    "RECONSTRUCTIONS",
    "L1Activity",
    "LossFunction",
    "Objective",
    "Penalty",
    "ReconstructionLoss",
    "SquaredError",
]
