import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from skae.information import as_samples, joint_entropy, rbf_gram, resolve_bandwidth
from skae.information._kernels import _middle
from skae.information._products import collision_means, product_entropies

PRODUCTS = [(0,), (1,), (0, 1), (0, 0), (1, 1), (0, 1, 1)]
few_examples = settings(max_examples=25, deadline=None)


def samples(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return as_samples(X), as_samples(np.tanh(X[:, :2]) + 0.1 * rng.normal(size=(n, 2)))


@pytest.mark.parametrize("alpha", [0.5, 1, 1.01, 2])
@pytest.mark.parametrize("n", [1, 2, 300])
def test_entropies_are_those_of_the_hadamard_products(alpha, n):
    XZ, sigmas = samples(n), (1.5, 0.5)
    grams = [rbf_gram(*each) for each in zip(XZ, sigmas, strict=True)]
    expected = [
        joint_entropy(*(grams[i] for i in product), alpha=alpha).item()
        for product in PRODUCTS
    ]
    found = product_entropies(XZ, sigmas, PRODUCTS, alpha)
    assert found == pytest.approx(expected, abs=1e-12)


def test_collisions_are_means_over_pairs_of_distinct_rows():
    XZ, sigmas = samples(300), (1.5, 0.5)
    grams = [rbf_gram(*each).numpy() ** 2 for each in zip(XZ, sigmas, strict=True)]
    others = ~np.eye(300, dtype=bool)
    expected = [
        np.prod([grams[i][others] for i in product], axis=0).mean()
        for product in PRODUCTS
    ]
    assert collision_means(XZ, sigmas, PRODUCTS) == pytest.approx(expected, rel=1e-12)


@given(
    values=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0]), min_size=1),
    repeats=st.integers(1, 2000),
    is_sorted=st.booleans(),
)
@few_examples
def test_the_middle_is_the_median_of_any_values(values, repeats, is_sorted):
    values = np.tile(values, repeats)
    values = np.sort(values) if is_sorted else values
    middle = _middle(torch.from_numpy(values))
    assert middle.mean() == np.median(values)
    assert len(middle) == 2


@pytest.mark.parametrize("n", [200_000, 200_001])
@pytest.mark.parametrize("period", [1, 13, 14, 1000])
def test_the_middle_is_the_median_where_a_few_values_mislead(n, period):
    values = np.random.default_rng(0).normal(size=n)
    values[::period] += 10
    assert _middle(torch.from_numpy(values)).mean() == np.median(values)


def test_the_median_bandwidth_of_many_rows_is_exact():
    X = np.random.default_rng(0).normal(size=(900, 3))
    expected = np.median(pdist(X))
    assert resolve_bandwidth(X, "median") == pytest.approx(expected, rel=1e-12)
