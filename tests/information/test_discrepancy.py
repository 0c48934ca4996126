import numpy as np
import pytest
import torch
from helpers.data import normal

from skae.exceptions import UnknownNameError
from skae.information import (
    coverage,
    knn_kl,
    knn_kl_floor,
    mmd2,
    resolve_bandwidth,
)
from skae.information._kernels import KERNELS

DEFINITIONS = {
    "gaussian": lambda d2, sigma: np.exp(-d2 / (2 * sigma**2)),
    "imq": lambda d2, sigma: 2 * sigma**2 / (2 * sigma**2 + d2),
}
each_kernel = pytest.mark.parametrize("kernel", sorted(KERNELS))
each_measure = pytest.mark.parametrize("measure", [mmd2, knn_kl, coverage])


def double_loop(X, Y, kernel, sigma, biased=False):
    def mean(A, B, with_itself):
        values = [
            DEFINITIONS[kernel](np.sum((a - b) ** 2), sigma)
            for i, a in enumerate(A)
            for j, b in enumerate(B)
            if with_itself or i != j
        ]
        return np.mean(values)

    return mean(X, X, biased) + mean(Y, Y, biased) - 2 * mean(X, Y, True)


# --- maximum mean discrepancy -------------------------------------------------------


@each_kernel
@pytest.mark.parametrize("bandwidth", [0.7, "median", "knn"])
def test_mmd_is_the_double_loop(kernel, bandwidth):
    X, Y = normal(20, 3), 1.5 * normal(13, 3, seed=1) + 0.5
    sigma = resolve_bandwidth(np.vstack([X, Y]), bandwidth)
    value = mmd2(X, Y, kernel=kernel, bandwidth=bandwidth)
    assert value == pytest.approx(double_loop(X, Y, kernel, sigma), abs=1e-13)


@each_kernel
def test_mmd_by_blocks_is_that_of_whole_matrices(kernel):
    X, Y = normal(1500, 2), normal(2100, 2, seed=1) + 0.3

    def gram(A, B):
        d2 = ((A[:, None] - B) ** 2).sum(-1)
        return DEFINITIONS[kernel](d2, 0.8)

    def within(A):
        K = gram(A, A)
        return (K.sum() - np.trace(K)) / (len(A) * (len(A) - 1))

    expected = within(X) + within(Y) - 2 * gram(X, Y).mean()
    value = mmd2(X, Y, kernel=kernel, bandwidth=0.8)
    assert value == pytest.approx(expected, abs=1e-12)


@each_kernel
def test_mmd_has_no_bias_where_the_v_statistic_has_a_floor(kernel):
    n, rng = 32, np.random.default_rng(0)
    pairs = rng.normal(size=(200, 2, n, 3))
    values = [mmd2(X, Y, kernel=kernel, bandwidth=1.5) for X, Y in pairs]
    standard_error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * standard_error
    assert min(values) < 0 < max(values)
    # the diagonals' share, 2 (1 - mean k) / n, is far above that
    floor = np.mean(
        [double_loop(*pair, kernel, 1.5, biased=True) for pair in pairs[:5]]
    )
    assert 0.5 < floor * n < 2
    assert floor > 20 * standard_error


def test_mmd_has_the_closed_form_of_normal_laws():
    # E k of normal laws: a Gaussian kernel convolved with a normal density
    shift, sigma = 0.7, 1.3
    X, Y = normal(4000, 1), normal(4000, 1, seed=1) + shift
    v = 2 + sigma**2
    expected = 2 * sigma / np.sqrt(v) * (1 - np.exp(-(shift**2) / (2 * v)))
    assert mmd2(X, Y, bandwidth=sigma) == pytest.approx(expected, rel=0.1)


@each_kernel
def test_mmd_grows_with_the_distance_of_the_laws(kernel):
    X, Y = normal(500, 3), normal(500, 3, seed=1)
    values = [mmd2(X, Y + s, kernel=kernel, bandwidth=2.0) for s in (0, 0.5, 1, 3)]
    assert values == sorted(values)
    assert abs(values[0]) < 0.01
    assert values[1] > 0.02


def test_mmd_is_symmetric_and_follows_the_scale_of_the_data():
    X, Y = normal(50, 3), normal(70, 3, seed=1) + 0.5
    value = mmd2(X, Y)
    assert mmd2(Y, X) == pytest.approx(value, abs=1e-13)
    for scale in (1e-200, 1e-3, 1e200):
        assert mmd2(scale * X, scale * Y) == pytest.approx(value, abs=1e-9)
    assert mmd2(X + 1e6, Y + 1e6) == pytest.approx(value, abs=1e-6)


def test_mmd_of_constant_samples():
    assert mmd2(np.ones((5, 2)), np.ones((4, 2))) == 0.0
    assert mmd2(np.ones((5, 2)), 9 + np.ones((5, 2)), bandwidth=0.1) == 2.0


def test_a_pair_is_needed():
    with pytest.raises(ValueError, match="Y has 1 sample"):
        mmd2(normal(5, 2), normal(1, 2))


def test_unknown_kernels_are_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'gaussian'"):
        mmd2(normal(5, 2), normal(5, 2), kernel="gausian")
    with pytest.raises(UnknownNameError, match="'median'"):
        mmd2(normal(5, 2), normal(5, 2), bandwidth="mean")


# --- Kullback-Leibler divergence ----------------------------------------------------


def knn_kl_by_loops(X, Y, k):
    n, d = X.shape
    total = 0.0
    for i in range(n):
        rho = sorted(np.linalg.norm(np.delete(X, i, 0) - X[i], axis=1))[k - 1]
        nu = sorted(np.linalg.norm(Y - X[i], axis=1))[k - 1]
        total += np.log(nu / rho)
    return d / n * total + np.log(len(Y) / (n - 1))


@pytest.mark.parametrize("k", [1, 5])
def test_knn_kl_is_its_definition(k):
    X, Y = normal(30, 3), 2 * normal(40, 3, seed=1) + 1
    assert knn_kl(X, Y, k=k) == pytest.approx(knn_kl_by_loops(X, Y, k), abs=1e-12)


@pytest.mark.parametrize(
    ("d", "shift", "std"), [(1, 1.0, 1.0), (2, 1.0, 1.0), (1, 0.5, 2.0), (2, 0.5, 2.0)]
)
def test_knn_kl_of_normal_laws(d, shift, std):
    # one estimate has a standard deviation of 5 %, so a mean of four
    pairs = np.random.default_rng(0).normal(size=(4, 2, 4000, d))
    estimates = [knn_kl(X, shift + std * Y) for X, Y in pairs]
    expected = d * (np.log(std) + (1 + shift**2) / (2 * std**2) - 0.5)
    assert np.mean(estimates) == pytest.approx(expected, rel=0.1)


def test_knn_kl_of_one_law_is_near_zero():
    X, Y = normal(4000, 2), normal(4000, 2, seed=1)
    assert abs(knn_kl(X, Y)) < 0.05
    assert abs(knn_kl_floor(X)) < 0.05


def test_knn_kl_is_directed():
    narrow, wide = normal(2000, 1), 3 * normal(2000, 1, seed=1)
    assert knn_kl(narrow, wide) < knn_kl(wide, narrow) - 0.3


def test_knn_kl_does_not_depend_on_the_scale():
    X, Y = normal(50, 3), normal(70, 3, seed=1) + 0.5
    for scale in (1e-200, 1e-3, 1e200):
        assert knn_kl(scale * X, scale * Y) == pytest.approx(knn_kl(X, Y), abs=1e-9)


def test_knn_kl_of_a_manifold_grows_with_the_sample():
    def kl(n):
        flat = np.column_stack([normal(n, 2), np.zeros(n)])
        return knn_kl(flat, normal(n, 3, seed=1))

    assert kl(250) + 0.5 < kl(4000)


def test_knn_kl_of_duplicates_is_finite():
    X, Y = np.repeat(normal(10, 2), 8, axis=0), normal(80, 2, seed=1)
    assert np.isfinite(knn_kl(X, Y))
    assert np.isfinite(knn_kl(Y, X))
    assert knn_kl(X, X) == pytest.approx(np.log(80 / 79))
    assert np.isfinite(knn_kl(np.ones((9, 2)), np.ones((9, 2))))


def test_the_floor_is_the_estimate_between_two_halves():
    X = normal(101, 2)
    assert knn_kl_floor(X) == knn_kl_floor(X, random_state=0)
    assert knn_kl_floor(X) != knn_kl_floor(X, random_state=1)
    assert knn_kl_floor(X, k=3) != knn_kl_floor(X)


# --- coverage -----------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 5])
def test_coverage_of_one_law_has_its_closed_form(k):
    X, Y = normal(3000, 2), normal(3000, 2, seed=1)
    assert coverage(X, Y, k=k) == pytest.approx(1 - 2.0**-k, abs=0.03)


def test_coverage_of_the_data_themselves_and_of_something_else():
    X = normal(100, 3)
    assert coverage(X, X) == 1.0
    assert coverage(X, X + 100) == 0.0


def test_coverage_sees_dropped_modes_but_not_bad_draws():
    modes = np.vstack([normal(300, 2), normal(300, 2, seed=1) + 50])
    one_mode = normal(600, 2, seed=2)
    assert coverage(modes, one_mode) == pytest.approx(0.5, abs=0.02)
    rubbish = np.vstack([modes, normal(100, 2, seed=3) - 500])
    assert coverage(modes, rubbish) == 1.0


# --- all of them --------------------------------------------------------------------


@each_measure
def test_arrays_tensors_and_sequences_are_samples(measure):
    X, Y = normal(40, 6), normal(50, 6, seed=1)
    value = measure(X, Y)
    assert type(value) is float
    assert measure(torch.tensor(X), torch.tensor(Y)) == value
    assert measure(X.tolist(), Y.reshape(50, 3, 2)) == value


@each_measure
def test_samples_in_different_spaces_are_refused(measure):
    with pytest.raises(ValueError, match="X has 2 features and Y has 3"):
        measure(normal(20, 2), normal(20, 3))
    with pytest.raises(ValueError, match="Y has 1 values that are NaN"):
        measure(normal(20, 1), np.array([[np.nan]] * 1))


@pytest.mark.parametrize("k", [0, 5])
def test_too_many_neighbors_are_refused(k):
    X, Y = normal(5, 2), normal(20, 2)
    for measure in (knn_kl, coverage):
        with pytest.raises(
            ValueError, match=rf"k={k}: .* 4 neighbours .* X\. .*1 to 4"
        ):
            measure(X, Y, k=k)
    with pytest.raises(ValueError, match="half of X"):
        knn_kl_floor(normal(11, 2), k=k)
    with pytest.raises(ValueError, match="in Y"):
        knn_kl(Y, X, k=6)
