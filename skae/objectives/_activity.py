"""Small and sparse codes."""

from skae.objectives._batch import masked, mean_over_rows
from skae.objectives._penalty import PENALTIES, Penalty

__all__ = ["L1Activity", "L2Activity"]


@PENALTIES.register("l1_activity")
class L1Activity(Penalty):
    """Absolute values of the code, summed over units, mean over the batch.

    Parameters
    ----------
    weight : float or Schedule, default=1e-4
        Raising it draws codes to zero, the less useful units first.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import L1Activity
    >>> code = torch.tensor([[1.0, -2.0], [3.0, 0.0]])
    >>> L1Activity()(Latent(mean=code, sample=code))
    tensor(3.)
    """

    requires = frozenset({"mean"})
    takes_units = True

    def __init__(self, weight=1e-4):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value; see `Penalty`."""
        return mean_over_rows(masked(latent.mean, units).abs().sum(-1), weight)


@PENALTIES.register("l2_activity")
class L2Activity(Penalty):
    """Squares of the code, summed over units, mean over the batch.

    Parameters
    ----------
    weight : float or Schedule, default=1e-4
        Raising it makes codes small; none becomes exactly zero.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent
    >>> from skae.objectives import L2Activity
    >>> code = torch.tensor([[1.0, -2.0], [3.0, 0.0]])
    >>> L2Activity()(Latent(mean=code, sample=code))
    tensor(7.)
    """

    requires = frozenset({"mean"})
    takes_units = True

    def __init__(self, weight=1e-4):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None, units=None):
        """Return the raw value; see `Penalty`."""
        return mean_over_rows(masked(latent.mean, units).square().sum(-1), weight)
