import itertools
import math

import numpy as np
import pytest
import torch
from helpers.data import normal
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.information import joint_entropy, rbf_gram, renyi_entropy

ALPHAS = [0.5, 0.9999, 1, 1.01, 1.5, 2, 5, 50]
seeds = st.integers(0, 2**32 - 1)
few_examples = settings(max_examples=25, deadline=None)


def positive_semidefinite(n, seed):
    """Return a Gram matrix with a diagonal other than one."""
    G = normal(n, n + 1, seed=seed)
    return G @ G.T


def by_definition(K, alpha):
    """Entropy of a Gram matrix, one entry and one eigenvalue at a time."""
    n = len(K)
    A = np.empty((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        A[i, j] = K[i, j] / math.sqrt(K[i, i] * K[j, j]) / n
    eigenvalues = np.linalg.eigvalsh(A).clip(1e-300)
    if alpha == 1:
        return -sum(v * math.log(v) for v in eigenvalues)
    return math.log(sum(v**alpha for v in eigenvalues)) / (1 - alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=seeds, n=st.integers(1, 12))
@few_examples
def test_entropy_is_its_definition(alpha, seed, n):
    K = positive_semidefinite(n, seed)
    expected = by_definition(K, alpha)
    assert renyi_entropy(K, alpha).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [2, 30, 150])
@pytest.mark.parametrize("bandwidth", ["median", "knn", 0.1, 10.0])
def test_order_two_is_the_eigenvalue_definition(n, bandwidth):
    K = rbf_gram(normal(n, 4), bandwidth)
    expected = -math.log((np.linalg.eigvalsh(K.numpy() / n) ** 2).sum())
    assert renyi_entropy(K, 2).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=seeds, n=st.integers(1, 30), sigma=st.floats(0.01, 100))
@few_examples
def test_entropy_lies_between_zero_and_log_n(alpha, seed, n, sigma):
    S = renyi_entropy(rbf_gram(normal(n, 3, seed=seed), sigma), alpha).item()
    assert 0 <= S <= math.log(n) + 1e-15


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("n", [1, 2, 100])
def test_entropy_reaches_its_bounds(alpha, n):
    equal, different = renyi_entropy(np.ones((n, n)), alpha), renyi_entropy(np.eye(n))
    assert str(equal.item()) == "0.0"
    assert different.item() == pytest.approx(math.log(n), abs=1e-12)


@given(seed=seeds, n=st.integers(2, 30))
@few_examples
def test_entropy_falls_with_its_order(seed, n):
    K = rbf_gram(normal(n, 3, seed=seed))
    entropies = [renyi_entropy(K, alpha).item() for alpha in ALPHAS]
    assert (np.diff(entropies) <= 1e-12).all()


@pytest.mark.parametrize("step", [-1e-4, 1e-4, 1e-8, -1e-12])
def test_entropy_is_continuous_at_order_one(step):
    K = rbf_gram(normal(60, 3))
    below, one, above = (renyi_entropy(K, 1 + s).item() for s in (-step, 0, step))
    assert above == pytest.approx(one, abs=5 * abs(step) + 1e-12)
    # The middle of two sides leaves the second order of the step alone.
    assert (below + above) / 2 == pytest.approx(one, abs=10 * step**2 + 1e-11)


@pytest.mark.parametrize("alpha", [0.9, 1.1])
def test_the_two_formulas_meet(alpha):
    K = rbf_gram(normal(100, 3))
    inside = renyi_entropy(K, alpha + math.copysign(1e-12, 1 - alpha)).item()
    outside = renyi_entropy(K, alpha + math.copysign(1e-12, alpha - 1)).item()
    assert inside == pytest.approx(outside, abs=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_order_of_the_samples_does_not_matter(alpha):
    X = normal(60, 3)
    shuffled = np.random.default_rng(1).permutation(X)
    plain, other = (renyi_entropy(rbf_gram(A), alpha).item() for A in (X, shuffled))
    assert other == pytest.approx(plain, rel=1e-6 if alpha < 0.9 else 1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_stacked_entropies_equal_looped(alpha):
    stack = torch.from_numpy(
        np.stack([positive_semidefinite(5, seed) for seed in range(6)])
    ).reshape(2, 3, 5, 5)
    looped = [[renyi_entropy(K, alpha) for K in row] for row in stack]
    expected = torch.tensor(looped, dtype=torch.float64)
    torch.testing.assert_close(renyi_entropy(stack, alpha), expected)
    pairs = joint_entropy(stack, stack.flip(1), alpha=alpha)
    assert pairs.shape == (2, 3)
    torch.testing.assert_close(
        pairs[:, 1], joint_entropy(*2 * [stack[:, 1]], alpha=alpha)
    )


@pytest.mark.parametrize("alpha", [1, 1.01, 2])
def test_joint_entropy_is_its_definition(alpha):
    K, L = positive_semidefinite(6, 0), positive_semidefinite(6, 1)
    product = np.empty((6, 6))
    for i, j in itertools.product(range(6), repeat=2):
        product[i, j] = K[i, j] * L[i, j]
    joint = joint_entropy(K, L, alpha=alpha).item()
    assert joint == pytest.approx(by_definition(product, alpha), abs=1e-9)


def test_joint_entropy_of_gaussian_kernels_is_that_of_the_concatenation():
    X, Z, Y = normal(40, 3), normal(40, 2, seed=1), normal(40, 1, seed=2)
    joint = joint_entropy(rbf_gram(X, 2.0), rbf_gram(Z, 0.5), rbf_gram(Y, 1.0))
    together = rbf_gram(np.hstack([X / 2.0, Z / 0.5, Y]), 1.0)
    assert joint.item() == pytest.approx(renyi_entropy(together).item(), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.5, 1, 1.01, 2, 5])
@given(seed=seeds, n=st.integers(1, 12))
@few_examples
def test_joint_entropy_is_at_least_that_of_each(alpha, seed, n):
    K, L = positive_semidefinite(n, seed), positive_semidefinite(n, seed + 1)
    each = max(renyi_entropy(K, alpha).item(), renyi_entropy(L, alpha).item())
    assert joint_entropy(K, L, alpha=alpha).item() >= each - 1e-9


@pytest.mark.parametrize(("k", "s"), [(1, 1.0), (2, 1.0), (3, 0.5), (6, 0.3), (2, 3.0)])
def test_entropy_of_a_gaussian_grows_linearly_in_its_dimensions(k, s):
    entropy = renyi_entropy(rbf_gram(s * normal(3000, k), 1.0)).item()
    expected = k / 2 * math.log(1 + 4 * s**2)
    assert expected < math.log(3000) - 3
    assert entropy == pytest.approx(expected, rel=0.04)


def test_gram_matrices_of_any_type():
    K = np.eye(3) + 1
    S = renyi_entropy(K).item()
    for other in (K.tolist(), K.astype("float32"), K.astype(int), torch.tensor(K)):
        assert renyi_entropy(other).item() == pytest.approx(S, abs=1e-15)


@pytest.mark.parametrize("alpha", [0, -1, math.inf, math.nan, "2", None])
def test_orders_that_are_none_are_refused(alpha):
    with pytest.raises(ValueError, match=r"alpha=.* positive, finite number"):
        renyi_entropy(np.eye(2), alpha)


@pytest.mark.parametrize("shape", [(3,), (3, 2), (0, 0), (2, 3, 4)])
def test_matrices_that_are_not_square_are_refused(shape):
    with pytest.raises(ValueError, match="pass samples through rbf_gram first"):
        renyi_entropy(np.ones(shape))


def test_matrices_that_are_no_gram_matrices_are_refused():
    with pytest.raises(ValueError, match="is positive, this has -1"):
        renyi_entropy(np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="The Gram matrix has 2 values that are NaN"):
        renyi_entropy([[1.0, np.nan], [np.nan, 1.0]])


@pytest.mark.parametrize("sizes", [[], [2, 3]])
def test_matrices_of_other_samples_are_refused(sizes):
    with pytest.raises(ValueError, match="Gram matrices of one shape"):
        joint_entropy(*map(np.eye, sizes))
