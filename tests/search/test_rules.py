import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from instances import RULES
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.datasets import make_linear_manifold
from skae.scorers import Reconstruction
from skae.search import (
    Best,
    Knee,
    OneStandardError,
    Saturation,
    ScoreCurve,
    SecondDifference,
    ShortestDescription,
    Threshold,
    get_rule,
)

each_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


def curve(scores, **fields):
    scores = np.asarray(scores, dtype=float)
    scores = scores[:, None] + np.zeros((1, 4)) if scores.ndim == 1 else scores
    return ScoreCurve(np.arange(1, len(scores) + 1), scores, **fields)


# R2 of data of three dimensions with one percent of noise
THREE = [0.40, 0.72, 0.985, 0.987, 0.988, 0.989, 0.9895, 0.99]

r2_curves = st.tuples(st.integers(2, 9), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(-1, 1))
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Best(), 8),
        (OneStandardError(), 8),
        (Saturation(), 3),
        (Saturation(0.75), 3),
        (Saturation(0.7), 2),
        (Saturation(0.5, floor="first"), 2),
        (Threshold(0.7), 2),
        (Threshold(0.999), 8),
        (Knee(), 3),
        (SecondDifference(), 3),
        (ShortestDescription(n_features=30), 3),
    ],
    ids=repr,
)
def test_what_each_rule_chooses(rule, expected):
    assert rule.select(curve(THREE)).value == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(r2_curves)
@example(np.array([[1e-309], [-1.0]]))  # nearly no way up, and a long way down
def test_every_rule_chooses_one_of_the_values_and_says_why(scores):
    given = curve(scores)
    for rule in RULES:
        selection = rule.select(given)
        place = given.values.tolist().index(selection.value)
        assert selection.value != selection.runner_up
        settled = selection.verdict.is_settled
        words = "is chosen" if settled else "is taken for now"
        assert f"{selection.value} {words}: {rule.why(given, place)}" in str(selection)
        assert str(selection).startswith("No value" if not settled else "")
        assert len(selection.criterion) == len(given.values)


def test_the_second_difference_is_by_hand():
    fvu = np.array([0.5, 0.05, 0.04])
    rule = SecondDifference()
    log = np.append(0, np.log(fvu))
    expected = [log[i - 1] - 2 * log[i] + log[i + 1] for i in (1, 2)]
    np.testing.assert_allclose(rule.criterion(curve(1 - fvu))[:2], expected)


def test_other_scores_than_shares_of_variance_are_refused():
    with pytest.raises(ValueError, match="'reconstruction'"):
        ShortestDescription(n_features=30).select(curve([1.5, 2.0]))


@each_rule
def test_the_only_value_is_chosen_at_an_edge(rule):
    selection = rule.select(curve([0.7]))
    assert (selection.value, selection.runner_up) == (1, None)
    assert selection.verdict.kind == "edge"


# In searches


@pytest.fixture(scope="module")
def linear():
    return make_linear_manifold(300, 3, 30, noise=0.05, random_state=0).X


@each_rule
def test_rules_refit_searches(rule, linear):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), PCA()),
        {"pca__n_components": [1, 2, 3, 4, 5]},
        scoring=Reconstruction(),
        refit=clone(rule),
        cv=3,
    ).fit(linear)
    selection = rule.from_cv_results(search.cv_results_)
    assert search.best_params_ == {"pca__n_components": selection.value}
    if not isinstance(rule, Best | OneStandardError | Threshold):
        assert selection.value == 3


def test_restarts_are_one_candidate():
    results = {
        "params": [
            {"n_components": k, "random_state": s} for k in (1, 2) for s in (0, 1)
        ],
        "param_n_components": np.ma.array([1, 1, 2, 2]),
        "param_random_state": np.ma.array([0, 1, 0, 1]),
        "split0_test_score": np.array([0.1, 0.3, 0.5, 0.9]),
        "split1_test_score": np.array([0.1, 0.3, 0.5, 0.9]),
        "mean_test_score": np.array([0.1, 0.3, 0.5, 0.9]),
    }
    selection = Best().from_cv_results(results)
    np.testing.assert_allclose(selection.curve.mean, [0.2, 0.7])
    np.testing.assert_allclose(
        selection.curve.spread, [np.std([0.1, 0.3], ddof=1), np.std([0.5, 0.9], ddof=1)]
    )
    assert selection.index == 3


def test_other_parameters_are_represented_by_the_best():
    results = {
        "params": [{"n_components": k, "alpha": a} for k in (1, 2) for a in (0, 1)],
        "param_n_components": np.ma.array([1, 1, 2, 2]),
        "param_alpha": np.ma.array([0, 1, 0, 1]),
        "split0_test_score": np.array([0.6, 0.3, 0.5, 0.4]),
        "mean_test_score": np.array([0.6, 0.3, 0.5, 0.4]),
    }
    selection = Best().from_cv_results(results)
    assert (selection.value, selection.index) == (1, 0)
    assert selection.curve.spread is None


def test_the_parameter_has_to_be_known():
    results = {"param_a": [1], "param_b": [1]}
    with pytest.raises(ValueError, match="name it by the rule's `param`"):
        Best().from_cv_results(results)


def test_rules_by_name():
    assert isinstance(get_rule("knee"), Knee)
    assert get_rule("description_length", n_features=7).n_features == 7
    with pytest.raises(ValueError, match="Did you mean 'saturation'"):
        get_rule("saturaton")
    with pytest.raises(ValueError, match="'share'"):
        Saturation(1.5)


def test_negative_scores_saturate_on_the_way_from_the_first():
    errors = -np.array([1.0, 0.5, 0.1, 0.06, 0.05])[:, None] - np.zeros((5, 3))
    found = Saturation(0.9).select(curve(errors))
    assert found.value == 3
    assert "from -1" in str(found)
