"""Matrix-based Renyi mutual information between two samples."""

import math
from dataclasses import dataclass

import torch

from skae.information._entropy import check_alpha
from skae.information._kernels import as_samples, resolve_bandwidth
from skae.information._products import collision_means, product_entropies

__all__ = ["BOTH", "MutualInformation", "mutual_information", "pair", "paired"]

# The first variable, the second, and the pairs, for `product_entropies`.
BOTH = [(0,), (1,), (0, 1)]


@dataclass(frozen=True)
class MutualInformation:
    """A mutual information and its parts; ``float()`` gives the information.

    Attributes
    ----------
    mutual_information : float
        entropy_x + entropy_z - joint_entropy, in nats.
    entropy_x, entropy_z : float
        Entropies of the two samples, in nats.
    joint_entropy : float
        Entropy of the pairs, in nats.
    bandwidth_x, bandwidth_z : float
        Bandwidths of the kernels, in the units of each sample.

    Examples
    --------
    >>> from skae.information import mutual_information
    >>> result = mutual_information([[0.0], [9.0]], [[5.0], [5.0]], bandwidth=1.0)
    >>> float(result), result.entropy_x
    (0.0, 0.6931)
    """

    mutual_information: float
    entropy_x: float
    entropy_z: float
    joint_entropy: float
    bandwidth_x: float
    bandwidth_z: float

    def __float__(self):
        return self.mutual_information


@torch.no_grad()
def mutual_information(X, Z, *, alpha=2.0, bandwidth="median", debiased=False):
    """Matrix-based Renyi mutual information of paired samples, in nats.

    I_alpha(X; Z) = S_alpha(A) + S_alpha(B) - S_alpha(A o B / tr(A o B)), with the
    normalised Gaussian Gram matrices A of X and B of Z and the entropies of
    `renyi_entropy`. It is information *at the resolution of the kernels*: Shannon's
    information between continuous data and a deterministic code is infinite.

    Parameters
    ----------
    X, Z : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, in the same order, for example data and their code. Computed
        on the device of `X`, in float64.
    alpha : float > 0, default=2.0
        Order. 2 is exact without eigenvalues, in O(n^2) time and O(n) memory, but
        coarse: few directions count. Orders near 1, such as 1.01, resolve more of
        them, in O(n^3) time and O(n^2) memory.
    bandwidth : float, {"median", "knn"}, or a pair of these, default="median"
        One for both kernels or ``(bandwidth_x, bandwidth_z)``, see
        `resolve_bandwidth`. Names do not depend on the scale of the data. Raising a
        number blurs the samples, until everything is alike and the information is 0.
    debiased : bool, default=False
        Leave out the pairs of a row with itself, which make finite samples look
        informative: I_2 = log [mean k^2 l^2 / (mean k^2 mean l^2)] over i != j, with
        the kernels k and l. Near 0 for independent samples at any bandwidth that some
        pairs are within, and without the ceiling of log n. For alpha = 2 only; the
        other orders have `adjusted_mutual_information`.

    Returns
    -------
    result : MutualInformation
        Python floats; ``float(result)`` is the information. If debiased, an entropy is
        infinite where the bandwidth is so small that no two rows are alike, and the
        information is then infinite or NaN.

    Raises
    ------
    UnknownNameError
        When there is no such bandwidth.
    ValueError
        When the numbers of samples differ, an argument is out of its range, or a
        debiased information is asked of another order than 2 or of a single sample.

    Notes
    -----
    The bound I(X; Z) <= min(S(X), S(Z)) holds for every alpha, since a Hadamard product
    with a correlation matrix only spreads a spectrum (Bapat & Sunder, 1985). I >= 0 is
    guaranteed for alpha = 1 alone; at other orders the value may be negative, and is
    left so. I(X; X) is not the maximum over Z.

    With a fixed bandwidth the value misleads: it depends on the scale of Z, and once
    the samples of Z are farther apart than the bandwidth it is S(X) whatever Z is, pure
    noise included. Sixteen dimensions of white noise do that at ``bandwidth=1.0``. With
    ``"median"`` and alpha = 2 independent noise scores near 0. The finer the
    resolution, the larger this bias of finite samples: for 400 samples on a surface
    of 3 dimensions and noise of 1 to 50 it is 0.03 to 0.4 nats with ``"median"`` at
    alpha = 1.01, and 0.2 to 1.5 nats with ``"knn"`` at 2. Use ``debiased=True`` or
    `adjusted_mutual_information`.

    References
    ----------
    Sanchez Giraldo, Rao & Principe (2015), arXiv:1211.2459.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import mutual_information
    >>> rng = np.random.default_rng(0)
    >>> X, noise = rng.normal(size=(2, 300, 3))
    >>> round(float(mutual_information(X, X[:, :1])), 2)
    0.23
    >>> round(float(mutual_information(X, noise)), 2)
    0.0

    A smaller bandwidth makes noise look informative, less so without that bias:

    >>> round(float(mutual_information(X, noise, bandwidth=1.0)), 2)
    0.33
    >>> round(float(mutual_information(X, noise, bandwidth=1.0, debiased=True)), 2)
    0.07
    """
    check_alpha(alpha)
    samples = paired(X, Z)
    bandwidths = [
        resolve_bandwidth(*each) for each in zip(samples, pair(bandwidth), strict=True)
    ]
    if debiased:
        x, z, xz = _debiased(samples, bandwidths, alpha)
    else:
        x, z, xz = product_entropies(samples, bandwidths, BOTH, alpha)
    return MutualInformation(x + z - xz, x, z, xz, *bandwidths)


def _debiased(samples, bandwidths, alpha):
    if alpha != 2 or len(samples[0]) < 2:
        raise ValueError(
            f"debiased=True with alpha={alpha!r} and {len(samples[0])} samples: this "
            "form exists for alpha=2 and at least 2 samples. "
            "adjusted_mutual_information takes any alpha."
        )
    means = collision_means(samples, bandwidths, BOTH)
    return [-math.log(mean) if mean else math.inf for mean in means]


def paired(X, Z):
    """Return two samples as matrices, after a check that they have as many rows."""
    X, Z = as_samples(X, "X"), as_samples(Z, "Z")
    if len(X) != len(Z):
        raise ValueError(
            f"X has {len(X)} samples and Z has {len(Z)}: they must be paired, row by "
            "row."
        )
    return X, Z.to(X.device)


def pair(bandwidth):
    """Return one bandwidth, or a pair of them, as a pair."""
    if not isinstance(bandwidth, tuple | list):
        return bandwidth, bandwidth
    if len(bandwidth) != 2:
        raise ValueError(
            f"bandwidth={bandwidth!r}: give one, or a pair (bandwidth_x, bandwidth_z)."
        )
    return bandwidth
