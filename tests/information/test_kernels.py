import math
import warnings

import numpy as np
import pytest
import torch
from helpers.data import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from skae.exceptions import UnknownNameError
from skae.information import (
    as_samples,
    rbf_blocks,
    rbf_gram,
    resolve_bandwidth,
    squared_distances,
)

seeds = st.integers(0, 2**32 - 1)
few_examples = settings(max_examples=25, deadline=None)


# --- as_samples ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64"])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_samples_of_any_dtype_are_doubles(dtype, convert):
    X = np.arange(12).reshape(4, 3).astype(dtype)
    samples = as_samples(convert(X))
    assert samples.dtype == torch.float64
    np.testing.assert_array_equal(samples.numpy(), np.arange(12.0).reshape(4, 3))


def test_further_axes_are_flattened():
    X = normal(5, 4, 3)
    np.testing.assert_array_equal(as_samples(X).numpy(), X.reshape(5, 12))


def test_unusual_memory_layouts_are_read():
    X = normal(6, 4)
    for view in (X[::-1], X.T, X[:, ::2], X.astype(">f8"), X.tolist()):
        np.testing.assert_array_equal(as_samples(view).numpy(), np.asarray(view))


def test_read_only_memory_map_gives_no_warning(tmp_path):
    np.save(tmp_path / "X.npy", normal(6, 2))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples = as_samples(X)
    np.testing.assert_array_equal(samples.numpy(), X)


def test_input_is_not_changed():
    X = normal(30, 3)
    before = X.copy()
    rbf_gram(X), rbf_gram(torch.from_numpy(X), 1.0)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("shape", [(5,), (), (0, 3), (3, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"Z has shape \(.*Use Z\[:, None\]"):
        as_samples(np.zeros(shape), name="Z")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    X = normal(4, 2)
    X[1, 1] = bad
    with pytest.raises(ValueError, match="X has 1 values that are NaN or infinite"):
        as_samples(X)


# --- squared_distances --------------------------------------------------------------


@given(seed=seeds, n=st.integers(1, 20), d=st.integers(1, 40))
@few_examples
def test_distances_match_scipy(seed, n, d):
    X = normal(n, d, seed=seed)
    D = squared_distances(torch.from_numpy(X), torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(D, squareform(pdist(X, "sqeuclidean")), atol=1e-12)
    assert D.min() >= 0


def test_a_common_offset_costs_no_accuracy():
    X, Y = (torch.from_numpy(normal(8, 3, seed=s).round(2)) for s in (0, 1))
    shifted = squared_distances(X + 2.0**20, Y + 2.0**20)
    torch.testing.assert_close(shifted, squared_distances(X, Y), rtol=0, atol=1e-8)


def test_stacked_distances_equal_looped():
    X, Y = torch.from_numpy(normal(4, 7, 3)), torch.from_numpy(normal(4, 5, 3, seed=1))
    looped = torch.stack([squared_distances(x, y) for x, y in zip(X, Y, strict=True)])
    torch.testing.assert_close(squared_distances(X, Y), looped)


def test_distances_have_the_gradient_of_their_definition():
    X = torch.from_numpy(normal(5, 3)).requires_grad_()
    Y = torch.from_numpy(normal(4, 3, seed=1))
    assert torch.autograd.gradcheck(squared_distances, (X, Y))


def test_distances_keep_single_precision():
    X = torch.from_numpy(normal(5, 3)).float()
    assert squared_distances(X, X).dtype == torch.float32


# --- resolve_bandwidth --------------------------------------------------------------


@given(seed=seeds, n=st.integers(2, 40), d=st.integers(1, 10))
@few_examples
def test_median_bandwidth_is_numpys(seed, n, d):
    X = normal(n, d, seed=seed)
    assert resolve_bandwidth(X, "median") == pytest.approx(np.median(pdist(X)))


@given(seed=seeds, n=st.integers(2, 40), d=st.integers(1, 10))
@few_examples
def test_knn_bandwidth_is_the_median_to_the_tenth_neighbour(seed, n, d):
    X = normal(n, d, seed=seed)
    sorted_rows = np.sort(squareform(pdist(X)))
    expected = np.median(sorted_rows[:, min(10, n - 1)])
    assert resolve_bandwidth(X, "knn") == pytest.approx(expected)


@pytest.mark.parametrize("rule", ["median", "knn"])
@given(seed=seeds, exponent=st.floats(-200, 200))
@few_examples
def test_named_bandwidths_scale_with_the_data(rule, seed, exponent):
    X, factor = normal(30, 3, seed=seed), 10.0**exponent
    scaled = resolve_bandwidth(factor * X, rule) / factor
    assert scaled == pytest.approx(resolve_bandwidth(X, rule), rel=1e-12)


@pytest.mark.parametrize("rule", ["median", "knn"])
@pytest.mark.parametrize("X", [np.full((7, 3), 0.1), np.zeros((1, 2)), [[1e30]]])
def test_a_constant_sample_has_bandwidth_one_and_a_gram_matrix_of_ones(rule, X):
    assert resolve_bandwidth(X, rule) == 1.0
    assert (rbf_gram(X, rule) == 1).all()


@pytest.mark.parametrize("rule", ["median", "knn"])
def test_duplicates_leave_the_scale_of_the_others(rule):
    X = np.full((60, 3), 0.1)
    X[-3:] += [3.0, 0.0, 4.0]
    assert resolve_bandwidth(X, rule) == pytest.approx(5.0)


@pytest.mark.parametrize("rule", ["median", "knn"])
def test_an_outlier_beyond_the_subset_still_has_a_scale(rule):
    X = np.zeros((6001, 1))
    X[1] = 1.0
    assert resolve_bandwidth(X, rule) == pytest.approx(math.sqrt(2 / 6001), rel=1e-3)


@pytest.mark.parametrize("rule", ["median", "knn"])
def test_bandwidths_of_many_rows_are_deterministic_and_close(rule, monkeypatch):
    X = normal(3000, 2)
    first, second = resolve_bandwidth(X, rule), resolve_bandwidth(X, rule)
    monkeypatch.setattr("skae.information._kernels.MAX_BANDWIDTH_ROWS", 3000)
    assert first == second == pytest.approx(resolve_bandwidth(X, rule), rel=0.02)


@pytest.mark.parametrize("number", [0.5, 2, np.float32(0.5)])
def test_a_number_stands_for_itself(number):
    bandwidth = resolve_bandwidth(normal(3, 1), number)
    assert bandwidth == number
    assert type(bandwidth) is float


@pytest.mark.parametrize("number", [0, -1.0, np.inf, np.nan])
def test_numbers_that_are_no_bandwidth_are_refused(number):
    with pytest.raises(ValueError, match="must be positive and finite"):
        resolve_bandwidth(normal(3, 1), number)


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(
        UnknownNameError, match=r"bandwidth 'medain'.*'knn'.*'median'\?"
    ):
        resolve_bandwidth(normal(3, 1), "medain")
    with pytest.raises(UnknownNameError, match="bandwidth None"):
        resolve_bandwidth(normal(3, 1), None)


# --- rbf_gram, rbf_blocks -----------------------------------------------------------


@given(seed=seeds, n=st.integers(1, 20), d=st.integers(1, 20), sigma=st.floats(0.1, 10))
@few_examples
def test_gram_matrix_is_its_definition(seed, n, d, sigma):
    X = normal(n, d, seed=seed)
    K = rbf_gram(X, sigma).numpy()
    expected = np.exp(-squareform(pdist(X, "sqeuclidean")) / (2 * sigma**2))
    np.testing.assert_allclose(K, expected, rtol=1e-10, atol=1e-13)
    assert (K == K.T).all()
    assert (K.diagonal() == 1).all()


@pytest.mark.parametrize("scale", [1e6, 1e150, 1e200])
def test_data_much_larger_than_the_bandwidth_lose_no_digits(scale):
    X = scale * np.array([[-1.0], [1.0], [1.0], [2.0]])
    X[:2] += 1 if scale == 1e6 else 0
    K = rbf_gram(X, 1.0)
    assert K[2, 1] == pytest.approx(math.exp(-0.5) if scale == 1e6 else 1, rel=1e-12)
    assert K[0, 1] == K[0, 3] == 0


@pytest.mark.parametrize("block_size", [1, 7, 16, 50, 1024])
def test_blocks_add_up_to_the_gram_matrix(block_size):
    X = as_samples(normal(50, 4))
    blocks = list(rbf_blocks(X, 1.5, block_size))
    assert all(max(K.shape) <= block_size for K, _ in blocks)
    assert sum(count * K.numel() for K, count in blocks) == 2500
    total = sum(count * K.square().sum().item() for K, count in blocks)
    assert total == pytest.approx(rbf_gram(X, 1.5).square().sum().item(), rel=1e-13)


def test_gram_matrix_is_differentiable():
    X = torch.from_numpy(normal(5, 2)).requires_grad_()
    assert torch.autograd.gradcheck(lambda X: rbf_gram(X, 1.0), X)


@pytest.mark.gpu
@pytest.mark.parametrize("bandwidth", ["median", "knn", 1.0, 1e-6])
def test_gram_matrix_on_a_gpu_is_the_same(bandwidth):
    X = torch.from_numpy(normal(200, 5))
    K = rbf_gram(X.cuda(), bandwidth)
    assert K.is_cuda
    torch.testing.assert_close(K.cpu(), rbf_gram(X, bandwidth), rtol=0, atol=1e-12)
