import numpy as np
import pytest
from scipy.stats import kstest

from skae.datasets._manifolds import (
    make_linear_manifold,
    make_manifold,
    make_smooth_manifold,
    make_sphere,
    manifold_names,
    manifold_suite,
)
from skae.exceptions import UnknownNameError
from skae.information import estimate_dimension, levina_bickel, two_nn

# (d, e, D), as the literature has d and D
DIMENSIONS = {
    "circle": (1, 2, 2),
    "sphere": (2, 3, 3),
    "torus": (2, 3, 3),
    "cube-surface": (2, 3, 3),
    "swiss-roll": (2, 2, 3),
    "s-curve": (2, 2, 3),
    "moebius": (2, 3, 3),
    "helix": (1, 1, 3),
    "spiral": (1, 1, 2),
    "m1-sphere": (10, 11, 11),
    "m2-affine": (3, 3, 5),
    "m3-nonlinear": (4, 4, 6),
    "m4-nonlinear": (4, 4, 8),
    "m5a-helix": (1, 2, 3),
    "m5b-helix": (2, 2, 3),
    "m6-nonlinear": (6, 6, 36),
    "m7-roll": (2, 2, 3),
    "m8-nonlinear": (12, 12, 72),
    "m9-affine": (20, 20, 20),
    "m10a-cubic": (10, 11, 11),
    "m10b-cubic": (17, 18, 18),
    "m10c-cubic": (24, 25, 25),
    "m10d-cubic": (70, 71, 71),
    "m11-moebius": (2, 2, 3),
    "m12-normal": (20, 20, 20),
    "m13a-scurve": (2, 2, 3),
    "m13b-spiral": (1, 1, 13),
    "mbeta": (10, 10, 40),
    "mn1-nonlinear": (18, 18, 72),
    "mn2-nonlinear": (24, 24, 96),
    "mp1-paraboloid": (3, 3, 12),
    "mp2-paraboloid": (6, 6, 21),
    "mp3-paraboloid": (9, 9, 30),
}
MAKERS = [make_smooth_manifold, make_linear_manifold, make_sphere]
each_name = pytest.mark.parametrize("name", sorted(DIMENSIONS))
each_maker = pytest.mark.parametrize("make", MAKERS)


def points(name, n_samples=2000, seed=0):
    return make_manifold(name, n_samples, random_state=seed).X


def triples(name, **kwargs):
    return points(name, **kwargs).T


# --- what all have in common --------------------------------------------------------


def test_all_names_are_expected():
    assert manifold_names() == sorted(DIMENSIONS)


@each_name
def test_dimensions_and_shape(name):
    manifold = make_manifold(name, 50, random_state=0)
    d, e, D = DIMENSIONS[name]
    assert manifold.name == name
    assert (manifold.intrinsic_dimension, manifold.embedding_dimension) == (d, e)
    assert manifold.n_features == D
    assert manifold.X.shape == (50, D)
    assert manifold.X.dtype == np.float64
    assert np.isfinite(manifold.X).all()


@each_name
def test_same_seed_same_points(name):
    np.testing.assert_array_equal(points(name, 30), points(name, 30))
    assert (points(name, 30) != points(name, 30, seed=1)).any()
    assert points(name, 1).shape == (1, DIMENSIONS[name][2])


@each_name
def test_noise_is_a_fraction_of_each_feature(name):
    clean = points(name, 4000)
    noisy = make_manifold(name, 4000, noise=0.1, random_state=0)
    assert noisy.noise == 0.1
    np.testing.assert_allclose(
        np.std(noisy.X - clean, axis=0), 0.1 * clean.std(axis=0), rtol=0.06
    )


@each_maker
def test_noise_of_makers_is_a_fraction_of_each_feature(make):
    clean, noisy = (
        make(4000, 3, 10, noise=noise, random_state=0).X for noise in (0, 0.2)
    )
    np.testing.assert_allclose(
        np.std(noisy - clean, axis=0), 0.2 * clean.std(axis=0), rtol=0.06
    )


@pytest.mark.parametrize("name", sorted(n for n in DIMENSIONS if DIMENSIONS[n][0] < 5))
def test_dimension_is_as_stated(name):
    X = points(name)
    X = X / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    assert two_nn(X) == pytest.approx(DIMENSIONS[name][0], rel=0.15)


@pytest.mark.parametrize("name", sorted(n for n in DIMENSIONS if DIMENSIONS[n][0] > 4))
def test_higher_dimensions_are_distinguished_from_features(name):
    # neighbours see too few dimensions here, for want of points
    d, _, D = DIMENSIONS[name]
    estimate = levina_bickel(points(name), k=5)
    assert 0.3 * d < estimate < 1.25 * d
    assert estimate < 0.95 * D


def test_unknown_names_are_corrected():
    with pytest.raises(UnknownNameError, match="Did you mean 'torus'"):
        make_manifold("tours")


@pytest.mark.parametrize("params", [{"noise": -1}, {"n_samples": 0}, {"noise": "a"}])
def test_out_of_range(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        make_manifold("torus", **params)
    for make in MAKERS:
        with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
            make(**params)


# --- equations ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circle", "sphere", "m1-sphere"])
def test_spheres(name):
    X = points(name)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-12)
    assert abs(X.mean(axis=0)).max() < 5 / np.sqrt(len(X) * X.shape[1])


def test_torus_has_its_equation_and_is_even():
    x, y, z = triples("torus", n_samples=20_000)
    ring = np.hypot(x, y)
    np.testing.assert_allclose((ring - 1) ** 2 + z**2, 0.25, rtol=1e-10)
    # by area: the density of the tube's angle is 1 + cos(b) / 2, so mean cos(b) = 1/4
    assert np.mean((ring - 1) / 0.5) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("name", ["swiss-roll", "m7-roll"])
def test_swiss_roll(name):
    x, h, z = triples(name)
    t = np.hypot(x, z)
    np.testing.assert_allclose(t * np.cos(t), x, atol=1e-10)
    assert kstest(t, "uniform", args=(1.5 * np.pi, 3 * np.pi)).pvalue > 0.01
    assert kstest(h, "uniform", args=(0, 21)).pvalue > 0.01


@pytest.mark.parametrize("name", ["s-curve", "m13a-scurve"])
def test_s_curve_is_two_circles(name):
    x, h, z = triples(name)
    np.testing.assert_allclose(x**2 + (abs(z) - 1) ** 2, 1, rtol=1e-10)
    assert kstest(h, "uniform", args=(0, 2)).pvalue > 0.01
    assert z.min() < -1.9 < 1.9 < z.max()


@pytest.mark.parametrize(("name", "half_twists"), [("moebius", 1), ("m11-moebius", 10)])
def test_bands(name, half_twists):
    x, y, z = triples(name)
    a = np.arctan2(y, x) % (2 * np.pi)
    r, half = np.hypot(x, y) - 1, half_twists * a / 2
    np.testing.assert_allclose(r * np.sin(half), z * np.cos(half), atol=1e-12)
    assert (r**2 + z**2 <= 0.25 + 1e-12).all()


def test_helix_and_spiral():
    x, y, z = triples("helix")
    np.testing.assert_allclose(x, np.cos(np.pi * z), atol=1e-10)
    np.testing.assert_allclose(x**2 + y**2, 1, rtol=1e-10)
    x, y = triples("spiral")
    t = np.pi * np.hypot(x, y)
    np.testing.assert_allclose(np.pi * x, t * np.cos(t), atol=1e-9)


def test_cube_surface():
    np.testing.assert_array_equal(abs(points("cube-surface")).max(axis=1), 1)


def test_affine_rank():
    X = points("m2-affine")
    assert np.linalg.matrix_rank(X - X.mean(axis=0)) == 3


def test_wound_curve_lies_on_a_torus():
    x, y, z = triples("m5a-helix")
    t = np.arctan2(y, x)
    np.testing.assert_allclose(z, np.sin(8 * t), atol=1e-10)
    np.testing.assert_allclose((np.hypot(x, y) - 2) ** 2 + z**2, 1, rtol=1e-10)


def test_helicoid():
    x, y, z = triples("m5b-helix")
    np.testing.assert_allclose(x * np.sin(2 * z), y * np.cos(2 * z), atol=1e-10)
    assert kstest(np.hypot(x, y), "uniform", args=(0, 10 * np.pi)).pvalue > 0.01


@pytest.mark.parametrize("name", ["m4-nonlinear", "m6-nonlinear", "m8-nonlinear"])
def test_chained_waves(name):
    d, _, D = DIMENSIONS[name]
    X = points(name).reshape(2000, D // (2 * d), d, 2)
    radius = np.linalg.norm(X, axis=3)[:, 0]
    u = np.roll(radius, 1, axis=1)
    waves = radius * np.cos(2 * np.pi * u)
    for copy in range(X.shape[1]):
        np.testing.assert_allclose(X[:, copy, :, 0], waves, atol=1e-10)
    assert kstest(u[:, 0], "uniform").pvalue > 0.01


@pytest.mark.parametrize("name", ["m10a-cubic", "m10d-cubic"])
def test_hypercubes_have_even_faces(name):
    X = points(name, 7100)
    is_on_face = (X == 0) | (X == 1)
    assert (is_on_face.sum(axis=1) == 1).all()
    expected = 7100 / X.shape[1]
    assert abs(is_on_face.sum(axis=0) - expected).max() < 5 * np.sqrt(expected)


def test_long_helix():
    x, y, t, *rest = triples("m13b-spiral")
    np.testing.assert_allclose(x, 100 * np.cos(t), atol=1e-9)
    np.testing.assert_allclose(y, 100 * np.sin(t), atol=1e-9)
    assert not np.any(rest)


def test_beta_waves():
    X = points("mbeta").reshape(2000, 2, 2, 10)
    np.testing.assert_array_equal(X[:, 0], X[:, 1])
    x = np.random.RandomState(0).beta(10, 0.5, size=(2000, 10))
    np.testing.assert_allclose(X[:, 0, 0], x * np.sin(np.cos(2 * np.pi * x)))
    np.testing.assert_allclose(X[:, 0, 1], x * np.cos(np.sin(2 * np.pi * x)))


@pytest.mark.parametrize("name", ["mn1-nonlinear", "mn2-nonlinear"])
def test_tangents_can_be_undone(name):
    d = DIMENSIONS[name][0]
    X = points(name).reshape(2000, 2, 2, d)
    np.testing.assert_array_equal(X[:, 0], X[:, 1])
    across, along = np.arctan(X[:, 0, 0]), np.tan(X[:, 0, 1])[:, ::-1]
    u = np.hypot(across, along)  # u_i cos u_j and u_i sin u_j
    np.testing.assert_allclose(across, u * np.cos(u[:, ::-1]), atol=1e-10)
    assert kstest(u[:, 0], "uniform").pvalue > 0.01


@pytest.mark.parametrize("name", ["mp1-paraboloid", "mp3-paraboloid"])
def test_paraboloids(name):
    d = DIMENSIONS[name][0]
    y, wave, square = np.split(points(name), 3, axis=1)
    np.testing.assert_allclose(y[:, -1], np.square(y[:, :-1]).sum(axis=1))
    np.testing.assert_array_equal(wave, np.sin(y))
    np.testing.assert_array_equal(square, y**2)
    assert y.shape[1] == d + 1
    # E_i / E_0 of exponential draws makes 1 / (1 + ratio) uniform
    assert kstest(y[:, 0], "uniform").pvalue > 0.01


# --- any dimension in any number of features ----------------------------------------


@each_maker
def test_makers_say_what_they_make(make):
    manifold = make(60, 4, 9, noise=0.1, random_state=0)
    kind = make.__name__.split("_")[1]
    assert manifold.name == f"{kind}-4-in-9"
    assert manifold.X.shape == (60, 9)
    assert manifold.intrinsic_dimension == 4
    assert manifold.embedding_dimension == (5 if make is make_sphere else 4)
    np.testing.assert_array_equal(
        make(60, 4, 9, noise=0.1, random_state=0).X, manifold.X
    )
    assert (make(60, 4, 9, noise=0.1, random_state=1).X != manifold.X).any()


@each_maker
@pytest.mark.parametrize("d", [1, 2, 4])
def test_makers_have_the_dimension(make, d):
    X = make(2000, d, 24, random_state=d).X
    e = estimate_dimension(X)
    assert e.two_nn == pytest.approx(d, rel=0.15)
    assert e.levina_bickel == pytest.approx(d, rel=0.15)


def spectrum(X):
    return np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2


@pytest.mark.parametrize("d", [1, 3, 8])
def test_linear_manifolds_have_even_variances(d):
    values = spectrum(make_linear_manifold(4000, d, 20, random_state=0).X) / 4000
    np.testing.assert_allclose(values[:d], 1, rtol=0.15)
    assert values[d:].max() < 1e-20


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
def test_smooth_manifolds_are_not_linear(d, seed):
    values = spectrum(make_smooth_manifold(1000, d, 40, random_state=seed).X)
    share = values.cumsum() / values.sum()
    assert 0.5 < share[d - 1] < 0.97
    assert share[2 * d + 1] < 0.9999


@pytest.mark.parametrize("make", [make_smooth_manifold, make_linear_manifold])
def test_more_points_are_of_the_same_manifold(make):
    few, many = (make(n, 2, 20, random_state=0).X for n in (50, 80))
    np.testing.assert_allclose(many[:50], few, atol=1e-12)


def test_spheres_are_rotated_into_more_features():
    X = make_sphere(500, 3, 12, random_state=0).X
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-12)
    assert np.linalg.matrix_rank(X) == 4
    assert X.std(axis=0).min() > 0.01
    np.testing.assert_array_equal(
        make_sphere(500, random_state=0).X,
        make_manifold("sphere", 500, random_state=0).X,
    )


@pytest.mark.parametrize(("make", "needed"), [*zip(MAKERS, [5, 5, 6], strict=True)])
def test_too_few_features(make, needed):
    with pytest.raises(ValueError, match=f"needs at least {needed}. Raise n_features"):
        make(10, 5, needed - 1)
    assert make(10, 5, needed, random_state=0).n_features == needed


# --- the suite ----------------------------------------------------------------------


def test_suite_is_wide():
    suite = list(manifold_suite(50))
    names = [manifold.name for manifold in suite]
    assert len(set(names)) == len(names) == 37
    assert {len(manifold.X) for manifold in suite} == {50}
    d = {manifold.intrinsic_dimension for manifold in suite}
    D = {manifold.n_features for manifold in suite}
    assert (min(d), max(d), min(D), max(D)) == (1, 12, 3, 72)
    assert {manifold.noise for manifold in suite} == {0.0, 0.01, 0.05, 0.1}
    for manifold in suite:
        d, e = manifold.intrinsic_dimension, manifold.embedding_dimension
        assert d <= e <= min(2 * d, manifold.n_features)


def test_suite_is_reproducible():
    def stacked(**kwargs):
        return np.concatenate([m.X.ravel() for m in manifold_suite(20, **kwargs)])

    np.testing.assert_array_equal(stacked(), stacked(random_state=0))
    assert (stacked(random_state=1) != stacked()).mean() > 0.9


def test_suite_checks_at_once():
    with pytest.raises(ValueError, match="'n_samples' parameter"):
        manifold_suite(0)
