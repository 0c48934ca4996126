"""Matrix-based Renyi entropy: entropy of a sample from the spectrum of its Gram matrix.

Sanchez Giraldo, Rao & Principe, "Measures of entropy from data using infinitely
divisible kernels", IEEE Trans. Inf. Theory 61 (2015), arXiv:1211.2459.
"""

import math
from functools import reduce
from numbers import Real
from operator import mul

import torch

from skae.information._kernels import as_double, check_finite

__all__ = ["joint_entropy", "renyi_entropy"]


def renyi_entropy(K, alpha=2.0):
    """Matrix-based Renyi entropy of a Gram matrix, in nats.

    With A_ij = K_ij / (n sqrt(K_ii K_jj)), whose eigenvalues l_i sum to one,

    S_alpha = 1 / (1 - alpha) log sum_i l_i^alpha,

    and S_1 = -sum_i l_i log l_i (von Neumann's entropy), its limit for alpha -> 1.

    Parameters
    ----------
    K : array-like or torch.Tensor of shape (..., n, n)
        Symmetric and positive semidefinite (neither is checked), with a positive
        diagonal; for instance from `rbf_gram`.
    alpha : float > 0, default=2.0
        Order. Raising it gives more weight to the largest eigenvalues, so the entropy
        falls and resolves less. For 2, S_2 = -log ||A||_F^2 and no eigenvalues are
        needed: O(n^2) instead of O(n^3).

    Returns
    -------
    entropy : torch.Tensor of shape (...)
        In float64, from 0 (all samples alike) to log n (no two alike).

    Raises
    ------
    ValueError
        When `K` is not square, has a diagonal that is not positive or values that are
        not finite, or when `alpha` is not positive and finite.

    Notes
    -----
    Eigenvalues below n times the machine epsilon are rounding errors and count as
    zero. With alpha far below 1 they would decide the result, which is therefore
    blind to directions that hold less than about 1e-13 of the trace.

    References
    ----------
    Sanchez Giraldo, Rao & Principe (2015), arXiv:1211.2459.

    Examples
    --------
    Two samples that are nothing alike, and two that are the same:

    >>> import numpy as np
    >>> from skae.information import renyi_entropy
    >>> renyi_entropy(np.eye(2)).item()
    0.6931
    >>> renyi_entropy(np.ones((2, 2)), alpha=1).item()
    0.0
    """
    check_alpha(alpha)
    A = _normalized(K)
    if alpha == 2:
        entropy = -A.square().sum((-2, -1)).log()
    else:
        entropy = _spectral_entropy(_spectrum(A), alpha)
    # Rounding may lead out of the range by an epsilon; the sum turns -0.0 into 0.0.
    return entropy.clamp(0.0, math.log(A.shape[-1])) + 0.0


def joint_entropy(*grams, alpha=2.0):
    """Joint matrix-based Renyi entropy of several variables, in nats.

    S_alpha of the Hadamard product A o B o ... / tr(A o B o ...) of the normalised Gram
    matrices of the same n samples. For Gaussian kernels this is the entropy of the
    concatenated samples, each divided by its bandwidth.

    Parameters
    ----------
    *grams : array-like or torch.Tensor of shape (..., n, n)
        One Gram matrix for each variable, see `renyi_entropy`.
    alpha : float > 0, default=2.0
        Order.

    Returns
    -------
    entropy : torch.Tensor of shape (...)
        In float64; at least the entropy of each variable and at most log n.

    Raises
    ------
    ValueError
        When the shapes differ, there is no matrix, or as for `renyi_entropy`.

    References
    ----------
    Yu, Sanchez Giraldo, Jenssen & Principe, "Multivariate extension of matrix-based
    Renyi's alpha-order entropy functional", IEEE TPAMI 42 (2020), arXiv:1808.07912.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import joint_entropy
    >>> joint_entropy(np.ones((3, 3)), np.eye(3), alpha=1.01).item()
    1.0986
    """
    grams = [as_double(K) for K in grams]
    shapes = [tuple(K.shape) for K in grams]
    if len(set(shapes)) != 1:
        raise ValueError(
            "joint_entropy needs Gram matrices of one shape, of the same samples: "
            f"got {shapes}."
        )
    # The entropy normalises the diagonal, hence also the trace, of the product.
    return renyi_entropy(reduce(mul, grams), alpha)


def check_alpha(alpha):
    """Raise a ValueError unless `alpha` is a positive, finite number."""
    if not (isinstance(alpha, Real) and 0 < alpha < math.inf):
        raise ValueError(
            f"alpha={alpha!r}: the order of a Renyi entropy is a positive, finite "
            "number, such as 2 (fast) or 1.01 (resolves more dimensions)."
        )


def _normalized(K):
    K = as_double(K)
    if K.ndim < 2 or K.shape[-1] != K.shape[-2] or not K.shape[-1]:
        raise ValueError(
            f"A Gram matrix has shape (..., n, n), this has {tuple(K.shape)}: pass "
            "samples through rbf_gram first."
        )
    check_finite(K, "The Gram matrix")
    diagonal = K.diagonal(dim1=-2, dim2=-1)
    if (diagonal <= 0).any():
        raise ValueError(
            f"The diagonal of a Gram matrix is positive, this has {diagonal.min():g}."
        )
    scale = diagonal.rsqrt()
    return K * scale[..., :, None] * scale[..., None, :] / K.shape[-1]


def _spectrum(A):
    eigenvalues = torch.linalg.eigvalsh(A)
    floor = A.shape[-1] * torch.finfo(A.dtype).eps * eigenvalues[..., -1:]
    eigenvalues = torch.where(eigenvalues > floor, eigenvalues, 0.0)
    # The trace is one. Dividing makes this exact, as the formula near 1 requires.
    return eigenvalues / eigenvalues.sum(-1, keepdim=True)


def _spectral_entropy(eigenvalues, alpha):
    if alpha == 1:
        return torch.special.entr(eigenvalues).sum(-1)
    logs = eigenvalues.log()
    if abs(alpha - 1) > 0.1:
        return torch.logsumexp(alpha * logs, -1) / (1 - alpha)
    # 1 / (1 - alpha) magnifies errors, so take sum l^alpha - 1 = sum (l^alpha - l)
    # term by term, each to full relative precision.
    terms = eigenvalues * torch.expm1((alpha - 1) * logs)
    terms = torch.where(eigenvalues > 0, terms, 0.0)
    return torch.log1p(terms.sum(-1)) / (1 - alpha)
