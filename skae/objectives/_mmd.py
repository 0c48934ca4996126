"""Maximum mean discrepancy between the codes and a prior."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator

from skae.information._kernels import get_kernel, resolve_bandwidth, squared_distances
from skae.objectives._batch import draw_points, masked
from skae.objectives._penalty import PENALTIES, Penalty
from skae.registry import unknown_name

__all__ = ["MMD", "GaussianPrior"]


class GaussianPrior(BaseEstimator):
    """A normal distribution of independent code units, to draw from.

    Parameters
    ----------
    mean, std : float or array-like of shape (k,), default=0.0 and 1.0
        Of every unit, or of each. Only numbers suit a search over the code's size.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import GaussianPrior
    >>> prior = GaussianPrior(mean=[0.0, 5.0], std=0.1)
    >>> prior(1000, 2, torch.Generator().manual_seed(0)).mean(0).round()
    tensor([-0., 5.])
    """

    def __init__(self, mean=0.0, std=1.0):
        self.mean = mean
        self.std = std

    def __call__(self, n, k, generator):
        """Return `n` draws, a tensor of shape (n, k) on the generator's device."""
        draws = _normal(n, k, generator)
        mean, std = (_per_unit(p, getattr(self, p), k, draws) for p in ("mean", "std"))
        return mean + std * draws


def _per_unit(name, value, k, like):
    row = torch.as_tensor(value).to(like)
    if row.shape not in ((), (1,), (k,)):
        raise ValueError(
            f"GaussianPrior({name}=...) has shape {tuple(row.shape)}, but the code has "
            f"{k} units: give one number, or {k}."
        )
    return row


def _normal(n, k, generator):
    return torch.randn(n, k, **_from(generator))


def _uniform(n, k, generator):
    return 2 * torch.rand(n, k, **_from(generator)) - 1


def _from(generator):
    """Return settings of draws that torch's default dtype does not change."""
    device = generator.device
    return {"generator": generator, "device": device, "dtype": torch.float32}


PRIORS = {"normal": _normal, "uniform": _uniform}


@PENALTIES.register("mmd")
class MMD(Penalty):
    """Unbiased MMD^2 between a batch of codes and as many draws from a prior.

    ``mean_{i != j} k(z_i, z_j) + mean_{i != j} k(p_i, p_j) - 2 mean_{ij} k(z_i, p_j)``
    with codes z_i, draws p_i and a kernel k. In contrast to a KL divergence it asks
    nothing of a single row, only that all codes together look like the prior, and the
    prior need not have a density.

    Parameters
    ----------
    weight : float or Schedule, default=1.0
        Raising it makes codes that are drawn from the prior decode better, at the cost
        of the reconstruction.
    kernel : {"gaussian", "imq"}, default="gaussian"
        exp(-d^2 / (2 sigma^2)), or the inverse multiquadratic C / (C + d^2) with
        C = 2 sigma^2, which still pulls codes that are many bandwidths away.
    bandwidth : float or "median", default="median"
        sigma: a number in units of the code, or the median distance between the codes
        and the draws of the batch, as a constant without gradient (else codes could
        lower the penalty by changing the kernel). Raising a number matches coarser
        features of the prior; a small one has no effect on codes far from it.
    prior : {"normal", "uniform"}, GaussianPrior or callable, default="normal"
        N(0, I); uniform on the cube [-1, 1]^k; or ``prior(n, k, generator)``, which
        returns draws of shape (n, k). It should draw from the `torch.Generator` only,
        on its device, and be a named function if the estimator is to be pickled.

    Notes
    -----
    The value is zero in expectation for codes that follow the prior, so it may be
    negative, and zero for a single row, which has no pairs. Over small batches it is
    noisy: its standard deviation falls as 1 / batch.

    It does not keep a Gaussian bottleneck's variance from vanishing: with this penalty
    alone that becomes a point bottleneck. In many dimensions a low value is weak
    evidence: codes on a thin manifold can have one, and what lies between them then
    decodes to nothing in the data.

    Without a generator, as in validation, the draws are the same each time. The codes
    of a Gaussian bottleneck are then their means, which vary less than the prior.

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test", JMLR 13. Tolstikhin, Bousquet,
    Gelly & Schoelkopf (2018), arXiv:1711.01558, whose C is 2 k for N(0, I), that is,
    ``bandwidth=sqrt(k)``. Zhao, Song & Ermon (2019), arXiv:1706.02262.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import MMD
    >>> code = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    >>> MMD()(Latent(mean=code, sample=code)).abs() < 0.005
    tensor(True)
    >>> MMD()(Latent(mean=code, sample=code + 1.0)).round(decimals=1)
    tensor(0.2000)
    """

    requires = frozenset({"sample"})
    takes_units = True

    def __init__(
        self, weight=1.0, *, kernel="gaussian", bandwidth="median", prior="normal"
    ):
        self.weight = weight
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.prior = prior

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value; see `Penalty`."""
        z, k = masked(latent.sample, units), get_kernel(self.kernel)
        p = draw_points(self._draws, z, generator, weight, units)
        of_codes, of_draws = _shares(z, weight), _shares(z, weight, equal=True)
        between = squared_distances(z, p)
        unit = self._squared_bandwidth(between.detach(), of_codes, of_draws)
        codes, draws = (k(squared_distances(a, a) / unit) for a in (z, p))
        value = _over_pairs(codes, of_codes) + _over_pairs(draws, of_draws)
        value = value - 2 * _mean(k(between / unit), of_codes, of_draws)
        return torch.where(_share_of_pairs(of_codes) > _tiny(z), value, 0)

    def _draws(self, n, k, generator):
        draws = self._prior()(n, k, generator)
        if draws.shape != (n, k):
            raise ValueError(
                f"prior={self.prior!r} returned draws of shape {tuple(draws.shape)} "
                f"for prior(n={n}, k={k}, generator): they must have shape {(n, k)}."
            )
        return draws

    def _prior(self):
        if callable(self.prior):
            return self.prior
        if self.prior not in PRIORS:
            raise unknown_name("prior", self.prior, PRIORS)
        return PRIORS[self.prior]

    def _squared_bandwidth(self, squared, of_codes, of_draws):
        """Return sigma^2, a number or a tensor of shape (..., 1, 1)."""
        if isinstance(self.bandwidth, Real):
            return resolve_bandwidth(None, self.bandwidth) ** 2
        if self.bandwidth != "median":
            raise unknown_name("bandwidth", self.bandwidth, ["median", "a number"])
        counts = (of_codes[..., None] > 0) & (of_draws[..., None, :] > 0)
        squared = torch.where(counts, squared, torch.nan)
        median = squared.flatten(-2).nanmedian(-1).values[..., None, None]
        return torch.where(median > 0, median, 1)


def _shares(z, weight=None, equal=False):
    """Return the share of every row in the batch, of shape (..., batch).

    Where they are to be equal, it is that of all rows that have a weight.
    """
    if weight is None:
        return z.new_full(z.shape[:-1], 1 / z.shape[-2])
    if equal:
        weight = (weight > 0).to(weight)
    return weight / weight.sum(-1, keepdim=True)


def _mean(K, rows, columns):
    """Return the mean of a matrix whose rows and columns have shares."""
    return (rows[..., None, :] @ K @ columns[..., None])[..., 0, 0]


def _over_pairs(K, shares):
    """Return the mean over pairs of distinct rows of a Gram matrix, weighted."""
    of_same = (shares.square() * K.diagonal(dim1=-2, dim2=-1)).sum(-1)
    total = _mean(K, shares, shares) - of_same
    return total / _share_of_pairs(shares).clamp_min(_tiny(K))


def _share_of_pairs(shares):
    # That of the pairs of a row with itself is taken off: zero for a single row.
    return 1 - shares.square().sum(-1)


def _tiny(x):
    return torch.finfo(x.dtype).eps * 8
