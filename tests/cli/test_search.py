import numpy as np
import pytest
from helpers.data import normal
from helpers.plans import planned
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skae import Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet
from skae.cli._plan import PARAM
from skae.cli._search import (
    _first_points,
    _generations,
    _layers,
    _training_space,
    latent_dimension,
    make_search,
)
from skae.cli._settings import N_ITER
from skae.search import (
    BayesSearchCV,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    ScoreStore,
)

X = normal(40, 6, dtype=np.float32)
DATA = DataSet("noise", X, list("abcdef"))
LAYERS = "autoencoder__hidden_layer_sizes"


def search(components="1:4", store=None, **choices):
    return make_search(planned(DATA, components=components, **choices), store)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("curve", LatentDimensionSearchCV),
        ("bayes", BayesSearchCV),
        ("evolution", EvolutionarySearchCV),
    ],
)
def test_kinds(kind, expected, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    made = search(search=kind, seed=3, n_jobs=2, store=store)
    assert type(made) is expected
    assert (made.random_state, made.n_jobs, made.store) == (3, 2, store)


def test_a_curve_has_restarts_and_a_rule():
    made = search("2,4", restarts=3, scorer="silhouette", rule="knee")
    assert (made.n_components, made.n_restarts) == ([2, 4], 3)
    assert (made.refit, type(made.rule).__name__) == ("silhouette", "Knee")


# How a Bayesian search trains


def test_a_bayesian_search_tries_how_to_train():
    space = search("1:3", search="bayes").search_spaces
    assert (space[PARAM].low, space[PARAM].high) == (1, 3)
    low, high, prior = space["autoencoder__learning_rate"]
    assert low < 1e-3 < 7e-3 < high
    assert prior == space["autoencoder__weight_decay"][2] == "log-uniform"
    assert len(space) == 3
    assert search("2,4", search="bayes").search_spaces[PARAM].categories == (2, 4)


def test_a_bayesian_search_needs_something_to_try():
    with pytest.raises(InputError, match=r"PCA has none. Use --search curve") as info:
        _training_space(PCA())
    assert info.value.option == "--search"


# How an evolution spends its budget


@pytest.mark.parametrize("n", [*range(2, 60), 100, 1000])
def test_the_generations_add_up_to_the_budget(n):
    n_first, n_offspring, n_generations = _generations(n)
    assert n_first + n_offspring * n_generations == n
    assert n_first >= n_offspring > 0
    assert n_first >= 2


def test_more_candidates_are_more_generations_of_more():
    small, large = _generations(20), _generations(200)
    assert all(a < b for a, b in zip(small, large, strict=True))


def test_a_search_that_evolves_within_its_budget():
    made = search(search="evolution")
    assert N_ITER["evolution"] == made.population_size + (
        made.strategy.n_offspring * made.n_generations
    )


# What an evolution searches over


@pytest.mark.parametrize(
    ("n_columns", "widest"), [(4, 64), (32, 64), (100, 200), (5000, 512)]
)
def test_widths_grow_with_the_columns_within_bounds(n_columns, widest):
    assert _layers(DenseAutoencoder(), n_columns)[LAYERS].max_width == widest


def test_no_hidden_layer_and_the_usual_ones_are_candidates():
    layers = _layers(DenseAutoencoder(), 4)[LAYERS]
    assert () in layers
    assert DenseAutoencoder().hidden_layer_sizes in layers


def test_an_lstm_has_layers_of_its_own():
    space = _layers(LSTMAutoencoder(), 10)
    names = {name.removeprefix("autoencoder__") for name in space}
    assert names == {"hidden_size", "n_layers"}
    assert names <= set(LSTMAutoencoder().get_params())


def test_other_layers_are_not_known():
    with pytest.raises(InputError, match=r"and Autoencoder has none. Use --search"):
        _layers(Autoencoder(), 10)


@pytest.mark.parametrize(
    ("n", "dimensions"), [(1, [1]), (2, [1, 9]), (3, [1, 5, 9]), (20, [1, 3, 5, 7, 9])]
)
def test_the_first_candidates_spread_over_the_dimensions(n, dimensions):
    pipeline = make_pipeline(DenseAutoencoder(hidden_layer_sizes=(8,)))
    pipeline.steps[0] = ("autoencoder", pipeline[0])
    space = {PARAM: [1, 3, 5, 7, 9], LAYERS: [()]}
    points = _first_points(pipeline, space, n)
    assert [point[PARAM] for point in points] == dimensions
    assert {point[LAYERS] for point in points} == {(8,)}


def test_the_cost_is_the_dimension():
    assert latent_dimension(make_pipeline(DenseAutoencoder(7))) == 7
