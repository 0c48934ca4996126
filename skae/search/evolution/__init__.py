"""Evolution of hyper-parameters and of architectures with any number of layers."""

from skae.search.evolution._architecture import Architecture
from skae.search.evolution._costs import n_parameters
from skae.search.evolution._search import EvolutionarySearchCV
from skae.search.evolution._strategies import (
    STRATEGIES,
    KeepIfBetter,
    MuPlusLambda,
    Proposal,
    Strategy,
)

__all__ = [
    "STRATEGIES",
    "Architecture",
    "EvolutionarySearchCV",
    "KeepIfBetter",
    "MuPlusLambda",
    "Proposal",
    "Strategy",
    "n_parameters",
]
