import math

import numpy as np
import pytest
import torch
from helpers.data import cube, grid, normal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from skae.information import (
    GrideScales,
    correlation_dimension,
    gride,
    gride_scales,
    levina_bickel,
    two_nn,
)
from skae.information._gride import gride_from


def noisy_plane(n, noise, n_features=10):
    X = np.pad(normal(n, 2), [(0, 0), (0, n_features - 2)])
    return X + noise * normal(n, n_features, seed=1)


# --- definitions --------------------------------------------------------------------


def distances_to(X, k):
    """Return the distance of each row to its k-th neighbour, by a double loop."""
    return [sorted(math.dist(x, y) for y in X)[k] for x in X]


def log_likelihood(d, mu, n):
    """Return the definition, term by term."""
    return sum(
        math.log(d)
        + (n - 1) * math.log(m**d - 1)
        - betaln(n, n)
        - (d * (2 * n - 1) + 1) * math.log(m)
        for m in mu
    )


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_the_likelihood_is_at_its_maximum(n):
    X = normal(60, 3)
    mu = np.divide(distances_to(X, 2 * n), distances_to(X, n))
    found = minimize_scalar(
        lambda d: -log_likelihood(d, mu, n), bounds=(0.1, 20), options={"xatol": 1e-8}
    )
    assert gride(X, n_neighbors=n) == pytest.approx(found.x, rel=1e-6)


def test_the_first_scale_has_a_closed_form():
    X = normal(60, 3)
    log_mu = np.log(np.divide(distances_to(X, 2), distances_to(X, 1)))
    assert gride(X, n_neighbors=1) == pytest.approx(1 / log_mu.mean(), rel=1e-12)


def test_scales_are_those_of_single_estimates():
    X = cube(100, 4)
    scales = gride_scales(X)
    assert scales.n_neighbors == (1, 2, 4, 8, 16, 32)
    single = [gride(X, n_neighbors=n) for n in scales.n_neighbors]
    np.testing.assert_allclose(scales.estimates, single, rtol=1e-12)
    radii = [np.mean(distances_to(X, 2 * n)) for n in scales.n_neighbors]
    np.testing.assert_allclose(scales.distances, radii, rtol=1e-12)


# --- another implementation ---------------------------------------------------------

# skdim.id.GRIDE(multiscale=True), TwoNN, MLE(K=20) and CorrInt of scikit-dimension
# 0.5.0 on the data below. Its GRIDE has N - 1 in place of the N rows in the score.
REFERENCE = {
    "cube": (
        [4.752842, 4.484877, 4.321481, 4.311032, 4.239653, 4.048513],
        [4.7637194234938, 4.358645177441356, 4.352227276999313],
    ),
    "noisy plane": (
        [6.168745, 4.961563, 4.098988, 3.321476, 2.793593, 2.431103],
        [6.158969017678272, 3.5487186514031643, 3.1212215593375316],
    ),
}


def reference_data(name):
    if name == "cube":
        return np.random.default_rng(5).uniform(size=(500, 5))
    rng = np.random.default_rng(1)
    X = np.pad(rng.normal(size=(800, 2)), [(0, 0), (0, 8)])
    return X + 0.05 * rng.normal(size=(800, 10))


@pytest.mark.parametrize("name", REFERENCE)
def test_scikit_dimension_says_the_same(name):
    X = reference_data(name)
    by_scale, others = REFERENCE[name]
    scales = gride_scales(X)
    assert scales.estimates[0] == pytest.approx(by_scale[0] * len(X) / (len(X) - 1))
    np.testing.assert_allclose(scales.estimates, by_scale, rtol=1.01 / len(X))
    found = two_nn(X), levina_bickel(X), correlation_dimension(X)
    np.testing.assert_allclose(found, others, rtol=1e-12)


# --- known dimensions ---------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5])
def test_cubes(d):
    scales = gride_scales(cube(3000, d))
    np.testing.assert_allclose(scales.estimates, d, rtol=0.15)
    assert scales.dimension == pytest.approx(d, rel=0.1)


def test_noise_is_seen_at_small_scales_and_the_plane_at_larger_ones():
    scales = gride_scales(noisy_plane(2000, 0.02))
    assert (np.diff(scales.estimates) < 0).all()
    assert scales.estimates[0] > 4
    assert scales.estimates[-1] == pytest.approx(2, rel=0.15)
    assert round(scales.dimension) == 2
    # Two rows differ by noise of this size, in the 8 directions across the plane.
    assert scales.distances[-1] > 0.02 * math.sqrt(2 * 8)


# --- the plateau --------------------------------------------------------------------


def scales_of(*estimates):
    n = tuple(2**i for i in range(len(estimates)))
    return GrideScales(n, estimates, n)


def test_the_plateau_is_where_the_slope_against_the_scale_is_smallest():
    """On data whose distances grow by log(2) / d, as those of d dimensions do."""
    scales = gride_scales(noisy_plane(2000, 0.05))
    slopes = np.diff(np.log(scales.estimates)) / np.diff(np.log(scales.distances))
    flattest = np.abs(slopes).argmin()
    assert scales.plateau[0] == scales.n_neighbors[flattest]
    assert scales.dimension == pytest.approx(
        np.mean(scales.estimates[flattest : flattest + 2])
    )


@pytest.mark.parametrize(
    ("estimates", "dimension", "plateau"),
    [
        ((8.0, 4.0, 2.0, 2.0, 1.0), 2.0, (4, 16)),
        ((10.0, 8.0, 6.0, 4.5, 3.5), 4.0, (8, 32)),  # by differences, not ratios
        ((math.inf, math.inf, 3.0, 2.0, 2.0), 2.0, (8, 32)),
        ((3.0, 3.0, 2.0, 2.0), 3.0, (1, 4)),  # the finer one of two
        ((math.inf, 3.0), 3.0, (2, 4)),
        ((3.0,), 3.0, (1, 2)),
        ((math.inf, math.inf), math.inf, None),
    ],
)
def test_plateaus(estimates, dimension, plateau):
    scales = scales_of(*estimates)
    assert scales.dimension == pytest.approx(dimension)
    assert scales.plateau == plateau


# --- invariances --------------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99),
    log_scale=st.floats(-12, 12),
    shift=st.floats(-1000, 1000),
    d=st.integers(1, 6),
)
def test_scale_position_rotation_and_order_are_nothing_to_it(seed, log_scale, shift, d):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, d))
    rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
    scale = 10**log_scale
    found = gride_scales(scale * (rng.permutation(X) @ rotation + shift))
    expected = gride_scales(X)
    np.testing.assert_allclose(found.estimates, expected.estimates, rtol=1e-4)
    np.testing.assert_allclose(
        found.distances, scale * np.array(expected.distances), rtol=1e-4
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_extreme_scales(scale):
    X = normal(200, 3)
    found, expected = gride_scales(scale * X), gride_scales(X)
    np.testing.assert_allclose(found.estimates, expected.estimates, rtol=1e-9)
    radii = np.array(expected.distances)
    np.testing.assert_allclose(np.divide(found.distances, scale), radii, rtol=1e-9)


# --- awkward data -------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 8])
def test_copies_are_one_row(n):
    X = normal(100, 3)
    copies = np.random.default_rng(0).permutation(np.vstack([X, X, X[:30]]))
    expected = gride(X, n_neighbors=n)
    assert gride(copies, n_neighbors=n) == pytest.approx(expected, rel=1e-10)


def test_neighbours_at_one_distance_have_no_dimension():
    with np.errstate(all="raise"):
        assert gride(grid(30, 2), n_neighbors=1) == math.inf
        assert gride(np.eye(25)) == math.inf
        assert gride_scales(np.eye(25)).dimension == math.inf
        assert gride_scales(grid(30, 2)).dimension == pytest.approx(2, rel=0.3)


def test_some_ties_count_as_ratios_next_to_one():
    """Their likelihood is zero, whatever d, so the limit is taken."""
    X = np.vstack([normal(60, 5), 100 + np.eye(5)])  # five rows with equal distances
    nudged = X + 1e-7 * normal(65, 5, seed=1)
    with np.errstate(all="raise"):
        tied = gride(X, n_neighbors=1), gride(X, n_neighbors=2)
    for n, estimate in enumerate(tied, start=1):
        assert estimate == pytest.approx(gride(nudged, n_neighbors=n), rel=1e-4)


def test_huge_ratios_do_not_overflow():
    """With x = d log mu above 709, x / (exp(x) - 1) vanishes, and is 1 for x = 0."""
    n_rows = 1500
    distances = np.ones((n_rows, 4))
    distances[0, 3] = 1e9  # one ratio, and ties
    mean = math.log(1e9) / n_rows
    with np.errstate(all="raise"):
        found = gride_from(distances, 2)
    assert found == pytest.approx((1 - 1 / (2 * n_rows)) / mean, rel=1e-12)


def test_kinds_of_input():
    X = normal(100, 6).astype(np.float32)
    expected = gride(X.astype(np.float64))
    assert isinstance(expected, float)
    for other in (X, torch.from_numpy(X), X.tolist(), X.reshape(100, 3, 2)):
        assert gride(other) == pytest.approx(expected, rel=1e-9)
    scales = gride_scales(X)
    for name in ("estimates", "distances"):
        assert {type(value) for value in getattr(scales, name)} == {float}
    assert scales == gride_scales(torch.from_numpy(X))


def test_some_rows_stand_for_all():
    X = cube(4000, 3)
    some, everything = (gride_scales(X, max_samples=n) for n in (1000, None))
    np.testing.assert_allclose(some.estimates, everything.estimates, rtol=0.1)
    np.testing.assert_allclose(some.distances, everything.distances, rtol=0.1)
    assert some != everything
    assert some == gride_scales(X, max_samples=1000)


@pytest.mark.parametrize(
    ("n", "scales"), [(3, (1,)), (4, (1,)), (5, (1, 2)), (64, (1, 2, 4, 8, 16))]
)
def test_fewer_rows_have_fewer_scales(n, scales):
    found = gride_scales(normal(n, 3))
    assert found.n_neighbors == scales
    assert np.isfinite(found.dimension)


def test_scales_end_where_they_are_asked_to():
    X = normal(100, 3)
    assert gride_scales(X, max_neighbors=31).n_neighbors == (1, 2, 4, 8)
    assert gride_scales(X, max_neighbors=32).n_neighbors == (1, 2, 4, 8, 16)


# --- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimate", "n", "needed"), [(gride, 16, 17), (gride_scales, 2, 3)]
)
def test_too_few_rows(estimate, n, needed):
    with pytest.raises(ValueError, match=f"{n} distinct rows: {needed} are needed"):
        estimate(np.repeat(normal(n, 3), 5, axis=0))
    estimate(normal(needed, 3))


@pytest.mark.parametrize("estimate", [gride, gride_scales])
def test_values_must_be_finite(estimate):
    X = normal(50, 3)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        estimate(X)


@pytest.mark.parametrize(
    ("estimate", "params"),
    [
        (gride, {"n_neighbors": 0}),
        (gride, {"max_samples": 1}),
        (gride_scales, {"max_neighbors": 1}),
        (gride_scales, {"max_samples": 0}),
    ],
)
def test_out_of_range(estimate, params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        estimate(normal(50, 3), **params)
