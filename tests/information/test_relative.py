import dataclasses

import numpy as np
import pytest
from helpers.data import normal, surface
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.information import mutual_information, resolve_bandwidth
from skae.information._relative import relative_information

ALPHAS = [1, 1.01, 2]
seeds = st.integers(0, 2**32 - 1)
few_examples = settings(max_examples=15, deadline=None)


def noisy(n=300, seed=0):
    return surface(n, seed) + 0.05 * normal(n, 32, seed=seed + 2)


def projected(X, k):
    """Return the reconstruction of PCA with k components."""
    mean = X.mean(0)
    U, s, V = np.linalg.svd(X - mean, full_matrices=False)
    return mean + U[:, :k] * s[:k] @ V[:k]


# --- the definition -----------------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bandwidth", ["median", "knn", 2.0])
def test_it_is_the_ratio_of_two_informations_under_one_kernel(alpha, bandwidth):
    X = noisy(100)
    X_hat = projected(X, 2)
    sigma = resolve_bandwidth(X, bandwidth)
    result = relative_information(X, X_hat, alpha=alpha, bandwidth=bandwidth)
    with_hat, with_itself = (
        float(mutual_information(X, A, alpha=alpha, bandwidth=sigma))
        for A in (X_hat, X)
    )
    assert result.bandwidth == sigma
    assert result.mutual_information == pytest.approx(with_hat, abs=1e-9)
    assert result.self_information == pytest.approx(with_itself, abs=1e-9)
    assert float(result) == pytest.approx(with_hat / with_itself, abs=1e-9)
    parts = result.entropy_x + result.entropy_z - result.joint_entropy
    assert result.mutual_information == parts
    assert all(type(value) is float for value in dataclasses.astuple(result))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_perfect_reconstruction_has_all_and_a_constant_one_nothing(alpha):
    X = noisy()
    perfect, constant = (
        float(relative_information(X, X_hat, alpha=alpha))
        for X_hat in (X, np.broadcast_to(X.mean(0), X.shape))
    )
    assert perfect == pytest.approx(1, abs=1e-12)
    assert constant == 0


@pytest.mark.parametrize("alpha", ALPHAS)
def test_it_grows_with_the_rank_and_saturates_at_the_true_dimension(alpha):
    X = noisy()
    shares = [
        float(relative_information(X, projected(X, k), alpha=alpha))
        for k in (1, 2, 3, 6, 12, 32)
    ]
    assert (np.diff(shares) > 0).all()
    assert shares[1] < 0.8 < 0.9 < shares[2]
    assert shares[-1] == pytest.approx(1, abs=1e-9)


# --- bounds -------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@given(
    seed=seeds,
    n=st.integers(2, 40),
    factor=st.floats(0, 20),
    noise=st.floats(0, 100),
    share=st.floats(0, 1),
)
@few_examples
def test_it_is_between_zero_and_one_for_any_reconstruction(
    alpha, seed, n, factor, noise, share
):
    X = noisy(n, seed)
    disturbed = normal(n, 1, seed=seed + 3) < share
    X_hat = factor * X + disturbed * noise * normal(n, 32, seed=seed + 4)
    found = float(relative_information(X, X_hat, alpha=alpha))
    assert found <= 1 + 1e-3
    # Of order 2 the information of a few unrelated rows may be negative.
    assert found >= (-0.2 if alpha == 2 else -1e-3)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("noise", [1, 10, 1e6, 1e200])
def test_an_exploded_reconstruction_loses(alpha, noise):
    X = noisy()
    exploded = X + noise * normal(300, 32, seed=5)
    stretched = float(relative_information(X, 1.05 * X, alpha=alpha))
    assert float(relative_information(X, exploded, alpha=alpha)) < 0.4
    assert 0.9 < stretched < 1
    # At the data's own bandwidth it would be as good as all the data's entropy.
    if noise == 1e6:
        sigma = resolve_bandwidth(X, "median")
        plain = mutual_information(X, exploded, alpha=alpha, bandwidth=sigma)
        assert float(plain) == pytest.approx(plain.entropy_x)
        assert float(relative_information(X, exploded, alpha=alpha)) < 1e-6


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=seeds, exponent=st.floats(-100, 100))
@few_examples
def test_it_is_free_of_units_and_rotation(alpha, seed, exponent):
    X = noisy(40, seed)
    X_hat = projected(X, 2)
    rotation, _ = np.linalg.qr(normal(32, 32, seed=seed))
    scale = 10**exponent
    expected = float(relative_information(X, X_hat, alpha=alpha))
    moved = relative_information(scale * X @ rotation, scale * X_hat, alpha=alpha)
    assert float(moved) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_constant_data_have_nothing_to_keep(alpha):
    constant = np.full((20, 3), 0.1)
    assert float(relative_information(constant, constant, alpha=alpha)) == 0
    assert float(relative_information(constant, normal(20, 3), alpha=alpha)) == 0
    assert float(relative_information([[1.0]], [[2.0]], alpha=alpha)) == 0


def test_it_is_blind_to_what_keeps_distances():
    X = noisy(100)
    assert float(relative_information(X, 3 - X)) == pytest.approx(1, abs=1e-9)


# --- errors -------------------------------------------------------------------------


def test_reconstructions_have_the_shape_of_the_data():
    with pytest.raises(ValueError, match="X has 3 features and X_hat has 2"):
        relative_information(normal(10, 3), normal(10, 2))
    with pytest.raises(ValueError, match="10 samples"):
        relative_information(normal(10, 3), normal(9, 3))


def test_there_is_one_bandwidth():
    with pytest.raises(ValueError, match=r"bandwidth=\(1.0, 2.0\): .* one kernel"):
        relative_information(normal(10, 3), normal(10, 3), bandwidth=(1.0, 2.0))


def test_other_arguments_out_of_range():
    with pytest.raises(ValueError, match="alpha=0"):
        relative_information(normal(10, 3), normal(10, 3), alpha=0)
    with pytest.raises(ValueError, match="NaN"):
        relative_information(normal(10, 3), np.full((10, 3), np.nan))
