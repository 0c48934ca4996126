"""Samples, distances, bandwidths, kernels and Gaussian Gram matrices.

This is the only module of skae that computes distances.
"""

import math
from itertools import combinations_with_replacement
from numbers import Real

import numpy as np
import torch

from skae.registry import unknown_name

__all__ = [
    "as_samples",
    "rbf_blocks",
    "rbf_gram",
    "resolve_bandwidth",
    "squared_distances",
]

# Bandwidths are medians over at most this many rows, evenly spaced.
MAX_BANDWIDTH_ROWS = 2000
N_NEIGHBORS = 10
# 1024 rows squared are 8 MiB in float64: small in memory, large enough for BLAS.
BLOCK_SIZE = 1024
# The 512 KiB of 256 rows squared stay in the processor's cache from pass to pass.
CACHED_BLOCK_SIZE = 256
# Squared distances below this share of the squared radius are rounding errors of the
# matrix product: duplicates, as far as a bandwidth is concerned.
_ROUNDING = 1e-13
# Beyond this many bandwidths the matrix product's error, about 1e-16 radius^2, shows
# in the kernel (or overflows), and differences are worth their time.
_LARGE_RADIUS = 1e4


def as_samples(X, name="X"):
    """Return `X` as a matrix of samples in double precision.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, of any real dtype, on any device.
    name : str, default="X"
        What error messages call it.

    Returns
    -------
    X : torch.Tensor of shape (n, d)
        In float64 and on the device of the input; on the CPU where the device has no
        float64. Further axes are flattened. The memory may be the input's own.

    Raises
    ------
    ValueError
        When there are fewer than two axes, no samples, no features, or values that are
        not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import as_samples
    >>> as_samples(np.zeros((4, 10, 2), dtype=np.float32)).shape
    torch.Size([4, 20])
    """
    X = as_double(X)
    if X.ndim < 2 or not X.numel():
        raise ValueError(
            f"{name} has shape {tuple(X.shape)}: samples have shape (n, ...) with at "
            f"least one sample and one feature. Use {name}[:, None] for one feature."
        )
    check_finite(X, name)
    return X.flatten(start_dim=1)


def as_double(X):
    """Return an array or tensor as a float64 tensor, without a copy if possible."""
    if not isinstance(X, torch.Tensor):
        # torch warns about memory that it could not write to, so "W" copies it.
        X = torch.from_numpy(np.require(X, np.float64, ["C", "W", "E"]))
    if X.device.type == "mps":  # has no float64
        X = X.cpu()
    return X.to(torch.float64)


def check_finite(X, name):
    """Raise a ValueError that counts the values of `X` that are not finite."""
    n_bad = X.numel() - int(torch.isfinite(X).sum())
    if n_bad:
        raise ValueError(
            f"{name} has {n_bad} values that are NaN or infinite: impute or drop them."
        )


def squared_distances(X, Y):
    """Squared Euclidean distances between the rows of two matrices.

    ||x - y||^2 = ||x||^2 + ||y||^2 - 2 <x, y>, as one matrix product, of data whose
    origin is moved to the mean of `X` first: the error is about 1e-16 (in float32:
    1e-7) of the largest squared norm that is left, so a common offset costs nothing.

    Parameters
    ----------
    X : torch.Tensor of shape (..., n, d)
    Y : torch.Tensor of shape (..., m, d)
        Of the same floating dtype.

    Returns
    -------
    distances : torch.Tensor of shape (..., n, m)
        Nonnegative, differentiable, of the dtype of `X`. Equal rows are at a distance
        of zero up to the error above.

    Examples
    --------
    >>> import torch
    >>> from skae.information import squared_distances
    >>> squared_distances(torch.tensor([[0.0], [3.0]]), torch.tensor([[1.0]]))
    tensor([[1.],
            [4.]])
    """
    center = X.mean(-2, keepdim=True)
    X, Y = X - center, Y - center
    x2, y2 = (A.square().sum(-1, keepdim=True) for A in (X, Y))
    # The norms ride along as two more features: half the passes over the n x m result.
    left = torch.cat([-2 * X, x2, torch.ones_like(x2)], dim=-1)
    right = torch.cat([Y, torch.ones_like(y2), y2], dim=-1)
    return (left @ right.mT).clamp_min_(0)


# Kernels as functions of squared distances in units of the bandwidth, d^2 / sigma^2.
KERNELS = {
    "gaussian": lambda squared: (-0.5 * squared).exp(),
    "imq": lambda squared: 2 / (2 + squared),
}


def get_kernel(name):
    """Return a kernel, as a function of squared distances in bandwidths, by its name.

    ``"gaussian"`` is exp(-d^2 / (2 sigma^2)), ``"imq"`` the inverse multiquadratic
    C / (C + d^2) with C = 2 sigma^2, which decays slowly; both are 1 at d = 0 and
    agree to first order in d^2 there.

    Examples
    --------
    >>> import torch
    >>> from skae.information._kernels import get_kernel
    >>> get_kernel("imq")(torch.tensor([0.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    if name not in KERNELS:
        raise unknown_name("kernel", name, KERNELS)
    return KERNELS[name]


def _differences_squared(X, Y):
    # Several times slower than the matrix product, but without its cancellation.
    mode = "donot_use_mm_for_euclid_dist"
    return torch.cdist(X, Y, compute_mode=mode).square()


def resolve_bandwidth(X, bandwidth):
    """Return the bandwidth (standard deviation) of a Gaussian kernel as a number.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows.
    bandwidth : float or {"median", "knn"}
        A positive number stands for itself, in the units of `X`. The names follow the
        scale of the data, so that rescaled data have the same kernel:

        - ``"median"``: the median distance between two distinct samples. Coarse: it
          resolves the large-scale structure, in any dimension.
        - ``"knn"``: the median distance to the 10th nearest other sample (the last,
          of fewer). Finer, and finer still with more samples.

    Returns
    -------
    bandwidth : float
        Positive. 1.0 for a constant sample, which has no scale and whose Gram matrix
        is all ones whatever the bandwidth.

    Raises
    ------
    UnknownNameError
        When `bandwidth` is neither a number nor a known name.
    ValueError
        When it is a number, but not positive and finite, or `X` is no sample.

    Notes
    -----
    Of more than 2000 samples, the median is over 2000 evenly spaced rows: the pairs
    among them, or their neighbours among all rows. No random numbers are involved, but
    the order of the rows then matters a little.

    Where duplicates make the median zero, it is the median of the positive distances;
    where all of these are zero too, the root mean square distance of all pairs.

    Examples
    --------
    >>> from skae.information import resolve_bandwidth
    >>> X = [[0.0], [1.0], [3.0]]
    >>> resolve_bandwidth(X, "median"), resolve_bandwidth(X, "knn")
    (2.0, 3.0)
    >>> resolve_bandwidth(X, 0.5)
    0.5
    """
    if isinstance(bandwidth, Real):
        return _positive(bandwidth)
    rules = {"median": _pairwise, "knn": _to_kth_neighbor}
    if bandwidth not in rules:
        raise unknown_name("bandwidth", bandwidth, rules)
    X = _centered(as_samples(X))
    largest = X.abs().max().item()
    if largest == 0:
        return 1.0
    # The radius is one of scaled rows, so that squares neither overflow nor underflow.
    radius = largest * (X / largest).norm(dim=1).max().item()
    X = X / radius
    squared = rules[bandwidth](X)
    typical = _median_root(squared) or _median_root(squared[squared > _ROUNDING])
    return radius * (typical or math.sqrt(2 * X.var(0, correction=0).sum().item()))


def _positive(bandwidth):
    if not 0 < bandwidth < math.inf:
        raise ValueError(
            f"bandwidth={bandwidth!r}: a number must be positive and finite; "
            "'median' and 'knn' follow the data."
        )
    return float(bandwidth)


def _centered(X):
    # The first row goes first: a constant sample becomes zero without rounding.
    X = X - X[0]
    return X - X.mean(0)


def _evenly_spaced(X):
    n = len(X)
    m = min(n, MAX_BANDWIDTH_ROWS)
    return X[torch.arange(m, device=X.device) * n // m]


def _pairwise(X):
    X = _evenly_spaced(X)
    pairs = []
    for start in range(0, len(X), CACHED_BLOCK_SIZE):
        rows, others = X[start:].tensor_split([CACHED_BLOCK_SIZE])
        i, j = torch.triu_indices(len(rows), len(rows), offset=1, device=X.device)
        pairs += [squared_distances(rows, rows)[i, j]]
        pairs += [squared_distances(rows, others).flatten()]
    return torch.cat(pairs)


def _to_kth_neighbor(X):
    # The sample itself is the first of its neighbours.
    k = 1 + min(N_NEIGHBORS, len(X) - 1)
    blocks = _evenly_spaced(X).split(256)
    nearest = [squared_distances(b, X).topk(k, largest=False).values for b in blocks]
    return torch.cat(nearest)[:, -1]


def _median_root(squared):
    if not len(squared):
        return 0.0
    middle = _middle(squared)
    return torch.where(middle > _ROUNDING, middle, 0.0).sqrt().mean().item()


def _middle(values):
    """Return the value, or the two values, in the middle of the sorted ones."""
    n_below, near = _around_the_middle(values)
    ranks = torch.tensor([(len(values) - 1) // 2, len(values) // 2]) - n_below
    if ranks[0] < 0 or ranks[1] >= len(near):
        near, ranks = values, ranks + n_below
    return near.sort().values[ranks.to(values.device)]


def _around_the_middle(values):
    # A few thousand values tell where the middle is, so few are left to be sorted:
    # faster than selecting among all.
    few = values[:: 1 + len(values) // 2**14].sort().values
    low, high = few[[len(few) * 48 // 100, len(few) * 52 // 100]]
    is_near = (values >= low) & (values <= high)
    return int((values < low).count_nonzero()), values[is_near]


def rbf_gram(X, bandwidth="median"):
    """Gram matrix of the Gaussian kernel.

    K_ij = exp(-||x_i - x_j||^2 / (2 sigma^2)). Beware of other conventions: some code
    has exp(-||x_i - x_j||^2 / sigma), so its sigma is 2 sigma^2 here.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows.
    bandwidth : float or {"median", "knn"}, default="median"
        sigma, see `resolve_bandwidth`. Raising it makes samples more alike.

    Returns
    -------
    K : torch.Tensor of shape (n, n)
        In float64, symmetric, with a diagonal of ones.

    Raises
    ------
    ValueError
        See `as_samples` and `resolve_bandwidth`.

    Examples
    --------
    >>> from skae.information import rbf_gram
    >>> rbf_gram([[0.0], [1.0], [3.0]], bandwidth=1.0)
    tensor([[1.0000, 0.6065, 0.0111],
            [0.6065, 1.0000, 0.1353],
            [0.0111, 0.1353, 1.0000]], dtype=torch.float64)
    """
    X = as_samples(X)
    X, distances = in_bandwidths(X, resolve_bandwidth(X, bandwidth))
    squared = distances(X, X)
    # A matrix product need not be symmetric to the last digit.
    squared = (squared + squared.mT).fill_diagonal_(0)
    return squared.mul_(-0.25).exp_()


def rbf_blocks(X, bandwidth, block_size=CACHED_BLOCK_SIZE):
    """Yield the Gram matrix of the Gaussian kernel in blocks of its upper half.

    For sums over all pairs that need no more memory than two blocks.

    Parameters
    ----------
    X : torch.Tensor of shape (n, d)
        As from `as_samples`.
    bandwidth : float
        sigma, as from `resolve_bandwidth`.
    block_size : int, default=256
        Rows and columns of a block. Larger ones are slower, since they leave the
        processor's cache.

    Yields
    ------
    block : torch.Tensor of shape (<= block_size, <= block_size)
        Entries of `rbf_gram`.
    count : int
        How often the block occurs in the matrix: once on the diagonal, else twice.

    Examples
    --------
    >>> from skae.information import as_samples, rbf_blocks
    >>> X = as_samples([[0.0], [1.0], [3.0]])
    >>> blocks = rbf_blocks(X, 1.0, block_size=2)
    >>> f"{sum(count * block.sum().item() for block, count in blocks):.4f}"
    '4.5058'
    """
    X, distances = in_bandwidths(X, bandwidth)
    blocks = _exponents(X, distances)
    starts = range(0, len(X), block_size)
    for i, j in combinations_with_replacement(starts, 2):
        block = blocks(slice(i, i + block_size), slice(j, j + block_size))
        if i == j:
            block.fill_diagonal_(0)
        yield block.exp_(), 1 if i == j else 2


def _exponents(X, distances):
    """Return a function from rows and columns to -d^2 / 2."""
    if distances is not squared_distances:
        return lambda rows, columns: distances(X[rows], X[columns]).mul_(-0.5)
    x2 = X.square().sum(1, keepdim=True).mul_(-0.5)
    left = torch.cat([X, x2, torch.ones_like(x2)], dim=1)
    right = torch.cat([X, torch.ones_like(x2), x2], dim=1)
    return lambda rows, columns: (left[rows] @ right[columns].mT).clamp_max_(0)


def in_bandwidths(X, bandwidth):
    """Return `X` centred, in bandwidths, and a function for its distances."""
    X = _centered(X) / bandwidth
    is_large = X.abs().max() > _LARGE_RADIUS
    return X, _differences_squared if is_large else squared_distances
