"""Rows that belong together stay together."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.search import LatentDimensionSearchCV, select_dimension

rng = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(12), 10)
WORDS = np.array(list("abcdefghijkl"))[GROUPS]
X = rng.normal(size=(120, 2)) @ rng.normal(size=(2, 6))
X += 0.1 * rng.normal(size=X.shape)
PIPELINE = make_pipeline(StandardScaler(), PCA())


class Folds(GroupKFold):
    """Folds that note which groups they part."""

    def __init__(self, n_splits=3):
        super().__init__(n_splits)
        self.seen = []

    def split(self, X, y=None, groups=None):
        for train, test in super().split(X, y, groups):
            parted = np.asarray(groups)
            self.seen.append({*parted[train]} & {*parted[test]})
            yield train, test


@pytest.mark.parametrize(
    "groups",
    [GROUPS, GROUPS.tolist(), pd.Series(GROUPS), WORDS],
    ids=["array", "list", "series", "words"],
)
def test_no_group_is_in_two_folds(groups):
    folds = Folds()
    found = select_dimension(X, PIPELINE, groups=groups, cv=folds, random_state=0)
    assert folds.seen == [set()] * 3
    assert found.value == 2


def test_folds_are_of_shuffled_groups_unless_told_otherwise():
    found = select_dimension(X, PIPELINE, groups=GROUPS, random_state=0)
    folds = GroupKFold(4, shuffle=True, random_state=0)
    expected = select_dimension(
        X, PIPELINE, groups=GROUPS, cv=folds, random_state=0
    ).curve
    np.testing.assert_array_equal(found.curve.scores, expected.scores)
    alone = select_dimension(X, PIPELINE, random_state=0).curve
    assert not np.array_equal(alone.scores, expected.scores)


def test_fewer_groups_than_folds():
    two = GROUPS // 6
    found = select_dimension(X, PIPELINE, groups=two, random_state=0)
    assert found.curve.scores.shape[1] == 2
    with pytest.raises(ValueError, match="n_splits=2 greater than the number"):
        select_dimension(X, PIPELINE, groups=np.zeros(120), random_state=0)


def test_groups_of_other_rows():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        select_dimension(X, PIPELINE, groups=GROUPS[:50], random_state=0)


@pytest.mark.parametrize("routing", [False, True])
def test_groups_in_the_search(routing):
    with config_context(enable_metadata_routing=routing):
        search = LatentDimensionSearchCV(PCA(), cv=LeaveOneGroupOut(), random_state=0)
        search.fit(X, groups=GROUPS)
        assert search.n_splits_ == 12
        assert search.n_components_ == 2
        chosen = select_dimension(X, PCA(), groups=GROUPS, random_state=0)
    assert chosen.value == 2
