"""Codes of mean zero and unit variance."""

from skae.objectives._batch import masked, mean_over_rows, mean_over_units
from skae.objectives._penalty import PENALTIES, Penalty

__all__ = ["MomentMatching"]


@PENALTIES.register("moments")
class MomentMatching(Penalty):
    """Squared deviations of the batch's moments from 0 and 1, a mean over units.

    ``mean_j (m_j**2 + (v_j - 1)**2)`` with mean m_j and variance v_j of unit j over the
    batch. Two moments of each unit say little about the joint distribution: codes may
    have perfect moments and lie on a thin manifold.

    Parameters
    ----------
    weight : float or Schedule, default=1.0
        Raising it holds the codes to that scale.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import MomentMatching
    >>> code = torch.tensor([[-1.0], [1.0]])
    >>> MomentMatching()(Latent(mean=code, sample=code))
    tensor(0.)
    """

    requires = frozenset({"mean"})
    takes_units = True

    def __init__(self, weight=1.0):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value; see `Penalty`."""
        weight = None if weight is None else weight.unsqueeze(-2)
        codes = masked(latent.mean, units).mT
        mean = mean_over_rows(codes, weight)
        variance = mean_over_rows((codes - mean[..., None]).square(), weight)
        return mean_over_units(mean.square() + (variance - 1).square(), units)
