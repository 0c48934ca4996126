"""Searches over the latent dimension, rules of choice and score curves."""

from skae.search._curve import ScoreCurve
from skae.search._dimension import LatentDimensionSearchCV, select_dimension
from skae.search._nested import Evidence
from skae.search._rules import (
    RULES,
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
from skae.search._selection import Selection
from skae.search._verdict import Verdict
from skae.search.evolution import (
    STRATEGIES,
    Architecture,
    EvolutionarySearchCV,
    KeepIfBetter,
    MuPlusLambda,
    Proposal,
    Strategy,
    n_parameters,
)
from skae.search.fits import ScoreStore, remember
from skae.search.fits._continuation import continued
from skae.search.fits._limits import limited

__all__ = [
    "RULES",
    "STRATEGIES",
    "Architecture",
    "BayesSearchCV",
    "Best",
    "Evidence",
    "EvolutionarySearchCV",
    "KeepIfBetter",
    "Knee",
    "LatentDimensionSearchCV",
    "MuPlusLambda",
    "OneStandardError",
    "Proposal",
    "Saturation",
    "ScoreCurve",
    "ScoreStore",
    "SecondDifference",
    "Selection",
    "SelectionRule",
    "ShortestDescription",
    "Strategy",
    "Threshold",
    "Verdict",
    "continued",
    "get_rule",
    "limited",
    "n_parameters",
    "remember",
    "select_dimension",
]


def __getattr__(name):
    """Import the classes that need scikit-optimize on first access."""
    if name == "BayesSearchCV":
        from skae.search.bayes._search import BayesSearchCV

        return BayesSearchCV
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
