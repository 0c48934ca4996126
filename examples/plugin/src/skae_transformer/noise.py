"""Noise on sequences: time steps that are lost."""

import torch
from skae.noise import Noise

__all__ = ["StepMasking"]


class StepMasking(Noise):
    """Time steps set to zero at random, in all channels together.

    A denoising autoencoder of sequences then has to tell a time step by those around
    it. Rows that are no sequences are masked as a whole.

    Parameters
    ----------
    p : float in [0, 1), default=0.2
        Probability of a time step to be masked. Zero should be an ordinary value:
        centre the data.

    Examples
    --------
    >>> import torch
    >>> from skae_transformer import StepMasking
    >>> noise = StepMasking(p=0.5).build((4, 2))
    >>> noise(torch.ones(1, 4, 2), torch.Generator().manual_seed(0))
    tensor([[[0., 0.],
             [1., 1.],
             [0., 0.],
             [0., 0.]]])
    """

    def __init__(self, p=0.2):
        self.p = p

    def draw(self, x, generator):
        """Return which time steps are kept, of shape (..., n_timesteps, 1)."""
        shape = *x.shape[:-1], 1
        return torch.rand(shape, generator=generator, device=x.device) >= self.p

    def apply(self, x, draws):
        """Return `x` without the other time steps."""
        return x * draws
