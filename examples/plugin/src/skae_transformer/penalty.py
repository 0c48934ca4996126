"""The sliced Wasserstein distance of the codes from the standard normal."""

import torch
from skae.objectives import Penalty, draw_points, masked, mean_over_rows

__all__ = ["SlicedWasserstein"]


class SlicedWasserstein(Penalty):
    """Squared sliced 2-Wasserstein distance of the codes from N(0, I).

    ``mean_l sum_i w_i (t_l . z_(i) - q_i)**2`` over random unit vectors t_l, with the
    codes in ascending order along t_l, w_i the shares of the rows, 1 / n, and q_i the
    quantile of N(0, 1) in the middle of row i's share, ``(i - 1/2) / n``. Along any
    direction the prior is N(0, 1), so that no draws from it are needed (Kolouri et
    al., 2018, arXiv:1804.01947, equation 14, who draw them).

    Codes of mean m and unit covariance have ``|m|**2 / k``. It is not negative, and of
    n rows from the prior of the order of ``log(log(n)) / n``: a bias in favour of
    codes that are spread more evenly than draws are.

    Parameters
    ----------
    weight : float or Schedule, default=1.0
        Raising it holds all codes together more strictly to the prior's distribution.
    n_directions : int, default=50
        Number of random directions in a batch. Raising it makes the value less noisy,
        for codes of many units above all.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae_transformer import SlicedWasserstein
    >>> code = torch.randn(5000, 2, generator=torch.Generator().manual_seed(0))
    >>> SlicedWasserstein()(Latent(mean=code, sample=code)) < 0.002
    tensor(True)
    >>> SlicedWasserstein()(Latent(mean=code, sample=2 * code)).round(decimals=1)
    tensor(1.)
    """

    requires = frozenset({"sample"})
    # so that fits with it train in the stacks of skae.stacked()
    takes_units = True

    def __init__(self, weight=1.0, *, n_directions=50):
        self.weight = weight
        self.n_directions = n_directions

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value, of shape (...)."""
        z = masked(latent.sample, units)
        directions = draw_points(
            self._directions, z, generator, weight, units, n=self.n_directions
        )
        along = directions @ z.mT  # (..., n_directions, batch)
        along, order = along.sort(dim=-1)
        shares = _shares(z, weight)[..., None, :].expand_as(along).gather(-1, order)
        quantiles = _normal_quantiles(shares.cumsum(-1) - shares / 2)
        return mean_over_rows((along - quantiles).square(), shares).mean(-1)

    def _directions(self, n, k, generator):
        settings = {"generator": generator, "device": generator.device}
        directions = torch.randn(n, k, dtype=torch.float64, **settings)
        return directions / directions.norm(dim=-1, keepdim=True)


def _shares(z, weight):
    """Return the share of every row in the batch, of shape (..., batch)."""
    if weight is None:
        return z.new_full(z.shape[:-1], 1 / z.shape[-2])
    return weight / weight.sum(-1, keepdim=True)


def _normal_quantiles(p):
    # rows of weight 0 may lie at 0 or 1, where the quantile is not finite
    eps = torch.finfo(p.dtype).eps
    return torch.special.ndtri(p.clamp(eps, 1 - eps))
