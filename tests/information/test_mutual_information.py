import dataclasses
import itertools
import math
from importlib.resources import files

import numpy as np
import pytest
import torch
from helpers.data import normal, related
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.exceptions import UnknownNameError
from skae.information import (
    joint_entropy,
    mutual_information,
    rbf_gram,
    renyi_entropy,
    resolve_bandwidth,
)

ALPHAS = [0.5, 1, 1.01, 2, 5]
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 30)
few_examples = settings(max_examples=20, deadline=None)


def as_array(result):
    return np.array(dataclasses.astuple(result))


def from_gram_matrices(X, Z, alpha, bandwidth):
    K, L = rbf_gram(X, bandwidth), rbf_gram(Z, bandwidth)
    x, z = renyi_entropy(K, alpha), renyi_entropy(L, alpha)
    return (x + z - joint_entropy(K, L, alpha=alpha)).item()


# --- the definition -----------------------------------------------------------------


@pytest.mark.parametrize("bandwidth", ["median", "knn", 0.3, 1.0])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_information_is_the_sum_of_its_parts(alpha, bandwidth):
    X, Z = related(80)
    result = mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    expected = from_gram_matrices(X, Z, alpha, bandwidth)
    assert float(result) == pytest.approx(expected, abs=1e-12)
    parts = result.entropy_x + result.entropy_z - result.joint_entropy
    assert float(result) == result.mutual_information == parts
    assert result.bandwidth_x == resolve_bandwidth(X, bandwidth)
    assert result.bandwidth_z == resolve_bandwidth(Z, bandwidth)


@pytest.mark.parametrize("n", [1024, 2500])
def test_blocks_give_the_information_of_the_whole_matrices(n):
    X, Z = related(n)
    expected = from_gram_matrices(X, Z, 2, "median")
    assert float(mutual_information(X, Z)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [5, 200])
def test_order_two_is_the_eigenvalue_definition(n):
    X, Z = related(n)
    result = mutual_information(X, Z)
    K, L = (rbf_gram(A).numpy() / n for A in (X, Z))
    spectra = [np.linalg.eigvalsh(A) for A in (K, L, n * K * L)]
    expected = [-math.log((spectrum**2).sum()) for spectrum in spectra]
    np.testing.assert_allclose(as_array(result)[1:4], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bandwidth", ["median", 1.0])
def test_information_is_continuous_at_order_one(bandwidth):
    X, Z = related(60)
    below, one, above = (
        float(mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth))
        for alpha in (0.9999, 1, 1.0001)
    )
    assert below == pytest.approx(one, abs=1e-3)
    assert above == pytest.approx(one, abs=1e-3)
    assert (below + above) / 2 == pytest.approx(one, abs=1e-6)


def test_each_variable_may_have_its_own_bandwidth():
    X, Z = related(50)
    result = mutual_information(X, Z, bandwidth=("knn", 2))
    assert result.bandwidth_x == resolve_bandwidth(X, "knn")
    assert result.bandwidth_z == 2.0
    assert result == mutual_information(X, Z, bandwidth=[result.bandwidth_x, 2.0])


def test_results_are_frozen_python_floats():
    X, Z = related(10)
    for alpha in (1, 2):
        result = mutual_information(X, Z, alpha=alpha)
        assert all(type(value) is float for value in dataclasses.astuple(result))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.entropy_x = 1.0


# --- invariances --------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [1.01, 2])
@pytest.mark.parametrize("bandwidth", ["median", "knn"])
@given(seed=seeds, exponent=st.floats(-150, 150))
@few_examples
def test_named_bandwidths_make_information_scale_free(alpha, bandwidth, seed, exponent):
    X, Z = related(40, seed)
    plain = mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    scaled = mutual_information(X, 10**exponent * Z, alpha=alpha, bandwidth=bandwidth)
    assert float(scaled) == pytest.approx(float(plain), rel=1e-9)


@pytest.mark.parametrize("alpha", [1.01, 2])
@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0])
def test_information_is_invariant(alpha, bandwidth):
    X, Z = related(100)

    def information(X, Z):
        return float(mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth))

    order = np.random.default_rng(2).permutation(100)
    rotation, _ = np.linalg.qr(normal(3, 3))
    expected = pytest.approx(information(X, Z), rel=1e-9)
    assert information(X[order], Z[order]) == expected
    assert information(X @ rotation, Z) == expected
    assert information(X + 100.0, Z - 3.0) == expected
    assert information(Z, X) == expected


@pytest.mark.parametrize("alpha", [1.01, 2])
def test_information_is_the_same_for_all_kinds_of_input(alpha):
    X, Z = (np.round(8 * A) for A in related(30))
    expected = as_array(mutual_information(X, Z, alpha=alpha))
    for convert in (
        lambda A: A.astype(np.float32),
        lambda A: A.astype(int),
        torch.tensor,
        lambda A: torch.tensor(A, dtype=torch.float32, requires_grad=True),
        lambda A: torch.tensor(A).to(torch.int32),
    ):
        result = mutual_information(convert(X), convert(Z), alpha=alpha)
        np.testing.assert_allclose(as_array(result), expected, rtol=1e-12)


def test_windows_count_as_flat_rows():
    X, Z = normal(30, 5, 2), normal(30, 2)
    assert mutual_information(X, Z) == mutual_information(X.reshape(30, 10), Z)


# --- bounds -------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=seeds, n=sizes, d=st.integers(1, 10), sigma=st.floats(0.05, 20))
@few_examples
def test_information_is_at_most_either_entropy(alpha, seed, n, d, sigma):
    X, Z = normal(n, 3, seed=seed), normal(n, d, seed=seed + 1)
    result = mutual_information(X, Z, alpha=alpha, bandwidth=(1.0, sigma))
    assert float(result) <= min(result.entropy_x, result.entropy_z) + 1e-9
    assert result.joint_entropy <= math.log(n) + 1e-12


@given(seed=seeds, n=sizes, sigma=st.floats(0.05, 20))
@few_examples
def test_information_of_order_one_is_not_negative(seed, n, sigma):
    X, Z = normal(n, 3, seed=seed), normal(n, 2, seed=seed + 1)
    assert float(mutual_information(X, Z, alpha=1, bandwidth=(1.0, sigma))) >= -1e-9


def test_information_of_order_two_may_be_negative():
    # The two large classes never meet: 30 samples are 0 in X, the 30 others in Z.
    X, Z = np.zeros((2, 60, 1))
    X[30:, 0] = Z[:30, 0] = 1000 * np.arange(1, 31)
    exact = math.log(60**2 * 60 / (30**2 + 30) ** 2)
    assert exact < -1
    assert float(mutual_information(X, Z, bandwidth=1.0)) == pytest.approx(exact)
    assert float(mutual_information(X, Z, alpha=1, bandwidth=1.0)) > 0


@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_constant_code_has_no_information_at_all(alpha, bandwidth):
    X, Z = normal(100, 3), np.full((100, 2), 0.1)
    result = mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    assert float(result) == result.entropy_z == 0


@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_one_sample_has_no_information(alpha, bandwidth):
    result = mutual_information([[1.0, 2.0]], [[3.0]], alpha=alpha, bandwidth=bandwidth)
    assert not as_array(result)[:4].any()


@given(seed=seeds, n=sizes, exponent=st.floats(-3, 3), alpha=st.sampled_from(ALPHAS))
@few_examples
def test_information_is_symmetric_and_free_of_rotation_and_order(
    seed, n, exponent, alpha
):
    X, Z = normal(n, 3, seed=seed), 10**exponent * normal(n, 2, seed=seed + 1)
    rotation, _ = np.linalg.qr(normal(2, 2, seed=seed))
    order = np.random.default_rng(seed).permutation(n)
    # Orders below 1 see eigenvalues at the level of rounding.
    expected = pytest.approx(
        float(mutual_information(X, Z, alpha=alpha)), abs=1e-4 if alpha < 1 else 1e-8
    )
    assert float(mutual_information(Z, X, alpha=alpha)) == expected
    assert float(mutual_information(X, Z @ rotation, alpha=alpha)) == expected
    assert float(mutual_information(X[order], Z[order], alpha=alpha)) == expected


# --- without the bias of finite samples ---------------------------------------------


def by_pairs(X, Z, sigma_x, sigma_z):
    """Debiased information, one pair of distinct rows at a time."""
    sums = np.zeros(3)
    for i, j in itertools.permutations(range(len(X)), 2):
        k = math.exp(-(math.dist(X[i], X[j]) ** 2) / (2 * sigma_x**2))
        m = math.exp(-(math.dist(Z[i], Z[j]) ** 2) / (2 * sigma_z**2))
        sums += k**2, m**2, k**2 * m**2
    x, z, xz = sums / (len(X) * (len(X) - 1))
    return math.log(xz / (x * z)), -math.log(x), -math.log(z), -math.log(xz)


@given(seed=seeds, n=st.integers(2, 12), sigma=st.floats(0.3, 5))
@few_examples
def test_debiased_information_is_its_definition(seed, n, sigma):
    X, Z = related(n, seed)
    result = mutual_information(X, Z, bandwidth=(1.0, sigma), debiased=True)
    expected = by_pairs(X, Z, 1.0, sigma)
    np.testing.assert_allclose(as_array(result)[:4], expected, rtol=0, atol=1e-9)


def test_blocks_give_the_debiased_information_of_the_whole_matrices():
    n = 700
    X, Z = related(n)
    K, L = (rbf_gram(A).numpy() ** 2 for A in (X, Z))
    others = ~np.eye(n, dtype=bool)
    x, z, xz = (A[others].mean() for A in (K, L, K * L))
    result = mutual_information(X, Z, debiased=True)
    assert float(result) == pytest.approx(math.log(xz / (x * z)), abs=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5, 16, 50])
@pytest.mark.parametrize("seed", range(3))
def test_noise_has_no_debiased_information(d, seed):
    X = np.tanh(normal(400, 3, seed=seed) @ normal(3, 32, seed=1))
    noise = normal(400, d, seed=seed + 100)
    assert abs(float(mutual_information(X, noise, debiased=True))) <= 0.03
    assert float(mutual_information(X, X[:, :3], debiased=True)) > 0.15


def test_debiased_information_has_no_bias():
    found = []
    for seed in range(200):
        X, noise = normal(2, 60, 2, seed=seed)
        plain, debiased = (
            float(mutual_information(X, noise, bandwidth=0.7, debiased=debiased))
            for debiased in (False, True)
        )
        found.append((plain, debiased))
    plain, debiased = np.mean(found, axis=0)
    assert plain > 0.5
    assert abs(debiased) < 0.03


def test_debiased_entropies_know_no_ceiling():
    X = normal(50, 16)
    result = mutual_information(X, X, bandwidth=1.0, debiased=True)
    assert result.entropy_x > math.log(50) + 1


def test_debiased_information_of_a_constant_code_is_nothing_at_all():
    result = mutual_information(normal(300, 3), np.full((300, 2), 0.1), debiased=True)
    assert float(result) == result.entropy_z == 0


def test_no_two_rows_alike_have_an_infinite_debiased_entropy():
    X, Z = 1000 * normal(5, 2), normal(5, 2, seed=1)
    result = mutual_information(X, Z, bandwidth=(1.0, "median"), debiased=True)
    assert result.entropy_x == result.joint_entropy == math.inf
    assert math.isnan(float(result))


@pytest.mark.parametrize(("alpha", "n"), [(1, 10), (1.01, 10), (2, 1)])
def test_only_order_two_of_several_rows_can_be_debiased(alpha, n):
    with pytest.raises(ValueError, match="debiased=True with alpha="):
        mutual_information(normal(n, 2), normal(n, 2), alpha=alpha, debiased=True)


# --- what the value means -----------------------------------------------------------


@pytest.mark.parametrize(("k", "s"), [(1, 1.0), (2, 1.0), (3, 0.5), (6, 0.3)])
def test_entropy_of_a_gaussian_code_grows_linearly_in_its_dimensions(k, s):
    sigma = 1.5
    entropies = [
        mutual_information(Z, Z, bandwidth=sigma, debiased=True).entropy_x
        for Z in (s * normal(1500, k, seed=seed) for seed in range(4))
    ]
    expected = k / 2 * math.log(1 + 4 * s**2 / sigma**2)
    assert np.mean(entropies) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("d", [1, 2, 5, 16, 50])
@pytest.mark.parametrize("seed", range(3))
def test_noise_scores_near_zero_with_the_median_bandwidth(d, seed):
    X = np.tanh(normal(400, 3, seed=seed) @ normal(3, 32, seed=1))
    noise = normal(400, d, seed=seed + 100)
    assert abs(float(mutual_information(X, noise))) <= 0.03
    assert float(mutual_information(X, X[:, :3])) > 0.15


@pytest.mark.parametrize("d", [16, 50])
def test_noise_scores_the_most_with_a_fixed_bandwidth(d):
    X = 0.3 * normal(400, 3)
    result = mutual_information(X, normal(400, d, seed=1), bandwidth=1.0)
    assert float(result) == pytest.approx(result.entropy_x, rel=0.02)
    assert float(result) > float(mutual_information(X, X, bandwidth=1.0))


def airline_windows():
    """Return the windows of ten months of the series, scaled to [0, 1]."""
    lines = (files("skae.datasets") / "data/airline-passengers.csv").read_text().split()
    series = np.array([float(line.split(",")[1]) for line in lines[1:]])
    series = (series - series.min()) / np.ptp(series)
    return np.lib.stride_tricks.sliding_window_view(series, 10)


def test_airline_windows_at_bandwidth_one_have_a_known_entropy():
    W = airline_windows()
    result = mutual_information(W, normal(135, 42), alpha=2, bandwidth=1.0)
    assert W.shape == (135, 10)
    assert result.entropy_x == pytest.approx(0.628, abs=5e-4)
    # The failure of a fixed bandwidth: 42 dimensions of noise score all there is.
    assert float(result) == pytest.approx(result.entropy_x, abs=1e-6)
    assert abs(float(mutual_information(W, normal(135, 42)))) < 0.03


def test_noise_scores_more_at_a_finer_resolution():
    X = np.tanh(normal(400, 3) @ normal(3, 32, seed=1))
    noise = normal(400, 3, seed=2)
    assert float(mutual_information(X, noise, alpha=1.01)) > 0.05
    assert float(mutual_information(X, noise, bandwidth="knn")) > 0.5


# --- errors -------------------------------------------------------------------------


def test_samples_must_be_paired():
    with pytest.raises(ValueError, match="X has 4 samples and Z has 5"):
        mutual_information(normal(4, 2), normal(5, 2))


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"Z has shape \(4,\)"):
        mutual_information(normal(4, 2), normal(4))
    with pytest.raises(ValueError, match="X has 8 values that are NaN"):
        mutual_information(np.full((4, 2), np.nan), normal(4, 2))
    with pytest.raises(ValueError, match="alpha=0"):
        mutual_information(normal(4, 2), normal(4, 2), alpha=0)
    with pytest.raises(UnknownNameError, match="silverman"):
        mutual_information(normal(4, 2), normal(4, 2), bandwidth="silverman")
    with pytest.raises(ValueError, match="a pair"):
        mutual_information(normal(4, 2), normal(4, 2), bandwidth=(1.0, 2.0, 3.0))


@pytest.mark.gpu
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0])
def test_information_on_a_gpu_is_the_same(alpha, bandwidth):
    X, Z = map(torch.from_numpy, related(1500 if alpha == 2 else 200))
    expected = mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    result = mutual_information(X.cuda(), Z, alpha=alpha, bandwidth=bandwidth)
    # Orders below 1 see eigenvalues at the level of rounding.
    tolerance = 1e-4 if alpha < 1 else 1e-9
    np.testing.assert_allclose(as_array(result), as_array(expected), atol=tolerance)
