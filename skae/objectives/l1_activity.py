"""Sparse codes by the mean absolute code."""

from skae.objectives._penalty import PENALTIES, Penalty

__all__ = ["L1Activity"]


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

    def __init__(self, weight=1e-4):
        self.weight = weight

    def __call__(self, latent, generator=None):
        """Return the raw value; see `Penalty`."""
        return latent.mean.abs().sum(-1).mean(-1)
