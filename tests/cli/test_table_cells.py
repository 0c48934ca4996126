import pandas as pd
import pytest

from skae.cli._cells import NO_VALUE, settled


@pytest.mark.parametrize("nothing", [*sorted(NO_VALUE), "NaN", "N/A", " ? "])
def test_words_for_nothing(nothing):
    assert settled(pd.Series(["a", nothing])).isna().tolist() == [False, True]


def test_other_dtypes_are_left_as_they_are():
    for values in ([1, 2], [1.5, None], pd.Categorical(["a", "?"]), [True, False]):
        values = pd.Series(values)
        assert settled(values) is values


@pytest.mark.parametrize("dtype", ["str", object])
def test_text_that_is_numbers_with_gaps(dtype):
    values = settled(pd.Series(["1", "?", "2.5"], dtype=dtype))
    assert values.dtype == float
    assert values.tolist()[::2] == [1, 2.5]


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-03-02", "2024-03-14"],
        ["2024-03-02 10:00", "2024-03-14 00:00"],
        ["2.3.2024", "14.3.2024"],
        ["02.03.2024 10:30", "14.03.2024 11:00"],
        ["3/2/2024", "3/14/2024"],
        ["2/3/2024", "14/3/2024"],
    ],
)
def test_dates(cells):
    values = settled(pd.Series([*cells, None]))
    assert values.dtype.kind == "M"
    assert values.dt.month.tolist()[:2] == [3, 3]
    assert values.dt.day.tolist()[:2] == [2, 14]


@pytest.mark.parametrize(
    "cells", [["2024-03-02", "soon"], ["1.2.3", "1.2.4"], ["99/99/2024", "1/1/2024"]]
)
def test_what_is_like_dates_is_text(cells):
    values = settled(pd.Series(cells))
    assert values.tolist() == cells


def test_text_beside_numbers_is_text():
    assert settled(pd.Series([1, "a", None], dtype=object)).tolist()[:2] == ["1", "a"]
