import math

import numpy as np
import pytest
import torch
from helpers.data import normal

from skae.information import information_rate


def correlated(n=300, k=4):
    return normal(n, k) @ normal(k, k, seed=1)


def uncorrelated(n=300, k=4):
    Z = normal(n, k)
    U = np.linalg.svd(Z - Z.mean(0), full_matrices=False)[0]
    return U * math.sqrt(n) * np.arange(1, k + 1)


def test_the_rate_is_its_definition():
    Z, noise = correlated(), np.array([0.1, 0.2, 0.3, 0.4])
    rate = information_rate(Z, noise)
    S = np.cov(Z.T, bias=True)
    np.testing.assert_allclose(rate.per_unit, np.log2(1 + np.diag(S) / noise) / 2)
    assert rate.total == pytest.approx(rate.per_unit.sum())
    joint = np.linalg.slogdet(np.eye(4) + S / np.sqrt(np.outer(noise, noise)))[1]
    assert rate.joint == pytest.approx(joint / 2 / math.log(2))


def test_fifteen_decibels_are_two_and_a_half_bits():
    Z = uncorrelated()
    rate = information_rate(Z, Z.var(0) / 10**1.5)
    np.testing.assert_allclose(rate.per_unit, 2.51, atol=0.005)


def test_jointly_there_is_no_more_than_in_all():
    for noise in (1e-6, 1.0, 1e6):
        rate = information_rate(correlated(), noise)
        assert 0 < rate.joint < rate.total
        independent = information_rate(uncorrelated(), noise)
        assert independent.joint == pytest.approx(independent.total)


def test_a_repeated_unit_adds_little():
    z = normal(1000, 1)
    once, twice = (information_rate(np.hstack([z] * k), 1e-3) for k in (1, 2))
    assert twice.total == pytest.approx(2 * once.total)
    # twice the signal at the same noise is 3 dB, half a bit
    assert twice.joint == pytest.approx(once.joint + 0.5, abs=1e-3)


def test_tiny_noise_costs_no_digits():
    z = normal(1000, 1)
    rate = information_rate(np.hstack([z, z]), 1e-14)
    assert rate.joint == pytest.approx(math.log2(2 * z.var() / 1e-14) / 2)


def test_codes_without_variance_carry_nothing():
    for Z in (np.ones((5, 2)), normal(1, 2)):
        rate = information_rate(Z, 0.5)
        assert rate.total == rate.joint == 0.0


def test_tensors_are_codes_and_noise_too():
    Z = correlated()
    rate = information_rate(torch.tensor(Z), torch.full((4,), 0.5))
    assert rate.joint == information_rate(Z, 0.5).joint
    assert type(rate.total) is type(rate.joint) is float


@pytest.mark.parametrize("noise", [0.0, -1.0, [1.0, 2.0], [1.0, 1.0, 1.0, 0.0]])
def test_noise_without_a_variance_per_unit_is_refused(noise):
    with pytest.raises(ValueError, match=r"noise_variance=.*each of the 4 units"):
        information_rate(correlated(), noise)
    with pytest.raises(ValueError, match="NaN or infinite"):
        information_rate(correlated(), math.inf)
