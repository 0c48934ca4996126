"""Indicators of missing entries, which encoders are given beside values."""

from copy import deepcopy

import torch
from torch import nn

__all__ = [
    "MissingIndicator",
    "shape_beside",
    "stack_indicators",
    "weights_of_hidden",
]


def shape_beside(event_shape):
    """Return the shape of events with an indicator beside them, twice the channels."""
    axis = _axis(event_shape)
    shape = list(event_shape)
    shape[axis] *= 2
    return tuple(shape)


def _axis(event_shape):
    return -3 if len(event_shape) == 3 else -1  # channels of images come first


class MissingIndicator(nn.Module):
    """Ones beside the entries of events that are missing, and zeros beside others.

    What is given to the encoder has further features, or channels of sequences and
    images, behind those of the events. Of features without a gap in the fit none is
    told later, as their weights have seen zeros only; noise that hides entries leaves
    gaps in all.

    Parameters
    ----------
    event_shape : tuple of int

    Examples
    --------
    >>> import torch
    >>> from skae.networks._indicator import MissingIndicator
    >>> events = torch.tensor([[1.0, torch.nan], [2.0, 4.0]])
    >>> indicator = MissingIndicator((2,))
    >>> indicator.fit(torch.tensor([1.5, 4.0]), torch.ones(2))
    >>> x = indicator.beside(torch.tensor([[1.0, 4.0], [2.0, 4.0]]), events)
    >>> x
    tensor([[1., 4., 0., 1.],
            [2., 4., 0., 0.]])
    >>> kept = torch.tensor([[0, 1], [1, 1]])
    >>> indicator.hidden(*indicator.parts(x), kept)
    (tensor([[1.5000, 4.0000],
            [2.0000, 4.0000]]), tensor([[1., 1.],
            [0., 0.]]))
    """

    def __init__(self, event_shape):
        super().__init__()
        self.axis = _axis(event_shape)
        self.n_channels = event_shape[self.axis]
        shape = (1, self.n_channels) if len(event_shape) == 2 else event_shape
        for name in ("means", "is_told"):
            self.register_buffer(name, torch.zeros(shape))

    def fit(self, means, is_told):
        """Set what stands in the place of hidden entries, and which gaps are told."""
        self.means.copy_(means)
        self.is_told.copy_(is_told)

    def beside(self, filled, events):
        """Return filled events with the indicator of what these lack.

        Where sequences have ended, both are NaN.
        """
        return torch.cat(self.told(filled, events), self.axis)

    def told(self, filled, events):
        """Return filled events and their indicator, apart."""
        gaps = torch.where(filled.isnan(), filled, events.isnan() * self.is_told)
        return filled, gaps

    def parts(self, x):
        """Return events and their indicator, zeros where `x` has events alone."""
        if x.shape[self.axis] == self.n_channels:
            return x, torch.where(x.isnan(), x, 0)
        return x.split(self.n_channels, self.axis)

    def hidden(self, x, gaps, kept):
        """Return events and indicator as if entries that are not kept were missing."""
        is_hidden = (kept == 0) & ~x.isnan()
        gaps = torch.where(is_hidden, 1, gaps)
        return torch.where(is_hidden, self.means, x), gaps

    def keep(self, index):
        """Forget all but some members of a stack, whose numbers a tensor has."""
        self.means, self.is_told = self.means[index], self.is_told[index]


def stack_indicators(indicators):
    """Return one `MissingIndicator` for the events of many members, or None.

    Parameters
    ----------
    indicators : list of MissingIndicator or None
        All or none, for events ``(n_members, batch, ...)`` of one shape.
    """
    if indicators[0] is None:
        return None
    stacked = deepcopy(indicators[0])
    for name in ("means", "is_told"):
        parts = [getattr(indicator, name) for indicator in indicators]
        setattr(stacked, name, torch.stack(parts)[:, None])
    return stacked


def weights_of_hidden(gaps, kept_weight):
    """Return weights of entries in the loss: 1 of those that are hidden, others less.

    Parameters
    ----------
    gaps : torch.Tensor
        Indicator of what is hidden or missing; NaN counts as neither.
    kept_weight : float
        Weight of the others.
    """
    return torch.where(gaps > 0, 1, gaps.new_tensor(kept_weight))
