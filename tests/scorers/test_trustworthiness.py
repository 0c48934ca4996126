import math

import numpy as np
import pytest
from helpers.data import normal
from helpers.models import Given
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.scorers._trustworthiness import Trustworthiness


def by_definition(X, Z, k):
    n, total = len(X), 0
    for i in range(n):
        others = np.delete(np.arange(n), i)
        ranks = others[np.argsort(np.linalg.norm(X[others] - X[i], axis=1))]
        near = others[np.argsort(np.linalg.norm(Z[others] - Z[i], axis=1))][:k]
        ranks = {j: 1 + rank for rank, j in enumerate(ranks)}
        total += sum(max(0, ranks[j] - k) for j in near)
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))


@pytest.mark.parametrize("k", [1, 5, 20])
def test_it_is_its_definition(k):
    X, Z = normal(90, 6), normal(90, 2, seed=1)
    assert Trustworthiness(k)(Given(Z), X) == pytest.approx(by_definition(X, Z, k))


def test_perfect_and_unrelated_codes():
    X = normal(600, 6)
    assert Trustworthiness()(Given(X), X) == 1.0
    unrelated = Trustworthiness()(Given(normal(600, 2, seed=1)), X)
    assert unrelated == pytest.approx(0.5, abs=0.05)


def test_it_does_not_see_what_codes_tear_apart():
    X = normal(200, 1)
    torn = X + 100.0 * (X > 0)
    assert Trustworthiness()(Given(torn), X) > 0.99


def test_it_rises_with_the_dimension():
    X = normal(200, 6)
    scores = [Trustworthiness()(PCA(k).fit(X), X) for k in (1, 2, 4, 6)]
    assert scores == sorted(scores)
    assert scores[-1] == 1.0


def test_rows_in_pipelines_are_those_that_the_step_sees():
    X = normal(90, 6) * [1, 1, 1, 1, 1, 50]
    scaled = StandardScaler().fit_transform(X)
    pipeline = make_pipeline(StandardScaler(), PCA(2), StandardScaler()).fit(X)
    alone = PCA(2).fit(scaled)
    assert Trustworthiness()(pipeline, X) == Trustworthiness()(alone, scaled)
    expected = trustworthiness(scaled, alone.transform(scaled))
    assert Trustworthiness()(pipeline, X) == pytest.approx(expected)


def test_sequences_and_their_ends():
    X = normal(90, 6).reshape(90, 3, 2)
    X[::2, 2] = np.nan
    model = LSTMAutoencoder(2, hidden_size=8, max_epochs=3, random_state=0).fit(X)
    flat = np.nan_to_num(X).reshape(90, -1)
    expected = trustworthiness(flat, model.transform(X))
    assert Trustworthiness()(model, X) == pytest.approx(expected)


def test_at_most_so_many_rows():
    X, Z = normal(90, 6), normal(90, 2, seed=1)
    rows = np.linspace(0, 89, 40).astype(int)
    part = Trustworthiness(max_samples=40)(Given(Z), X)
    assert part == Trustworthiness()(Given(Z[rows]), X[rows])


@pytest.mark.parametrize("code", [0.0, 3.3, np.nan, np.inf])
def test_collapsed_codes_score_the_worst(code):
    assert Trustworthiness()(Given(np.full((90, 2), code)), normal(90, 6)) == 0.0


@pytest.mark.parametrize("n_samples", range(1, 13))
def test_few_rows_stay_within_bounds(n_samples):
    X, Z = normal(n_samples, 6), normal(n_samples, 2, seed=1)
    score = Trustworthiness()(Given(Z), X)
    assert 0.0 <= score <= 1.0
    if n_samples < 3:
        assert score == 0.0


def test_what_has_diverged_scores_the_worst():
    model = DenseAutoencoder(max_epochs=2, random_state=0).fit(normal(90, 6))
    assert Trustworthiness()(model, normal(90, 6)) > 0.5
    model.diverged_ = True
    assert Trustworthiness()(model, normal(90, 6)) == 0.0


def test_it_serves_in_searches():
    grid = {"n_components": [1, 3]}
    search = GridSearchCV(
        DenseAutoencoder(max_epochs=5, random_state=0),
        grid,
        scoring=Trustworthiness(),
        cv=3,
    ).fit(normal(90, 6))
    assert search.best_params_ == {"n_components": 3}
    assert math.isfinite(Trustworthiness()(search, normal(90, 6)))
