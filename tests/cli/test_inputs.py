import re
import sqlite3
from contextlib import closing
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from skae.cli._errors import InputError
from skae.cli._files import Reading
from skae.cli._form import Form
from skae.cli._inputs import DataSet, read_data
from skae.cli._numbers import check_numbers
from skae.datasets import dataset_names

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4, 5, 6]})


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text to a file and returns its path."""

    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize("name", dataset_names())
def test_bundled_data(name):
    data = read_data(name)
    assert data.X.dtype == np.float32
    assert data.X.shape[1] == len(data.columns)
    assert data.labels is None or len(data.labels) == len(data.X)


def test_the_airline_data_are_known_to_be_a_series():
    data = read_data("airline-passengers")
    assert (data.window, data.unit) == (10, "thousand passengers")
    assert len(data.dates) == 144


@pytest.mark.parametrize("kind", ["csv", "tsv", "semicolon", "parquet", "npy"])
def test_files(tmp_path, kind):
    path = tmp_path / f"table.{ {'semicolon': 'csv'}.get(kind, kind) }"
    if kind == "npy":
        np.save(path, FRAME.to_numpy())
    elif kind == "parquet":
        FRAME.to_parquet(path)
    else:
        sep = {"csv": ",", "tsv": "\t", "semicolon": ";"}[kind]
        FRAME.to_csv(path, sep=sep, index=False)
    data = read_data(str(path))
    np.testing.assert_array_equal(data.X, FRAME.to_numpy())
    assert data.name == "table"
    assert data.columns == (["x0", "x1"] if kind == "npy" else ["a", "b"])


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "1;2\n3;4\n",
        "1 2\n3  4\n",
        "1\t2\n3\t4\n\n\n",
        "1,2,\n3,4,\n",
        "\ufeff1,2\n3,4\n",
        '"1","2"\n"3","4"\n',
    ],
)
def test_a_file_without_header_keeps_its_first_row(write, text):
    data = read_data(write(text))
    assert data.X.tolist() == [[1, 2], [3, 4]]
    assert data.columns == ["x0", "x1"]


def test_values_that_repeat_are_no_names(write):
    text = "1.52,0.00,0.00\n1.51,0.00,0.10\n1.53,0.20,0.00\n"
    assert len(read_data(write(text)).X) == 3


@pytest.mark.parametrize(
    "text", ["5.1,3.5,a\n4.9,3.0,a\n6.2,2.9,b\n", "5.1,?,a\n4.9,3.0,b\n,2.9,c\n"]
)
def test_a_row_with_text_is_a_row(write, text):
    path = write(text)
    data = read_data(path)
    assert data.is_mixed
    assert data.X.shape == (3, 3)
    with pytest.raises(InputError, match="'x2' holds text, such as 'a'") as info:
        check_numbers(data, "the estimator 'dense'")
    left_out = re.findall(r"--exclude '([^']*)'", str(info.value))
    assert left_out == ["x2"]
    numbers = read_data(path, exclude=left_out)
    check_numbers(numbers, "the estimator 'dense'")
    assert numbers.X.shape == (3, 2)
    assert numbers.n_missing == 2 * ("?" in text)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\n1,2\n", ["a", "b"]),
        ("name,2019,2020\n7,2,3\n", ["name", "2019", "2020"]),
        ("0,1,2\n5,6,7\n", ["0", "1", "2"]),
        (",0,1\n0,6,7\n1,8,9\n", ["0", "1"]),
        ("400,402,404\n0.1,0.2,1\n0.2,0.1,0.5\n", ["400", "402", "404"]),
        ("wert\n1,5\n2,5\n", ["wert"]),
        ("a;b\n;\n1,5;2\n", ["a", "b"]),
        ("a,b,c\n?,1,2\n3,?,?\n", ["a", "b", "c"]),
    ],
)
def test_a_header_is_told_from_rows(text, columns):
    form = Form.of(text)
    assert form.has_header
    assert form.decimal == ("," if "1,5" in text else ".")
    separator = form.separator
    names = text.splitlines()[0].split(separator)
    assert [name for name in names if name] == columns


def test_decimal_commas(write):
    data = read_data(write("a;b\n1,5;2\n1,6;2,4\n;\n"))
    np.testing.assert_allclose(data.X, [[1.5, 2], [1.6, 2.4]])
    assert read_data(write("1,5;2,5\n3;-4,5e1\n")).X.tolist() == [[1.5, 2.5], [3, -45]]


def test_columns_and_lines_without_anything_are_left_out(write):
    path = write("Date;CO;T;;\n10/03/2004;2,6;13,6;;\n11/03/2004;2;13,3;;\n;;;;\n")
    assert read_data(path).X["Date"].dt.day.tolist() == [3, 3]
    data = read_data(path, ["CO", "T"])
    np.testing.assert_allclose(data.X, [[2.6, 13.6], [2, 13.3]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "data.csv"
    path.write_bytes("T (°C),p\n1.0,2.0\n2.0,3.0\n".encode(encoding))
    assert read_data(str(path)).columns == ["T (°C)", "p"]


def test_hints_are_short(write):
    names = [f"column number {i}" for i in range(500)]
    path = write(f"id,{','.join(names)}\n{'x' * 900}{',1.5' * 500}\n")
    text = {name: ["a", "b"] for name in names}
    data = DataSet("data", pd.DataFrame({"x": [1, 2], **text}), ["x", *names])
    for function in (
        lambda: read_data(path, ["no such"]),
        lambda: check_numbers(data, "it"),
    ):
        with pytest.raises(InputError) as info:
            function()
        assert len(str(info.value)) < 500
        assert names[0] in str(info.value)
        assert re.search(r"\.\.\.\.?$", str(info.value))


def test_columns_are_chosen_in_order(write):
    data = read_data(write("a,b,c\n1,x,3\n4,y,6\n"), ["c", "a"])
    assert data.columns == ["c", "a"]
    assert data.X.tolist() == [[3, 1], [6, 4]]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.csv", "no file 'nowhere.csv'"),
        ("folder/nowhere", "no file"),
        ("digitz", "Did you mean 'digits'"),
    ],
)
def test_what_does_not_exist(source, message):
    with pytest.raises(InputError, match=message):
        read_data(source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n4,5,6\n", "does not read as a table"),
        ("a,b\n?,\n,NA\n", "no value in any of the columns|no rows"),
        ("a,b\n1,inf\n3,4\n", "1 of 4 .* row 1 of column 'b': .* --exclude 'b'"),
        ("a,b\n1,x\ninf,y\n", "1 of 4 .* row 2 of column 'a'"),
        ("a\n1e300\n3\n", "beyond float32"),
    ],
)
def test_tables_that_are_none(write, text, message):
    with pytest.raises(InputError, match=message):
        read_data(write(text))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5), r"shape \(5,\).*reshape"),
        (np.zeros((2, 2, 2, 2)), "two dimensions"),
        (np.array([[None]]), "does not read as an array"),
    ],
)
def test_arrays_that_are_no_table(tmp_path, array, message):
    path = tmp_path / "x.npy"
    np.save(path, array)
    with pytest.raises(InputError, match=message):
        read_data(str(path))


@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_files_that_are_not_what_their_name_says(write, name):
    with pytest.raises(InputError, match="does not read as"):
        read_data(write("no such thing", name))


def test_dates_are_no_numbers(tmp_path):
    path = tmp_path / "dates.parquet"
    pd.DataFrame({"when": pd.to_datetime(["2020-01-01"]), "x": [1.0]}).to_parquet(path)
    with pytest.raises(InputError, match="--exclude 'when'"):
        check_numbers(read_data(str(path)), "it")


def test_other_kinds_of_files(write):
    with pytest.raises(InputError, match=r"kind that is not read: pass one of .csv"):
        read_data(write("x", "data.docx"))


def test_unknown_column(write):
    with pytest.raises(InputError, match="no column 'c': use one of 'a', 'b'") as info:
        read_data(write("a,b\n1,2\n"), ["c"])
    assert info.value.option == "--column"


def test_a_header_that_is_too_short_is_refused(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("a,b\n1,21,31\n2,22,32\n")
    with pytest.raises(InputError, match="complete the header"):
        read_data(str(path))


def test_saved_row_numbers_are_not_data(tmp_path):
    path = tmp_path / "saved.csv"
    path.write_text(",a,b\n0,21,31\n1,22,32\n2,23,33\n")
    assert read_data(str(path)).columns == ["a", "b"]


# Gaps, text and dates


@pytest.mark.parametrize("nothing", ["", "?", " ", "NA", "nan", "null", "N/A", "-"])
def test_gaps_alone_leave_a_matrix(write, nothing):
    data = read_data(write(f"a,b\n1,2\n{nothing},3\n4,5\n"))
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X, [[1, 2], [np.nan, 3], [4, 5]])
    assert (data.n_missing, data.is_mixed, data.notes) == (1, False, ())


def test_gaps_in_text_and_dates(write):
    text = "when,kind,n\n1.2.2024,a,1\n?,-,2\n 13.2.2024 , a ,3\n"
    data = read_data(write(text))
    assert data.X["when"].dt.month.tolist()[::2] == [2, 2]
    assert data.X["kind"].tolist()[::2] == ["a", "a"]
    assert data.n_missing == 2


def test_rows_and_columns_without_any_value_are_left_out_in_words(write):
    path = write("a,b,c,d\n1,,5,x\n2,?,NA,x\n?,,?,y\n")
    data = read_data(path, exclude=["d"])
    assert data.columns == ["a", "c"]
    assert len(data.X) == 2
    assert data.notes == (
        "Left out (empty): 'b'.",
        "Rows without any value are left out: 1.",
    )
    assert len(read_data(path, exclude=["d"], is_series=True).X) == 3


def test_text_that_names_the_rows_is_left_out_unless_it_is_asked_for(write):
    rows = "".join(f"{i % 9},person {i},{'ab'[i % 2]}\n" for i in range(30))
    path = write(f"age,name,kind\n{rows}")
    data = read_data(path)
    assert data.columns == list(data.X.columns) == ["age", "kind"]
    assert data.notes == ("Left out (text that names the rows): 'name'.",)
    assert read_data(path, ["age", "name"]).columns == ["age", "name"]


def test_the_target_is_no_feature(write):
    path = write("a,b,c\n1,2,x\n3,4,?\n,,y\n5,6,z\n")
    data = read_data(path, target="c")
    assert not data.is_mixed
    assert (data.target, data.columns) == ("c", ["a", "b"])
    assert data.labels.isna().tolist() == [False, True, False]
    assert data.labels.tolist()[::2] == ["x", "z"]


@pytest.mark.parametrize(
    ("choice", "option"),
    [
        ({"columns": ["agee"]}, "--column"),
        ({"exclude": ["agee"]}, "--exclude"),
        ({"target": "agee"}, "--target"),
    ],
)
def test_unknown_columns_are_told_with_the_nearest(write, choice, option):
    message = "no column 'agee': use one of 'age', 'size'. Did you mean 'age'?"
    with pytest.raises(InputError, match=re.escape(message)) as info:
        read_data(write("age,size\n1,2\n"), **choice)
    assert info.value.option == option


def test_a_column_has_to_be_left(write):
    with pytest.raises(InputError, match="No column is left"):
        read_data(write("a,b\n1,2\n"), exclude=["a"], target="b")


def test_a_bundled_set_has_targets_too():
    data = read_data("iris", target="petal width (cm)")
    assert data.X.shape == (150, 3)
    np.testing.assert_allclose(data.labels[:2], 0.2)


# Other kinds of files


MIXED = pd.DataFrame(
    {"size": [1.5, None, 2.5], "kind": ["a", None, "b"], "n": [1, 2, 3]}
)


def write_sqlite(path):
    with closing(sqlite3.connect(path)) as connection:
        MIXED.to_sql("people", connection, index=False)


@pytest.mark.parametrize(
    ("name", "write_it"),
    [
        ("x.csv.gz", lambda path: MIXED.to_csv(path, index=False)),
        ("x.feather", MIXED.to_feather),
        ("x.parquet", MIXED.to_parquet),
        ("x.jsonl", lambda path: MIXED.to_json(path, orient="records", lines=True)),
        ("x.db", write_sqlite),
    ],
)
def test_kinds_of_files_say_the_same(tmp_path, name, write_it):
    write_it(tmp_path / name)
    source = str(tmp_path / name)
    data = read_data(f"sqlite:///{source}::people" if name == "x.db" else source)
    assert data.name == ("people" if name == "x.db" else "x")
    assert data.X["size"].tolist()[::2] == [1.5, 2.5]
    assert data.X["kind"].isna().tolist() == [False, True, False]
    assert data.n_missing == 2


def test_a_table_of_sqlite_that_is_not_there(tmp_path):
    write_sqlite(tmp_path / "x.db")
    with pytest.raises(InputError, match=r"no table 'peple' .* one of 'people'"):
        read_data(f"sqlite:///{tmp_path}/x.db::peple")
    with pytest.raises(InputError, match=r"write sqlite:///file\.db::table"):
        read_data(f"sqlite:///{tmp_path}/x.db")
    (tmp_path / "y.db").write_text("no such thing, but long enough to be one" * 9)
    with pytest.raises(InputError, match="does not read as SQLite"):
        read_data(f"sqlite:///{tmp_path}/y.db::people")


def test_a_missing_reader_is_named(write, monkeypatch):
    def read_excel(path, sheet_name):
        raise ImportError("Missing optional dependency 'openpyxl'.")

    monkeypatch.setattr(pd, "read_excel", read_excel)
    with pytest.raises(InputError, match=r"package that is not installed: .*openpyxl"):
        read_data(write("x", "x.xlsx"))
    monkeypatch.setattr(pd, "read_excel", lambda path, sheet_name: MIXED)
    assert read_data(write("x", "x.xlsx")).columns == ["size", "kind", "n"]


def test_decimals_and_encodings_may_be_given(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("größe\tb\n1,5\t2\n1,6\t2,4\n".encode("cp1250"))
    data = read_data(str(path), reading=Reading(",", "cp1250"))
    assert data.columns == ["größe", "b"]
    np.testing.assert_allclose(data.X, [[1.5, 2], [1.6, 2.4]])
    with pytest.raises(InputError, match="no encoding 'utf-9'") as info:
        read_data(str(path), reading=Reading(encoding="utf-9"))
    assert info.value.option == "--encoding"
    with pytest.raises(InputError, match="not in that encoding"):
        read_data(str(path), reading=Reading(encoding="utf-8"))


def test_a_single_column_of_decimal_commas(write):
    data = read_data(write("a\n1,5\n2,25\n"), reading=Reading(","))
    np.testing.assert_allclose(data.X, [[1.5], [2.25]])


def test_decimals_are_those_of_text(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    with pytest.raises(InputError, match="files of text") as info:
        read_data(str(tmp_path / "x.npy"), reading=Reading(","))
    assert info.value.option == "--decimal"


def test_no_gap_no_difference(write):
    """Numbers are those that pandas reads, in single precision."""
    text = "a,b,c\n0.1,2,True\n1e-3,3,False\n"
    data = read_data(write(text))
    expected = pd.read_csv(StringIO(text)).astype(np.float64).to_numpy(np.float32)
    np.testing.assert_array_equal(data.X, expected)
    assert not data.is_mixed
