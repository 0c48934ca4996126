"""Checks of reconstruction terms."""

from math import isfinite

import numpy as np
import torch

from skae.registry import declares
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import (
    assert_finite_gradients,
    assert_stacked_is_looped,
    over_dtypes,
    uniform,
)

__all__ = [
    "RECONSTRUCTION_CHECKS",
    "check_reconstruction_dtypes",
    "check_reconstruction_gradients",
    "check_reconstruction_stacked_is_looped",
    "pair",
    "values_for",
    "width_of",
]


def width_of(term):
    """Return how many features to check a term with."""
    return getattr(term, "width", sum(getattr(term, "blocks", None) or (4,)))


def values_for(term, *shape, **settings):
    """Return values that the term takes: in [0, 1), where that is in its range."""
    low = term.low if isfinite(term.low) else min(0.0, term.high - 1)
    high = min(term.high, low + 1)
    values = low + (high - low) * uniform(*shape, **settings)
    link = term.link()
    return values if link is None else link(values)


def pair(term, *shape, **settings):
    """Return data that the term takes, and reconstructions."""
    x, x_hat = (values_for(term, *shape, seed=seed, **settings) for seed in (0, 1))
    if not getattr(term, "is_discrete", False):
        return x, x_hat
    rows = x_hat.reshape(-1, shape[-1]).numpy()
    drawn = term.draw(rows, 0.7, np.random.RandomState(0))
    return torch.from_numpy(drawn).to(x_hat).reshape(shape), x_hat


@promise(
    "elementwise returns the loss of every entry, and the term their mean over the "
    "last two axes, features and batch.",
    mend="reduce nothing in elementwise, and over dim=(-2, -1) in __call__.",
)
def check_reconstruction_shapes(term):
    """Check the loss of every entry, and its mean."""
    require(term.low < term.high, f"the range is [{term.low}, {term.high}]")
    x, x_hat = pair(term, 2, 5, 4)
    with untouched_randomness("the term"):
        entries, loss = term.elementwise(x, x_hat), term(x, x_hat)
    require(entries.shape == x.shape, f"entries of shape {tuple(entries.shape)}")
    require(loss.shape == (2,), f"{tuple(loss.shape)} for a stack of 2 batches")
    same(loss, entries.mean((-2, -1)), "the term and the mean of its entries")


@promise(
    "a stack of batches gives the stack of what the batches give, with weights too.",
    mend="reduce over the last two axes, dim=(-2, -1), and no others.",
)
def check_reconstruction_stacked_is_looped(term):
    """Check the term over a leading axis."""
    x, x_hat = pair(term, 2, 5, width_of(term))
    weight = uniform(*x.shape, seed=2)
    assert_stacked_is_looped(term, x, x_hat, what="the loss")
    assert_stacked_is_looped(term, x, x_hat, weight, what="the weighted loss")


@promise(
    "a term that says `is_elementwise` has a loss of every entry that depends on that "
    "entry alone.",
    mend="compare entries with one another nowhere, or leave is_elementwise False, and "
    "fits train alone. A subclass with an elementwise or a __call__ of its own says "
    "is_elementwise = True again.",
)
def check_reconstruction_is_elementwise(term):
    """Check the losses of other entries when one changes."""
    if not declares(term, "is_elementwise", "elementwise", "__call__"):
        return
    x, x_hat = pair(term, 2, 5, 4)
    before = term.elementwise(x, x_hat)
    x_hat[0, 1, 2] = x[0, 1, 2]
    changed = torch.zeros(x.shape, dtype=torch.bool)
    changed[0, 1, 2] = True
    after = torch.where(changed, before, term.elementwise(x, x_hat))
    same(after, before, "losses of entries before and after another one changed")


@promise(
    "with weights the loss is the weighted mean: equal ones change nothing, and "
    "entries whose weight is zero do not count.",
    mend="return (weight * losses).sum((-2, -1)) / weight.sum((-2, -1)).",
)
def check_reconstruction_weights(term):
    """Check equal weights, and rows without weight."""
    x, x_hat = pair(term, 5, 4)
    for equal in (torch.ones(5, 4), torch.full((5, 4), 0.3)):
        same(term(x, x_hat, equal), term(x, x_hat), "the loss with equal weights")
    weight = torch.ones(5, 4)
    weight[3:] = 0
    same(
        term(x, x_hat, weight),
        term(x[:3], x_hat[:3]),
        "the loss without the rows of weight 0",
    )


@promise(
    "no reconstruction is better than a perfect one.",
    mend="return a distance: the less, the nearer is x_hat to x.",
)
def check_reconstruction_is_least_for_a_perfect_one(term):
    """Check the loss of a perfect reconstruction beside another."""
    x, x_hat = pair(term, 2, 5, 4)
    wrong, perfect = term(x, x_hat), term(x, x)
    require((wrong > perfect).all(), f"{wrong} for a wrong one, {perfect} for a right")


@promise(
    "gradients reach the reconstruction, and are finite, for a perfect one too.",
    mend="detach nothing, and guard square roots, logarithms and divisions at zero.",
)
def check_reconstruction_gradients(term):
    """Check gradients with respect to the reconstruction."""
    x, x_hat = pair(term, 5, width_of(term))
    assert_finite_gradients(lambda x_hat: term(x, x_hat), x_hat, what="the loss")
    assert_finite_gradients(
        lambda x_hat: term(x, x_hat), x, what="the loss of a perfect one", reaches=False
    )


@promise(
    "the loss has the dtype of the data, float32 and float64.",
    mend="make constants in the dtype of the input.",
)
def check_reconstruction_dtypes(term, dtype):
    """Check the dtype of the loss."""
    x, x_hat = pair(term, 5, width_of(term), dtype=dtype)
    found = term(x, x_hat).dtype
    require(found == dtype, f"a loss of {found} for data of {dtype}")


@promise(
    "log_likelihood returns the log density of every row, where there is a density, "
    "and raises a TypeError where there is none.",
    mend="sum over features (dim=-1) and not over rows, or leave the method out.",
)
def check_reconstruction_likelihood(term):
    """Check the shape of likelihoods."""
    x, x_hat = pair(term, 2, 5, 4)
    try:
        found = term.log_likelihood(x, x_hat, 0.5)
    except TypeError:
        return
    require(found.shape == (2, 5), f"{tuple(found.shape)} for (2, 5) rows")
    require(torch.isfinite(found).all(), "log likelihoods are not finite")
    best = term.log_likelihood(x, x, 0.5)
    require((best >= found).all(), "a perfect row is less likely than another")


RECONSTRUCTION_CHECKS = (
    *PART_CHECKS,
    check_reconstruction_shapes,
    check_reconstruction_stacked_is_looped,
    check_reconstruction_is_elementwise,
    check_reconstruction_weights,
    check_reconstruction_is_least_for_a_perfect_one,
    check_reconstruction_gradients,
    *over_dtypes(check_reconstruction_dtypes),
    check_reconstruction_likelihood,
)
