"""Figures of a search and of what it has found, as scikit-learn's Display classes.

Each class computes in a ``from_...`` method and draws in ``plot(ax=None)``. Without
`ax` it draws in a figure of its own, ``display.figure_``, which `plt.show` shows where
`matplotlib.pyplot` has been imported. Otherwise nothing keeps it but the display.
Displays of several panels put them in the place of `ax`.
"""

from skae.plotting.convergence import ConvergenceDisplay
from skae.plotting.encoder_weights import EncoderWeightsDisplay
from skae.plotting.generated_samples import GeneratedSamplesDisplay
from skae.plotting.generation_fitness import GenerationFitnessDisplay
from skae.plotting.information_rate import InformationRateDisplay
from skae.plotting.latent_scatter import LatentScatterDisplay
from skae.plotting.loss_curve import LossCurveDisplay
from skae.plotting.loss_terms import LossTermsDisplay
from skae.plotting.parallel_coordinates import ParallelCoordinatesDisplay
from skae.plotting.pareto_front import ParetoFrontDisplay
from skae.plotting.reconstruction import ReconstructionDisplay
from skae.plotting.score_curve import ScoreCurveDisplay

__all__ = [
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
]
