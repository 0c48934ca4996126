"""Frames of all dtypes: a table of the same kind, or an error that names the column."""

import re
import warnings

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skae import TabularAutoencoder
from skae._tables import TableEncoder

N_ROWS = 12
BIG = 2**62
TEXT = st.sampled_from(["", "a", "b", " ", "ä", "nan", "None", "1"])


def lists(cells, missing=True):
    """Return lists of cells, some of which are None."""
    cells = st.one_of(cells, st.none()) if missing else cells
    return st.lists(cells, min_size=N_ROWS, max_size=N_ROWS)


def series(cells, dtype, missing=True):
    return lists(cells, missing).map(lambda values: pd.Series(values, dtype=dtype))


FLOATS = st.floats(-1e300, 1e300)
WHOLE = st.integers(-100, 100)
DATES = st.datetimes(pd.Timestamp("1900-1-1"), pd.Timestamp("2100-1-1"))
# What a column may be made of; those that are refused have numbers of their own.
COLUMNS = st.one_of(
    series(FLOATS, "float64"),
    series(st.floats(-(2.0**99), 2.0**99, width=32), "float32"),
    series(FLOATS, "Float64"),
    series(st.integers(-BIG, BIG), "int64", missing=False),
    series(st.integers(0, 2**64 - 1), "uint64", missing=False),
    series(WHOLE, "Int8"),
    series(st.integers(0, 1), "int64", missing=False),
    series(st.booleans(), "bool", missing=False),
    series(st.booleans(), "boolean"),
    series(TEXT, "object"),
    series(TEXT, "str"),
    series(TEXT, "string"),
    series(TEXT, "category"),
    series(st.integers(0, 3), "category"),
    lists(st.sampled_from("abc")).map(
        lambda values: pd.Series(pd.Categorical(values, list("cabd"), ordered=True))
    ),
    series(DATES, "datetime64[ns]"),
    series(DATES, "datetime64[s]"),
    series(DATES, "datetime64[us, UTC]"),
    series(st.timedeltas(*pd.to_timedelta([-9, 9], unit="D")), "timedelta64[us]"),
    st.just(pd.Series([None] * N_ROWS, dtype="object")),
    st.just(pd.Series([np.nan] * N_ROWS)),
    st.just(pd.Series(["same"] * N_ROWS)),
    st.just(pd.Series([7] * N_ROWS)),
    series(st.one_of(st.integers(), TEXT), "object"),
    series(st.one_of(FLOATS, st.just(np.inf)), "float64"),
    series(st.sampled_from([(1,), (2,), frozenset()]), "object"),
    lists(st.lists(WHOLE)).map(lambda values: pd.Series(values, dtype=object)),
    series(st.integers(10**310, 10**320), "object"),
)
NAMES = st.sampled_from([*"abcdef", 0, 1])


@st.composite
def frames(draw):
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=5))
    names = draw(st.lists(NAMES, min_size=len(columns), max_size=len(columns)))
    frame = pd.concat(columns, axis=1)
    frame.columns = names
    return frame


def encoded(X):
    """Return encoder and matrix, or the message of a refusal."""
    try:
        encoder = TableEncoder().fit(X)
        return encoder, encoder.transform(X)
    except (ValueError, TypeError) as error:
        return None, str(error)


def check_refusal(message, X):
    """Check that a message names a column, or says that none varies."""
    if re.match(r"No column varies|Column names have to differ", message):
        return
    name = re.match(r"(?:Input X contains infinity in c|C)olumn '?(\w+)'?", message)[1]
    assert name in [str(each) for each in X.columns]


def check_table(encoder, rows, X):
    """Check the table that comes back from its matrix."""
    X_back = encoder.inverse_transform(np.nan_to_num(rows))
    pd.testing.assert_series_equal(X_back.dtypes, X.dtypes)
    assert list(X_back) == list(X)
    for name, column in zip(X, encoder.columns_, strict=True):
        given = X[name].notna()
        own, back = X.loc[given, name], X_back.loc[given, name]
        if column.kind in {"boolean", "categorical", "ordinal", "empty"}:
            assert (own.astype(object) == back.astype(object)).all(), name
        elif column.kind == "numeric":
            own, back = (part.astype(float) for part in (own, back))
            spread = np.abs(own).max() or 1
            np.testing.assert_allclose(back / spread, own / spread, atol=1e-5)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(frames())
def test_a_table_comes_back_or_its_column_is_named(X):
    encoder, rows = encoded(X)
    if encoder is None:
        check_refusal(rows, X)
    else:
        assert not np.isinf(rows).any()
        check_table(encoder, rows, X)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(frames())
def test_an_autoencoder_fits_what_can_be_encoded(X):
    encoder, rows = encoded(X)
    if encoder is None or np.isnan(rows).all(axis=1).any():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TabularAutoencoder(1, max_epochs=2, random_state=0).fit(X)
    assert np.isfinite(model.transform(X)).all()
    pd.testing.assert_series_equal(model.reconstruct(X).dtypes, X.dtypes)
