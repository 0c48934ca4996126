"""Tables with columns of any kind as matrices, and back."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from skae._tables import Columns, TableEncoder

N = 40
RNG = np.random.default_rng(0)


def frame():
    """Return a table with a column of each kind and dtype, a few cells missing."""
    hours = pd.date_range("2020-01-01", periods=N, freq="h")
    colours = RNG.choice(["red", "green", "blue"], N)
    return pd.DataFrame(
        {
            "colour": colours,
            "height": RNG.normal(170, 10, N),
            "single": RNG.normal(size=N).astype("float32"),
            "year": RNG.integers(1990, 2020, N),
            "small": pd.array([None, *range(1, N)], dtype="Int8"),
            "huge": 2**62 + RNG.integers(0, 10, N),
            "visits": RNG.poisson(RNG.exponential(5, N)).astype("uint16"),
            "smokes": RNG.integers(0, 2, N).astype(bool),
            "paid": pd.array([None, *([True, False, True] * 13)], dtype="boolean"),
            "won": RNG.integers(0, 2, N),
            "text": pd.Series(["", None, *colours[2:]], dtype=object),
            "grade": pd.Categorical(
                RNG.choice(["low", "mid", "high"], N),
                ["low", "mid", "high", "top"],
                ordered=True,
            ),
            "size": pd.Categorical(RNG.choice([3, 1, 2], N), [4, 3, 2, 1]),
            "seen": hours,
            "there": hours.tz_localize("Europe/Berlin"),
            "took": hours - hours[0],
            "nothing": np.nan,
            "same": "a",
        }
    )


def back(encoder, X):
    """Return the table that a matrix stands for, where gaps are filled by zero."""
    return encoder.inverse_transform(np.nan_to_num(encoder.transform(X)))


def test_kinds_are_inferred_and_shown():
    encoder = TableEncoder().fit(frame())
    kinds = {column.name: column.kind for column in encoder.columns_}
    assert kinds == {
        **dict.fromkeys(["colour", "text", "size", "same"], "categorical"),
        **dict.fromkeys(["height", "single", "year", "small", "huge"], "numeric"),
        **dict.fromkeys(["smokes", "paid", "won"], "boolean"),
        **dict.fromkeys(["seen", "there", "took"], "date"),
        "visits": "count",
        "grade": "ordinal",
        "nothing": "empty",
    }
    lines = repr(Columns(encoder.columns_)).splitlines()
    assert lines[0].split() == ["column", "kind", "dtype", "levels", "missing"]
    assert lines[1].split() == ["colour", "categorical", "str", "3"]
    assert lines[11].split() == ["text", "categorical", "object", "4", "1"]


def test_frames_come_back_with_their_dtypes_and_values():
    X = frame()
    X_back = back(TableEncoder().fit(X), X)
    pd.testing.assert_series_equal(X_back.dtypes, X.dtypes)
    for name in X:
        given = X[name].notna()
        expected, found = X.loc[given, name], X_back.loc[given, name]
        if X[name].dtype.kind in "fMm":  # rounded by single precision
            found, expected = (part.astype("int64") for part in (found, expected))
            scale = max(1, np.ptp(expected) if len(expected) else 0)
            assert (abs(found - expected) <= 1 + 1e-6 * scale).all(), name
        else:
            pd.testing.assert_series_equal(found, expected)


def test_matrices_are_standardised_and_one_hot():
    X = frame()[["colour", "height", "visits"]]
    encoder = TableEncoder().fit(X)
    Z = encoder.transform(X)
    assert Z.dtype == np.float32
    assert encoder.sizes == (1, 1, 3)  # numbers first
    assert list(encoder.get_feature_names_out()[:3]) == ["height", "visits", "colour_0"]
    np.testing.assert_allclose(Z[:, :2].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(Z[:, :2].std(axis=0), 1, atol=1e-6)
    one_hot = [X.colour == level for level in ("blue", "green", "red")]
    np.testing.assert_array_equal(Z[:, 2:], np.column_stack(one_hot))
    logs = np.log1p(X.visits)
    np.testing.assert_allclose(Z[:, 1], (logs - logs.mean()) / logs.std(ddof=0), 1e-4)


def test_a_missing_cell_is_nan_in_all_its_columns():
    X = frame()
    encoder = TableEncoder().fit(X)
    Z = encoder.transform(X)
    for name, place in zip(X, encoder.places, strict=True):
        expected = np.repeat(X[name].isna(), place.stop - place.start)
        np.testing.assert_array_equal(np.isnan(Z[:, place]).ravel(), expected)


def test_ordinal_values_are_ranks_in_their_order():
    X = pd.DataFrame({"grade": pd.Categorical(list("acb"), list("abc"), ordered=True)})
    Z = TableEncoder().fit_transform(X)
    np.testing.assert_array_equal(np.argsort(Z[:, 0]), [0, 2, 1])
    between = TableEncoder().fit(X).inverse_transform(np.array([[0.2], [9], [-9]]))
    assert between.grade.tolist() == ["b", "c", "a"]


def test_rare_levels_share_a_column_and_its_probability():
    X = pd.DataFrame({"town": list("aaaabbbccd"), "size": np.arange(10.0)})
    encoder = TableEncoder(max_categories=3).fit(X)
    assert encoder.sizes == (1, 3)
    assert back(encoder, X).town.tolist() == list("aaaabbbccc")
    levels, p = encoder.columns_[0].probabilities(np.array([[0.5, 0.2, 0.3]]))
    assert levels == list("abcd")
    np.testing.assert_allclose(p, [[0.5, 0.2, 0.2, 0.1]])


def test_unknown_levels_are_missing_or_an_error_that_names_them():
    X = pd.DataFrame({"town": ["a", "b"], "size": [1.0, 2.0]})
    new = pd.DataFrame({"town": ["b", "z"], "size": [1.0, 2.0]})
    Z = TableEncoder().fit(X).transform(new)
    np.testing.assert_array_equal(np.isnan(Z).any(axis=1), [False, True])
    message = "Column 'town' has 'z' in row 1.*there: 'a', 'b'.*handle_unknown='miss"
    with pytest.raises(ValueError, match=message):
        TableEncoder(handle_unknown="error").fit(X).transform(new)


def test_arrays_of_numbers_are_numeric_unless_told():
    X = np.column_stack([np.arange(6.0), [0, 1, 2, 0, 1, 2]])
    assert TableEncoder().fit(X).sizes == (1, 1)
    for given in ([1], [False, True], ["x1"], [-1]):
        encoder = TableEncoder(categorical_features=given).fit(X)
        assert encoder.sizes == (1, 3)
        X_back = back(encoder, X)
        assert X_back.dtype == X.dtype
        np.testing.assert_allclose(X_back, X)


def test_arrays_of_objects_are_read_column_by_column():
    X = np.array([["a", 1.5], ["b", None], ["a", 3.0]], dtype=object)
    encoder = TableEncoder().fit(X)
    assert [column.kind for column in encoder.columns_] == ["categorical", "numeric"]
    assert back(encoder, X)[:, 0].tolist() == ["a", "b", "a"]
    rows = [["a", 1.5], ["b", 2.0]]
    assert back(TableEncoder().fit(rows), rows).tolist() == rows


def test_kinds_can_be_given():
    X = pd.DataFrame({"code": [1, 2, 1], "n": [1.0, 5.0, 9.0], "mix": [1, "a", None]})
    types = {"code": "categorical", "n": "count", "mix": "categorical"}
    encoder = TableEncoder(column_types=types).fit(X)
    assert {column.name: column.kind for column in encoder.columns_} == types
    assert encoder.transform(X).shape == (3, 5)
    with pytest.raises(ValueError, match=r"column_types names 'age'.*'code', 'n'"):
        TableEncoder(column_types={"age": "numeric"}).fit(X)
    with pytest.raises(ValueError, match=r"column_types has 'real' for 'n'.*'numeric'"):
        TableEncoder(column_types={"n": "real"}).fit(X)


def test_robust_scales_are_those_of_quartiles():
    X = np.r_[RNG.normal(size=99), 1e6][:, None]
    Z = TableEncoder(robust=True).fit_transform(X)
    quartiles = np.percentile(Z, [25, 50, 75])
    np.testing.assert_allclose(quartiles[1], 0, atol=1e-12)
    np.testing.assert_allclose(quartiles[2] - quartiles[0], 1.349)


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ([1.0, np.inf, 2.0], ValueError, "infinity in column 'bad', row 1"),
        ([1, "a", 2], TypeError, "Column 'bad' holds int and str.*column_types={'bad'"),
        ([[1], [2], [3]], TypeError, "Column 'bad' holds list"),
        ([1j, 2, 3], ValueError, "Complex data not supported: column 'bad'"),
        ([10**400, 1, 2], ValueError, "Column 'bad' holds numbers that are too large"),
    ],
)
def test_what_is_no_column_is_refused_by_name(column, error, message):
    X = pd.DataFrame({"good": [1.0, 2.0, 3.0], "bad": column})
    with pytest.raises(error, match=message):
        TableEncoder().fit(X)


def test_other_refusals():
    twice = pd.DataFrame(np.eye(2), columns=["a", "a"])
    with pytest.raises(ValueError, match="names have to differ, and 'a' occurs more"):
        TableEncoder().fit(twice)
    with pytest.raises(ValueError, match="No column varies"):
        TableEncoder().fit(pd.DataFrame({"a": ["x", "x"], "b": [None, None]}))
    negative = pd.DataFrame({"n": [1, -2]})
    with pytest.raises(ValueError, match="Column 'n' is a count, and has -2 in row 1"):
        TableEncoder(column_types={"n": "count"}).fit(negative)
    encoder = TableEncoder().fit(pd.DataFrame({"n": [1.0, 2.0]}))
    with pytest.raises(TypeError, match=r"Column 'n' is numeric, and holds str.*'a'"):
        encoder.transform(pd.DataFrame({"n": ["a", "b"]}))


def test_tables_of_arrow_come_back_as_such():
    X = pa.table(
        {
            "f": [1.0, 2.0, None],
            "u": pa.array([1, 2, 3], pa.uint8()),
            "s": ["a", None, "b"],
            "b": [True, False, None],
            "t": pa.array([0, 10**6, 10**7], pa.timestamp("ms", "UTC")),
        }
    )
    X_back = back(TableEncoder().fit(X), X)
    assert X_back.schema.names == X.schema.names
    assert X_back["u"].type == "uint8"
    assert X_back["u"].to_pylist() == [1, 2, 3]
    assert X_back["s"].to_pylist() == ["a", "a", "b"]
    assert str(X_back["t"].type) == "timestamp[ms, tz=UTC]"


def test_frames_of_polars_come_back_as_such():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame(
        {
            "f": [1.0, 2, None],
            "u": pl.Series([1, 2, 3], dtype=pl.UInt8),
            "s": ["a", None, "b"],
            "b": [True, False, None],
            "e": pl.Series(["x", "y", "x"], dtype=pl.Enum(["y", "x", "z"])),
            "t": pl.Series([0, 10**6, 10**7]).cast(pl.Datetime("ms", "UTC")),
        }
    )
    encoder = TableEncoder().fit(X)
    X_back = back(encoder, X)
    assert X_back.schema == X.schema
    for name in ("u", "e", "t"):
        assert X_back[name].to_list() == X[name].to_list()
