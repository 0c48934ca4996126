import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from helpers.data import normal, related, surface
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.exceptions import UnknownNameError
from skae.information import joint_entropy, mutual_information, rbf_gram
from skae.information._adjusted import adjusted_mutual_information

ALPHAS = [0.5, 1, 1.01, 2, 5]
seeds = st.integers(0, 2**32 - 1)
few_examples = settings(max_examples=15, deadline=None)


# --- the definition -----------------------------------------------------------------


@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0, ("knn", 2.0)])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_adjusted_information_is_made_of_its_parts(alpha, bandwidth):
    X, Z = related(60)
    result = adjusted_mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    plain = mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
    for name, value in dataclasses.asdict(plain).items():
        assert getattr(result, name) == pytest.approx(value, abs=1e-12)
    room = min(result.entropy_x, result.entropy_z) - result.null
    expected = (result.mutual_information - result.null) / room
    assert float(result) == result.adjusted_information == expected
    assert all(type(value) is float for value in dataclasses.astuple(result))


def by_permutations(X, Z, alpha, orders):
    """Return the mean information of X and shuffled Z, one shuffle at a time."""
    shuffled = (mutual_information(X, Z[list(order)], alpha=alpha) for order in orders)
    return np.mean([float(result) for result in shuffled])


@pytest.mark.parametrize("alpha", [1, 1.01])
def test_the_null_is_the_mean_information_of_shuffled_rows(alpha):
    X, Z = related(40)
    rng = np.random.RandomState(7)
    expected = by_permutations(X, Z, alpha, [rng.permutation(40) for _ in range(6)])
    result = adjusted_mutual_information(
        X, Z, alpha=alpha, n_permutations=6, random_state=7
    )
    assert result.null == pytest.approx(expected, abs=1e-12)


def test_of_order_two_the_null_is_that_of_all_permutations():
    X, Z = related(5)
    K, L = rbf_gram(X).numpy() ** 2, rbf_gram(Z).numpy() ** 2
    collisions = [
        (K * L[np.ix_(order, order)]).mean()
        for order in map(list, itertools.permutations(range(5)))
    ]
    result = adjusted_mutual_information(X, Z, alpha=2)
    joint = result.entropy_x + result.entropy_z - result.null
    assert joint == pytest.approx(-math.log(np.mean(collisions)), abs=1e-12)


def test_of_order_two_the_null_is_close_to_a_mean_over_shuffles():
    X, Z = surface(400), normal(400, 3, seed=5)
    orders = [np.random.default_rng(seed).permutation(400) for seed in range(30)]
    expected = by_permutations(X, Z, 2, orders)
    result = adjusted_mutual_information(X, Z, alpha=2)
    assert result.null == pytest.approx(expected, abs=0.002)


def test_permutations_depend_on_the_seed_alone():
    X, Z = related(30)

    def null(**params):
        return adjusted_mutual_information(X, Z, alpha=1, **params).null

    assert null() == null() == null(random_state=0) != null(random_state=1)
    assert null(random_state=np.random.RandomState(3)) == null(random_state=3)
    assert null(n_permutations=3) != null()
    K, L = rbf_gram(X), rbf_gram(Z)
    order = np.random.RandomState(3).permutation(30)
    expected = joint_entropy(K, L[order][:, order], alpha=1).item()
    result = adjusted_mutual_information(
        X, Z, alpha=1, n_permutations=1, random_state=3
    )
    joint = result.entropy_x + result.entropy_z - result.null
    assert joint == pytest.approx(expected, abs=1e-12)


# --- bounds and invariances ---------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=seeds, n=st.integers(1, 25), d=st.integers(1, 5), sigma=st.floats(0.05, 20))
@few_examples
def test_adjusted_information_is_finite_and_at_most_one(alpha, seed, n, d, sigma):
    X, Z = normal(n, 3, seed=seed), normal(n, d, seed=seed + 1)
    for bandwidth in ("median", "knn", sigma):
        result = adjusted_mutual_information(
            X, Z, alpha=alpha, bandwidth=bandwidth, n_permutations=2
        )
        assert np.isfinite(dataclasses.astuple(result)).all()
        assert float(result) <= 1 + 1e-9


@pytest.mark.parametrize("alpha", [1.01, 2])
@given(seed=seeds, exponent=st.floats(-50, 50))
@few_examples
def test_adjusted_information_is_free_of_scale_and_rotation(alpha, seed, exponent):
    X, Z = related(40, seed)
    rotation, _ = np.linalg.qr(normal(2, 2, seed=seed))
    moved = 10**exponent * (Z @ rotation)
    plain, other = (
        float(adjusted_mutual_information(X, A, alpha=alpha)) for A in (Z, moved)
    )
    assert other == pytest.approx(plain, abs=1e-8)


@given(seed=seeds)
@few_examples
def test_order_two_is_symmetric_and_blind_to_the_order_of_rows(seed):
    X, Z = related(40, seed)
    order = np.random.default_rng(seed).permutation(40)
    expected = float(adjusted_mutual_information(X, Z, alpha=2))
    for pair in ((Z, X), (X[order], Z[order])):
        found = float(adjusted_mutual_information(*pair, alpha=2))
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0])
def test_a_collapsed_code_has_nothing(alpha, bandwidth):
    X = normal(50, 3)
    for Z in (np.full((50, 2), 0.1), np.zeros((50, 1))):
        result = adjusted_mutual_information(X, Z, alpha=alpha, bandwidth=bandwidth)
        assert float(result) == 0


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_bandwidth_that_no_two_rows_are_within_shows_nothing(alpha):
    X = normal(50, 3)
    assert float(adjusted_mutual_information(X, X, alpha=alpha, bandwidth=1e-6)) == 0


# --- what the value means -----------------------------------------------------------


@pytest.mark.parametrize("bandwidth", ["median", "knn"])
@pytest.mark.parametrize("alpha", [1, 1.01, 2])
@pytest.mark.parametrize("d", [1, 3, 16, 50])
def test_noise_scores_nothing_at_any_resolution(alpha, bandwidth, d):
    X, noise = surface(400, seed=d), normal(400, d, seed=d + 100)
    result = adjusted_mutual_information(X, noise, alpha=alpha, bandwidth=bandwidth)
    assert abs(float(result)) <= 0.02


@pytest.mark.parametrize("alpha", [1, 1.01, 2])
def test_signal_scores_more_than_a_part_of_it_and_that_more_than_noise(alpha):
    T = normal(300, 3)
    X = np.tanh(T @ normal(3, 32, seed=1))
    whole, part, noise = (
        float(adjusted_mutual_information(X, Z, alpha=alpha))
        for Z in (T, T[:, :1], normal(300, 3, seed=9))
    )
    assert whole > 1.5 * part > 10 * abs(noise)


# --- input --------------------------------------------------------------------------


def test_tensors_and_windows_are_samples_too():
    X, Z = related(20)
    expected = adjusted_mutual_information(X, Z)
    assert adjusted_mutual_information(torch.tensor(X), torch.tensor(Z)) == expected
    assert adjusted_mutual_information(X[:, :, None], Z) == expected


@pytest.mark.parametrize("n_permutations", [0, -1, 2.5, None])
def test_permutations_are_a_positive_number(n_permutations):
    X, Z = related(10)
    with pytest.raises(ValueError, match=r"n_permutations=.* a positive integer"):
        adjusted_mutual_information(X, Z, n_permutations=n_permutations)


def test_errors_name_the_argument():
    X, Z = related(10)
    with pytest.raises(ValueError, match="X has 10 samples and Z has 9"):
        adjusted_mutual_information(X, Z[:9])
    with pytest.raises(ValueError, match="alpha=-1"):
        adjusted_mutual_information(X, Z, alpha=-1)
    with pytest.raises(UnknownNameError, match="silverman"):
        adjusted_mutual_information(X, Z, bandwidth="silverman")
