from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from sklearn.decomposition import PCA

from skae.cli._target import are_classes, as_colours, predict_target

X = normal(200, 3)


def predicted(labels):
    known = {"data": SimpleNamespace(target="it"), "labels": labels, "window": None}
    plan = SimpleNamespace(**known, X=X, settings=SimpleNamespace(seed=0))
    return predict_target(plan, PCA(3).fit(X))


def test_no_target_no_prediction():
    data = SimpleNamespace(target=None, labels=None)
    assert predict_target(SimpleNamespace(data=data), None) is None


def test_classes_that_codes_tell():
    labels = pd.Series(np.where(X[:, 0] > 0.5, "high", "low")).mask(X[:, 1] > 2)
    found = predicted(labels)
    assert found.chance == pytest.approx((labels == "low").sum() / labels.count(), 0.05)
    assert found.score > found.chance + 0.1


def test_chance_is_the_share_of_the_most_frequent_class():
    assert predicted(np.arange(200) % 2 > 0).chance == 0.5


def test_predictions_in_words():
    found = predicted(pd.Series(np.where(X[:, 0] > 0.5, "high", "low")))
    assert "accuracy" in str(found)


def test_chance_predicts_nothing():
    found = predicted(np.arange(200) % 2 > 0)
    assert abs(found.score - 0.5) < 0.15


def test_numbers_that_codes_tell():
    assert predicted(2 * X[:, 0] + 5).score > 0.6
    assert predicted(normal(200, seed=9)).score < 0.2
    assert "R2" in str(predicted(X[:, 0]))


def test_dates_are_predicted_as_numbers():
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(X[:, 0] * 100, "D")
    assert predicted(pd.Series(dates)).score > 0.6


def test_few_rows_with_a_target_tell_nothing():
    labels = pd.Series(["a", "b"] * 100).mask(np.arange(200) > 10)
    assert predicted(labels) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b"], True),
        ([True, False], True),
        ([1, 2, 3], True),
        ([1.0, np.nan, 2.0], True),
        ([1.5, 2.5], False),
        (range(11), False),
        (pd.to_datetime(["2024-01-01"]), False),
    ],
)
def test_what_are_classes(values, expected):
    assert are_classes(pd.Series(values)) is expected


def test_colours_of_many_classes():
    values = pd.Series([f"kind {i}" for i in range(40) for _ in range(40 - i)] + [None])
    colours = as_colours(values)
    assert set(colours) == {*(f"kind {i}" for i in range(9)), "other", "(missing)"}


def test_colours_of_numbers_and_dates():
    assert as_colours(normal(30, seed=1)).dtype == float
    assert as_colours(pd.Series(pd.date_range("2024", periods=12))).dtype.kind == "M"
