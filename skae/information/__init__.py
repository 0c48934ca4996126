"""Matrix-based information: kernels, Renyi entropies, mutual information."""

from skae.information.entropy import joint_entropy, renyi_entropy
from skae.information.kernels import (
    as_samples,
    rbf_blocks,
    rbf_gram,
    resolve_bandwidth,
    squared_distances,
)
from skae.information.mutual_information import MutualInformation, mutual_information

__all__ = [
    "MutualInformation",
    "as_samples",
    "joint_entropy",
    "mutual_information",
    "rbf_blocks",
    "rbf_gram",
    "renyi_entropy",
    "resolve_bandwidth",
    "squared_distances",
]
