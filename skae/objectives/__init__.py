"""Objectives: reconstruction terms, penalties, and their named sum."""

from skae.objectives._activity import L1Activity, L2Activity
from skae.objectives._batch import (
    draw_points,
    masked,
    mean_over_rows,
    mean_over_units,
)
from skae.objectives._categorical import CategoricalLikelihood
from skae.objectives._columns import ColumnError, ColumnLikelihood
from skae.objectives._counts import NegativeBinomialLikelihood, PoissonLikelihood
from skae.objectives._kl_divergence import KLDivergence, kl_to_standard_normal
from skae.objectives._likelihood import (
    GaussianLikelihood,
    LaplaceLikelihood,
    Likelihood,
)
from skae.objectives._mmd import MMD, GaussianPrior
from skae.objectives._moments import MomentMatching
from skae.objectives._objective import LossFunction, Objective
from skae.objectives._penalty import PENALTIES, Penalty
from skae.objectives._reconstruction import (
    RECONSTRUCTIONS,
    AbsoluteError,
    BernoulliCrossEntropy,
    Huber,
    ReconstructionLoss,
    SquaredError,
)
from skae.objectives._student_t import StudentTLikelihood

__all__ = [
    "MMD",
    "PENALTIES",
    "RECONSTRUCTIONS",
    "AbsoluteError",
    "BernoulliCrossEntropy",
    "CategoricalLikelihood",
    "ColumnError",
    "ColumnLikelihood",
    "GaussianLikelihood",
    "GaussianPrior",
    "Huber",
    "KLDivergence",
    "L1Activity",
    "L2Activity",
    "LaplaceLikelihood",
    "Likelihood",
    "LossFunction",
    "MomentMatching",
    "NegativeBinomialLikelihood",
    "Objective",
    "Penalty",
    "PoissonLikelihood",
    "ReconstructionLoss",
    "SquaredError",
    "StudentTLikelihood",
    "draw_points",
    "kl_to_standard_normal",
    "masked",
    "mean_over_rows",
    "mean_over_units",
]
