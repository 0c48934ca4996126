import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.information import levina_bickel, surrogate_dimension


@pytest.mark.parametrize("k", [1, 3, 8, 15])
@pytest.mark.parametrize("n", [60, 500])
def test_independent_units_fill_their_space(k, n):
    Z = np.random.default_rng(0).standard_t(4, size=(n, k))
    assert surrogate_dimension(Z, random_state=0) == pytest.approx(k, rel=0.1)


def test_a_surface_in_more_units():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(500, 4))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    assert surrogate_dimension(Z, random_state=0) == pytest.approx(3, abs=0.4)
    line = rng.normal(size=(500, 1)) * [1.0, 2.0, -1.0]
    assert surrogate_dimension(line, random_state=0) == pytest.approx(1, abs=0.2)


@settings(deadline=None)
@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_units_have_no_unit(scale, seed):
    Z = np.random.default_rng(seed).normal(size=(50, 3))
    other = Z * [scale, 1.0, 1.0]
    expected = surrogate_dimension(Z, random_state=0)
    assert surrogate_dimension(other, random_state=0) == pytest.approx(expected)


def test_little_tells_nothing():
    assert surrogate_dimension(np.ones((20, 3))) == 3
    assert surrogate_dimension(np.eye(3)[:2]) == 3
    binary = np.random.default_rng(0).integers(2, size=(100, 3)).astype(float)
    assert np.isfinite(surrogate_dimension(binary, random_state=0))


def test_the_formula():
    Z = np.random.default_rng(0).normal(size=(100, 2))
    Z[:, 1] += Z[:, 0] ** 2
    rng = np.random.RandomState(3)
    Z = Z / Z.std(axis=0)
    S = np.stack([rng.permutation(column) for column in Z.T], axis=1)
    expected = 2 * levina_bickel(Z) / levina_bickel(S)
    found = surrogate_dimension(Z, n_surrogates=1, random_state=3)
    assert found == pytest.approx(expected)
