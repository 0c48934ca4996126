"""Rows of odd forms, which interpretation is given."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_wine
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from skae import DenseAutoencoder
from skae.interpretation import attributions, nearest_normal, traversal
from skae.interpretation._units import in_users_units

FRAME = load_wine(as_frame=True).data[["alcohol", "ash", "hue"]]


def model(**settings):
    return DenseAutoencoder(2, max_epochs=3, random_state=0, **settings)


def test_traversal_with_codes_in_frames():
    plain = traversal(model().fit(FRAME), FRAME).changes
    framed = model().set_output(transform="pandas").fit(FRAME)
    pd.testing.assert_series_equal(traversal(framed, FRAME).changes, plain)


def test_sparse_rows_are_explained_as_dense_ones():
    X = FRAME.to_numpy()
    fitted = model().fit(csr_array(X))
    for explain in (
        lambda rows: attributions(fitted, rows).values,
        lambda rows: nearest_normal(fitted, rows).expected,
        lambda rows: traversal(fitted, rows).changes,
    ):
        np.testing.assert_array_equal(explain(csr_array(X[:4])), explain(X[:4]))


def test_ordinal_categories_are_the_nearest_ones():
    table = pd.DataFrame({"level": list("abcb"), "ash": [1.0, 2.0, 3.0, 4.0]})
    columns = [("o", OrdinalEncoder(), ["level"]), ("n", StandardScaler(), ["ash"])]
    before = Pipeline([("columns", ColumnTransformer(columns).fit(table))])
    rows = before.transform(table)
    rows[:, 0] += [-0.2, -1e-6, 0.4, 0.3]  # to -0.2, 0.999999, 2.4 and 1.3
    pd.testing.assert_frame_equal(in_users_units(before, rows, table), table)


@pytest.mark.parametrize("row", [178, -179])
def test_rows_that_are_not_there(row):
    with pytest.raises(ValueError, match="row == "):
        traversal(model().fit(FRAME), FRAME, row=row)
