import numpy as np
from sklearn.base import BaseEstimator

from skae.search import EvolutionarySearchCV


class Counted(BaseEstimator):
    """An estimator that writes a line for every fit."""

    def __init__(self, log=None, a=0):
        self.log = log
        self.a = a

    def fit(self, X, y=None):
        with open(self.log, "a") as log:
            log.write(f"{self.a}\n")
        return self

    def score(self, X, y=None):
        return -float((self.a - 11) ** 2)


def test_a_search_with_a_store_fits_nothing_twice(tmp_path):
    log, X = tmp_path / "log", np.zeros((20, 2))

    def search():
        return EvolutionarySearchCV(
            Counted(str(log)),
            {"a": (0, 30)},
            population_size=4,
            n_generations=3,
            cv=2,
            refit=False,
            random_state=0,
            store=tmp_path / "scores.db",
        ).fit(X)

    first = search()
    n_fits = len(log.read_text().splitlines())
    assert n_fits == 2 * len(first.cv_results_["params"])
    second = search()
    assert len(log.read_text().splitlines()) == n_fits
    assert first.best_params_ == second.best_params_
    np.testing.assert_array_equal(
        first.cv_results_["mean_test_score"], second.cv_results_["mean_test_score"]
    )
