"""Figures of a search and of what it has found, as scikit-learn's Display classes.

Each class computes in a ``from_...`` method and draws in ``plot(ax=None)``. Without
`ax` it draws in a figure of its own, which is not registered with `matplotlib.pyplot`:
show it in a notebook by ``display.figure_``, save it by ``display.figure_.savefig``.
"""

from skae.plotting.latent_scatter import LatentScatterDisplay
from skae.plotting.loss_curve import LossCurveDisplay
from skae.plotting.reconstruction import ReconstructionDisplay
from skae.plotting.score_curve import ScoreCurveDisplay

__all__ = [
    "LatentScatterDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "ScoreCurveDisplay",
]
