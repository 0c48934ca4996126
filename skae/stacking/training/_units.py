"""Units of the events and losses of many members."""

import torch

__all__ = ["StackedUnits"]


class StackedUnits:
    """Shifts and scales between rows and networks, and scales of losses.

    Parameters
    ----------
    modules : list of AutoencoderModule
    degree : int
        Power of the scale that the reconstruction term grows by.
    dtype : torch.dtype
    device : torch.device
    """

    def __init__(self, modules, degree, dtype, device):
        units = [module.units for module in modules]
        self.is_identity = all(own is None or own.is_identity for own in units)
        if self.is_identity:
            return
        self.restores = units[0].restores
        self.shift = torch.stack([own.shift.flatten() for own in units])[:, None]
        self.scale = torch.stack([own.scale.flatten() for own in units])[:, None]
        outputs = [own.output_scale.flatten() for own in units]
        self.output_scale = torch.stack(outputs)[:, None]
        units = [module.loss_unit(degree) for module in modules]
        self.unit = torch.tensor(units, dtype=dtype, device=device)

    def keep(self, index):
        """Forget all but some members, whose numbers a tensor has."""
        if not self.is_identity:
            parts = (self.shift, self.scale, self.output_scale, self.unit)
            kept = (part[index] for part in parts)
            self.shift, self.scale, self.output_scale, self.unit = kept

    def standardised(self, x):
        """Return rows, flat, in the units of the members' encoders."""
        return x if self.is_identity else (x - self.shift).div_(self.scale)

    def restored(self, u):
        """Return the decoders' outputs as rows."""
        if self.is_identity or not self.restores:
            return u
        return torch.addcmul(self.shift, u, self.output_scale)

    def backward(self, g):
        """Return the gradients of the decoders' outputs, given those of rows."""
        if self.is_identity or not self.restores:
            return g
        return g.mul_(self.output_scale / self.unit[:, None, None])

    def of_penalties(self, weights):
        """Return the weights of penalties beside losses in units of their own."""
        if self.is_identity:
            return weights
        return {name: weight / self.unit for name, weight in weights.items()}
