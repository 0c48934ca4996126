"""Reconstruction terms of tables whose columns are of several kinds."""

from itertools import groupby
from math import inf

import numpy as np
import torch
from torch import nn

from skae.networks._activations import Exp
from skae.objectives._categorical import SMALLEST_PROBABILITY, BlockSoftmax
from skae.objectives._likelihood import Likelihood
from skae.objectives._reconstruction import RECONSTRUCTIONS, ReconstructionLoss
from skae.registry import declares

__all__ = ["ColumnError", "ColumnLikelihood"]


@RECONSTRUCTIONS.register("columns")
class ColumnLikelihood(Likelihood):
    """Likelihood of rows whose columns have densities of several kinds, in nats.

    ``-log p(x | z)`` is the sum of those of its parts, each of some columns: numbers
    beside categories, for example. What a part has beside its mean, a variance or a
    dispersion, and what it makes of the decoder's outputs, stays its own; means of
    counts are the exponential function of the outputs. Fits stack where each part's do.

    Parameters
    ----------
    parts : sequence of (int, str or Likelihood)
        Numbers of columns and their likelihoods, those of the first columns first. A
        `GaussianLikelihood` among them has one variance, or one for each of its columns
        with ``per_feature=True``.

    Examples
    --------
    Two numbers and a variable of three categories:

    >>> import torch
    >>> from skae.objectives import (
    ...     CategoricalLikelihood,
    ...     ColumnLikelihood,
    ...     GaussianLikelihood,
    ... )
    >>> normal = GaussianLikelihood(per_feature=True)
    >>> term = ColumnLikelihood([(2, normal), (3, CategoricalLikelihood((3,)))])
    >>> x = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0], [3.0, 2.0, 1.0, 0.0, 0.0]])
    >>> x_hat = term.link()(torch.tensor([2.0, 1.0, 0.0, 0.0, 0.0]).expand(2, 5))
    >>> term(x, x_hat)  # log(2 pi) + 1 + log(3)
    tensor(3.9365)
    """

    #: Columns are on scales of their own.
    per_feature = True

    def __init__(self, parts=((1, "gaussian"),)):
        self.parts = parts

    @property
    def width(self):
        """Number of columns."""
        return sum(width for width, _ in self.parts)

    @property
    def learns_dispersion(self):
        """Whether a part has the optimiser learn something; then all do."""
        return any(term.learns_dispersion for _, term in self._terms())

    @property
    def is_elementwise(self):
        """Whether this holds of each part; see `ReconstructionLoss`."""
        methods = ("elementwise", "__call__")
        terms = [term for _, term in self._terms()]
        return all(declares(term, "is_elementwise", *methods) for term in terms)

    @property
    def support(self):
        """What data have to be, in words."""
        return ", then ".join(term.support for _, term in self._terms())

    def outside(self, X):
        """Return the mask of values that data cannot have; see `Likelihood`."""
        parts = [term.outside(X[..., own]) for own, term in self._terms()]
        return np.concatenate(parts, axis=-1)

    def link(self):
        """Return the module that gives each part what its link makes of the outputs."""
        links = [
            (own.stop - own.start, _link_of(term), term.low, term.high)
            for own, term in self._terms()
        ]
        columns = [
            getattr(term, "blocks", None) or (1,) * (own.stop - own.start)
            for own, term in self._terms()
        ]
        return ColumnLink(links, sum(map(tuple, columns), ()))

    def log_density(self, x, x_hat, variance=None):
        """Return the log density of every entry; see `Likelihood`."""
        parts = [
            term.log_density(x[..., own], x_hat[..., own], _part(variance, own))
            for own, term in self._terms()
        ]
        return torch.cat(parts, dim=-1)

    def variance(self, x, x_hat, weight=None):
        """Return what is most likely for each column, 1 where there is none."""
        parts = []
        for own, term in self._terms():
            of_part = None if weight is None else weight[..., own]
            found = term.variance(x[..., own], x_hat[..., own], of_part)
            shape = (*x.shape[:-2], 1, own.stop - own.start)
            parts.append(x.new_ones(shape) if found is None else found.expand(shape))
        return torch.cat(parts, dim=-1)

    def draw(self, x_hat, variance, rng):
        """Return rows, each part drawn from its density; see `Likelihood`."""
        parts = [
            term.draw(x_hat[..., own], _part(variance, own), rng)
            for own, term in self._terms()
        ]
        return np.concatenate(parts, axis=-1)

    def multiplied(self, loss, factor, n_features):
        """Return the loss of larger errors; see `ReconstructionLoss`."""
        of_parts = [
            (own.stop - own.start, term)
            for own, term in self._terms()
            if not term.is_discrete
        ]
        nats = [term.multiplied(0.0, factor, width) for width, term in of_parts]
        return loss + sum(nats) if nats else factor * loss

    def _terms(self):
        """Return the places and the likelihoods of the parts."""
        ends = np.cumsum([0, *(width for width, _ in self.parts)]).tolist()
        return [
            (slice(*ends[i : i + 2]), RECONSTRUCTIONS.resolve(term))
            for i, (_, term) in enumerate(self.parts)
        ]


@RECONSTRUCTIONS.register("column_error")
class ColumnError(ReconstructionLoss):
    """Error of rows with columns of numbers and of categories, each weighing the same.

    It is the mean over columns of ``error / spread``: the squared error of a number,
    and the cross-entropy ``-sum_j x_j log(x_hat_j)``, in nats, of a category in one-hot
    columns. With the spreads of the data, the variance of a number and the entropy of
    a category's shares, each column's error is 1 where nothing is known of it, however
    many levels it has. Probabilities are a softmax, within each category's columns, of
    what the decoder puts out.

    Parameters
    ----------
    columns : sequence of int
        Widths of the columns: 1 for a number, else the levels of a category.
    spreads : sequence of float or None, default=None
        Of the columns; by default 1.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import ColumnError
    >>> term = ColumnError(columns=(1, 3))
    >>> x = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    >>> term(x, term.link()(torch.zeros(1, 4)))  # of 1 and log(3), the mean
    tensor(1.0493)
    """

    per_feature = True
    is_elementwise = True
    differs_in = ("spreads",)

    def __init__(self, columns=(1,), spreads=None):
        self.columns = columns
        self.spreads = spreads

    @property
    def width(self):
        """Number of columns, one-hot ones each counted."""
        return sum(self.columns)

    def link(self):
        """Return the module with a softmax for each category."""
        links = [
            (sum(own), None, -inf, inf)
            if is_number
            else (sum(own), BlockSoftmax(own), 0.0, 1.0)
            for is_number, own in self._runs()
        ]
        return ColumnLink(links, tuple(self.columns))

    def elementwise(self, x, x_hat):
        """Return what every entry adds, so that the mean over entries is the loss."""
        losses, start = [], 0
        for is_number, own in self._runs():
            place = slice(start, start := start + sum(own))
            a, b = x[..., place], x_hat[..., place]
            losses.append(
                (a - b).square()
                if is_number
                else -torch.xlogy(a, b.clamp_min(SMALLEST_PROBABILITY))
            )
        n = len(self.columns)
        spreads = [1.0] * n if self.spreads is None else self.spreads
        shares = self.width / n / np.repeat(spreads, self.columns, axis=-1)
        return x.new_tensor(shares[..., None, :]) * torch.cat(losses, dim=-1)

    def __call__(self, x, x_hat, weight=None):
        """Return the mean over columns and rows; see `ReconstructionLoss`.

        Of weights of entries, those of a category count as one, their mean.
        """
        losses = self.elementwise(x, x_hat)
        if weight is None:
            return losses.mean((-2, -1))
        parts = self.width / len(self.columns) / np.repeat(self.columns, self.columns)
        return (weight * losses).sum((-2, -1)) / (weight * x.new_tensor(parts)).sum(
            (-2, -1)
        )

    def _runs(self):
        """Return whether columns that follow one another are numbers, and widths."""
        runs = groupby(self.columns, key=lambda width: width == 1)
        return [(is_number, tuple(own)) for is_number, own in runs]


class ColumnLink(nn.Module):
    """Links of several groups of columns, side by side.

    Parameters
    ----------
    parts : sequence of (int, torch.nn.Module or None, float, float)
        Widths and links, and the range of the values.
    columns : tuple of int
        Widths of what is one variable, as a category in one-hot columns.
    """

    def __init__(self, parts, columns):
        super().__init__()
        self.widths = [width for width, *_ in parts]
        self.links = nn.ModuleList([link or nn.Identity() for _, link, _, _ in parts])
        self.low, self.high = (
            np.repeat([part[of] for part in parts], self.widths) for of in (2, 3)
        )
        self.columns = columns

    def forward(self, u):
        """Return what reconstructions are, of outputs ``(..., n_columns)``."""
        parts = u.split(self.widths, -1)
        linked = [link(part) for link, part in zip(self.links, parts, strict=True)]
        return torch.cat(linked, dim=-1)

    def inverse(self, values):
        """Return outputs that some values stand for, an ndarray."""
        parts = np.split(values, np.cumsum(self.widths)[:-1], axis=-1)
        pairs = zip(self.links, parts, strict=True)
        return np.concatenate(
            [getattr(link, "inverse", np.array)(part) for link, part in pairs], axis=-1
        )

    def extra_repr(self):
        """Return the widths, which tell two of them apart."""
        return f"{self.widths}"


class Means(Exp):
    """Positive means, the exponential function of outputs."""

    inverse = staticmethod(np.log)


def _link_of(term):
    """Return the link of a part; that of counts, whose means are positive, is exp."""
    link = term.link()
    return Means() if link is None and term.low == 0 else link


def _part(variance, own):
    """Return what of a variance belongs to some columns; one of all is of each."""
    is_one = variance is None or np.ndim(variance) == 0 or variance.shape[-1] == 1
    return variance if is_one else variance[..., own]
