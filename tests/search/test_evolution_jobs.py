"""The same search in other processes, apart from other tests as they start slowly."""

import numpy as np
from sklearn.linear_model import Ridge

from skae.search.evolution import EvolutionarySearchCV


def test_the_same_search_on_any_number_of_jobs():
    X = np.random.default_rng(0).normal(size=(30, 4))
    search = EvolutionarySearchCV(
        Ridge(),
        {"alpha": (1e-3, 1e3, "log-uniform"), "fit_intercept": [False, True]},
        objectives=["score", "n_parameters"],
        population_size=4,
        n_generations=3,
        n_repeats=2,
        cv=2,
        random_state=0,
    )
    alone = search.fit(X, X[:, 0] + X[:, 1] ** 2)
    found, generations = alone.cv_results_, alone.generations_
    together = search.set_params(n_jobs=2).fit(X, X[:, 0] + X[:, 1] ** 2)
    assert together.generations_ == generations
    assert together.cv_results_["params"] == found["params"]
    for key in ("split1_test_score", "cost_n_parameters"):
        np.testing.assert_array_equal(together.cv_results_[key], found[key])
