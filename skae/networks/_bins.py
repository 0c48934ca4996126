"""Piecewise linear encoding of numbers, which encoders are given beside values."""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

__all__ = ["NumberBins", "stack_bins"]

# Of a bin, so that slopes are finite.
LEAST_WIDTH = 1e-6


class NumberBins(nn.Module):
    """Piecewise linear encoding of numbers: how far each is through each of its bins.

    For a bin from a to b it is ``clip((x - a) / (b - a), 0, 1)``, and zero where a
    number is missing. What depends on a threshold, as a tree would find, an encoder
    tells from these by linear maps. Bins end at evenly spaced quantiles; where many
    values are equal one ends at these and the next at the value that follows, and where
    there are few values, at each.

    Parameters
    ----------
    n_numbers : int
        Of how many features, the first ones.
    n_bins : int, default=8
        Bins of each.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features in
    tabular deep learning", NeurIPS 2022, arXiv:2203.05556.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skae.networks._bins import NumberBins
    >>> bins = NumberBins(1, n_bins=3)
    >>> bins.fit(np.array([[0.0], [0.0], [1.0], [5.0], [9.0], [np.nan]]))
    >>> x = torch.tensor([[0.5], [7.0], [9.0]])
    >>> bins(x, torch.tensor([[0.0], [0.0], [1.0]]))
    tensor([[0.5000, 0.0000, 0.0000],
            [1.0000, 1.0000, 0.5000],
            [0.0000, 0.0000, 0.0000]])
    """

    def __init__(self, n_numbers, n_bins=8):
        super().__init__()
        for name in ("starts", "slopes"):
            self.register_buffer(name, torch.zeros(n_numbers, n_bins))

    @property
    def n_features(self):
        """Number of features that come about."""
        return self.starts.shape[-2] * self.starts.shape[-1]

    def fit(self, events):
        """Set the bins by an ndarray ``(n_rows, n_features)``, NaN where missing."""
        n_numbers, n_bins = self.starts.shape
        for number in range(n_numbers):
            values = events[:, number].astype(np.float64)
            ends = _ends(values[~np.isnan(values)], n_bins)
            n_found = max(0, len(ends) - 1)
            starts, widths = ends[:n_found], np.diff(ends)
            self.starts[number, :n_found] = torch.from_numpy(starts)
            slopes = 1 / np.maximum(widths, LEAST_WIDTH)
            self.slopes[number, :n_found] = torch.from_numpy(slopes)

    def forward(self, x, gaps):
        """Return the encoding of events, given which of their entries are missing.

        Parameters
        ----------
        x, gaps : torch.Tensor of shape (..., batch, n_features)

        Returns
        -------
        encoding : torch.Tensor of shape (..., batch, n_numbers * n_bins)
        """
        n_numbers = self.starts.shape[-2]
        x, gaps = (part[..., :n_numbers, None] for part in (x, gaps))
        share = ((x - self.starts) * self.slopes).clamp(0, 1)
        return (share * (1 - gaps)).flatten(-2)

    def keep(self, index):
        """Forget all but some members of a stack, whose numbers a tensor has."""
        self.starts, self.slopes = self.starts[index], self.slopes[index]


def _ends(values, n_bins):
    """Return the ends of bins in ascending order, all values where these are few.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
    n_bins : int
        At most.
    """
    seen = np.unique(values)
    if len(seen) <= n_bins + 1:
        return seen
    steps = np.arange(n_bins + 1)
    quantiles = np.sort(values)[steps * (len(values) - 1) // n_bins]
    beyond = np.searchsorted(seen, quantiles) - steps
    beyond = np.maximum.accumulate(beyond).clip(max=len(seen) - 1 - n_bins)
    return seen[beyond + steps]


def stack_bins(bins):
    """Return one `NumberBins` for the events of many members, or None.

    Parameters
    ----------
    bins : list of NumberBins or None
        All or none, of one shape.
    """
    if bins[0] is None:
        return None
    stacked = deepcopy(bins[0])
    for name in ("starts", "slopes"):
        parts = torch.stack([getattr(one, name) for one in bins])
        setattr(stacked, name, parts[:, None])
    return stacked
