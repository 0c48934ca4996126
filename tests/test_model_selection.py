import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    check_cv,
    cross_val_predict,
    cross_validate,
)

from skae.model_selection import ContiguousKFold
from skae.preprocessing import SlidingWindow

few = settings(max_examples=80, deadline=None, derandomize=True)


class Shrunk(BaseEstimator):
    """Predict a fraction of the training mean, for arrays of any dimension."""

    def __init__(self, fraction=1.0):
        self.fraction = fraction

    def fit(self, X, y=None):
        self.mean_ = self.fraction * X.mean(axis=0)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_.mean())

    def score(self, X, y=None):
        return -float(np.mean((X - self.mean_) ** 2))


def has_training_rows(n_samples, n_splits, gap):
    blocks = np.array_split(np.arange(n_samples), n_splits)
    return all(b[0] > gap or n_samples - 1 - b[-1] > gap for b in blocks)


@few
@given(
    length=st.integers(1, 12),
    stride=st.integers(1, 15),
    n_splits=st.integers(2, 6),
    n_timesteps=st.integers(30, 150),
)
def test_no_time_step_is_shared(length, stride, n_splits, n_timesteps):
    window = SlidingWindow(length, stride=stride, flatten=True)
    timesteps = window.fit_transform(np.arange(n_timesteps).reshape(-1, 1))
    n = len(timesteps)
    assume(n >= n_splits and has_training_rows(n, n_splits, window.gap))
    for train, test in ContiguousKFold(n_splits, gap=window.gap).split(timesteps):
        assert not set(timesteps[train].flat) & set(timesteps[test].flat)
        left_out = np.setdiff1d(np.arange(n), np.union1d(train, test))
        tested = set(timesteps[test].flat)
        # The gap is also no wider than it has to be.
        assert all(tested & set(timesteps[row]) for row in left_out)


@few
@given(n_samples=st.integers(2, 80), n_splits=st.integers(2, 9), gap=st.integers(0, 12))
def test_folds(n_samples, n_splits, gap):
    assume(n_samples >= n_splits and has_training_rows(n_samples, n_splits, gap))
    cv = ContiguousKFold(n_splits, gap=gap)
    folds = list(cv.split(np.empty((n_samples, 3))))
    assert len(folds) == cv.get_n_splits() == n_splits
    tests = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(tests, np.arange(n_samples))
    for train, test in folds:
        rows = np.arange(n_samples)
        far = (rows < test[0] - gap) | (rows > test[-1] + gap)
        np.testing.assert_array_equal(train, rows[far])


@few
@given(n_samples=st.integers(2, 80), n_splits=st.integers(2, 9))
def test_without_gap_it_is_kfold(n_samples, n_splits):
    assume(n_samples >= n_splits)
    X = np.empty((n_samples, 2))
    ours = ContiguousKFold(n_splits).split(X)
    for fold, reference in zip(ours, KFold(n_splits).split(X), strict=True):
        np.testing.assert_array_equal(fold[0], reference[0])
        np.testing.assert_array_equal(fold[1], reference[1])


@few
@given(n_samples=st.integers(1, 30), n_splits=st.integers(2, 6), gap=st.integers(0, 20))
def test_too_few_rows(n_samples, n_splits, gap):
    assume(n_samples >= n_splits)
    assume(not has_training_rows(n_samples, n_splits, gap))
    with pytest.raises(ValueError, match=r"no training rows.*Lower `gap`"):
        ContiguousKFold(n_splits, gap=gap).split(np.empty((n_samples, 1)))


def test_fewer_rows_than_blocks():
    with pytest.raises(ValueError, match="3 rows into n_splits=5 blocks: lower"):
        ContiguousKFold().split(np.empty((3, 1)))
    with pytest.raises(ValueError, match=r"3 rows into n_splits=5.* no group has more"):
        ContiguousKFold().split(np.empty((5, 1)), groups=[1, 1, 2, 2, 2])


@few
@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    n_splits=st.integers(2, 5),
    gap=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_folds_within_groups(sizes, n_splits, gap, seed):
    groups = np.repeat(list("abcd")[: len(sizes)], sizes)
    groups = np.random.default_rng(seed).permutation(groups)
    rows_of = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    blocks = [np.array_split(rows, n_splits) for rows in rows_of]
    expected = []
    for i in range(n_splits):
        train = []
        for rows, parts in zip(rows_of, blocks, strict=True):
            for place, row in enumerate(rows):
                tested = np.searchsorted(rows, parts[i])
                if (abs(place - tested) > gap).all():
                    train.append(row)
        expected.append((sorted(train), sorted(np.concatenate([p[i] for p in blocks]))))
    assume(all(len(train) and len(test) for train, test in expected))
    folds = list(ContiguousKFold(n_splits, gap=gap).split(groups, groups=groups))
    for fold, reference in zip(folds, expected, strict=True):
        np.testing.assert_array_equal(fold[0], reference[0])
        np.testing.assert_array_equal(fold[1], reference[1])
    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(groups)))


def test_windows_of_a_fleet_share_no_time_step():
    series = np.arange(100).reshape(-1, 1)
    machines = np.repeat(["a", "b", "c"], [40, 35, 25])
    window = SlidingWindow(4, stride=2, flatten=True).fit(series)
    timesteps = window.transform(series, groups=machines)
    groups = machines[window.window_starts(series, groups=machines)]
    cv = ContiguousKFold(4, gap=window.gap)
    for train, test in cv.split(timesteps, groups=groups):
        assert not set(timesteps[train].flat) & set(timesteps[test].flat)
        assert set(groups[train]) == set(groups[test]) == {"a", "b", "c"}


def test_one_group_is_no_group():
    X, cv = np.empty((23, 1)), ContiguousKFold(4, gap=2)
    for fold, plain in zip(cv.split(X, groups=["a"] * 23), cv.split(X), strict=True):
        np.testing.assert_array_equal(fold[0], plain[0])
        np.testing.assert_array_equal(fold[1], plain[1])


def test_no_training_rows_in_any_group():
    with pytest.raises(ValueError, match=r"no training rows.*Lower `gap`"):
        ContiguousKFold(2, gap=3).split(np.empty((8, 1)), groups=[1, 2] * 4)


def test_searches_pass_groups_on():
    X = np.random.default_rng(0).normal(size=(40, 2))
    groups, cv = np.repeat([1, 2], 20), ContiguousKFold(2)
    expected = cross_validate(Shrunk(), X, cv=list(cv.split(X, groups=groups)))
    found = cross_validate(Shrunk(), X, groups=groups, cv=cv)
    np.testing.assert_array_equal(found["test_score"], expected["test_score"])
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(Shrunk(), X, params={"groups": groups}, cv=cv)
    np.testing.assert_array_equal(routed["test_score"], expected["test_score"])
    plain = cross_validate(Shrunk(), X, cv=cv)
    assert (plain["test_score"] != expected["test_score"]).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 1}, r"'n_splits' parameter of ContiguousKFold.*\[2, inf\)"),
        ({"n_splits": 2.5}, r"'n_splits' parameter.*Got 2\.5"),
        ({"gap": -1}, r"'gap' parameter.*\[0, inf\)"),
    ],
)
def test_parameters_out_of_range(params, message):
    with pytest.raises(ValueError, match=message):
        ContiguousKFold(**params).split(np.empty((20, 1)))


def test_repr_and_copies():
    cv = ContiguousKFold(3, gap=9)
    assert repr(cv) == "ContiguousKFold(gap=9, n_splits=3)"
    assert clone(cv, safe=False).gap == 9
    assert check_cv(cv) is cv


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ContiguousKFold().split(np.empty((20, 1)), np.empty(19))


def test_searches_and_validation_over_sequences():
    window = SlidingWindow(length=4)
    series = np.random.default_rng(0).normal(5, 1, size=(60, 2))
    windows = window.fit_transform(series)
    cv = ContiguousKFold(3, gap=window.gap)
    search = GridSearchCV(Shrunk(), {"fraction": [0.0, 1.0]}, cv=cv).fit(windows)
    assert search.best_params_ == {"fraction": 1.0}
    assert search.n_splits_ == 3
    scores = cross_validate(Shrunk(), windows, cv=cv)["test_score"]
    assert scores.shape == (3,)
    assert cross_val_predict(Shrunk(), windows, cv=cv).shape == (57,)
