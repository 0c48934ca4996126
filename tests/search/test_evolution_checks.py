"""scikit-learn's own checks of estimators, applied to the search."""

import pytest
from sklearn.base import is_classifier
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skae.search import EvolutionarySearchCV


def search(estimator, space):
    return EvolutionarySearchCV(
        estimator, space, cv=2, error_score="raise", n_generations=1, random_state=0
    )


def expected_failures(search):
    if is_classifier(search):
        return {}
    # scikit-learn lists it for its own searches
    return {"check_supervised_y_2d": "Ridge takes columns without a warning"}


SEARCHES = [
    search(LogisticRegression(), {"C": [0.1, 1.0]}),
    search(make_pipeline(PCA(), Ridge()), {"ridge__alpha": [0.1, 1.0]}),
]


@pytest.mark.usefixtures("numpy_state_restored")
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@parametrize_with_checks(SEARCHES, expected_failed_checks=expected_failures)
def test_scikit_learn(estimator, check):
    check(estimator)
