"""The reconstruction term of many members, and its gradient."""

from math import pi

import torch

from skae.objectives import GaussianLikelihood, SquaredError
from skae.stacking.layers._linear import Memory

__all__ = ["stack_reconstruction"]


class _Any:
    """A reconstruction term, whose gradient torch finds."""

    def __init__(self, term):
        self.term = term

    def bind(self, n_members, width, like):
        """Work on so many members' rows of that width."""

    def forward(self, x, x_hat, batch, present=None):
        """Return the term of every member, of the entries that are present."""
        weight = batch.weight
        if weight is not None:
            weight = weight[..., None].expand_as(x)
        if present is not None:
            weight = present.to(x.dtype) if weight is None else present * weight
        with torch.enable_grad():
            self._leaf = x_hat.detach().requires_grad_()
            self._losses = self.term(x, self._leaf, weight)
        return self._losses.detach()

    def backward(self):
        """Return the gradient of the reconstructions."""
        losses = self._losses
        return torch.autograd.grad(losses, self._leaf, torch.ones_like(losses))[0]


class _Squared:
    """Squared error in few operations, where nothing is missing."""

    def __init__(self, term):
        self._counts = {}

    def bind(self, n_members, width, like):
        self._errors = Memory(n_members, width, like)
        self._counts.clear()

    def forward(self, x, x_hat, batch, present=None):
        errors = self._errors.rows(x.shape[1])
        torch.sub(x_hat, x, out=errors)
        if batch.weight is not None:
            errors.mul_(batch.weight[..., None])
        self._last, self._count = errors, self._counts_of(batch, x)
        flat = errors.flatten(1).unsqueeze(1)
        return torch.bmm(flat, flat.mT)[:, 0, 0] / self._count

    def backward(self):
        return self._last.mul_((2 / self._count)[:, None, None])

    def _counts_of(self, batch, x):
        key = tuple(batch.sizes)
        if key not in self._counts:
            sizes = torch.tensor(batch.sizes, dtype=x.dtype, device=x.device)
            self._counts[key] = sizes * x.shape[2]
        return self._counts[key]


class _Gaussian(_Squared):
    """Normal likelihood of one variance, a function of the squared error."""

    def forward(self, x, x_hat, batch, present=None):
        self._width = x.shape[2]
        smallest = torch.finfo(x.dtype).tiny ** 0.5
        self._variance = super().forward(x, x_hat, batch).clamp_min(smallest)
        return 0.5 * self._width * (torch.log(2 * pi * self._variance) + 1)

    def backward(self):
        slope = 0.5 * self._width / self._variance
        return super().backward().mul_(slope[:, None, None])


def stack_reconstruction(term, has_missing=False):
    """Return the stacked version of a `ReconstructionLoss` that is element-wise."""
    if has_missing:
        return _Any(term)
    for known, kind in _IN_FEW_OPERATIONS.items():
        is_known = isinstance(term, known) and type(term).__call__ is known.__call__
        if is_known and not getattr(term, "per_feature", False):
            return kind(term)
    return _Any(term)


_IN_FEW_OPERATIONS = {SquaredError: _Squared, GaussianLikelihood: _Gaussian}
