"""Measures of a reconstruction."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from skae.metrics import variance_explained

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)) * [1, 5, 2] + 7
X_hat = X + rng.normal(size=X.shape)
WEIGHT = rng.integers(0, 4, size=40)


@pytest.mark.parametrize("weight", [None, WEIGHT, WEIGHT.tolist(), 0.5 + WEIGHT])
def test_variance_explained_is_scikit_learns(weight):
    options = {"sample_weight": weight, "multioutput": "variance_weighted"}
    expected = r2_score(X, X_hat, **options)
    assert variance_explained(X, X_hat, weight) == pytest.approx(expected)


def test_a_weight_is_a_number_of_rows():
    found = variance_explained(X, X_hat, WEIGHT)
    expected = variance_explained(*(np.repeat(A, WEIGHT, axis=0) for A in (X, X_hat)))
    assert found == pytest.approx(expected)


def test_weights_of_sequences_that_end():
    series, back = X.reshape(20, 2, 3).copy(), X_hat.reshape(20, 2, 3)
    series[::3, 1] = np.nan
    weight = WEIGHT[:20]
    found = variance_explained(series, back, weight)
    rows = np.repeat(np.arange(20), weight)
    assert found == pytest.approx(variance_explained(series[rows], back[rows]))
