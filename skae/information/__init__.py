"""Information: kernels, Renyi entropies, discrepancies of samples, rates of codes."""

from skae.information._adjusted import (
    AdjustedInformation,
    adjusted_mutual_information,
)
from skae.information._correlation import correlation_dimension
from skae.information._dimension import IntrinsicDimension, estimate_dimension
from skae.information._discrepancy import coverage, knn_kl, knn_kl_floor, mmd2
from skae.information._entropy import joint_entropy, renyi_entropy
from skae.information._gride import GrideScales, gride, gride_scales
from skae.information._kernels import (
    as_samples,
    rbf_blocks,
    rbf_gram,
    resolve_bandwidth,
    squared_distances,
)
from skae.information._mutual_information import MutualInformation, mutual_information
from skae.information._rate import InformationRate, information_rate
from skae.information._ratios import l2n2, levina_bickel, two_nn
from skae.information._relative import RelativeInformation, relative_information
from skae.information._surrogates import surrogate_dimension

__all__ = [
    "AdjustedInformation",
    "GrideScales",
    "InformationRate",
    "IntrinsicDimension",
    "MutualInformation",
    "RelativeInformation",
    "adjusted_mutual_information",
    "as_samples",
    "correlation_dimension",
    "coverage",
    "estimate_dimension",
    "gride",
    "gride_scales",
    "information_rate",
    "joint_entropy",
    "knn_kl",
    "knn_kl_floor",
    "l2n2",
    "levina_bickel",
    "mmd2",
    "mutual_information",
    "rbf_blocks",
    "rbf_gram",
    "relative_information",
    "renyi_entropy",
    "resolve_bandwidth",
    "squared_distances",
    "surrogate_dimension",
    "two_nn",
]
