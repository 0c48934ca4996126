"""Shares of columns in the change of an output between baselines and rows."""

from typing import NamedTuple

import numpy as np
import torch

from skae.interpretation._outputs import gradients
from skae.training._inference import CHUNK_BYTES, slices

__all__ = ["METHODS", "outputs_of"]

# Points of the Gauss-Lobatto rule on each part of a line; halvings of parts, and after
# how many of them a part has hardly more than one kink.
N_POINTS, MAX_HALVINGS, FINE = 5, 10, 4
# Of what a row's sum may be off by, what a part may be that is not halved.
SHARE = 1 / 16


def outputs_of(output, x):
    """Return the outputs of events, one for each row."""
    numbers = torch.arange(len(x), device=x.device)
    with torch.no_grad():
        return torch.cat([output(x[rows], numbers[rows]) for rows in _chunks(x)])


def integrated_gradients(output, x, baseline, columns, tol):
    """Return integrals of gradients along the lines from baselines to rows.

    ``(x_i - b_i) * integral_0^1 d output / d x_i (b + t (x - b)) dt``

    The integrals over a part of a line have to sum to the change of the output there,
    which is known: where they do not, the part is halved. Small parts have hardly more
    than one kink of the network, before which the gradient is that of the part's start,
    and behind it that of its end: where the kink is follows from what the sum is off
    by.

    Parameters
    ----------
    output : callable
        Of variants of rows, and the numbers of these.
    x, baseline : torch.Tensor of shape (n_rows, *event_shape)
    columns : Columns
    tol : float
        What a row's sum may be off by, in units of the output, and as a share of the
        sum of absolute attributions.

    Returns
    -------
    values : torch.Tensor of shape (n_rows, n_columns)
    """
    total, off = torch.zeros_like(x), x.new_zeros(len(x))
    parts = Parts.of(x)
    for halving in range(MAX_HALVINGS + 1):
        found, gap, turn = _integrals(output, x, baseline, parts)
        if not halving:
            allowed = tol / 2 * found.abs().flatten(1).sum(1).clamp(max=1)
        is_off = off.index_add(0, parts.which, gap).abs() > allowed
        goes_on = is_off[parts.which] & (gap.abs() > SHARE * allowed[parts.which])
        if halving >= FINE:
            goes_on &= ~_settle_kinks(goes_on, found, gap, turn)
            goes_on &= halving < MAX_HALVINGS
        off.index_add_(0, parts.which[~goes_on], gap[~goes_on])
        total.index_add_(0, parts.which[~goes_on], found[~goes_on])
        if not goes_on.any():
            break
        parts = parts.halves(goes_on)
    return columns.summed(total)


class Parts(NamedTuple):
    """Parts of the lines from baselines to rows.

    Attributes
    ----------
    which : torch.Tensor of shape (n_parts,)
        Numbers of the rows.
    low, high : torch.Tensor of shape (n_parts,)
        Where they start and end, as shares of the way.
    """

    which: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    @classmethod
    def of(cls, x):
        """Return the whole lines to rows."""
        zeros = x.new_zeros(len(x))
        return cls(torch.arange(len(x), device=x.device), zeros, zeros + 1)

    def halves(self, goes_on):
        """Return the halves of some of them."""
        which, low, high = (each[goes_on] for each in self)
        middle = (low + high) / 2
        low, high = torch.cat([low, middle]), torch.cat([middle, high])
        return Parts(torch.cat([which, which]), low, high)


def _settle_kinks(is_meant, found, gap, turn):
    """Correct integrals over parts with a kink that explains their gaps, and say which.

    Both are changed in place.
    """
    share = gap / turn.flatten(1).sum(1)
    has_kink = is_meant & (share.abs() <= 1)
    found[has_kink] -= _scaled(turn[has_kink], share[has_kink])
    gap[has_kink] = 0
    return has_kink


def gradient_x_input(output, x, baseline, columns, tol):
    """Return gradients at the rows, times the distances from the baselines."""
    numbers = torch.arange(len(x), device=x.device)
    parts = [gradients(output, x[rows], numbers[rows])[1] for rows in _chunks(x)]
    return columns.summed(torch.cat(parts) * (x - baseline).nan_to_num())


def occlusion(output, x, baseline, columns, tol):
    """Return what outputs change by when one column takes the baseline's value."""
    outputs, baseline = outputs_of(output, x), baseline.flatten(1)
    values = []
    for column in range(columns.n_columns):
        is_hidden = torch.from_numpy(columns.numbers == column).to(x.device)
        hidden = torch.where(is_hidden, baseline, x.flatten(1)).reshape(x.shape)
        values.append(outputs - outputs_of(output, hidden))
    return torch.stack(values, dim=1)


METHODS = {
    "integrated_gradients": integrated_gradients,
    "gradient_x_input": gradient_x_input,
    "occlusion": occlusion,
}


def _integrals(output, x, baseline, parts):
    """Return integrals over parts of lines, what they are off by, and their turns.

    Returns
    -------
    found : torch.Tensor of shape (n_parts, *event_shape)
    gap : torch.Tensor of shape (n_parts,)
        What their sums are off by.
    turn : torch.Tensor of shape (n_parts, *event_shape)
        What they would be more if the gradient were that of the end instead of that of
        the start.
    """
    size = N_POINTS * x[:1].nbytes
    found = [
        _some_integrals(output, x, baseline, Parts(*(each[rows] for each in parts)))
        for rows in slices(len(parts.which), max(1, CHUNK_BYTES // size))
    ]
    return (torch.cat(each) for each in zip(*found, strict=True))


def _some_integrals(output, x, baseline, parts):
    which, low, high = parts
    x, baseline, width = x[which], baseline[which], high - low
    points, weights = _rule(x)
    difference = (x - baseline).nan_to_num()
    inner = _between(x, difference, low[:, None] + width[:, None] * points)
    outputs, slopes = gradients(output, inner, which.repeat_interleave(len(points)))
    outputs = outputs.unflatten(0, (len(x), -1))
    slopes = slopes.unflatten(0, (len(x), -1))
    step = _scaled(difference, width)
    part = step * (slopes.movedim(1, -1) @ weights)
    gap = part.flatten(1).sum(1) - (outputs[:, -1] - outputs[:, 0])
    return part, gap, step * (slopes[:, -1] - slopes[:, 0])


def _scaled(x, factors):
    return factors.reshape(-1, *[1] * (x.ndim - 1)) * x


def _rule(x):
    """Return the points and weights of the Gauss-Lobatto rule on [0, 1]."""
    legendre = np.polynomial.Legendre.basis(N_POINTS - 1)
    points = np.array([-1, *legendre.deriv().roots().real, 1])
    weights = 1 / (N_POINTS * (N_POINTS - 1) * legendre(points) ** 2)
    return torch.from_numpy((points + 1) / 2).to(x), torch.from_numpy(weights).to(x)


def _between(x, difference, t):
    """Return the points of lines, at shares ``(n_rows, n_points)`` of the way."""
    t = t.reshape(*t.shape, *[1] * (x.ndim - 1))
    return (x[:, None] - (1 - t) * difference[:, None]).flatten(0, 1)


def _chunks(x):
    return slices(len(x), max(1, CHUNK_BYTES // x[:1].nbytes))
