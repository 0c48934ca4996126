"""Checks of reconstruction terms that are likelihoods."""

import numpy as np
import torch

from skae.objectives import RECONSTRUCTIONS
from skae.registry import declares
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._reconstructions import (
    check_reconstruction_dtypes,
    check_reconstruction_gradients,
    check_reconstruction_stacked_is_looped,
    pair,
    values_for,
    width_of,
)
from skae.testing._tensors import over_dtypes

__all__ = ["LIKELIHOOD_CHECKS"]

# A variance, or a dispersion, and how far beyond it densities are followed.
VARIANCE, REACH, N_POINTS = 0.7, 100.0, 400_001
N_DRAWS = 40_000


@promise(
    "elementwise returns the negative log density of every entry, and the term their "
    "sum over features, a mean over rows.",
    mend="return losses.sum(-1).mean(-1), or leave __call__ out.",
)
def check_likelihood_is_a_sum_over_features(term):
    """Check the loss of every entry, and of rows."""
    x, x_hat = pair(term, 2, 5, width_of(term))
    with untouched_randomness("the term"):
        entries, loss = term.elementwise(x, x_hat), term(x, x_hat)
    require(entries.shape == x.shape, f"entries of shape {tuple(entries.shape)}")
    require(loss.shape == (2,), f"{tuple(loss.shape)} for a stack of 2 batches")
    for member in range(2):  # variances are those of a batch
        entries = term.elementwise(x[member], x_hat[member])
        same(loss[member], entries.sum(-1).mean(), "the term and the sum of entries")


@promise(
    "with weights of entries the loss is the weighted sum over features, a mean over "
    "rows: equal weights of rows change nothing, entries whose weight is zero do not "
    "count, nor do rows without weight.",
    mend="leave __call__ out, and use weights in variance.",
)
def check_likelihood_weights(term):
    """Check equal weights, and rows and entries without weight."""
    x, x_hat = pair(term, 5, width_of(term))
    for equal in (torch.ones(x.shape), torch.full(x.shape, 0.3)):
        same(term(x, x_hat, equal), term(x, x_hat), "the loss with equal weights")
    weight = torch.ones(x.shape)
    weight[3:] = 0
    without = term(x[:3], x_hat[:3])
    same(term(x, x_hat, weight), without, "the loss without the rows of weight 0")
    weight = torch.ones(x.shape)
    weight[2, 1] = 0
    before = term(x, x_hat, weight)
    x[2, 1], x_hat[2, 1] = x[0, 1], x_hat[0, 2]
    same(term(x, x_hat, weight), before, "the loss after an entry of weight 0 changed")


@promise(
    "a likelihood that says `is_elementwise` has a density of every entry that depends "
    "on that entry alone, given the variance.",
    mend="compare entries with one another in variance only, or leave is_elementwise "
    "False, and fits train alone.",
)
def check_likelihood_is_elementwise(term):
    """Check the densities of other entries when one changes."""
    if not declares(term, "is_elementwise", "elementwise", "__call__"):
        return
    x, x_hat = pair(term, 2, 5, width_of(term))
    before = term.log_density(x, x_hat, VARIANCE)
    x_hat[0, 1, 2] = x_hat[0, 2, 1]
    changed = torch.zeros(x.shape, dtype=torch.bool)
    changed[0, 1, 2] = True
    after = torch.where(changed, before, term.log_density(x, x_hat, VARIANCE))
    same(after, before, "densities of entries before and after another one changed")


@promise(
    "variance returns what makes the data most likely, if anything.",
    mend="return the maximum-likelihood estimate over the batch, of shape (..., 1, 1) "
    "or (..., 1, n_features), or set learns_dispersion, and the optimiser learns it.",
)
def check_likelihood_variance(term):
    """Check the density beside those of other variances."""
    x, x_hat = pair(term, 2, 50, width_of(term))
    best = term.variance(x, x_hat)
    if best is None:
        return
    shapes = [(2, 1, 1), (2, 1, x.shape[-1])]
    require(tuple(best.shape) in shapes, f"a variance of shape {tuple(best.shape)}")
    require((best > 0).all(), f"variances of {best.min()}")
    if term.learns_dispersion:
        return
    likely = term.log_likelihood(x, x_hat, best).sum(-1)
    for factor in (0.8, 1.25):
        other = term.log_likelihood(x, x_hat, factor * best).sum(-1)
        require((other < likely).all(), f"{factor} times the variance is more likely")


@promise(
    "log_likelihood returns the log density of every row, the sum over its features, "
    "of which missing ones, NaN, do not count.",
    mend="leave log_likelihood out, and define log_density.",
)
def check_likelihood_of_rows(term):
    """Check likelihoods of rows, and of rows with gaps."""
    x, x_hat = pair(term, 2, 5, width_of(term))
    entries = term.log_density(x, x_hat, VARIANCE)
    found = term.log_likelihood(x, x_hat, VARIANCE)
    require(found.shape == (2, 5), f"{tuple(found.shape)} for (2, 5) rows")
    same(found, entries.sum(-1), "the log likelihood and the sum of log densities")
    require(torch.isfinite(found).all(), "log likelihoods are not finite")
    best = term.log_likelihood(x, x, VARIANCE)
    require((best >= found - 1e-5).all(), "a perfect row is less likely than another")


def _grid(term, x_hat):
    """Return values of an entry whose density is to be followed, evenly spaced."""
    low, high = max(term.low, x_hat - REACH), min(term.high, x_hat + REACH)
    return torch.linspace(low, high, N_POINTS, dtype=torch.double)[:, None]


def _density(term, x, x_hat):
    like = torch.full_like(x, x_hat)
    return term.log_density(x, like, VARIANCE).double().exp().numpy().ravel()


@promise(
    "the density of an entry integrates to 1 over all values, and probabilities sum "
    "to 1.",
    mend="give log_density its constants, as log(2 * pi * variance) / 2.",
)
def check_likelihood_is_normalised(term):
    """Check the integral of a density, or the sum of the probabilities of counts."""
    for _, part in _parts(term):
        check_likelihood_is_normalised(part)
    if term.is_discrete or _parts(term):
        return  # shares of draws tell, whatever the values are
    for x_hat in values_for(term, 3, seed=1).double().tolist():
        x = _grid(term, x_hat)
        total = np.trapezoid(_density(term, x, x_hat), x.numpy().ravel())
        require(abs(total - 1) < 1e-3, f"it integrates to {total:.4g}")


@promise(
    "draw draws from the density, with the generator that it is given.",
    mend="let draw and log_density agree on what variance means.",
)
def check_likelihood_draws(term):
    """Check moments of draws, or their shares, beside those of the density."""
    x_hat = values_for(term, width_of(term), seed=1).double().numpy()
    rows = np.tile(x_hat, (N_DRAWS, 1))
    try:
        with untouched_randomness("draw"):
            drawn = term.draw(rows, VARIANCE, np.random.RandomState(0))
    except TypeError:
        return
    require(drawn.shape == rows.shape, f"{drawn.shape} for rows of {rows.shape}")
    again = term.draw(rows, VARIANCE, np.random.RandomState(0))
    require((drawn == again).all(), "the same generator gives other rows")
    outside = term.outside(np.asarray(drawn)).any()
    require(not outside, "it draws what `outside` says no data are")
    if parts := _parts(term):
        ends = np.cumsum([width for width, _ in parts])[:-1]
        of_parts = (np.split(rows, ends, axis=-1) for rows in (drawn, x_hat))
        for (_, part), *own in zip(parts, *of_parts, strict=True):
            _require_alike(part, *own)
    else:
        _require_alike(term, drawn, x_hat)


def _parts(term):
    """Return widths and likelihoods of columns, where a term has several."""
    parts = getattr(term, "parts", ())
    return [(width, RECONSTRUCTIONS.resolve(part)) for width, part in parts]


def _require_alike(term, drawn, x_hat):
    (_require_shares if term.is_discrete else _require_moments)(term, drawn, x_hat)


def _require_moments(term, drawn, x_hat):
    for values, center in zip(drawn.T, x_hat, strict=True):
        x = _grid(term, center)
        density, x = _density(term, x, center), x.numpy().ravel()
        for name, of in (("mean", lambda x: x), ("spread", np.abs)):
            off = of(values - center).mean()
            expected = np.trapezoid(density * of(x - center), x)
            require(
                abs(off - expected) < 0.03,
                f"the {name} of draws is {off:.3g}, and that of the density "
                f"{expected:.3g}, about x_hat",
            )


def _require_shares(term, drawn, x_hat):
    """Require rows to be drawn as often as they are probable, and those alone."""
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    x = torch.from_numpy(kinds.astype(np.float64))
    like = torch.from_numpy(x_hat).expand_as(x)
    p = term.log_likelihood(x, like, VARIANCE).exp().numpy()
    total = p.sum()
    require(0.98 < total < 1 + 1e-6, f"rows that were drawn have probability {total:g}")
    off = np.abs(counts / len(drawn) - p).max()
    require(off < 0.02, f"shares of draws differ from probabilities by {off:.2g}")


LIKELIHOOD_CHECKS = (
    *PART_CHECKS,
    check_likelihood_is_a_sum_over_features,
    check_reconstruction_stacked_is_looped,
    check_likelihood_is_elementwise,
    check_likelihood_weights,
    check_likelihood_variance,
    check_likelihood_of_rows,
    check_reconstruction_gradients,
    *over_dtypes(check_reconstruction_dtypes),
    check_likelihood_is_normalised,
    check_likelihood_draws,
)
