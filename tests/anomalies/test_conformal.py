"""P-values, thresholds and the false discovery rate."""

import numpy as np
import pytest

from skae.anomalies import conformal_p_values, discoveries
from skae.anomalies._conformal import conformal_threshold, rows_needed


def test_p_values_count_rows_at_least_as_abnormal():
    rng = np.random.default_rng(0)
    calibration, scores = rng.integers(0, 6, 20), np.arange(-1, 8)
    counted = [(1 + sum(c >= s for c in calibration)) / 21 for s in scores]
    np.testing.assert_allclose(conformal_p_values(calibration, scores), counted)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.1, 0.3])
def test_usual_rows_are_alarmed_at_the_level(level):
    rng = np.random.default_rng(0)
    n = 99  # of which each level is a whole number of hundredths
    p_values = [
        conformal_p_values(rng.exponential(size=n), rng.exponential(size=1))[0]
        for _ in range(20_000)
    ]
    assert np.mean(np.array(p_values) <= level) == pytest.approx(level, abs=0.006)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.1, 0.15, 0.3, 0.7])
@pytest.mark.parametrize("n", [1, 5, 19, 20, 99, 100, 250])
def test_the_threshold_is_where_p_values_reach_the_level(n, level):
    calibration = np.random.default_rng(n).integers(0, 50, n).astype(float)
    scores = np.arange(-1.0, 52.0, 0.5)
    is_alarm = conformal_p_values(calibration, scores) <= level
    above = scores > conformal_threshold(calibration, level)
    np.testing.assert_array_equal(above, is_alarm)


@pytest.mark.parametrize(("level", "n"), [(0.05, 19), (0.01, 99), (0.5, 1), (0.3, 3)])
def test_so_many_rows_are_needed(level, n):
    assert rows_needed(level) == n
    assert np.isfinite(conformal_threshold(np.arange(n), level))
    assert np.isinf(conformal_threshold(np.arange(n - 1), level))


def benjamini_hochberg(p_values, rate):
    order, m = np.argsort(p_values), len(p_values)
    below = np.flatnonzero(p_values[order] <= rate * np.arange(1, m + 1) / m)
    is_alarm = np.zeros(m, dtype=bool)
    is_alarm[order[: below[-1] + 1 if len(below) else 0]] = True
    return is_alarm


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_discoveries_are_those_of_the_step_up_procedure(rate):
    rng = np.random.default_rng(0)
    for _ in range(50):
        p_values = rng.uniform(size=30) ** rng.uniform(1, 4)
        expected = benjamini_hochberg(p_values, rate)
        np.testing.assert_array_equal(discoveries(p_values, rate), expected)
    assert discoveries([], rate).shape == (0,)


def test_few_discoveries_are_false():
    rng, rate, shares = np.random.default_rng(0), 0.1, []
    for _ in range(300):
        scores = np.r_[rng.normal(size=180), rng.normal(4, 1, size=20)]
        p_values = conformal_p_values(rng.normal(size=500), scores)
        is_alarm = discoveries(p_values, rate)
        shares.append(is_alarm[:180].sum() / max(1, is_alarm.sum()))
    assert np.mean(shares) <= rate
    assert np.mean(shares) > 0.5 * rate
