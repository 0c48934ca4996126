from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from skae.scorers import Reconstruction
from skae.search import ScoreCurve

PARAM = "ae__n_components"


def cv_results(values, scores, metric="score"):
    scores = np.asarray(scores, dtype=float)
    folds = {f"split{i}_test_{metric}": column for i, column in enumerate(scores.T)}
    means = {f"mean_test_{metric}": scores.mean(axis=1)}
    return {f"param_{PARAM}": np.ma.array(values, dtype=object), **folds, **means}


def curve(means, noise=0.0, n_folds=4, seed=0):
    """A curve over 1, 2, ... with the given means and noise between folds."""
    rng = np.random.default_rng(seed)
    draws = noise * rng.standard_normal((len(means), n_folds))
    scores = np.asarray(means)[:, None] + draws - draws.mean(axis=1, keepdims=True)
    return ScoreCurve(np.arange(1, len(means) + 1), scores)


score_curves = st.tuples(st.integers(2, 8), st.integers(2, 5)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(-20, 20).map(float))
)


def make(scores):
    return ScoreCurve(np.arange(1, len(scores) + 1), scores)


def test_the_level_of_a_fold_does_not_count():
    scores = np.array([[0.1, 0.3], [0.4, 0.5], [0.2, 0.3]])
    found, shifted = make(scores), make(scores + np.array([0.0, 100.0]))
    np.testing.assert_allclose(found.standard_error, shifted.standard_error)


def test_a_single_value_keeps_its_plain_standard_error():
    found = make(np.array([[0.0, 2.0]]))
    np.testing.assert_allclose(found.standard_error, [1.0])


def test_from_cv_results_sorts_and_merges_repetitions():
    results = cv_results([4, 2, 4], [[0.2, 0.4], [0.5, 0.5], [0.4, 0.6]])
    found = ScoreCurve.from_cv_results(results, PARAM)
    assert found.values.tolist() == [2, 4]
    np.testing.assert_allclose(found.scores, [[0.5, 0.5], [0.3, 0.5]])


def test_from_cv_results_sets_failures_apart():
    results = cv_results([1, 2, 3, 3], [[0, 1], [np.nan, 1], [np.nan, 1], [1, 2]])
    found = ScoreCurve.from_cv_results(results, PARAM)
    assert found.values.tolist() == [1, 3]
    assert found.failed == (2,)


def test_from_cv_results_skips_what_has_no_such_parameter():
    values = np.ma.array([2, 0, 1], mask=[False, True, False], dtype=object)
    found = cv_results([0, 0, 0], [[0.5, 0.6], [0.9, 0.9], [0.2, 0.3]])
    found[f"param_{PARAM}"] = values
    curve = ScoreCurve.from_cv_results(found, PARAM)
    assert curve.values.tolist() == [1, 2]
    assert curve.rows.tolist() == [2, 0]


def test_from_cv_results_of_a_search_with_several_metrics():
    X = np.random.default_rng(0).normal(size=(30, 4))
    scoring = {"r2": Reconstruction(), "test_r2": Reconstruction()}
    search = GridSearchCV(
        PCA(), {"n_components": [1, 2, 3]}, scoring=scoring, refit="r2", cv=12
    ).fit(X)
    found = ScoreCurve.from_cv_results(search.cv_results_, "n_components", "r2")
    assert found.scores.shape == (3, 12)
    np.testing.assert_allclose(found.mean, search.cv_results_["mean_test_r2"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"param": "k"}, "Unknown parameter 'k': use one of 'ae__n_components'"),
        ({"metric": "mi"}, "Unknown metric 'mi': use one of 'score'"),
    ],
)
def test_unknown_names_are_told(settings, message):
    results = cv_results([1, 2], [[0, 1], [1, 2]])
    with pytest.raises(ValueError, match=message):
        ScoreCurve.from_cv_results(results, **{"param": PARAM, **settings})


def test_nothing_finite_is_told():
    results = cv_results([1, 2], [[np.nan, 1], [1, np.nan]])
    with pytest.raises(ValueError, match="1 and 2 failed"):
        ScoreCurve.from_cv_results(results, PARAM)


@pytest.mark.parametrize("scores", [[[1.0], [np.inf]], [[1.0]], [1.0, 2.0]])
def test_scores_that_make_no_curve(scores):
    with pytest.raises(ValueError, match="scores"):
        ScoreCurve(np.array([1, 2]), np.array(scores))


def whole():
    scores = np.arange(12.0).reshape(4, 3)
    return ScoreCurve(
        np.array([1, 2, 4, 5]),
        scores,
        failed=(3, 6),
        rows=np.array([7, 5, 3, 1]),
        spread=np.array([0.1, 0.2, 0.3, 0.4]),
        is_complete=True,
    )


@pytest.mark.parametrize(
    "positions",
    [
        [True, False, True, False],
        np.array([0, 2]),
        [2, 0],
        slice(0, 4, 2),
    ],
)
def test_a_part_of_a_curve_has_all_that_is_its_own(positions):
    part = whole().at(positions)
    assert part.values.tolist() == [1, 4]
    np.testing.assert_array_equal(part.scores, whole().scores[[0, 2]])
    assert part.rows.tolist() == [7, 3]
    assert part.spread.tolist() == [0.1, 0.3]
    assert part.failed == (3, 6)


def test_a_part_is_complete_with_the_largest_value_only():
    assert whole().at(slice(1, None)).is_complete
    assert not whole().at(slice(None, -1)).is_complete
    open_curve = make(np.eye(3))
    assert not open_curve.at([2]).is_complete
    assert open_curve.at([2]).rows is open_curve.at([2]).spread is None


def test_a_part_of_nothing_is_none():
    with pytest.raises(ValueError, match="without scores"):
        whole().at([])


@pytest.mark.parametrize(
    ("n_features", "values", "failed", "is_complete"),
    [
        (9, [1, 2, 4, 5], (3, 6), False),
        (7, [1, 2, 4, 5], (3, 6), True),
        (6, [1, 2, 4, 5], (3,), True),
        (5, [1, 2, 4], (3,), True),
        (4, [1, 2], (3,), True),
        (2, [1], (), True),
    ],
)
def test_what_compresses(n_features, values, failed, is_complete):
    part = whole().compressing(n_features)
    assert part.values.tolist() == values
    assert part.failed == failed
    assert part.is_complete is is_complete
    assert len(part.spread) == len(part.rows) == len(values)


def test_where_nothing_compresses_it_is_said():
    curve = ScoreCurve(np.array([4, 5]), np.eye(2))
    with pytest.raises(ValueError, match="Of 3 features, 4 and 5 units"):
        curve.compressing(3)


@pytest.mark.parametrize("name", ["rows", "spread"])
def test_what_belongs_to_values_has_their_number(name):
    with pytest.raises(ValueError, match=f"{name} has 3 entries for 2 values"):
        replace(whole().at([0, 1]), **{name: np.arange(3)})
    with pytest.raises(ValueError, match="entries for 2 values"):
        replace(whole(), values=np.array([1, 2]), scores=np.eye(2))
