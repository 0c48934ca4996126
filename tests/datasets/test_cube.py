import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from skae.datasets import make_cube_surface


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 200), st.floats(0.01, 100), st.integers(0, 99))
def test_points_lie_on_the_surface(n_samples, side, seed):
    X = make_cube_surface(n_samples, side=side, random_state=seed)
    assert X.shape == (n_samples, 3)
    np.testing.assert_array_equal(np.abs(X).max(axis=1), side / 2)


def face(X):
    axis = np.abs(X).argmax(axis=1)
    return 2 * axis + (X[np.arange(len(X)), axis] > 0)


def test_faces_are_equally_likely():
    counts = np.bincount(face(make_cube_surface(6000, random_state=0)), minlength=6)
    assert chisquare(counts).pvalue > 0.01


def test_points_are_uniform_within_faces():
    X = make_cube_surface(6000, random_state=0)
    for axis in range(3):
        inside = np.abs(X[:, axis]) < 1
        assert kstest(X[inside, axis], "uniform", args=(-1, 2)).pvalue > 0.01


def test_same_seed_same_points():
    first, second = (make_cube_surface(50, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first != make_cube_surface(50, random_state=4)).any()


def test_noise_has_its_standard_deviation():
    clean = make_cube_surface(5000, random_state=0)
    noisy = make_cube_surface(5000, noise=0.3, random_state=0)
    assert np.std(noisy - clean) == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("params", [{"side": 0}, {"noise": -1}, {"n_samples": 0}])
def test_out_of_range(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        make_cube_surface(**params)
