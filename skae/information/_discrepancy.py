"""Discrepancies between the distributions of two samples."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from sklearn.utils import check_random_state

from skae.information._kernels import (
    BLOCK_SIZE,
    as_samples,
    get_kernel,
    in_bandwidths,
    resolve_bandwidth,
)

__all__ = ["coverage", "knn_kl", "knn_kl_floor", "mmd2"]


@torch.no_grad()
def mmd2(X, Y, *, kernel="gaussian", bandwidth="median"):
    """Unbiased squared maximum mean discrepancy of two samples.

    MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j)
    - 2 mean_{ij} k(x_i, y_j), the U-statistic of ||E k(X, .) - E k(Y, .)||^2.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least two. Computed on their device, in float64.
    Y : array-like or torch.Tensor of shape (m, ...)
        Samples of as many features, at least two.
    kernel : {"gaussian", "imq"}, default="gaussian"
        exp(-d^2 / (2 sigma^2)), or the inverse multiquadratic C / (C + d^2) with
        C = 2 sigma^2, whose heavy tails still notice what is many bandwidths away.
    bandwidth : float or {"median", "knn"}, default="median"
        sigma: a number in the units of the data, or that of the pooled sample, see
        `resolve_bandwidth`. Raising it compares coarser features of the two laws; in
        the limit only their means.

    Returns
    -------
    mmd2 : float
        Without unit, in [-2, 2]. Zero in expectation for two samples of one law, so
        about half of such values are negative: they are left so.

    Raises
    ------
    UnknownNameError
        When there is no such kernel or bandwidth.
    ValueError
        When a sample has fewer than two rows, or the numbers of features differ.

    Notes
    -----
    Compare only values of one kernel and bandwidth: ``"median"`` follows the pooled
    sample, and thus both laws. The biased estimator, which keeps i = j, is larger by
    about ``(1 - mean k) (1/n + 1/m)``, which for small batches is more than the
    differences of interest. O((n + m)^2) time, but no more memory than a few blocks.

    Tolstikhin et al. (2018) set C = 2 d s^2 for a prior N(0, s^2 I) in d dimensions,
    the expected squared distance of two draws: ``bandwidth=s * sqrt(d)`` here.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schoelkopf & Smola (2012), "A kernel two-sample test",
    JMLR 13. Tolstikhin, Bousquet, Gelly & Schoelkopf (2018), arXiv:1711.01558.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import mmd2
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(2, 1000, 3))
    >>> abs(mmd2(X, Y)) < 0.005
    True
    >>> round(mmd2(X, Y + 1.0), 2)
    0.25
    """
    k = get_kernel(kernel)
    X, Y = _in_one_space(X, Y)
    _check_pairs(X=X, Y=Y)
    pooled = torch.cat([X, Y])
    pooled, distances = in_bandwidths(pooled, resolve_bandwidth(pooled, bandwidth))
    X, Y = pooled.split([len(X), len(Y)])
    within = _mean_within(X, k, distances) + _mean_within(Y, k, distances)
    return (within - 2 * _mean_between(X, Y, k, distances)).item()


def _in_one_space(X, Y):
    X, Y = as_samples(X, "X"), as_samples(Y, "Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} features and Y has {Y.shape[1]}: two samples are "
            "compared in one space."
        )
    return X, Y.to(X.device)


def _check_pairs(**samples):
    for name, sample in samples.items():
        if len(sample) < 2:
            raise ValueError(
                f"{name} has {len(sample)} sample: the unbiased estimator is a mean "
                "over pairs and needs at least 2."
            )


def _mean_within(X, k, distances):
    blocks = X.split(BLOCK_SIZE)
    total = X.new_zeros(())
    for i, rows in enumerate(blocks):
        total += k(distances(rows, rows)).fill_diagonal_(0).sum()
        for columns in blocks[i + 1 :]:
            total += 2 * k(distances(rows, columns)).sum()
    return total / (len(X) * (len(X) - 1))


def _mean_between(X, Y, k, distances):
    total = X.new_zeros(())
    for rows in X.split(BLOCK_SIZE):
        for columns in Y.split(BLOCK_SIZE):
            total += k(distances(rows, columns)).sum()
    return total / (len(X) * len(Y))


def knn_kl(X, Y, *, k=5):
    """Kullback-Leibler divergence KL(X || Y) by nearest neighbours, in nats.

    KL = d/n sum_i log(nu_k(i) / rho_k(i)) + log(m / (n - 1)), where rho_k(i) is the
    distance from x_i to its k-th nearest other sample of X, nu_k(i) that to its k-th
    nearest sample of Y, and d the number of features.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples of the first law, n > k; for a generative model, the real data.
    Y : array-like or torch.Tensor of shape (m, ...)
        Samples of the second law, m >= k; for a generative model, its draws.
    k : int, default=5
        Neighbour whose distance counts. Raising it trades variance for bias.

    Returns
    -------
    kl : float
        In nats. Near zero for one law, and slightly negative at times.

    Raises
    ------
    ValueError
        When a sample has too few rows for `k`, or the numbers of features differ.

    Notes
    -----
    The estimate misleads where the divergence is infinite: between data on a manifold
    and a density of full dimension it grows with the number of samples, without a
    limit. Fix n, m and k in a comparison, and print `knn_kl_floor` beside it. A large
    divergence is underestimated where Y has no samples to measure it by, above all in
    many dimensions: of N(0, 9) from N(0, 1) it is 2.9 nats, and 1.2 by 2000 samples.

    It says how well Y covers X rather than how good the draws of Y are: far-away
    draws cost no more than their share.

    Distances below 2.2e-16 of the pooled sample's extent are taken as that, so
    duplicates leave the estimate finite. But every row of X with k copies or more in
    X that are not in Y adds up to 36 d / n nats: data on a grid need jitter first.

    A k-d tree takes O(n log n) time in few dimensions, up to O(d n^2) in many.

    References
    ----------
    Wang, Kulkarni & Verdu (2009), "Divergence estimation for multidimensional
    densities via k-nearest-neighbor distances", IEEE Trans. Inf. Theory 55(5).
    Perez-Cruz (2008), "Kullback-Leibler divergence estimation of continuous
    distributions", ISIT.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import knn_kl
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(2, 4000, 1))
    >>> round(knn_kl(X, Y + 1.0), 1)  # of normal laws, 1/2 shift^2
    0.5
    """
    X, Y = _scaled(X, Y)
    n, m, d = len(X), len(Y), X.shape[1]
    _check_k(k, X=n - 1, Y=m)
    floor = np.finfo(float).eps
    rho = np.maximum(_to_kth_neighbor(X, X, k + 1), floor)
    nu = np.maximum(_to_kth_neighbor(X, Y, k), floor)
    return float(d * np.log(nu / rho).mean() + np.log(m / (n - 1)))


def _scaled(X, Y):
    """Return both samples as arrays of unit extent, so that no square overflows."""
    X, Y = (A.numpy(force=True) for A in _in_one_space(X, Y))
    center = X[0]
    scale = max(abs(X - center).max(), abs(Y - center).max()) or 1.0
    return (X - center) / scale, (Y - center) / scale


def _check_k(k, **available):
    for name, n in available.items():
        if not 1 <= k <= n:
            raise ValueError(
                f"k={k!r}: a row has {n} neighbours to choose from in {name}. Use k "
                f"from 1 to {n}, or more rows."
            )


def _to_kth_neighbor(X, Y, k):
    # A tree computes differences, without the rounding of a matrix product: distances
    # between near duplicates matter here, since their logarithm is taken.
    return cKDTree(Y).query(X, k=[k])[0][:, 0]


def knn_kl_floor(X, *, k=5, random_state=0):
    """Return the `knn_kl` of a sample's two random halves, which have one distribution.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Samples in rows, at least 2 (k + 1).
    k : int, default=5
        As in `knn_kl`.
    random_state : int, RandomState instance or None, default=0
        Of the split.

    Returns
    -------
    floor : float
        In nats: no generative model can be told from the data below about this, at
        n / 2 samples each. So compare it with estimates at that size.

    Raises
    ------
    ValueError
        When there are too few rows for `k`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import knn_kl_floor
    >>> X = np.random.default_rng(0).normal(size=(2000, 3))
    >>> abs(knn_kl_floor(X)) < 0.1
    True
    """
    X = as_samples(X).numpy(force=True)
    half = len(X) // 2
    _check_k(k, **{"half of X": half - 1})
    order = check_random_state(random_state).permutation(len(X))
    return knn_kl(X[order[:half]], X[order[half:]], k=k)


def coverage(X, Y, *, k=5):
    """Share of real samples that have a generated one in their neighbourhood.

    coverage = 1/n sum_i [min_j ||x_i - y_j|| <= rho_k(i)], where rho_k(i) is the
    distance from x_i to its k-th nearest other sample of X.

    Parameters
    ----------
    X : array-like or torch.Tensor of shape (n, ...)
        Real samples, n > k.
    Y : array-like or torch.Tensor of shape (m, ...)
        Generated samples, of as many features.
    k : int, default=5
        Raising it enlarges the neighbourhoods, and the coverage.

    Returns
    -------
    share : float
        In [0, 1]. For two samples of one law it is ``1 - 2**-k`` where m = n: 0.97 at
        the default.

    Raises
    ------
    ValueError
        When X has too few rows for `k`, or the numbers of features differ.

    Notes
    -----
    Modes that a generator has dropped lower it; bad draws elsewhere do not. It grows
    with m / n, so draw as many samples as there are real ones.

    References
    ----------
    Naeem, Oh, Uh, Choi & Yoo (2020), "Reliable fidelity and diversity metrics for
    generative models", arXiv:2002.09797.

    Examples
    --------
    >>> from skae.information import coverage
    >>> coverage([[0.0], [1.0], [5.0], [6.0]], [[0.5], [0.7]], k=1)
    0.5
    """
    X, Y = _scaled(X, Y)
    _check_k(k, X=len(X) - 1)
    radius = _to_kth_neighbor(X, X, k + 1)
    return float(np.mean(_to_kth_neighbor(X, Y, 1) <= radius))
