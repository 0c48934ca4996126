"""The reconstruction term of many members, and its gradient."""

from math import pi

import numpy as np
import torch
from sklearn.base import clone

from skae.objectives import GaussianLikelihood, SquaredError
from skae.stacking.layers._linear import Memory

__all__ = ["stack_reconstruction"]


class _Any:
    """A reconstruction term, behind its link if any, whose gradient torch finds."""

    def __init__(self, terms, link=None, event_shape=()):
        self.terms = terms
        self.link = link
        self.event_shape = event_shape

    def bind(self, n_members, width, like):
        """Work on so many members' rows of that width."""
        self.term = _joined(self.terms)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.terms = [self.terms[member] for member in members]

    def forward(self, x, x_hat, batch, present=None):
        """Return the term of every member, of the entries that are present.

        What decoders put out are reconstructions, or what the link makes of them.
        """
        weight = batch.weight
        if weight is not None:
            weight = weight[..., None].expand_as(x)
        if present is not None:
            weight = present.to(x.dtype) if weight is None else present * weight
        with torch.enable_grad():
            self._leaf = x_hat.detach().requires_grad_()
            self._losses = self.term(x, self._linked(self._leaf), weight)
        return self._losses.detach()

    def _linked(self, u):
        if self.link is None:
            return u
        return self.link(u.unflatten(2, self.event_shape)).flatten(2)

    def backward(self):
        """Return the gradient of what decoders put out."""
        losses = self._losses
        return torch.autograd.grad(losses, self._leaf, torch.ones_like(losses))[0]


class _Squared:
    """Squared error in few operations, where nothing is missing."""

    def __init__(self):
        self._counts = {}

    def bind(self, n_members, width, like):
        self._errors = Memory(n_members, width, like)
        self._counts.clear()

    def keep(self, members):
        pass  # `bind` has all that there is to know

    def forward(self, x, x_hat, batch, present=None):
        errors = self._errors.rows(x.shape[1])
        torch.sub(x_hat, x, out=errors)
        if batch.weight is not None:
            errors.mul_(batch.weight[..., None])
        self._last = errors
        count, self._slope = self._of_sizes(batch, x)
        flat = errors.view(len(errors), 1, -1)
        return torch.bmm(flat, flat.mT).view(-1) / count

    def backward(self):
        return self._last.mul_(self._slope)

    def _of_sizes(self, batch, x):
        """Return the members' numbers of entries, and twice the inverse of these."""
        key = tuple(batch.sizes)
        if key not in self._counts:
            sizes = torch.tensor(batch.sizes, dtype=x.dtype, device=x.device)
            count = sizes * x.shape[2]
            self._counts[key] = count, (2 / count)[:, None, None]
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
        return self._last.mul_(self._slope * slope[:, None, None])


def stack_reconstruction(terms, module, weighs_entries=False):
    """Return the stacked version of element-wise terms, which are alike.

    Parameters
    ----------
    terms : list of ReconstructionLoss
        Of the members.
    module : AutoencoderModule
        Of a member; all have the same link.
    weighs_entries : bool, default=False
        Whether entries have weights: rows of their own, or none where they are NaN.
    """
    term = terms[0]
    if weighs_entries or module.link is not None:
        return _Any(terms, module.link, module.event_shape)
    for known, kind in _IN_FEW_OPERATIONS.items():
        is_known = isinstance(term, known) and type(term).__call__ is known.__call__
        if is_known and not getattr(term, "per_feature", False):
            return kind()
    return _Any(terms)


def _joined(terms):
    """Return a term for all members, with the parameters that each has of its own."""
    names = [
        name for name in terms[0].differs_in if getattr(terms[0], name) is not None
    ]
    own = {name: np.stack([getattr(term, name) for term in terms]) for name in names}
    return clone(terms[0]).set_params(**own) if own else terms[0]


_IN_FEW_OPERATIONS = {SquaredError: _Squared, GaussianLikelihood: _Gaussian}
