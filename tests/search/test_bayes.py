import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning

from skae.scorers import Reconstruction
from skae.search._bayes import FaultTolerantBayesSearchCV

X = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)


class Fragile(PCA):
    """Fails for some numbers of components, on some or on all folds."""

    def __init__(self, n_components=2, broken=(), half_broken=()):
        super().__init__(n_components)
        self.broken = broken
        self.half_broken = half_broken

    def fit_transform(self, X, y=None):
        raise NotImplementedError

    def fit(self, X, y=None):
        first_fold = not np.isclose(X[0, 0], globals()["X"][0, 0])
        if self.n_components in self.broken or (
            self.n_components in self.half_broken and first_fold
        ):
            raise RuntimeError("broken")
        return super().fit(X)


def search(n_iter=4, **broken):
    found = FaultTolerantBayesSearchCV(
        Fragile(**broken),
        {"n_components": (1, 8)},
        n_iter=n_iter,
        scoring={"r2": Reconstruction(), "again": Reconstruction()},
        refit="r2",
        cv=2,
        random_state=0,
        error_score=np.nan,
        optimizer_kwargs={
            "n_initial_points": 2,
            "acq_optimizer": "sampling",
            "avoid_duplicates": False,
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="One or more of the test scores")
        warnings.filterwarnings("ignore", message="The objective has been evaluated")
        return found.fit(X)


def tried(found):
    return [int(k) for k in found.cv_results_["param_n_components"]]


def test_no_candidate_is_repeated():
    found = search(n_iter=8)
    assert sorted(tried(found)) == list(range(1, 9))
    assert found.best_params_["n_components"] == 8


@pytest.mark.parametrize("first", [False, True])
def test_candidates_that_fail_everywhere_are_left_out(first):
    start = tried(search())
    broken = start[0] if first else start[1]
    found = search(broken=(broken,))
    assert broken not in tried(found)
    assert len(tried(found)) == 3
    assert found.best_estimator_.n_components == found.best_params_["n_components"]


def test_candidates_that_fail_in_some_folds_stay_nan():
    broken = tried(search())[0]
    found = search(half_broken=(broken,))
    means = found.cv_results_["mean_test_r2"]
    assert np.isnan(means[tried(found).index(broken)])
    assert np.isfinite(means).sum() == 3
    assert found.best_params_["n_components"] != broken


def test_the_error_is_raised_when_all_fail():
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search(n_iter=3, broken=tuple(range(1, 9)))


def test_it_clones():
    found = FaultTolerantBayesSearchCV(PCA(), {"n_components": (1, 3)}, n_iter=2)
    assert clone(found).n_iter == 2


def test_same_seed_same_search():
    assert tried(search()) == tried(search())
