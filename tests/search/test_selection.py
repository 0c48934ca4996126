import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

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
)

RULES = [
    Best(),
    OneStandardError(),
    Saturation(),
    Saturation(0.9, floor="first"),
    Threshold(0.9),
    Knee(),
    SecondDifference(),
    ShortestDescription(n_features=30),
]
KINDS = {"clear", "ambiguous", "flat", "edge", "under-trained", "sorted"}

# R2 of data of three dimensions with one percent of noise
THREE = [0.40, 0.72, 0.985, 0.987, 0.988, 0.989, 0.9895, 0.99]


def make(scores, values=None, **fields):
    """A curve over 1, 2, ... or the given values."""
    values = np.arange(1, len(scores) + 1) if values is None else np.array(values)
    return ScoreCurve(values, np.asarray(scores, dtype=float), **fields)


def curve(means, noise=0.0, values=None, **fields):
    """A curve with these means, and noise between four folds."""
    draws = noise * np.random.default_rng(0).standard_normal((len(means), 4))
    scores = np.asarray(means)[:, None] + draws - draws.mean(axis=1, keepdims=True)
    return make(scores, values, **fields)


def curves_of(elements):
    return st.tuples(st.integers(1, 8), st.integers(1, 5)).flatmap(
        lambda shape: arrays(float, shape, elements=elements)
    )


whole_scores = curves_of(st.integers(-20, 20).map(float))
shares = curves_of(st.floats(-1, 1))


def test_the_highest_score_and_its_ties_are_told_whatever_was_chosen():
    rising = make(np.array([0.5, 0.8, 0.97, 0.98, 1.0])[:, None] + np.zeros(4))
    selection = Saturation().select(rising)
    assert selection.value == 3
    assert selection.verdict.best == 5
    assert selection.verdict.tied == (5,)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shares)
@example(np.array([[1e-309], [-1.0]]))
def test_every_choice_has_a_verdict(scores):
    given = make(scores)
    for rule in RULES:
        selection = rule.select(given)
        verdict = selection.verdict
        assert verdict.kind in KINDS
        assert (verdict.best, verdict.tied) == (given.best, given.tied)
        assert selection.value not in selection.alternatives
        assert set(selection.alternatives) <= set(given.values)
        if verdict.kind == "clear":
            assert selection.alternatives == ()
            assert {selection.value - 1, selection.value + 1} <= {0, *given.values}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(whole_scores)
def test_a_curve_is_judged_as_the_choice_of_its_best(scores):
    assert make(scores).verdict() == Best().select(make(scores)).verdict


@settings(max_examples=200, deadline=None, derandomize=True)
@given(whole_scores.filter(lambda scores: scores.shape[1] > 1))
def test_what_a_fold_can_change_is_within_one_standard_error_of_a_maximum(scores):
    selection = Best().select(make(scores))
    kept = [np.delete(scores, fold, axis=1) for fold in range(scores.shape[1])]
    assert {make(part).best for part in kept} <= {
        selection.value,
        *selection.alternatives,
    }


def test_a_peak_is_clear():
    verdict = curve([0.1, 0.5, 0.9, 0.5, 0.1, 0.0], noise=0.02).verdict()
    assert (verdict.kind, verdict.best, verdict.tied) == ("clear", 3, (3,))
    assert verdict.text == (
        "3 is chosen: it has the highest mean score. So it is whichever of the 4 folds "
        "is left out, and by more than one standard error over each of the other 5."
    )


def test_few_ties_are_ambiguous_and_listed():
    verdict = curve([0.1, 0.3, 0.9, 0.9001, 0.89, 0.1, 0.0, 0.2], noise=0.02).verdict()
    assert verdict.kind == "ambiguous"
    assert verdict.best in (3, 4)
    assert set(verdict.tied) <= {3, 4, 5}
    others = [value for value in verdict.tied if value != verdict.best]
    assert all(f"{value}" in verdict.text for value in others)


def test_many_ties_are_flat():
    scores = np.full((12, 4), 0.5) + 0.01 * np.array([1, -1, 1, -1])
    scores[:3] = 0.1
    scores[6] += [1e-4, 1e-4, 1e-4, -1e-4]
    verdict = make(scores).verdict()
    assert verdict.kind == "flat"
    assert "9 of the 12 values tried, from 4 to 12" in verdict.text
    assert "7 is taken for now: it has the highest" in verdict.text
    assert "There is nothing to choose by" in verdict.text
    assert "4 would do as well" in verdict.text


def test_a_lucky_best_of_many_equals_is_flat():
    scores = np.random.default_rng(3).normal(size=(16, 4))
    scores[0] -= 10  # one bad value must not make the others look different
    verdict = make(scores).verdict()
    assert verdict.kind == "flat"


def test_pure_noise_is_hardly_ever_clear():
    kinds = [
        make(np.random.default_rng(seed).normal(size=(12, 4))).verdict().kind
        for seed in range(100)
    ]
    assert kinds.count("clear") <= 5
    assert kinds.count("flat") >= 60


@pytest.mark.parametrize(
    ("means", "word"),
    [([0.1, 0.2, 0.3, 0.4, 0.5], "largest"), ([0.1], "only value with a score")],
)
def test_the_end_of_the_range_is_an_edge(means, word):
    verdict = curve(means, noise=0.001).verdict()
    assert verdict.kind == "edge"
    assert word in verdict.text


def test_the_smallest_is_an_edge_only_if_there_are_smaller_ones():
    means = [0.9, 0.5, 0.3]
    assert curve(means, 0.001).verdict().kind == "clear"
    verdict = curve(means, 0.001, values=[2, 3, 4]).verdict()
    assert verdict.kind == "edge"
    assert "try 1." in verdict.text


def test_identical_scores_are_flat_and_the_smallest_is_best():
    verdict = make(np.full((5, 3), 0.3)).verdict()
    assert (verdict.kind, verdict.best, verdict.tied) == ("flat", 1, (1, 2, 3, 4, 5))


def test_one_fold_claims_nothing():
    found = make(np.array([[0.1], [0.9], [0.3]]))
    assert np.isnan(found.standard_error).all()
    assert found.tied == (2,)
    assert found.verdict().kind == "ambiguous"
    assert "single fold" in found.verdict().text


def test_two_candidates():
    assert make(np.array([[1.0, 2.0], [0.0, 0.5]])).verdict().kind == "clear"
    assert make(np.array([[1.0, 0.0], [0.0, 1.0]])).verdict().kind == "flat"


@settings(deadline=None, max_examples=60, derandomize=True)
@given(whole_scores, st.integers(1, 9), st.integers(-9, 9))
def test_units_of_the_score_and_order_of_folds_do_not_matter(scores, factor, shift):
    found = make(scores)
    other = make((factor * scores + shift)[:, ::-1])
    assert found.tied == other.tied
    assert found.verdict().kind == other.verdict().kind
    assert found.best in found.tied


def test_what_every_fold_confirms_is_clear():
    noise = 0.001 * np.random.default_rng(0).normal(size=(8, 4))
    verdict = Saturation().select(make(np.array(THREE)[:, None] + noise)).verdict
    assert verdict.kind == "clear"
    assert "whichever of the 4 folds" in verdict.text


def test_what_a_fold_can_change_is_ambiguous():
    scores = np.array([[0.5] * 4, [0.94, 0.94, 0.94, 0.98], [1.0] * 4])
    selection = Saturation(0.95).select(make(scores))
    assert (selection.value, selection.runner_up) == (2, 3)
    assert selection.verdict.kind == "ambiguous"
    assert "3 is chosen in 1 of 4 cases" in selection.verdict.text


def test_one_fold_is_never_clear():
    verdict = Saturation().select(make(np.array(THREE)[:, None])).verdict
    assert verdict.kind == "ambiguous"
    assert "single fold" in verdict.text


def test_less_than_the_spread_of_restarts_is_flat():
    scores = 0.86 + 0.001 * np.random.default_rng(0).normal(size=(8, 1)) * np.ones(4)
    flat = make(scores, spread=np.full(8, 0.01))
    assert Best().select(flat).verdict.kind == "flat"
    assert "between restarts" in str(Best().select(flat))
    assert Best().select(make(scores, spread=np.full(8, 1e-6))).verdict.kind != "flat"


def test_the_largest_value_tried_is_an_edge_unless_there_is_none_larger():
    rising = [0.5, 0.7, 0.9, 1.0]
    assert Best().select(curve(rising)).verdict.kind == "edge"
    assert Best().select(curve(rising, is_complete=True)).verdict.kind == "clear"


def test_what_leaves_much_unexplained_may_be_under_trained():
    selection = ShortestDescription(n_features=30).select(curve([0.7, 0.71, 0.72]))
    assert selection.verdict.kind == "under-trained"
    assert "30% of the variance" in selection.verdict.text


def test_what_other_values_do_in_a_fold_does_not_make_the_best_flat():
    rng = np.random.default_rng(0)
    folds = rng.normal(size=(1, 4))
    bad, good = np.zeros((4, 1)) + 5 * folds, np.linspace(0.9, 0.99, 4)[:, None]
    scores = np.concatenate([bad - 20, good + 1e-4 * rng.normal(size=(4, 4))])
    assert Best().select(make(scores)).verdict.kind != "flat"


# Neighbours of the choice


@pytest.mark.parametrize(
    ("values", "means", "failed", "advice"),
    [
        ([2, 4, 8], [0.1, 0.9, 0.2], (), "try 3 and 5."),
        ([2, 4, 8], [0.9, 0.1, 0.2], (), "try 1 and 3."),
        ([2, 4, 8], [0.1, 0.2, 0.9], (), "try 7, 9 and larger ones."),
        ([2, 3, 4], [0.9, 0.1, 0.2], (), "try 1."),
        ([1, 3, 4], [0.1, 0.9, 0.2], (), "try 2."),
        ([1, 2, 4], [0.1, 0.9, 0.2], (3,), "try 3. 3 failed in at least one fold"),
        ([1, 2], [0.1, 0.9], (3,), "try 3 and larger ones. 3 failed"),
        ([5], [0.9], (4,), "try 4, 6 and larger ones. 4 failed"),
    ],
)
def test_no_choice_is_clear_while_a_neighbour_has_no_score(
    values, means, failed, advice
):
    given = curve(means, 0.001, values, failed=failed)
    for verdict in (given.verdict(), Threshold(0.9).select(given).verdict):
        assert verdict.kind == "edge"
        assert advice in verdict.text


@pytest.mark.parametrize(
    ("values", "means", "n_features", "kind"),
    [
        ([1, 2, 8], [0.9, 0.1, 0.2], 30, "clear"),
        ([7, 8, 9], [0.1, 0.9, 0.2], 30, "clear"),
        ([7, 8, 9], [0.1, 0.2, 0.9], 10, "clear"),
        ([7, 8, 9], [0.1, 0.2, 0.9], 11, "edge"),
        ([7, 8, 9, 10], [0.1, 0.2, 0.9, 1.0], 10, "clear"),
        ([1], [0.9], 2, "ambiguous"),
    ],
)
def test_neighbours_are_those_that_compress(values, means, n_features, kind):
    given = curve(means, 0.001, values).compressing(n_features)
    assert given.verdict().kind == kind


def test_a_larger_one_that_failed_is_to_be_tried_again_though_it_is_the_last():
    given = curve([0.1, 0.9], 0.001, failed=(3,)).compressing(4)
    assert given.is_complete
    verdict = given.verdict()
    assert verdict.kind == "edge"
    assert "try 3. 3 failed" in verdict.text
    assert "larger" not in verdict.text


def test_numbers_that_are_not_whole_have_no_neighbours():
    means = [0.1, 0.9, 0.2]
    assert curve(means, 0.001, values=[0.1, 1.0, 10.0]).verdict().kind == "clear"
    verdict = curve(sorted(means), 0.001, values=[0.1, 1.0, 10.0]).verdict()
    assert verdict.kind == "edge"
    assert "try larger ones." in verdict.text


def test_a_list_with_gaps_in_a_search_is_not_clear():
    search = GridSearchCV(
        PCA(),
        {"n_components": [1, 3, 5]},
        scoring=Reconstruction(),
        refit=ShortestDescription(n_features=12),
        cv=4,
    )
    X = make_linear_manifold(300, 3, 12, noise=0.05, random_state=0).X
    search.fit(X)
    selection = search.refit.from_cv_results(search.cv_results_)
    assert selection.value == 3
    assert selection.verdict.kind == "edge"
    assert "try 2 and 4." in selection.verdict.text


def test_one_value_is_judged_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rule in RULES:
            assert rule.select(make([[0.9, 0.95]])).verdict.kind in KINDS - {"clear"}


def test_alternatives_are_what_another_rule_of_choice_would_make_of_the_folds():
    scores = np.array([[0.5] * 4, [0.94, 0.94, 0.94, 0.98], [1.0] * 4])
    assert Saturation().select(make(scores)).alternatives == (3,)
    assert Best().select(make(scores)).alternatives == ()
    tied = make(np.array([[0.5, 0.5], [0.9, 0.8], [0.8, 0.89], [0.1, 0.1], [0.1, 0.1]]))
    assert Best().select(tied).alternatives == tied.tied[1:] == (3,)
