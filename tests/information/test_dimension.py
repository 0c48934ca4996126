import math

import numpy as np
import pytest
import torch
from helpers.data import cube, grid, normal
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.information import (
    IntrinsicDimension,
    correlation_dimension,
    estimate_dimension,
    gride_scales,
    l2n2,
    levina_bickel,
    two_nn,
)
from skae.information._ratios import l2n2_from

ESTIMATORS = [two_nn, levina_bickel, correlation_dimension]
each_estimator = pytest.mark.parametrize("estimate", ESTIMATORS)


def sphere(n, d):
    X = normal(n, d + 1)
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def estimates(X, **kwargs):
    e = estimate_dimension(X, **kwargs)
    return np.array([e.two_nn, e.levina_bickel, e.correlation])


# --- definitions --------------------------------------------------------------------


def sorted_distances(X):
    return np.sort(np.linalg.norm(X[:, None] - X, axis=2), axis=1)[:, 1:]


def test_two_nn_is_the_slope_of_its_line():
    X = normal(60, 3)
    r = sorted_distances(X)
    log_mu = np.sort(np.log(r[:, 1] / r[:, 0]))[:48]
    rest = -np.log(1 - np.arange(1, 49) / 60)
    slope = np.linalg.lstsq(log_mu[:, None], rest, rcond=None)[0][0]
    assert two_nn(X, discard_fraction=0.2) == pytest.approx(slope, rel=1e-10)


def test_l2n2_is_from_the_mean_of_double_logarithms():
    X = normal(60, 3)
    double = [np.log(np.log(row[1] / row[0])) for row in sorted_distances(X)]
    expected = math.exp(-np.mean(double) - 0.5772156649015329)
    assert l2n2(X) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("d", [1, 3, 10])
def test_l2n2_converges_for_ratios_of_the_law_of_neighbours(d):
    """Ratios are of Pareto's law: P(mu > m) = m^-d."""
    mu = np.random.default_rng(0).pareto(d, size=200_000) + 1
    assert l2n2_from(np.column_stack([np.ones_like(mu), mu])) == pytest.approx(
        d, rel=4 * math.pi / math.sqrt(6 * len(mu))
    )


def test_l2n2_leaves_out_rows_whose_neighbours_are_equally_far():
    X = normal(60, 3)
    square = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]) + 1e3
    assert l2n2(np.vstack([X, square])) == pytest.approx(l2n2(X), rel=1e-6)
    assert l2n2(grid(30, 2)) == math.inf
    assert l2n2(np.eye(25)) == math.inf


@pytest.mark.parametrize("k", [2, 7])
def test_levina_bickel_pools_the_inverses_of_local_estimates(k):
    X = normal(60, 3)
    r = sorted_distances(X)
    local = [(k - 1) / np.log(row[k - 1] / row[: k - 1]).sum() for row in r]
    pooled = len(X) / np.sum(1 / np.array(local))
    assert levina_bickel(X, k=k) == pytest.approx(pooled, rel=1e-10)


def test_correlation_dimension_counts_pairs():
    X = normal(60, 3)
    r = sorted_distances(X)
    small, large = np.median(r[:, 2]), np.median(r[:, 8])
    slope = np.log((r <= large).sum() / (r <= small).sum()) / np.log(large / small)
    value = correlation_dimension(X, k1=3, k2=9)
    assert value == pytest.approx(slope, rel=1e-10)


def test_pairs_are_counted_over_blocks():
    X = cube(2500, 2)
    r = sorted_distances(X)
    small, large = np.median(r[:, 9]), np.median(r[:, 19])
    slope = np.log((r <= large).sum() / (r <= small).sum()) / np.log(large / small)
    value = correlation_dimension(X, max_samples=None)
    assert value == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("d", [4, 40])  # by a tree, and by matrix products
def test_one_search_gives_what_single_ones_give(d):
    X = cube(300, d)
    np.testing.assert_array_equal(estimates(X), [each(X) for each in ESTIMATORS])
    found = estimate_dimension(X)
    assert found.l2n2 == l2n2(X)
    assert found.scales == gride_scales(X)
    assert found.gride == found.scales.dimension


# --- known dimensions ---------------------------------------------------------------


@pytest.mark.parametrize("d", range(1, 7))
@pytest.mark.parametrize("draw", [cube, sphere, normal])
def test_known_dimensions(draw, d):
    np.testing.assert_allclose(estimates(draw(3000, d)), d, rtol=0.15)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_curved_and_in_many_features(d):
    Z = cube(2000, d)
    X = np.sin(Z @ normal(d, 50) + normal(50, seed=1))
    np.testing.assert_allclose(estimates(X), d, rtol=0.1)


def test_noise_is_seen_at_the_smallest_scale_first():
    X = sphere(2000, 2) @ np.linalg.qr(normal(20, 3))[0].T
    fine, middle, coarse = estimates(X + 0.02 * normal(2000, 20, seed=1))
    assert fine > 1.3 * middle > 1.3 * coarse
    assert coarse < 4


# --- invariances --------------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 99),
    st.floats(-12, 12),
    st.floats(-1000, 1000),
    st.integers(0, 20),
    st.integers(1, 6),
)
def test_invariances(seed, log_scale, shift, zeros, d):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, d))
    moved = np.pad(rng.permutation(X), [(0, 0), (0, zeros)])
    rotation = np.linalg.qr(rng.normal(size=2 * (d + zeros,)))[0]
    moved = 10**log_scale * (moved @ rotation + shift)
    found = np.minimum(estimates(moved), d)  # those of X are bounded by its features
    np.testing.assert_allclose(found, estimates(X), rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_extreme_scales(scale):
    X = normal(200, 3)
    np.testing.assert_allclose(estimates(scale * X), estimates(X), rtol=1e-9)


@pytest.mark.parametrize("d", [3, 30])
def test_outliers_far_away(d):
    X = np.pad(normal(500, 3), [(0, 0), (0, d - 3)])
    far = X.copy()
    far[0], far[250] = 1e9, -1e10
    np.testing.assert_allclose(estimates(far), estimates(X), rtol=0.05)


# --- awkward data -------------------------------------------------------------------


@each_estimator
def test_copies_are_one_row(estimate):
    X = normal(100, 3)
    copies = np.random.default_rng(0).permutation(np.vstack([X, X, X[:30]]))
    copies[0, 0] = copies[0, 0] + 0.0
    assert estimate(copies) == pytest.approx(estimate(X), rel=1e-10)


def test_zero_has_no_sign():
    X = np.pad(normal(100, 3), [(0, 0), (0, 1)])
    np.testing.assert_array_equal(
        estimates(np.vstack([X, X * [1, 1, 1, -1]])), [*estimates(X)]
    )


@each_estimator
def test_constant_features_do_not_count(estimate):
    X = normal(100, 3)
    constant = np.column_stack([X, np.full(100, 1e3), np.zeros((100, 20))])
    assert estimate(constant) == pytest.approx(estimate(X), rel=1e-6)


@each_estimator
def test_kinds_of_input(estimate):
    X = normal(100, 6).astype(np.float32)
    expected = estimate(X.astype(np.float64))
    assert isinstance(expected, float)
    for other in (X, torch.from_numpy(X), X.tolist(), X.reshape(100, 3, 2)):
        assert estimate(other) == pytest.approx(expected, rel=1e-9)


def test_neighbours_at_one_distance_have_no_dimension():
    with np.errstate(all="raise"):
        assert two_nn(grid(30, 2)) == math.inf
        for estimate in (two_nn, levina_bickel, correlation_dimension):
            assert estimate(np.eye(25)) == math.inf
        assert list(estimates(np.eye(25))) == 3 * [25.0]
        assert np.isfinite(levina_bickel(grid(30, 2)))


def test_some_rows_stand_for_all():
    X = cube(4000, 3)
    everything, some = estimates(X, max_samples=None), estimates(X, max_samples=1000)
    np.testing.assert_allclose(some, everything, rtol=0.1)
    assert (some != everything).all()
    np.testing.assert_array_equal(some, estimates(X, max_samples=1000))
    np.testing.assert_array_equal(
        estimates(X[:1000]), estimates(X[:1000], max_samples=None)
    )


@pytest.mark.parametrize("n", [4, 5, 10, 21])
def test_few_rows(n):
    assert np.isfinite(estimates(normal(n, 3))).all()


# --- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimate", "n", "needed"),
    [
        (two_nn, 2, 3),
        (l2n2, 2, 3),
        (levina_bickel, 20, 21),
        (correlation_dimension, 20, 21),
        (estimate_dimension, 3, 4),
    ],
)
def test_too_few_rows(estimate, n, needed):
    with pytest.raises(ValueError, match=f"{n} distinct rows: {needed} are needed"):
        estimate(np.repeat(normal(n, 3), 5, axis=0))
    estimate(normal(needed, 3))


@pytest.mark.parametrize("estimate", [*ESTIMATORS, l2n2, estimate_dimension])
def test_values_must_be_finite(estimate):
    X = normal(50, 3)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        estimate(X)
    with pytest.raises(ValueError, match="distinct rows"):
        estimate(np.ones((50, 3)))


@pytest.mark.parametrize(
    ("estimate", "params"),
    [
        (two_nn, {"discard_fraction": 1.0}),
        (two_nn, {"max_samples": 1}),
        (l2n2, {"max_samples": 1}),
        (levina_bickel, {"k": 1}),
        (correlation_dimension, {"k1": 0}),
        (estimate_dimension, {"max_samples": 0}),
    ],
)
def test_out_of_range(estimate, params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        estimate(normal(50, 3), **params)


def test_radii_must_differ():
    with pytest.raises(ValueError, match="give k1 below k2"):
        correlation_dimension(normal(50, 3), k1=20, k2=20)


# --- the bound ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("median", "n_features", "bound"),
    [
        (1.9, 100, 6),
        (2.1, 100, 8),
        (2.1, 8, 7),
        (math.inf, 40, 39),
        (1.0, 1, 1),
        (0.9, 2, 1),
    ],
)
def test_upper_bound(median, n_features, bound):
    for order in ((median, 0.5, 99.0), (0.5, median, 99.0), (99.0, 0.5, median)):
        assert IntrinsicDimension(*order, n_features).upper_bound == bound


WHOLE = np.random.default_rng(0).integers(0, 3, size=(300, 4)).astype(float)


@pytest.mark.parametrize("X", [WHOLE, np.eye(8)], ids=["whole numbers", "one of each"])
def test_no_estimate_is_above_the_number_of_features(X):
    """Rows of few values have neighbours at equal distances, whatever they mean."""
    assert two_nn(X) > X.shape[1]
    found = estimate_dimension(X)
    for estimate in (*estimates(X).tolist(), found.gride):
        assert 0 <= estimate <= X.shape[1]
        assert isinstance(estimate, float)
    assert 1 <= found.upper_bound < X.shape[1]


# --- the table ----------------------------------------------------------------------


def test_each_estimate_has_its_scale():
    X = normal(300, 3)
    r = sorted_distances(X).mean(axis=0)
    found = estimate_dimension(X)
    rows = [tuple(row.values()) for row in found.table()]
    first, last = found.scales.plateau
    assert [row[:4] for row in rows] == [
        ("TwoNN", found.two_nn, 1, 2),
        ("Levina-Bickel", found.levina_bickel, 1, 20),
        ("correlation", found.correlation, 10, 20),
        ("GRIDE, plateau", found.gride, first, last),
        *[("GRIDE", d, n, 2 * n) for n, d in zip(*scales_of(found), strict=True)],
        ("L2N2", found.l2n2, 1, 2),
    ]
    distances = [r[row[3] - 1] for row in rows]
    np.testing.assert_allclose([row[4] for row in rows], distances, rtol=1e-12)


def scales_of(found):
    return found.scales.n_neighbors, found.scales.estimates


def test_the_table_is_printed():
    found = estimate_dimension(normal(300, 3))
    lines = str(found).splitlines()
    assert lines[0].split() == ["estimator", "dimension", "neighbours", "distance"]
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 1 + len(found.table())
    assert f"{found.levina_bickel:.1f}" in lines[2]


def test_the_table_of_few_rows_has_the_neighbours_that_there_are():
    orders = [
        (row["nearest"], row["farthest"])
        for row in estimate_dimension(normal(6, 3)).table()
    ]
    assert orders[:3] == [(1, 2), (1, 5), (2, 5)]
    assert orders[4:] == [(1, 2), (2, 4), (1, 2)]


def test_the_table_of_equal_distances_has_no_plateau():
    found = estimate_dimension(np.eye(25))
    assert found.gride == 25
    row = found.table()[3]
    assert (row["nearest"], row["farthest"]) == (None, None)
    assert math.isnan(row["distance"])


def test_estimates_alone_have_a_table_too():
    found = IntrinsicDimension(3.0, 2.0, 1.0, n_features=9)
    assert math.isnan(found.gride)
    assert [row["dimension"] for row in found.table()] == [3.0, 2.0, 1.0]
    assert all(math.isnan(row["distance"]) for row in found.table())
    assert "Levina-Bickel" in str(found)
