import dataclasses
import math

import numpy as np
import pytest
from helpers.models import Given
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.exceptions import UnknownNameError
from skae.information import mutual_information
from skae.information._adjusted import adjusted_mutual_information
from skae.information._relative import relative_information
from skae.scorers import KernelMutualInformation

LITERAL = {"target": "latent", "alpha": 2, "bandwidth": 1.0, "adjusted": False}
every_target = pytest.mark.parametrize(
    "params",
    [{}, {"alpha": 2}, {"target": "latent"}, {"target": "latent", "alpha": 2}, LITERAL],
    ids=str,
)


def surface(n=400, seed=0):
    """Return three factors, and 32 features of them."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 3))
    X = np.tanh(factors @ rng.normal(size=(3, 32)) / np.sqrt(3))
    return factors, 1.3 * X / X.std(0) / np.sqrt(32)


# --- what the numbers are -----------------------------------------------------------


def test_by_default_it_is_the_share_that_is_reconstructed():
    _, X = surface(200)
    pca = PCA(2).fit(X)
    expected = relative_information(X, pca.inverse_transform(pca.transform(X)))
    scorer = KernelMutualInformation()
    assert scorer(pca, X) == float(expected)
    assert scorer.measure(pca, X) == expected


@pytest.mark.parametrize("alpha", [1, 1.01, 2])
def test_of_the_codes_it_is_adjusted(alpha):
    _, X = surface(200)
    pca = PCA(2).fit(X)
    params = {"alpha": alpha, "bandwidth": ("knn", "median"), "random_state": 3}
    expected = adjusted_mutual_information(X, pca.transform(X), **params)
    scorer = KernelMutualInformation("latent", **params)
    assert scorer(pca, X) == float(expected)
    assert scorer.measure(pca, X) == expected


def test_the_literal_recipe():
    _, X = surface(200)
    pca = PCA(2).fit(X)
    expected = mutual_information(X, pca.transform(X), alpha=2, bandwidth=1.0)
    scorer = KernelMutualInformation(**LITERAL)
    assert scorer(pca, X) == float(expected)
    assert scorer.measure(pca, X) == expected


@every_target
def test_parts_can_be_read(params):
    _, X = surface(100)
    scorer, pca = KernelMutualInformation(**params), PCA(2).fit(X)
    parts = scorer.measure(pca, X)
    assert float(parts) == scorer(pca, X)
    total = parts.entropy_x + parts.entropy_z - parts.joint_entropy
    assert parts.mutual_information == total
    assert all(math.isfinite(value) for value in dataclasses.astuple(parts))
    with pytest.raises(dataclasses.FrozenInstanceError):
        parts.entropy_x = 1.0


# --- what they mean -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_units", "recipe"), [(0, 1.23), (3, 0.16), (8, 1.51), (16, 1.93)]
)
def test_the_recipe_prefers_noise_as_documented(n_units, recipe):
    factors, X = surface()
    noise = np.random.default_rng(1).normal(size=(400, n_units))
    model = Given(noise if n_units else factors)
    assert KernelMutualInformation(**LITERAL)(model, X) == pytest.approx(
        recipe, abs=0.1
    )
    adjusted = KernelMutualInformation("latent")(model, X)
    assert adjusted == pytest.approx(0.0 if n_units else 0.51, abs=0.02)


@pytest.mark.parametrize("alpha", [1.01, 2])
def test_a_share_of_the_codes_is_free_of_their_scale(alpha):
    factors, X = surface(200)
    scorer = KernelMutualInformation("latent", alpha=alpha)
    small, large = (scorer(Given(A), X) for A in (factors, 1000 * factors))
    assert small == pytest.approx(large, abs=1e-9)


@pytest.mark.parametrize("alpha", [1.01, 2])
def test_the_share_reconstructed_saturates_at_the_number_of_factors(alpha):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 12))
    X += 0.05 * rng.normal(size=X.shape)
    scorer = KernelMutualInformation(alpha=alpha)
    scores = np.array([scorer(PCA(k).fit(X), X) for k in range(1, 9)])
    assert (np.diff(scores) > -1e-4).all()
    assert 1 + np.argmax(scores >= 0.95 * scores.max()) == 3


def test_codes_fall_beyond_the_true_dimension_if_they_are_white():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 12))
    X += 0.05 * rng.normal(size=X.shape)
    scorer = KernelMutualInformation("latent")
    plain, white = (
        [scorer(PCA(k, whiten=whiten).fit(X), X) for k in (2, 8)]
        for whiten in (False, True)
    )
    assert white[1] < 0.8 * white[0]
    assert plain[1] > 0.95 * plain[0]


# --- worst cases --------------------------------------------------------------------


@every_target
@pytest.mark.parametrize("value", [0.0, 0.1, np.nan, np.inf, -np.inf])
def test_what_has_collapsed_or_is_not_finite_scores_the_worst(params, value):
    _, X = surface(50)
    scorer = KernelMutualInformation(**params)
    model = Given(np.full((50, 2), value), np.full(X.shape, value))
    assert scorer(model, X) == scorer.worst == 0


@every_target
@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1.0, 1e30, 1e200])
@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_scores_are_finite(params, scale, n):
    rng = np.random.default_rng(0)
    X, model = rng.normal(size=(n, 4)), Given(*scale * rng.normal(size=(2, n, 4)))
    score = KernelMutualInformation(**params)(model, X)
    assert 0 <= score < 10
    assert type(score) is float


@every_target
def test_time_steps_after_the_end_count_as_zeros(params):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5, 2))
    back = X + 0.3 * rng.normal(size=X.shape)
    codes = X[:, 0]
    ended = np.arange(5) >= rng.integers(2, 6, size=40)[:, None]
    zeros = [np.where(ended[..., None], 0.0, A) for A in (X, back)]
    gaps = [np.where(ended[..., None], np.nan, A) for A in (X, back)]
    scorer = KernelMutualInformation(**params)
    expected = scorer(Given(codes, zeros[1]), zeros[0])
    assert scorer(Given(codes, gaps[1]), gaps[0]) == expected > 0


# --- rows, searches, errors ---------------------------------------------------------


@pytest.mark.parametrize("target", ["reconstruction", "latent"])
def test_other_orders_take_evenly_spaced_rows(target):
    factors, X = surface(300)
    rows = np.linspace(0, 299, 100).astype(int)
    scorer = KernelMutualInformation(target, max_samples=100)
    model, part = Given(factors, 0.9 * X), Given(factors[rows], 0.9 * X[rows])
    assert scorer(model, X) == scorer(part, X[rows])
    assert scorer.set_params(alpha=2)(model, X) != scorer(part, X[rows])


@pytest.mark.parametrize("target", ["reconstruction", "latent"])
def test_in_a_search(target):
    _, X = surface(120)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), PCA()),
        {"pca__n_components": [1, 3]},
        scoring=KernelMutualInformation(target),
        cv=2,
    ).fit(X)
    assert search.best_params_ == {"pca__n_components": 3}


def test_unknown_targets_list_the_known():
    _, X = surface(20)
    with pytest.raises(UnknownNameError, match=r"target 'latnet'.*'latent'\?"):
        KernelMutualInformation("latnet")(PCA(2).fit(X), X)


def test_a_reconstruction_has_one_bandwidth():
    _, X = surface(20)
    with pytest.raises(ValueError, match="one kernel"):
        KernelMutualInformation(bandwidth=(1.0, 2.0))(PCA(2).fit(X), X)


def test_measuring_what_is_not_finite_says_so():
    _, X = surface(20)
    with pytest.raises(ValueError, match="20 values that are NaN"):
        KernelMutualInformation("latent").measure(Given(np.full((20, 1), np.nan)), X)
