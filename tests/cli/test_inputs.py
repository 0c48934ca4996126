import re

import numpy as np
import pandas as pd
import pytest

from skae.cli._errors import InputError
from skae.cli._form import Form
from skae.cli._inputs import read_data
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
    with pytest.raises(InputError, match="'x2' holds text, such as 'a'") as info:
        read_data(path)
    usable = re.findall(r"--column '([^']*)'", str(info.value))
    assert usable == ["x0", "x1"]
    if "?" not in text:
        assert len(read_data(path, usable).X) == 3
    else:
        with pytest.raises(InputError, match="row 1 of column 'x1'"):
            read_data(path, usable)


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
    with pytest.raises(InputError, match="--column 'CO' --column 'T'"):
        read_data(path)
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
    for columns in ([], ["no such"]):
        with pytest.raises(InputError) as info:
            read_data(path, columns)
        assert len(str(info.value)) < 500
        assert names[0] in str(info.value)
        assert str(info.value).split()[-1].startswith("...")


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
        ("when,a,b\n1949-01,1,2\n", "'when' holds text, such as '1949-01'"),
        ("when,a,b\n1949-01,1,2\n", "--column 'a' --column 'b'"),
        ("name\nx\n", "encode it as numbers"),
        ("a,b\n1,2\n3,\n5,6\n", "1 of 6 .* first one in row 2 of column 'b'"),
        ("a,b\n1,2\n?,3\n4,5\n", "row 2 of column 'a': .* out by --column 'b'"),
        ("a,b\n1,inf\n3,4\n", "row 1 of column 'b'"),
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
        (np.zeros((2, 2, 2)), "two dimensions"),
        (np.array([["a", "b"]]), "holds text"),
        (np.zeros((2, 2), complex), "holds text|numbers"),
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
    with pytest.raises(InputError, match="--column 'x'"):
        read_data(str(path))


def test_other_kinds_of_files(write):
    with pytest.raises(InputError, match=r"kind that is not read: pass one of .csv"):
        read_data(write("x", "data.xlsx"))


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
