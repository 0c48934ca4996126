"""Searches over rows some of whose values are missing."""

import numpy as np
import pytest
from helpers.data import low_rank
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LatentDimensionSearchCV, select_dimension, stacked
from skae.search._range import DimensionRange


def holed(n_samples=90, share=0.1):
    X = 100 + low_rank(n_samples)
    missing = np.random.default_rng(0).uniform(size=X.shape) < share
    missing[:, 0] = False
    return np.where(missing, np.nan, X)


MODEL = make_pipeline(
    StandardScaler(),
    DenseAutoencoder(hidden_layer_sizes=(8,), max_epochs=15, random_state=0),
)


@pytest.mark.parametrize("settings", [{}, {"curve": "separate"}], ids=str)
def test_the_latent_dimension_of_tables_with_gaps(settings):
    search = LatentDimensionSearchCV(
        MODEL, n_components=4, cv=3, random_state=0, **settings
    )
    assert search.fit(holed()).best_params_["denseautoencoder__n_components"] == 2
    assert np.isfinite(search.score(holed()))
    assert search.curve_ == settings.get("curve", "nested")


def test_selected_dimensions():
    found = select_dimension(
        holed(60), MODEL, n_components=3, curve="separate", cv=2, random_state=0
    )
    assert found.value == 2


@pytest.mark.parametrize("scoring", ["reconstruction", "kernel_mi", "silhouette"])
def test_grid_searches_by_scorers(scoring):
    from skae.scorers import get_scorer

    search = GridSearchCV(
        MODEL,
        {"denseautoencoder__n_components": [1, 2]},
        scoring=get_scorer(scoring),
        error_score="raise",
        cv=3,
    )
    assert np.isfinite(search.fit(holed()).cv_results_["mean_test_score"]).all()


def test_neighbours_are_those_of_complete_rows():
    X, model = holed(400), DenseAutoencoder()
    found, whole = (
        DimensionRange.of(model, rows) for rows in (X, X[~np.isnan(X).any(axis=1)])
    )
    assert not found.is_complete
    assert found.intrinsic == whole.intrinsic
    assert DimensionRange.of(model, holed(50, 0.5)).intrinsic is None


@pytest.mark.parametrize("curve", ["nested", "separate"])
def test_the_latent_dimension_with_an_indicator(curve):
    model = clone(MODEL).set_params(denseautoencoder__missing_indicator=True)
    search = LatentDimensionSearchCV(
        model, n_components=4, cv=3, random_state=0, curve=curve
    ).fit(holed())
    assert search.best_params_["denseautoencoder__n_components"] == 2
    told = search.best_estimator_[-1].net_.module_.indicator
    assert told is not None


def test_whether_gaps_are_told_can_be_searched():
    grid = {
        "denseautoencoder__missing_indicator": [False, True],
        "denseautoencoder__n_components": [1, 2],
    }
    search = GridSearchCV(MODEL, grid, error_score="raise", cv=3)
    alone = clone(search).fit(holed()).cv_results_["mean_test_score"]
    with stacked():
        together = search.fit(holed()).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert alone[0] != alone[2]
