"""Piecewise linear encodings of numbers."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from skae.networks._bins import NumberBins, stack_bins


def fitted(values, n_bins=4):
    bins = NumberBins(1, n_bins).double()
    bins.fit(np.asarray(values, float)[:, None])
    return bins


def encoded(bins, values, missing=False):
    x = torch.tensor(values, dtype=torch.float64)[:, None]
    return bins(x, torch.full_like(x, missing)).numpy()


@pytest.mark.parametrize("n_values", [2, 4, 5, 6, 300])
def test_numbers_are_a_linear_map_of_their_bins(n_values):
    values = np.random.default_rng(n_values).normal(size=n_values)
    bins = fitted(values)
    shares = encoded(bins, values)
    assert shares.min() == 0
    assert shares.max() == 1
    slopes = bins.slopes[0].numpy()
    widths = np.divide(1, slopes, where=slopes > 0, out=np.zeros(4))
    np.testing.assert_allclose(values.min() + shares @ widths, values)


def test_bins_hold_about_as_many_values_each():
    values = np.random.default_rng(0).exponential(size=400)
    counts = np.histogram(values, [*fitted(values).starts[0].numpy(), values.max()])[0]
    assert np.ptp(counts) <= 2


def test_a_value_of_many_rows_is_told_from_the_next():
    values = [0.0] * 60 + [*np.linspace(0.1, 50, 40)]
    shares = encoded(fitted(values), [0.0, 0.1, 60.0])
    np.testing.assert_allclose(shares, [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]])


def test_missing_numbers_have_zeros():
    bins = fitted([1.0, 2.0, np.nan, 4.0])
    assert not encoded(bins, [4.0, 2.0], missing=True).any()


def test_numbers_that_hardly_differ_stay_finite():
    shares = encoded(fitted([0.0, 1e-320, 1.0]).float(), [0.0, 1e-320, 0.5])
    assert np.isfinite(shares).all()


def test_a_number_without_values_has_zeros():
    assert not encoded(fitted([np.nan, np.nan]), [1.0, 2.0]).any()


def test_stacked_bins_are_those_of_each():
    rng = np.random.default_rng(0)
    events = torch.from_numpy(rng.normal(size=(3, 50, 4)))
    gaps = torch.from_numpy(rng.random((3, 50, 4)) < 0.3).double()
    own = [NumberBins(2).double() for _ in events]
    for bins, rows in zip(own, events, strict=True):
        bins.fit(rows.numpy())
    stacked = stack_bins([deepcopy(bins) for bins in own])
    looped = [bins(*rows) for bins, *rows in zip(own, events, gaps, strict=True)]
    assert torch.equal(stacked(events, gaps), torch.stack(looped))
    stacked.keep(torch.tensor([2, 0]))
    kept = stacked(events[[2, 0]], gaps[[2, 0]])
    assert torch.equal(kept, torch.stack([looped[2], looped[0]]))
