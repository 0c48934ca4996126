"""Objectives: reconstruction terms, penalties, and their named sum."""

from skae.objectives._penalty import PENALTIES, Penalty, mean_over_rows
from skae.objectives.activity import L1Activity, L2Activity
from skae.objectives.kl_divergence import KLDivergence, kl_to_standard_normal
from skae.objectives.mmd import MMD, GaussianPrior
from skae.objectives.moments import MomentMatching
from skae.objectives.objective import LossFunction, Objective
from skae.objectives.reconstruction import (
    RECONSTRUCTIONS,
    AbsoluteError,
    BernoulliCrossEntropy,
    Huber,
    ReconstructionLoss,
    SquaredError,
)

__all__ = [
    "MMD",
    "PENALTIES",
    "RECONSTRUCTIONS",
    "AbsoluteError",
    "BernoulliCrossEntropy",
    "GaussianPrior",
    "Huber",
    "KLDivergence",
    "L1Activity",
    "L2Activity",
    "LossFunction",
    "MomentMatching",
    "Objective",
    "Penalty",
    "ReconstructionLoss",
    "SquaredError",
    "kl_to_standard_normal",
    "mean_over_rows",
]
