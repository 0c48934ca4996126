"""Categories that no training row has, as a sign of anomalies."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skae import ReconstructionDetector, TabularAutoencoder
from skae._tables import CategoryColumn, TableEncoder


def table(n_samples=300, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], n_samples)
    size = (kind == "a") + 0.3 * rng.normal(size=n_samples)
    names = [f"name {number}" for number in rng.integers(10**9, size=n_samples)]
    return pd.DataFrame(
        {"kind": kind, "size": size, "width": size**2, "name": names, "land": "here"}
    )


def test_the_surprise_is_that_of_turings_estimate():
    column = CategoryColumn("kind", levels=list("abcd"), slots=[0, 1, 2, -1])
    column.counts = [5, 3, 1, 0]
    assert column.surprise_of_unknown == pytest.approx(np.log(10 / 2))


def test_a_table_is_surprising_where_levels_are_new():
    encoder = TableEncoder().fit(table())
    X = table(4, seed=1).assign(name=None)
    np.testing.assert_array_equal(encoder.surprise(X), 0)
    X.loc[1, "kind"] = "z"
    X.loc[2, "land"] = "there"
    X.loc[3, "kind"] = None
    np.testing.assert_allclose(encoder.surprise(X), np.log(301) * np.eye(4)[1:3].sum(0))


@pytest.fixture(scope="module", params=["alone", "in a pipeline"])
def detector(request):
    model = TabularAutoencoder(2, max_epochs=10, max_categories=5)
    if request.param == "in a pipeline":
        model = make_pipeline(FunctionTransformer(), model)
    detector = ReconstructionDetector(model, level=0.05, cv=3, random_state=0)
    return detector.fit(table())


def test_new_levels_are_alarmed(detector):
    X = table(40, seed=2)
    before = detector.predict(X)
    after = detector.predict(X.assign(kind="z"))
    assert (before == 1).mean() > 0.85
    assert (after == -1).mean() > 0.75


def test_new_names_are_usual_where_each_row_has_one(detector):
    """All rows have a name that no other has, so that alarms stay at their level."""
    p = detector.p_values(table(200, seed=3))
    assert 0.01 < (p <= 0.05).mean() < 0.1
