"""Figures of a search and of what it has found, as scikit-learn's Display classes.

Each class computes in a ``from_...`` method and draws in ``plot(ax=None)``. Without
`ax` it draws in a figure of its own, ``display.figure_``, which `plt.show` shows where
`matplotlib.pyplot` has been imported. Otherwise nothing keeps it but the display.
Displays of several panels put them in the place of `ax`.
"""

from skae.plotting._attributions import AttributionsDisplay
from skae.plotting._convergence import ConvergenceDisplay
from skae.plotting._encoder_weights import EncoderWeightsDisplay
from skae.plotting._generated_samples import GeneratedSamplesDisplay
from skae.plotting._generation_fitness import GenerationFitnessDisplay
from skae.plotting._information_rate import InformationRateDisplay
from skae.plotting._latent_scatter import LatentScatterDisplay
from skae.plotting._loss_curve import LossCurveDisplay
from skae.plotting._loss_terms import LossTermsDisplay
from skae.plotting._parallel_coordinates import ParallelCoordinatesDisplay
from skae.plotting._pareto_front import ParetoFrontDisplay
from skae.plotting._reconstruction import ReconstructionDisplay
from skae.plotting._score_curve import ScoreCurveDisplay
from skae.plotting._traversal import TraversalDisplay

__all__ = [
    "AttributionsDisplay",
    "ConvergenceDisplay",
    "EncoderWeightsDisplay",
    "GeneratedSamplesDisplay",
    "GenerationFitnessDisplay",
    "InformationRateDisplay",
    "LatentScatterDisplay",
    "LossCurveDisplay",
    "LossTermsDisplay",
    "ParallelCoordinatesDisplay",
    "ParetoFrontDisplay",
    "ReconstructionDisplay",
    "ScoreCurveDisplay",
    "TraversalDisplay",
]
