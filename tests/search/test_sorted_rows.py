"""Rows that are sorted are told from networks that have learnt too little."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder, select_dimension, stacked
from skae.exceptions import DimensionWarning
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.search import LatentDimensionSearchCV
from skae.search._order import are_overlapping, row_order
from skae.search._range import DimensionRange

TABLES = ["wine", "breast_cancer", "diabetes", "iris", "digits", "linnerud"]
SORTED = ["wine", "iris"]  # by class, as scikit-learn has them


def table(name):
    found = getattr(datasets, f"load_{name}")()
    return StandardScaler().fit_transform(found.data), found.target


def search(X, cv, estimator=None, **settings):
    found = LatentDimensionSearchCV(estimator or PCA(), cv=cv, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found.set_params(**settings).fit(X)
    return found.selection_.verdict, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("name", TABLES)
def test_shuffled_rows_raise_no_alarm(name):
    X, _ = table(name)
    for seed in range(20):
        shuffled = np.random.default_rng(seed).permutation(X)
        assert row_order(shuffled, 4) is None
        assert row_order(np.exp(shuffled), 3) is None


@pytest.mark.parametrize("seed", range(20))
def test_few_wide_and_odd_rows_raise_no_alarm(seed):
    rng = np.random.default_rng(seed)
    few, wide = rng.normal(size=(20, 3)), rng.normal(size=(30, 200))
    flags = (rng.random((100, 6)) < 0.05).astype(float)
    for X in (few, wide, flags, rng.lognormal(size=(100, 4)), np.ones((9, 3))):
        assert row_order(X, 4) is None


def test_orders_of_many_kinds_are_seen():
    X, classes = table("digits")
    assert row_order(X[np.argsort(classes, kind="stable")], 4).excess > 1.15
    for name in ("wine", "breast_cancer", "diabetes"):
        X, _ = table(name)
        assert row_order(X, 4) is None or name == "wine"
        assert row_order(X[np.argsort(X[:, 0])], 4).excess > 1.05
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(5_000, 8)).cumsum(axis=0)
    assert row_order(walk, 4).excess > 1.1


def test_errors_are_those_of_pca():
    X, _ = table("iris")
    folds = KFold(4)

    def error(X):
        return sum(
            np.linalg.norm(
                X[test] - pca.inverse_transform(pca.transform(X[test])), axis=1
            ).sum()
            for train, test in folds.split(X)
            for pca in [PCA(k).fit(X[train]) for k in range(1, 4)]
        )

    shuffles = np.random.default_rng(0)
    expected = error(X) / np.mean([error(shuffles.permutation(X)) for _ in range(20)])
    assert row_order(X, 4).excess == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", SORTED)
@pytest.mark.parametrize("cv", [4, KFold(3)])
def test_sorted_rows_under_unshuffled_folds_are_said(name, cv):
    X, _ = table(name)
    verdict, messages = search(X, cv)
    assert verdict.kind == "sorted"
    assert not verdict.is_settled
    n_folds = cv if isinstance(cv, int) else 3
    assert "your rows are sorted" in verdict.text
    assert f"cv=KFold({n_folds}, shuffle=True)" in verdict.text
    assert f"ContiguousKFold({n_folds})" in verdict.text
    assert verdict.text in messages


def test_a_network_on_sorted_rows_is_not_sent_to_train_longer():
    X, _ = table("iris")
    network = DenseAutoencoder(max_epochs=2)
    with stacked():
        verdict, messages = search(X, 4, network, n_components=2)
    assert verdict.kind == "sorted"
    assert "Train longer" not in " ".join(messages)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4, shuffle=True, random_state=0),
        ContiguousKFold(4),
        RepeatedKFold(n_splits=3, n_repeats=1, random_state=0),
        [*KFold(4).split(np.zeros(150))],
        KFold(4).split(np.zeros(150)),
    ],
    ids=["shuffled", "contiguous", "repeated", "indices", "generator"],
)
def test_folds_on_purpose_are_left_alone(cv):
    verdict, _ = search(table("iris")[0], cv)
    assert verdict.kind != "sorted"
    assert "huffle" not in verdict.text


def trend(n_steps=200):
    steps = np.arange(n_steps)
    return np.column_stack([steps / 20, np.sin(steps / 3)])


def small(flatten):
    """Return a small autoencoder of windows."""
    if flatten:
        return DenseAutoencoder(max_epochs=1)
    return LSTMAutoencoder(hidden_size=4, max_epochs=1)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("cv", [4, ContiguousKFold(4, gap=7)], ids=str)
def test_windows_that_overlap_are_never_to_be_shuffled(flatten, cv):
    windows = SlidingWindow(8, flatten=flatten).fit_transform(trend())
    scaler = StandardScaler() if flatten else SequenceScaler()
    for X in (windows, pd.DataFrame(windows)) if flatten else (windows,):
        assert are_overlapping(X)
        estimator = make_pipeline(scaler, small(flatten))
        with stacked():
            verdict, messages = search(X, cv, estimator, n_components=2)
        assert "huffle" not in " ".join([verdict.text, *messages])


def test_windows_cut_inside_of_the_pipeline_are_not_looked_at():
    pipeline = make_pipeline(SlidingWindow(8, stride=8, flatten=True), PCA())
    assert DimensionRange.of(pipeline, trend(), n_blocks=4).row_order is None


def test_what_is_no_sequence_of_windows():
    X, _ = table("wine")
    assert not are_overlapping(X)
    assert not are_overlapping(X[:1])
    assert not are_overlapping(["words", "more words"])


# The function shuffles


@pytest.mark.parametrize("name", SORTED)
def test_a_number_of_folds_is_that_of_shuffled_ones(name):
    X, _ = table(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        found = select_dimension(X, PCA(), cv=3, random_state=0)
        folds = KFold(3, shuffle=True, random_state=0)
        expected = select_dimension(X, PCA(), cv=folds, random_state=0)
    np.testing.assert_array_equal(found.curve.scores, expected.curve.scores)
    assert found.verdict.kind != "sorted"


def test_a_number_of_folds_with_groups():
    X, _ = table("iris")
    groups = np.arange(150) // 10
    settings = {"groups": groups, "random_state": 0, "n_components": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        found = select_dimension(X, PCA(), cv=5, **settings)
        folds = GroupKFold(5, shuffle=True, random_state=0)
        expected = select_dimension(X, PCA(), cv=folds, **settings)
    np.testing.assert_array_equal(found.curve.scores, expected.curve.scores)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("flatten", [False, True])
def test_a_number_of_folds_cuts_windows_in_their_order(flatten):
    windows = SlidingWindow(8, flatten=flatten).fit_transform(trend())
    settings = {"n_components": 2, "random_state": 0}
    with stacked(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = select_dimension(windows, small(flatten), cv=3, **settings)
        expected = select_dimension(windows, small(flatten), cv=KFold(3), **settings)
    np.testing.assert_array_equal(found.curve.scores, expected.curve.scores)
