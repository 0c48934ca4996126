"""Noise on the inputs or codes of many members."""

import torch

from skae.noise import GaussianNoise, MaskingNoise
from skae.stacking.training._draws import draw, normal

__all__ = ["stack_noises"]


class _PartNoise:
    """Noise that a member's part describes completely."""

    #: Shapes of what a member's module keeps besides weights, padded.
    shapes = ()

    def __init__(self, modules, widths):
        self.part = modules[0].part
        self.widths = widths

    def bind(self, state):
        """Keep state in these tensors, of the `shapes`."""

    def keep(self, members):
        """Forget all but some members."""
        self.widths = [self.widths[member] for member in members]

    def pairs(self, member, state, module):
        """Yield a module's buffers, and where they stand in stacked state."""
        return ()


class _Gaussian(_PartNoise):
    def __call__(self, x, batch):
        return x + self.part.std * draw(normal, batch, self.widths, x)


class _Masking(_PartNoise):
    def __call__(self, x, batch):
        return x * draw(self._kept, batch, self.widths, x)

    def _kept(self, shape, generator, like):
        draws = torch.rand(shape, generator=generator, device=like.device)
        return draws >= self.part.p


class _SNR(_PartNoise):
    def __init__(self, modules, widths):
        self.ratio = modules[0].ratio
        self.momentum = modules[0].momentum
        self.widths = widths
        self.shapes = ((1, max(widths)), (1, 1))

    def bind(self, state):
        self.signal, self.n_batches = state

    def pairs(self, member, state, module):
        signal, n_batches = state
        width = self.widths[member]
        yield module.signal_variance.view(-1), signal[member, 0, :width]
        yield module.n_batches, n_batches[member, 0, 0]

    def __call__(self, x, batch):
        scale = (self._variance(x, batch) / self.ratio).sqrt()
        return x + scale * draw(normal, batch, self.widths, x)

    def _variance(self, x, batch):
        sizes = torch.tensor(batch.sizes, device=x.device)[:, None, None]
        variance = _variance(x, batch.weight)
        self._update(variance.detach(), sizes > 1)
        variance = variance.clamp_min(torch.finfo(x.dtype).tiny)
        return torch.where(sizes > 1, variance, self.signal)

    def _update(self, variance, exists):
        self.n_batches += exists
        rate = 1 / self.n_batches.clamp_min(1).float()  # which a lone one is too
        rate = rate.clamp_min(self.momentum).to(self.signal)
        self.signal.lerp_(variance, torch.where(exists, rate, 0))


def _variance(x, weight):
    if weight is None:
        return x.var(1, keepdim=True, correction=0)
    weight = (weight / weight.sum(-1, keepdim=True))[..., None]
    mean = (weight * x).sum(1, keepdim=True)
    return (weight * (x - mean).square()).sum(1, keepdim=True)


_OF_PARTS = {GaussianNoise: _Gaussian, MaskingNoise: _Masking}


def stack_noises(modules, widths):
    """Return the noise of many members, which are alike; None where there is none.

    Parameters
    ----------
    modules : list of torch.nn.Module or None
        As built by a `Noise`.
    widths : list of int
        Of each member's rows.
    """
    if modules[0] is None:
        return None
    part = getattr(modules[0], "part", None)
    return _OF_PARTS.get(type(part), _SNR)(modules, widths)
