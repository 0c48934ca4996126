"""Factor analysis that variational autoencoders start as."""

import numpy as np
import pytest
from helpers.data import wine
from scipy.stats import multivariate_normal
from sklearn.decomposition import FactorAnalysis

from skae.networks import _factor_analysis
from skae.networks._factor_analysis import _alike, factor_analysis

SCALES = np.logspace(-3, 3, 13)


def drawn_rows(n_samples, noise):
    """Return rows of two factors in 8 features, the same factors for all numbers."""
    rng = np.random.default_rng(0)
    loadings, rng = rng.normal(size=(2, 8)), np.random.default_rng(n_samples)
    return rng.normal(size=(n_samples, 2)) @ loadings + noise * rng.normal(
        size=(n_samples, 8)
    )


def covariance(loadings, variances):
    """Return that of the rows of a model."""
    return loadings.T @ loadings + np.diag(variances)


@pytest.fixture
def unshrunk(monkeypatch):
    """Return a function for the model whose correlations are as they are."""

    def fitted(*args):
        with monkeypatch.context() as patch:
            patch.setattr(_factor_analysis, "_gains_by_shrinkage", lambda *_: False)
            return factor_analysis(*args)

    return fitted


def test_of_many_rows_it_is_scikit_learns_in_any_units():
    X = wine()
    loadings, variances, mean = factor_analysis(SCALES * X + 3, 3, 0)
    found = covariance(loadings / SCALES, variances / SCALES**2)
    expected = FactorAnalysis(3, random_state=0).fit(X).get_covariance()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(mean, 3, atol=1e-9)


def test_new_rows_are_likelier_where_few_rows_are_shrunk(unshrunk):
    gains, others = [], drawn_rows(2000, noise=1.0)
    for n_samples in range(20, 50):
        X = drawn_rows(n_samples, noise=1.0)
        densities = []
        for fitted in factor_analysis, unshrunk:
            *parts, mean = fitted(X, 4, 0)
            model = multivariate_normal(mean, covariance(*parts), allow_singular=True)
            densities.append(model.logpdf(others).mean())
        gains.append(densities[0] - densities[1])
    assert np.mean(gains) > 0.05
    assert min(gains) > -0.5 * max(gains)


def test_features_that_depend_on_each_other_stay_so(unshrunk):
    X = drawn_rows(30, noise=1e-3)
    for ours, expected in zip(factor_analysis(X, 2, 0), unshrunk(X, 2, 0), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("n_samples", [12, 40])
@pytest.mark.parametrize("shrinkage", [0.0, 0.2])
def test_few_rows_stand_for_all(n_samples, shrinkage):
    Z = drawn_rows(n_samples, noise=1.0)
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    rows = _alike(Z, shrinkage)
    expected = (1 - shrinkage) * np.corrcoef(Z.T) + shrinkage * np.eye(8)
    np.testing.assert_allclose(rows.T @ rows / len(rows), expected, atol=1e-12)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-12)
    assert len(rows) <= 16


@pytest.mark.parametrize("n_samples", [7, 11, 30, 300])
def test_signs_do_not_depend_on_units(n_samples):
    X = drawn_rows(n_samples, 0.5)
    loadings, _, _ = factor_analysis(X, 2, 0)
    of_others, _, _ = factor_analysis(3 * X + 0.1, 2, 0)
    assert ((loadings * of_others).sum(1) > 0).all()
    largest = np.abs(loadings).argmax(1)
    assert (loadings[[0, 1], largest] > 0).all()


def test_no_more_factors_than_rows():
    X = drawn_rows(4, 0.5)
    loadings, variances, _ = factor_analysis(X, 6, 0)
    assert len(loadings) <= 4
    assert np.isfinite(loadings).all()
    assert (variances > 0).all()
