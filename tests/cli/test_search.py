import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skae.cli._inputs import DataSet
from skae.cli._plan import Plan
from skae.cli._search import _generations, make_search
from skae.cli._settings import N_ITER, Settings
from skae.search import BayesSearchCV, EvolutionarySearchCV

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
DATA = DataSet("noise", X, list("abcdef"))


def search(components=(1, 2, 3, 4), **choices):
    return make_search(
        Plan(DATA, Settings("noise", "out", "dense", components, **choices))
    )


@pytest.mark.parametrize(
    ("kind", "n_iter", "expected"),
    [
        ("grid", None, GridSearchCV),
        ("bayes", 3, BayesSearchCV),
        ("bayes", 4, GridSearchCV),  # it would try each dimension anyway
        ("evolution", 4, EvolutionarySearchCV),
    ],
)
def test_kinds(kind, n_iter, expected):
    assert type(search(search=kind, n_iter=n_iter)) is expected


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


def test_what_does_not_compress_is_no_candidate_of_an_evolution():
    space = search((2, 5, 6, 9), search="evolution").search_space
    assert space["autoencoder__n_components"] == [2, 5]
    space = search((6, 9), search="evolution").search_space
    assert space["autoencoder__n_components"] == [6, 9]
    grid = search((2, 9), search="grid").param_grid
    assert grid["autoencoder__n_components"] == [2, 9]
