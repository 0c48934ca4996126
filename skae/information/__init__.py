"""Information: kernels, Renyi entropies, discrepancies of samples, rates of codes."""

from skae.information.discrepancy import coverage, knn_kl, knn_kl_floor, mmd2
from skae.information.entropy import joint_entropy, renyi_entropy
from skae.information.kernels import (
    as_samples,
    rbf_blocks,
    rbf_gram,
    resolve_bandwidth,
    squared_distances,
)
from skae.information.mutual_information import MutualInformation, mutual_information
from skae.information.rate import InformationRate, information_rate

__all__ = [
    "InformationRate",
    "MutualInformation",
    "as_samples",
    "coverage",
    "information_rate",
    "joint_entropy",
    "knn_kl",
    "knn_kl_floor",
    "mmd2",
    "mutual_information",
    "rbf_blocks",
    "rbf_gram",
    "renyi_entropy",
    "resolve_bandwidth",
    "squared_distances",
]
