"""Entropies of products of Gaussian Gram matrices, with eigenvalues or without."""

import math
from functools import reduce
from operator import mul

import torch

from skae.information._entropy import joint_entropy
from skae.information._kernels import rbf_blocks, rbf_gram

__all__ = ["collision_entropy", "collision_means", "product_entropies"]


def product_entropies(samples, bandwidths, products, alpha):
    """Matrix-based Renyi entropies of products of several variables, in nats.

    Parameters
    ----------
    samples : sequence of torch.Tensor of shape (n, d)
        The variables, as from `as_samples`.
    bandwidths : sequence of float
        One for each variable.
    products : sequence of tuple of int
        Variables in each product: ``(0,)`` is the first alone, ``(0, 1)`` are the first
        two, ``(0, 0)`` is the first twice.
    alpha : float > 0
        Order; 2 takes no eigenvalues.

    Returns
    -------
    entropies : list of float
        One for each product, from 0 to log n.

    Examples
    --------
    >>> from skae.information import as_samples
    >>> from skae.information._products import product_entropies
    >>> X, Z = as_samples([[0.0], [9.0]]), as_samples([[5.0], [5.0]])
    >>> product_entropies([X, Z], [1.0, 1.0], [(0,), (1,), (0, 1)], alpha=2)
    [0.6931, 0.0, 0.6931]
    """
    if alpha == 2:
        n = len(samples[0])
        means = collision_means(samples, bandwidths, products)
        return [collision_entropy(mean, n) for mean in means]
    grams = [rbf_gram(*pair) for pair in zip(samples, bandwidths, strict=True)]
    return [
        joint_entropy(*(grams[i] for i in product), alpha=alpha).item()
        for product in products
    ]


def collision_means(samples, bandwidths, products):
    """Means of the squares of products of Gaussian kernels over all pairs of rows.

    mean_{i != j} k_ij^2 l_ij^2 ..., without the n pairs of a row with itself: the
    unbiased estimate of the probability that two draws collide, that is, are alike.

    Parameters
    ----------
    samples, bandwidths, products : see `product_entropies`

    Returns
    -------
    means : list of float
        From 0 to 1; 0 for a single row.

    Examples
    --------
    >>> from skae.information import as_samples
    >>> from skae.information._products import collision_means
    >>> collision_means([as_samples([[0.0], [1.0]])], [1.0], [(0,), (0, 0)])
    [0.3679, 0.1353]
    """
    n = len(samples[0])
    total = samples[0].new_zeros(len(products))
    for blocks, count in _squared_blocks(samples, bandwidths):
        total += count * torch.stack([_sum(blocks, product) for product in products])
    return (total / max(1, n * (n - 1))).tolist()


def _squared_blocks(samples, bandwidths):
    # The square of a Gaussian kernel is the one whose bandwidth is smaller by the
    # square root of two.
    kernels = (
        rbf_blocks(X, sigma / math.sqrt(2))
        for X, sigma in zip(samples, bandwidths, strict=True)
    )
    for blocks in zip(*kernels, strict=True):
        (*_, count) = blocks[0]
        if count == 1:  # on the diagonal
            for block, _ in blocks:
                block.fill_diagonal_(0)
        yield [block.flatten() for block, _ in blocks], count


def _sum(blocks, product):
    # The last factor is one of ones where there is no second: for a constant variable
    # nothing is left of its information then, not even rounding.
    *factors, last = (blocks[i] for i in product)
    return reduce(mul, factors) @ last if factors else last @ torch.ones_like(last)


def collision_entropy(mean, n):
    """Renyi entropy of order 2 from a mean over all pairs of n distinct rows, in nats.

    -log(1/n + (1 - 1/n) mean): the n pairs of a row with itself collide always.

    Examples
    --------
    >>> from skae.information._products import collision_entropy
    >>> collision_entropy(0.0, 2), collision_entropy(1.0, 2)
    (0.6931, 0.0)
    """
    return max(0.0, -math.log((1 + (n - 1) * mean) / n))
