import numpy as np
import pytest
import torch
from helpers.data import low_rank
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, stacked


def stopping(**params):
    defaults = {"max_epochs": 60, "early_stopping": "refit", "random_state": 0}
    return DenseAutoencoder(2, **defaults | params)


def same_weights(a, b):
    states = a.net_.module_.state_dict(), b.net_.module_.state_dict()
    return all(
        torch.equal(x, y) for x, y in zip(*map(dict.values, states), strict=True)
    )


def test_all_rows_are_learnt_from_for_the_best_number_of_epochs():
    X = StandardScaler().fit_transform(load_wine().data)  # soon over-trained
    settings = {"learning_rate_schedule": "constant", "max_epochs": 200, "tol": 0.0}
    settings |= {"linear_path": None, "learning_rate": 0.005}
    model = stopping(**settings).fit(X)
    held_out = stopping(**settings | {"early_stopping": True}).fit(X)
    best = int(np.argmin(held_out.history_[:, "valid_loss"])) + 1
    assert held_out.n_iter_ < 200
    assert model.n_iter_ == best
    settings |= {"max_epochs": best, "early_stopping": False}
    plain = stopping(**settings).fit(X)
    assert same_weights(model, plain)
    assert "valid_loss" not in model.history_[-1]


def test_a_fit_that_is_not_stopped_is_one_without_early_stopping():
    X = low_rank(200)
    model = stopping(max_epochs=5).fit(X)
    assert model.n_iter_ == 5
    assert same_weights(model, stopping(max_epochs=5, early_stopping=False).fit(X))


def test_rows_to_validate_on_are_not_learnt_from():
    X = low_rank(80)
    model = stopping(max_epochs=5).fit(X[:60], X_val=X[60:])
    plain = stopping(max_epochs=5, early_stopping=True).fit(X[:60], X_val=X[60:])
    assert same_weights(model, plain)
    assert "valid_loss" in model.history_[-1]


def test_warm_starts_go_on_from_their_weights():
    X = low_rank(80)
    model = stopping(max_epochs=3, warm_start=True).fit(X)
    before = model.score(X)
    assert model.fit(X).score(X) > before - 0.01
    assert "valid_loss" in model.history_[-1]


def test_in_stacks_too():
    X = low_rank(90)
    grid = {"n_components": [1, 2, 3], "learning_rate": [0.001, 0.02]}
    search = GridSearchCV(stopping(max_epochs=8), grid, cv=2)
    alone = clone(search).fit(X).cv_results_["mean_test_score"]
    with stacked():
        together = clone(search).fit(X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, atol=1e-9)


@pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
def test_a_fit_that_diverged_is_not_made_anew():
    X = low_rank(80)
    model = stopping(optimizer="sgd", learning_rate=1e4, linear_path=None).fit(X)
    assert model.diverged_
    assert "valid_loss" in model.history_[-1] or model.n_iter_ == 1


def test_one_row_cannot_be_divided():
    assert stopping(max_epochs=2).fit(np.ones((1, 3))).n_iter_ == 2


def test_other_words_are_refused():
    with pytest.raises(ValueError, match="early_stopping"):
        stopping(early_stopping="again").fit(low_rank(20))


def test_rates_are_those_of_all_epochs():
    X = StandardScaler().fit_transform(load_wine().data)
    settings = {"max_epochs": 100, "linear_path": None, "learning_rate": 0.02}
    model = stopping(n_iter_no_change=3, **settings).fit(X)
    assert model.n_iter_ < 100
    plain = stopping(early_stopping=False, **settings).fit(X)
    rates = model.history_[:, "learning_rate"]
    assert rates == plain.history_[: len(rates), "learning_rate"]
