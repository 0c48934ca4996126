"""Tests of drift: their size, their power, and which features moved."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import ReconstructionDetector
from skae.anomalies import drift_test
from skae.anomalies._drift import _discrepancies, _ks_distances, _labels
from skae.information import mmd2

MIXING = np.random.default_rng(42).normal(size=(2, 5))


def rows(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) @ MIXING + 0.3 * rng.normal(size=(n, 5))


@pytest.fixture(scope="module")
def model():
    return make_pipeline(StandardScaler(), PCA(2)).fit(rows(300, 0))


def test_the_size_is_right_without_drift(model):
    p_values = [
        drift_test(
            model,
            rows(60, 2 * seed + 1),
            rows(40, 2 * seed + 2),
            n_permutations=99,
            random_state=seed,
        ).p_value
        for seed in range(200)
    ]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(p_values) <= 0.5) == pytest.approx(0.5, abs=0.1)


def moved(X):
    X = X.copy()
    X[:, 3] += 1.0
    return X


def noisier(X):
    return X + 0.4 * np.random.default_rng(9).normal(size=X.shape)


def along_the_manifold(X):
    return X + np.array([1.5, 0]) @ MIXING


@pytest.mark.parametrize("change", [moved, noisier, along_the_manifold])
def test_drift_is_found(model, change):
    result = drift_test(model, rows(150, 1), change(rows(150, 2)))
    assert result.p_value < 0.01


def test_drift_along_the_manifold_shows_in_codes_and_not_in_errors(model):
    result = drift_test(model, rows(150, 1), along_the_manifold(rows(150, 2)))
    assert result.p_values["codes"] < 0.01 < 0.05 < result.p_values["errors"]


def test_the_feature_that_moved_is_named():
    usual, reference, new = (
        pd.DataFrame(rows(80, seed), columns=list("abcde")) for seed in (0, 1, 2)
    )
    new["d"] += 2.0
    fitted = make_pipeline(StandardScaler(), PCA(2)).fit(usual)
    result = drift_test(fitted, reference, new)
    assert result.moved()["d"] == min(result.moved().values()) == 0.002
    assert "  d          p = 0.002" in str(result)


def test_features_that_did_not_move_are_rarely_named(model):
    n_named = [
        bool(
            drift_test(model, rows(50, s), rows(50, s + 500), n_permutations=99).moved()
        )
        for s in range(1, 101)
    ]
    assert np.mean(n_named) <= 0.11


def test_statistics_are_those_of_single_permutations():
    X, is_new = rows(30, 1), _labels(18, 12, 5, np.random.RandomState(0)).astype(bool)
    bandwidth_free = _discrepancies(X, is_new.astype(float))
    for labels, value in zip(is_new, bandwidth_free, strict=True):
        # the median distance is that of the pooled rows, whichever are new
        assert value == pytest.approx(mmd2(X[~labels], X[labels]), abs=1e-6)
    values = np.round(X[:, 0])
    grid = np.unique(values)
    for labels, distance in zip(
        is_new, _ks_distances(values, is_new.astype(float)), strict=True
    ):
        shares = [
            np.mean(values[part][:, None] <= grid, axis=0) for part in (labels, ~labels)
        ]
        assert distance == pytest.approx(np.abs(shares[0] - shares[1]).max())


def test_it_is_the_same_again_and_takes_detectors(model):
    detector = ReconstructionDetector(model, random_state=0).fit(rows(100, 0))
    first, second = (drift_test(detector, rows(40, 1), rows(40, 2)) for _ in range(2))
    assert first.p_values == second.p_values
    many = drift_test(model, rows(90, 1), rows(40, 2), max_rows=50)
    assert (many.n_reference, many.n_new) == (50, 40)


def test_missing_values_and_single_rows(model):
    X = rows(80, 1)
    X[::9, 1] = np.nan
    from skae import DenseAutoencoder

    autoencoder = DenseAutoencoder(2, max_epochs=2, random_state=0).fit(rows(60, 0))
    assert 0 < drift_test(autoencoder, X[:40], X[40:], n_permutations=19).p_value <= 1
    with pytest.raises(ValueError, match="compares 40 with 1 rows"):
        drift_test(model, X[:40], X[:1])
