"""Likeness of synthetic rows to real ones."""

import numpy as np
import pandas as pd

from skae.autoencoders import fidelity
from skae.autoencoders._fidelity import _associations, _probability_of_less


def rows(n_rows, seed):
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n_rows)
    kind = np.where(size + 0.1 * rng.normal(size=n_rows) > 0, "large", "small")
    return pd.DataFrame({"size": size, "kind": kind, "noise": rng.random(n_rows)})


REAL, NEW, HELD_OUT = (rows(400, seed) for seed in range(3))


def test_new_rows_of_the_same_law_are_like_held_out_ones():
    report = fidelity(REAL, NEW, HELD_OUT)
    assert list(report.marginals) == ["size", "kind", "noise"]
    assert max(report.marginals.values()) < 0.12
    assert report.associations < 0.08
    assert abs(report.nearer - 0.5) < 0.06
    assert report.copies == report.copies_held_out == 0


def test_copies_are_told():
    report = fidelity(REAL, REAL.sample(200, random_state=0), HELD_OUT)
    assert report.copies == 1
    assert report.nearer == 1
    assert "100.0% of synthetic rows" in str(report)


def test_columns_that_are_shuffled_lose_their_associations_only():
    rng = np.random.default_rng(0)
    shuffled = REAL.apply(lambda column: rng.permutation(column.to_numpy()))
    report = fidelity(REAL, shuffled, HELD_OUT)
    np.testing.assert_allclose([*report.marginals.values()], 0, atol=1e-6)
    assert report.associations > 0.2
    assert report.nearer < 0.5


def test_shifted_numbers_and_other_shares_are_told():
    other = NEW.assign(size=NEW["size"] + 10, kind="large")
    report = fidelity(REAL, other, HELD_OUT)
    assert report.marginals["size"] > 0.99
    share = (REAL["kind"] == "small").mean()
    np.testing.assert_allclose(report.marginals["kind"], share)
    assert report.marginals["noise"] < 0.12


def test_associations_are_correlations_ratios_and_cramers_v():
    rng = np.random.default_rng(0)
    a, b = rng.integers(3, size=500), rng.integers(2, size=500)
    b = np.where(a == 2, 1, b)
    x = rng.normal(size=500) + a
    y = rng.normal(size=500) - x
    table = np.column_stack([x, y, np.eye(3)[a], np.eye(2)[b]])
    places = [slice(1), slice(1, 2), slice(2, 5), slice(5, 7)]
    found = _associations(table, places)
    between = [x[a == level].mean() - x.mean() for level in a]
    observed = np.array(
        [[np.sum((a == i) & (b == j)) for j in (0, 1)] for i in range(3)]
    )
    expected = np.outer(observed.sum(1), observed.sum(0)) / 500
    chi2 = ((observed - expected) ** 2 / expected).sum()
    np.testing.assert_allclose(found[0], abs(np.corrcoef(x, y)[0, 1]))
    np.testing.assert_allclose(found[1], np.std(between) / np.std(x))
    np.testing.assert_allclose(found[5], np.sqrt(chi2 / 500))


def test_probability_of_less_counts_pairs():
    a, b = np.array([1.0, 2, 2]), np.array([2.0, 3])
    expected = np.mean([(x < y) + (x == y) / 2 for x in a for y in b])
    np.testing.assert_allclose(_probability_of_less(a, b), expected)
