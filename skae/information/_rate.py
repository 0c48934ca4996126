"""Information rate of codes with Gaussian noise."""

import math
from dataclasses import dataclass

import numpy as np

from skae.information._kernels import as_double, as_samples, check_finite

__all__ = ["InformationRate", "information_rate"]


@dataclass(frozen=True, eq=False)
class InformationRate:
    """Bits per row that a noisy code carries.

    Attributes
    ----------
    per_unit : ndarray of shape (k,)
        Bits of each unit by itself.
    total : float
        Their sum, which counts what units share more than once.
    joint : float
        Bits of all units together; at most `total`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import information_rate
    >>> Z = np.random.default_rng(0).normal(size=(1000, 1)) @ np.ones((1, 2))
    >>> rate = information_rate(Z, noise_variance=0.1)
    >>> rate.joint < rate.total  # the two units say the same
    True
    """

    per_unit: np.ndarray
    total: float
    joint: float


def information_rate(Z, noise_variance):
    """Information that codes carry through Gaussian noise, in bits per row.

    For unit j, 1/2 log2(1 + S_jj / s_j); for all together, 1/2 log2 det(I + D S D) with
    D = diag(s)^(-1/2), the covariance S of the codes and the variances s of the noise.

    Parameters
    ----------
    Z : array-like or torch.Tensor of shape (n, k)
        Codes *before* the noise: codes with noise would add 1 to every ratio S / s.
    noise_variance : float or array-like of shape (k,)
        Variance of the noise that is added to each unit, independent and positive.

    Returns
    -------
    rate : InformationRate
        Nonnegative, in bits; ``joint <= total``, equal for uncorrelated units.

    Raises
    ------
    ValueError
        When a variance is not positive and finite, or there is not one per unit.

    Notes
    -----
    The capacity of the channel for this covariance: exact for Gaussian codes, an upper
    bound for others. With noise that follows each unit's own variance at a ratio r, the
    bits per unit are 1/2 log2(1 + r) whatever was learnt; only `joint` then tells
    codes that repeat one another from codes that do not.

    References
    ----------
    Cover & Thomas (2006), "Elements of Information Theory", chapter 9.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import information_rate
    >>> Z = np.array([[-1.0, 1.0], [1.0, -1.0]])  # one signal, twice
    >>> rate = information_rate(Z, noise_variance=1 / 3)
    >>> rate.per_unit, round(rate.total, 2), round(rate.joint, 2)
    (array([1., 1.]), 2.0, 1.4)
    """
    Z = as_samples(Z, "Z").numpy(force=True)
    noise_variance = _noise_variances(noise_variance, Z.shape[1])
    Z = (Z - Z.mean(0)) / np.sqrt(noise_variance)
    per_unit = _bits(np.square(Z).mean(0))
    # Squared singular values are the covariance's eigenvalues, with more digits than a
    # determinant keeps when the noise is small.
    spectrum = np.linalg.svd(Z / math.sqrt(len(Z)), compute_uv=False) ** 2
    return InformationRate(
        per_unit, float(per_unit.sum()), float(_bits(spectrum).sum())
    )


def _bits(ratio):
    return 0.5 * np.log1p(ratio) / math.log(2)


def _noise_variances(noise_variance, k):
    s = as_double(noise_variance).numpy(force=True)
    check_finite(as_double(s), "noise_variance")
    if s.shape not in ((), (1,), (k,)) or (s <= 0).any():
        raise ValueError(
            f"noise_variance={noise_variance!r}: give one positive number, or one for "
            f"each of the {k} units."
        )
    return s
