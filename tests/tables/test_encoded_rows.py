"""Encoded tables made some rows at a time."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.utils import check_random_state

from skae import TabularAutoencoder, TabularVAE, get_scorer
from skae._tables import TableEncoder


def table(n_rows=80, gaps=0.1):
    rng = check_random_state(0)
    numbers = rng.randn(n_rows, 2)
    frame = pd.DataFrame(numbers, columns=["a", "b"])
    frame["c"] = np.array(list("xyz"))[rng.randint(3, size=n_rows)]
    frame["d"] = pd.Categorical(np.where(numbers[:, 0] > 0, "p", "q"))
    frame["same"] = "always"
    frame["whole"] = rng.randint(50, size=n_rows)
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(frame.whole, unit="D")
    columns = ["a", "c", "d", "day"]
    return frame.assign(
        **{name: frame[name].mask(rng.rand(n_rows) < gaps) for name in columns}
    )


def test_rows_are_those_of_the_whole():
    X = table()
    encoder = TableEncoder().fit(X)
    rows, whole = encoder.encoded(X), encoder.transform(X)
    numbers = np.array([70, 3, 3, 12])
    for some in (slice(5, 30, 7), numbers, slice(None)):
        np.testing.assert_array_equal(rows[some], whole[some])
    assert rows.shape == whole.shape
    assert rows.dtype == whole.dtype
    assert rows.has_missing
    np.testing.assert_array_equal(np.asarray(rows), whole)


def test_parts_are_decoded_into_one_table():
    X = table()
    encoder = TableEncoder().fit(X)
    whole = np.nan_to_num(encoder.transform(X))
    parts = encoder.decoded([whole[:30], whole[30:31], whole[31:]])
    pd.testing.assert_frame_equal(parts, encoder.inverse_transform(whole))


RESULTS = {
    "transform": lambda model, X: model.transform(X),
    "reconstruct": lambda model, X: model.reconstruct(X),
    "impute": lambda model, X: model.impute(X, max_iter=3),
    "score": lambda model, X: model.score(X),
    "score_samples": lambda model, X: model.score_samples(X),
    "probabilities": lambda model, X: model.category_probabilities(X)["c"],
    "scorer": lambda model, X: get_scorer("mse")(model, X),
}


@pytest.mark.parametrize("kind", [TabularAutoencoder, TabularVAE])
@pytest.mark.parametrize("form", [pd.DataFrame, pa.Table.from_pandas])
def test_tables_that_are_encoded_batch_by_batch_have_the_same_fit(
    form, kind, monkeypatch
):
    X = form(table())
    settings = {"hidden_layer_sizes": (5,), "max_epochs": 3, "random_state": 0}
    monkeypatch.setattr("skae.training._inference.CHUNK_BYTES", 1000)
    models = [kind(2, **settings).fit(X)]
    monkeypatch.setattr("skae._arrays._lazy.SMALL", 0)
    models.append(kind(2, **settings).fit(X))
    for name, result in RESULTS.items():
        found = [result(model, X) for model in models]
        monkeypatch.setattr("skae._arrays._lazy.SMALL", 2**24)
        found.append(result(models[0], X))
        monkeypatch.setattr("skae._arrays._lazy.SMALL", 0)
        for other in found[1:]:
            if hasattr(other, "equals"):
                assert other.equals(found[0]), name
            else:
                np.testing.assert_array_equal(other, found[0], name)


def test_rows_without_any_value_are_told_by_their_number(monkeypatch):
    monkeypatch.setattr("skae._arrays._lazy.SMALL", 0)
    X = table(gaps=0)[["a", "c"]]
    X.loc[[3, 60]] = None
    with pytest.raises(ValueError, match="number 3, 60"):
        TabularAutoencoder().fit(X)


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([1.0, np.nan, 3.0], 0),
        ([0.25, 1.5], 2),
        ([0.1, -1e-6], 6),
        ([1 / 3, 1.0], None),
        ([1e300, 0.5], None),
        ([1, 7], None),
        ([2**62, 2**62 + 5], None),
    ],
    ids=str,
)
def test_drawn_numbers_are_rounded_as_those_of_the_fit(values, decimals):
    X = pd.DataFrame({"a": values})
    (column,) = TableEncoder(column_types={"a": "numeric"}).fit(X).columns_
    assert column.decimals == decimals
    found = column.as_seen(X.a.dropna().to_numpy())
    np.testing.assert_array_equal(found, X.a.dropna())


def test_synthetic_rows_have_values_like_those_of_the_fit():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"week": rng.randint(20, 40, 90) * 1.0, "age": rng.rand(90)})
    X["n"] = rng.randint(5, 9, 90)
    model = TabularVAE(1, max_epochs=3, random_state=0).fit(X)
    drawn = model.sample(500, random_state=0)
    assert (drawn.week == drawn.week.round()).all()
    assert (drawn.age != drawn.age.round(6)).any()
    assert list(drawn.dtypes) == list(X.dtypes)
    means = model.sample(500, random_state=0, noise=False)
    assert (means.week != means.week.round()).any()
