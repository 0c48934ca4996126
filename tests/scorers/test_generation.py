import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import MMDVAE, Autoencoder, DenseAutoencoder
from skae.information import coverage, knn_kl, knn_kl_floor, mmd2, resolve_bandwidth
from skae.networks import RecurrentNetwork
from skae.scorers._generation import GenerationCoverage, GenerationKL, GenerationMMD

SCORERS = [GenerationMMD(), GenerationKL(), GenerationCoverage()]
each_scorer = pytest.mark.parametrize("scorer", SCORERS, ids=repr)


class Generator(TransformerMixin, BaseEstimator):
    """A reducer whose draws are given by a function of a number and a generator."""

    n_components = 1

    def __init__(self, draw):
        self.draw = draw

    def transform(self, X):
        return X[:, :1]

    def inverse_transform(self, Z):
        return Z

    def sample(self, n_samples=1, random_state=None):
        return self.draw(n_samples, np.random.default_rng(random_state))


def normal(n_features=2, shift=0.0, scale=1.0):
    return Generator(lambda n, rng: shift + scale * rng.normal(size=(n, n_features)))


def data(n_samples=400, n_features=2, seed=10):
    return np.random.default_rng(seed).normal(size=(n_samples, n_features))


def vae(**params):
    return MMDVAE(2, max_epochs=5, random_state=0, **params)


# What it measures


def test_mmd_is_that_of_data_and_draws_at_the_datas_bandwidth():
    X, model = data(), normal(scale=2.0)
    bandwidth = resolve_bandwidth(X, "median")
    expected = -mmd2(X, model.sample(400, 0), bandwidth=bandwidth)
    assert GenerationMMD()(model, X) == pytest.approx(expected)
    fixed = GenerationMMD(kernel="imq", bandwidth=0.5)(model, X)
    expected = -mmd2(X, model.sample(400, 0), kernel="imq", bandwidth=0.5)
    assert fixed == pytest.approx(expected)


def test_kl_is_above_the_floor_and_per_feature():
    X, model = data(), normal(scale=2.0)
    X_half = X[np.random.RandomState(0).permutation(400)[:200]]
    draws = model.sample(400, 0)[:200]
    expected = (knn_kl_floor(X) - knn_kl(X_half, draws)) / 2
    assert GenerationKL()(model, X) == pytest.approx(expected)


def test_kl_tells_how_many_times_farther_away_draws_are():
    X = data(2000, 1)
    scores = [GenerationKL()(normal(1, scale=scale), X) for scale in (1.0, 8.0)]
    assert scores[0] == pytest.approx(0.0, abs=0.05)
    # where a normal law is widened, its density at the data falls by 8 or less
    assert -math.log(8) < scores[1] < -0.7 * math.log(8)


def test_coverage_is_that_of_data_and_as_many_draws():
    X, model = data(), normal(scale=2.0)
    expected = coverage(X, model.sample(400, 0))
    assert GenerationCoverage()(model, X) == pytest.approx(expected)


@each_scorer
def test_worse_generators_score_lower(scorer):
    X = data()
    models = [normal(), normal(shift=1.5), normal(shift=4.0)]
    scores = [scorer(model, X) for model in models]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[1] > 0.05


@pytest.mark.parametrize(
    ("scorer", "best"),
    [(GenerationMMD(), 0.0), (GenerationKL(), 0.0), (GenerationCoverage(), 0.97)],
)
def test_perfect_draws_score_as_documented(scorer, best):
    scores = [scorer(normal(3), data(1000, 3, seed)) for seed in range(1, 6)]
    assert np.mean(scores) == pytest.approx(best, abs=0.02)


def test_a_part_that_is_not_generated_costs_coverage():
    X = np.vstack([data(200), 20 + data(200)])
    assert GenerationCoverage()(normal(), X) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("n_features", "kl", "share"), [(10, 0.05, 0.86)])
def test_shrunk_draws_score_as_documented(n_features, kl, share):
    X, shrunk = data(1000, n_features), normal(n_features, scale=0.5)
    assert GenerationKL()(shrunk, X) == pytest.approx(kl, abs=0.02)
    assert GenerationCoverage()(shrunk, X) == pytest.approx(share, abs=0.03)
    assert GenerationMMD()(shrunk, X) < GenerationMMD()(normal(n_features), X) - 0.02


# What it takes


@each_scorer
def test_the_data_as_the_step_sees_them(scorer):
    X = 5 + 3 * data(90, 4)
    scaled = StandardScaler().fit_transform(X)
    pipeline = make_pipeline(StandardScaler(), vae(), PCA(1)).fit(X)
    assert scorer(pipeline, X) == pytest.approx(scorer(vae().fit(scaled), scaled))


@each_scorer
def test_sequences_are_flat_rows(scorer):
    X = data(60, 6)
    model = Autoencoder(2, network=RecurrentNetwork(4), max_epochs=2, random_state=0)
    in_rows = scorer(clone(model).set_params(network__n_channels=2).fit(X), X)
    sequences = X.reshape(60, 3, 2)
    assert scorer(model.fit(sequences), sequences) == pytest.approx(in_rows)


@each_scorer
def test_draws_end_where_the_sequences_do(scorer):
    X = data(60, 6).reshape(60, 3, 2)
    X[::2, 2] = np.nan

    def draw(n, rng):
        return rng.normal(size=(n, 3, 2))

    def draw_ended(n, rng):
        return np.where(np.isnan(X), 0.0, draw(n, rng))

    assert scorer(Generator(draw), X) == scorer(Generator(draw_ended), X)


@each_scorer
@pytest.mark.parametrize(
    "model", [DenseAutoencoder(max_epochs=1, random_state=0), PCA(1)], ids=repr
)
def test_what_cannot_generate_is_refused(scorer, model):
    with pytest.raises(TypeError, match=r"cannot generate.*use MMDVAE, VAE or Auto"):
        scorer(model.fit(data()), data())


@each_scorer
def test_at_most_so_many_rows(scorer):
    asked = []

    def draw(n, rng):
        asked.append(n)
        return rng.normal(size=(n, 2))

    X = data()
    part = clone(scorer).set_params(max_samples=50)(Generator(draw), X)
    assert asked == [50]
    rows = np.linspace(0, 399, 50).astype(int)
    assert part == scorer(Generator(draw), X[rows])


# What it promises


@each_scorer
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_draws_that_are_not_finite_score_the_worst(scorer, value):
    broken = Generator(lambda n, rng: np.full((n, 2), value))
    assert scorer(broken, data()) == scorer.worst


@each_scorer
@pytest.mark.parametrize("n_samples", [1, 2, 3, 4, 7])
def test_few_rows(scorer, n_samples):
    score = scorer(normal(), data(n_samples))
    assert math.isfinite(score)
    if n_samples == 1:
        assert score == scorer.worst


@each_scorer
@pytest.mark.parametrize("value", [0.0, 1e30])
def test_constant_and_huge_draws_are_finite(scorer, value):
    constant = Generator(lambda n, rng: np.full((n, 2), value))
    for X in (data(), np.ones((40, 2))):
        assert scorer.worst <= scorer(constant, X) < scorer(normal(), data())


@each_scorer
def test_the_draws_follow_the_random_state(scorer):
    X = data()
    assert scorer(normal(), X) == scorer(normal(), X)
    other = clone(scorer).set_params(random_state=1)
    assert other(normal(), X) != scorer(normal(), X)


@each_scorer
def test_what_has_diverged_scores_the_worst(scorer):
    model = vae().fit(data())
    model.diverged_ = True
    assert scorer(model, data()) == scorer.worst


@each_scorer
def test_it_serves_in_searches(scorer):
    grid = {"n_components": [1, 2], "sampler": ["prior", "gmm"]}
    search = GridSearchCV(vae(), grid, scoring=scorer, cv=2).fit(data(60, 4))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert math.isfinite(scorer(search, data(60, 4)))


def test_all_at_once():
    scoring = {type(scorer).__name__: scorer for scorer in SCORERS}
    scores = cross_validate(vae(), data(60, 4), scoring=scoring, cv=3)
    for name in scoring:
        assert np.isfinite(scores[f"test_{name}"]).all()


def test_a_generator_that_was_trained_scores_above_one_that_was_not():
    rng = np.random.default_rng(0)
    X = 3 + rng.normal(size=(300, 2)) @ rng.normal(size=(2, 5))
    untrained = vae(linear_path=None, learning_rate=1e-9).fit(X)
    trained = MMDVAE(2, max_epochs=40, learning_rate=0.01, random_state=0).fit(X)
    for scorer in SCORERS:
        assert scorer(trained, X) > scorer(untrained, X)
