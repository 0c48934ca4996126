"""Penalties on the codes of many members, of different sizes and rows."""

import torch

from skae.information._kernels import get_kernel, squared_distances
from skae.objectives import (
    MMD,
    KLDivergence,
    L1Activity,
    L2Activity,
    MomentMatching,
    kl_to_standard_normal,
    mean_over_rows,
)
from skae.objectives._mmd import _over_pairs, _share_of_pairs, _shares, _tiny

__all__ = ["PENALTIES"]


def _activity(penalty, latent, batch, units):
    return penalty(latent, None, batch.weight)


def _kl(penalty, latent, batch, units):
    per_entry = kl_to_standard_normal(latent.mean, latent.log_var)
    per_unit = mean_over_rows(per_entry.mT, _for_units(batch.weight))
    kl = (units * per_unit.clamp_min(penalty.free_bits)).sum(-1)
    return (kl - penalty.capacity).abs() if penalty.capacity else kl


def _moments(penalty, latent, batch, units):
    weight, codes = _for_units(batch.weight), latent.mean.mT
    mean = mean_over_rows(codes, weight)
    variance = mean_over_rows((codes - mean[..., None]).square(), weight)
    deviations = mean.square() + (variance - 1).square()
    return (units * deviations).sum(-1) / units.sum(-1)


def _mmd(penalty, latent, batch, units):
    z, k = latent.sample, get_kernel(penalty.kernel)
    p, shares = _prior_draws(penalty, z, batch, units), _shares(z, batch.weight)
    between = squared_distances(z, p)
    unit = penalty._squared_bandwidth(_of_rows(between.detach(), shares), shares)
    codes, draws = (k(squared_distances(a, a) / unit) for a in (z, p))
    value = _over_pairs(codes, shares) + _over_pairs(draws, shares)
    value = value - 2 * _between(k(between / unit), shares)
    return torch.where(_share_of_pairs(shares) > _tiny(z), value, 0)


def _prior_draws(penalty, z, batch, units):
    draws = torch.zeros_like(z)
    generators = batch.generators or [None] * len(z)
    widths = units.sum(-1).int().tolist()
    for member, (n_rows, width) in enumerate(zip(batch.sizes, widths, strict=True)):
        part = z[member, :n_rows, :width].detach()
        draws[member, :n_rows, :width] = penalty._draws(part, generators[member])
    return draws


def _of_rows(squared, shares):
    return torch.where(shares[..., None, :] > 0, squared, torch.nan)


def _between(K, shares):
    return (shares[..., None, :] @ K @ shares[..., None])[..., 0, 0]


def _for_units(weight):
    return None if weight is None else weight.unsqueeze(-2)


#: Stacked versions of penalties, ``(penalty, latent, batch, units) -> (n_members,)``,
#: with ``units`` of shape ``(n_members, k)`` one where a member has a unit, else zero.
PENALTIES = {
    KLDivergence: _kl,
    L1Activity: _activity,
    L2Activity: _activity,
    MMD: _mmd,
    MomentMatching: _moments,
}
