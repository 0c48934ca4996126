"""Principal components that training starts from are those of scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from skae.networks._components import principal_components


def rows(n_samples, n_features, dtype=float):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 30)) @ rng.normal(size=(30, n_features))
    return (X + 0.1 * rng.normal(size=X.shape) + 5).astype(dtype)


@pytest.mark.parametrize(
    ("X", "n_components"),
    [
        (rows(2500, 250), 25),  # far more rows than features
        (rows(300, 250), 5),
        (rows(300, 7), 9),
        (rows(2500, 250, np.float32), 5),
    ],
    ids=["many rows", "few rows", "few features", "single precision"],
)
def test_they_are_those_of_scikit_learn(X, n_components):
    components, scales, mean = principal_components(X.copy(), n_components, seed=0)
    pca = PCA(min(n_components, X.shape[1]), svd_solver="full").fit(X.astype(float))
    rtol = 1e-8 if X.dtype == float else 1e-4
    np.testing.assert_allclose(mean, pca.mean_, rtol=rtol)
    np.testing.assert_allclose(scales**2, pca.explained_variance_, rtol=rtol)
    np.testing.assert_allclose(components, pca.components_, atol=rtol)


def test_a_search_for_few_finds_the_same_as_all(one_torch_thread):
    X = rows(4000, 400)
    found = principal_components(X, 5, seed=0)
    torch.set_num_threads(2)
    for part, other in zip(found, principal_components(X, 5, seed=0), strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-8, atol=1e-8)


@pytest.fixture
def one_torch_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def test_data_are_left_as_they_are():
    X = rows(2500, 250)
    before = X.copy()
    principal_components(X, 5, seed=0)
    np.testing.assert_array_equal(X, before)


def test_constant_features_have_none():
    assert principal_components(np.ones((2500, 250)), 5, seed=0)[0].shape == (0, 250)
