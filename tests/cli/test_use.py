"""What comes after a study: codes, reconstructions and errors of new files."""

import json
import re
import shutil

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

import skae
from skae import DenseAutoencoder
from skae.cli import app
from skae.cli._model import open_model
from skae.scorers import reconstruct_in_units

FAST = ["--max-epochs", "2", "--folds", "2", "--components", "1:2"]


def invoke(*words):
    words = [str(word) for word in words]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb"})


def done(*words):
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words):
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


def people(n_rows, seed=0):
    size = normal(n_rows, seed=seed).round(2)
    table = pd.DataFrame(
        {
            "id": [f"person {i}" for i in range(n_rows)],
            "size": size,
            "weight": (2 * size + normal(n_rows, seed=seed + 1) / 5).round(2),
            "born": pd.date_range("1990-01-25", periods=n_rows).strftime("%d/%m/%Y"),
            "city": np.where(size > 0, "Bern", "Rom"),
            "empty": "",
        }
    ).astype(object)
    table.iloc[3, 1], table.iloc[5, 3], table.iloc[7, 4] = "?", "", "NA"
    return table


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The folder of a study of text, dates and gaps, beside its table."""
    folder = tmp_path_factory.mktemp("mixed")
    people(60).to_csv(folder / "people.csv", index=False)
    done(*study(folder, "people.csv"), "--index", "id", "--drop", "weight")
    return folder


def study(folder, file):
    return "select", folder / file, "-o", folder / "study", *FAST


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """The folder of a study of a table of numbers with decimal commas."""
    folder = tmp_path_factory.mktemp("numbers")
    X = normal(40, 2) @ normal(2, 4, seed=1)
    frame = pd.DataFrame(X.round(3), columns=list("abcd"))
    frame.to_csv(folder / "table.csv", sep=";", decimal=",", index=False)
    done(*study(folder, "table.csv"), "--decimal", ",", "--quiet")
    return folder


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """The folder of a study of windows of a series."""
    folder = tmp_path_factory.mktemp("series")
    values = normal(60, 2).cumsum(axis=0).round(3)
    pd.DataFrame(values, columns=["x", "y"]).to_csv(folder / "s.csv", index=False)
    words = "--window", "5", "--estimator", "dense", "--stride", "2"
    done(*study(folder, "s.csv"), *words)
    return folder


def transformed(folder, file, *words):
    out = folder / "out.csv"
    done("transform", folder / "study", folder / file, "-o", out, *words)
    return pd.read_csv(out)


# Codes


@pytest.mark.parametrize(
    ("name", "file"),
    [("mixed", "people.csv"), ("numbers", "table.csv"), ("series", "s.csv")],
)
def test_codes_are_those_of_the_study(name, file, request):
    folder = request.getfixturevalue(name)
    codes = pd.read_csv(folder / "study/codes.csv")
    pd.testing.assert_frame_equal(transformed(folder, file), codes)
    printed = done("transform", folder / "study", folder / file)
    assert printed == (folder / "study/codes.csv").read_text()


def test_rows_are_named_by_the_index(mixed):
    codes = pd.read_csv(mixed / "study/codes.csv")
    assert codes.columns[0] == "id"
    assert codes["id"].tolist()[:2] == ["person 0", "person 1"]
    assert codes.columns[1] == "unit_1"


def test_windows_are_named_by_their_ends(series):
    codes = pd.read_csv(series / "study/codes.csv")
    assert codes["first_row"].tolist() == list(range(1, 57, 2))
    assert (codes["last_row"] - codes["first_row"] == 4).all()


def test_order_and_left_out_columns_make_no_difference(mixed):
    table = people(60)
    changed = table[["city", "born", "size", "id"]]  # neither weight nor empty
    changed.to_csv(mixed / "changed.csv", index=False)
    expected = pd.read_csv(mixed / "study/codes.csv")
    pd.testing.assert_frame_equal(transformed(mixed, "changed.csv"), expected)


def test_part_of_a_file_has_part_of_the_codes(mixed):
    """Dates are read in the form of the study, whatever a few could be too."""
    part = people(60).iloc[[10, 11]]
    assert part["born"].tolist() == ["04/02/1990", "05/02/1990"]
    part.to_csv(mixed / "part.csv", index=False)
    found = transformed(mixed, "part.csv")
    expected = pd.read_csv(mixed / "study/codes.csv").iloc[[10, 11]]
    np.testing.assert_allclose(found.iloc[:, 1:], expected.iloc[:, 1:], rtol=1e-4)


def test_options_of_reading_are_those_of_the_study(numbers):
    codes = pd.read_csv(numbers / "study/codes.csv")
    text = (numbers / "table.csv").read_text().replace(",", ".")
    (numbers / "points.csv").write_text(text)
    found = transformed(numbers, "points.csv", "--decimal", ".")
    pd.testing.assert_frame_equal(found, codes)


def test_other_kinds_of_files_are_read_and_written(numbers):
    frame = pd.read_csv(numbers / "table.csv", sep=";", decimal=",")
    frame.to_parquet(numbers / "table.parquet")
    out = numbers / "out.parquet"
    words = "--decimal", "."
    message = refused(
        "transform", numbers / "study", numbers / "table.parquet", "-o", out, *words
    )
    assert "Invalid value for --decimal: It is for files of text" in message
    model = open_model(numbers / "study")
    assert model.codes(model.rows(str(numbers / "table.csv"))).shape[0] == 40


def test_lines_without_a_value_are_left_out_and_counted(numbers):
    (numbers / "gaps.csv").write_text("a;b;c;d\n1;2;3;4\n?;;;NA\n1;?;3;4\n")
    result = invoke("transform", numbers / "study", numbers / "gaps.csv")
    rows = [line.split(",")[0] for line in result.stdout.splitlines()]
    assert rows == ["row", "1", "3"]


def test_rows_without_a_value_are_left_out_in_words(mixed):
    table = people(60)
    table.loc[4, ["size", "born", "city"]] = ""
    table.to_csv(mixed / "gaps.csv", index=False)
    result = invoke("transform", mixed / "study", mixed / "gaps.csv")
    assert "Note: Rows without any value are left out: 1." in result.stderr
    assert "person 4," not in result.stdout
    assert "person 5," in result.stdout


# Reconstructions and errors


def test_reconstructions_are_in_the_units_of_the_file(numbers):
    study = numbers / "study"
    table = pd.read_csv(numbers / "table.csv", sep=";", decimal=",")
    out = numbers / "back.csv"
    done("reconstruct", study, numbers / "table.csv", "-o", out)
    back = pd.read_csv(out)
    assert list(back.columns) == ["row", "a", "b", "c", "d"]
    model = joblib.load(study / "model.joblib")
    scaled = model[1:-1].transform(table.to_numpy(np.float32))
    expected = model[1].inverse_transform(model[-1].reconstruct(scaled))
    np.testing.assert_allclose(back[list("abcd")], expected, rtol=1e-4, atol=1e-6)


def test_scorers_take_the_whole_path(numbers):
    table = pd.read_csv(numbers / "table.csv", sep=";", decimal=",")
    X = table.to_numpy(np.float32)
    model = joblib.load(numbers / "study/model.joblib")
    np.testing.assert_allclose(
        reconstruct_in_units(model, X), reconstruct_in_units(model[1:], X)
    )


def test_reconstructions_of_tables_are_such_tables(mixed):
    out = mixed / "back.csv"
    done("reconstruct", mixed / "study", mixed / "people.csv", "-o", out)
    back = pd.read_csv(out)
    assert list(back.columns) == ["id", "size", "born", "city"]
    assert set(back["city"]) <= {"Bern", "Rom"}
    assert back["size"].notna().all()
    pd.to_datetime(back["born"])


def test_reconstructions_of_windows_are_averaged(series):
    out = series / "back.csv"
    done("reconstruct", series / "study", series / "s.csv", "-o", out)
    back = pd.read_csv(out)
    assert back.shape == (59, 3)  # the last window ends there
    model = joblib.load(series / "study/model.joblib")
    values = pd.read_csv(series / "s.csv").to_numpy()
    scaled = model[2].transform(model[1].transform(values))
    windows = model[2].inverse_transform(model[-1].reconstruct(scaled))
    first = windows[0].reshape(5, 2)[:2]  # in no other window
    np.testing.assert_allclose(back[["x", "y"]][:2], first, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "file"),
    [("mixed", "people.csv"), ("numbers", "table.csv"), ("series", "s.csv")],
)
def test_errors_are_the_scores_of_the_autoencoder(name, file, request):
    folder = request.getfixturevalue(name)
    out = folder / "errors.csv"
    done("score", folder / "study", folder / file, "-o", out)
    errors = pd.read_csv(out)
    model = open_model(folder / "study")
    rows = model.rows(str(folder / file))
    expected = -model.rest.score_samples(rows.X)
    np.testing.assert_allclose(errors["error"], expected, rtol=1e-4)
    assert set(errors["largest_in"]) <= set(model.reader.columns)


def test_the_column_to_blame_is_named(numbers):
    table = pd.read_csv(numbers / "table.csv", sep=";", decimal=",")
    table.loc[7, "c"] += 100
    table.to_csv(numbers / "odd.csv", sep=";", decimal=",", index=False)
    out = numbers / "errors.csv"
    done("score", numbers / "study", numbers / "odd.csv", "-o", out)
    errors = pd.read_csv(out).set_index("row")
    assert errors["error"].idxmax() == 8
    assert errors["largest_in"][8] == "c"


# What the model is


def test_info_tells_what_matters(mixed):
    output = done("info", mixed / "study")
    assert re.search(r"Model: TabularAutoencoder with \d units", output)
    assert "max_epochs=2" in output
    assert "Columns: 3: size, born (date), city (text)" in output
    assert "Columns that are left out: id, weight, empty" in output
    assert "Rows are named by: id" in output
    assert "Fitted to: people, 60 rows" in output
    assert re.search(r"Verdict \(\S+\): \w+", output)
    assert f"skae {skae.__version__}" in output


def test_info_of_windows_and_for_machines(series):
    assert "Windows: 5 time steps, 2 apart" in done("info", series / "study")
    facts = json.loads(done("info", series / "study", "--json"))
    assert facts["window"] == {"length": 5, "stride": 2}
    assert facts["columns"] == {"x": "number", "y": "number"}
    assert facts["study"]["latent_dimension"] == facts["n_components"]


def test_other_versions_are_told(numbers, monkeypatch):
    from skae.cli import _info

    monkeypatch.setattr(_info, "versions", lambda: {"skae": "9.9"})
    assert "Here, other versions are installed: skae 9.9" in done(
        "info", numbers / "study"
    )


@pytest.mark.parametrize("ending", ["joblib", "safetensors"])
def test_models_of_python_are_taken(tmp_path, ending):
    X = pd.DataFrame(normal(30, 3), columns=["a", "b", "c"])
    model = make_pipeline(
        StandardScaler(), DenseAutoencoder(2, max_epochs=2, random_state=0)
    ).fit(X)
    path = tmp_path / f"m.{ending}"
    if ending == "joblib":
        joblib.dump(model, path)
    else:
        skae.persistence.save(model, path)
    X[["c", "a", "b"]].to_csv(tmp_path / "x.csv", index=False)
    done("transform", path, tmp_path / "x.csv", "-o", tmp_path / "z.csv")
    codes = pd.read_csv(tmp_path / "z.csv").drop(columns="row")
    np.testing.assert_allclose(codes, model.transform(X), rtol=1e-3, atol=1e-5)
    assert "Nothing is known of the study" in done("info", path)


# What is refused


def test_other_columns_are_named(mixed):
    table = people(60).rename(columns={"size": "sise"})
    table.assign(more=1).to_csv(mixed / "other.csv", index=False)
    message = refused("transform", mixed / "study", mixed / "other.csv")
    assert "missing: 'size'; not known to it: 'sise', 'more'." in message
    people(60).assign(more=1).to_csv(mixed / "more.csv", index=False)
    message = refused("transform", mixed / "study", mixed / "more.csv")
    assert "not known to it: 'more'. To go on, leave others out by --drop" in message
    done("transform", mixed / "study", mixed / "more.csv", "--drop", "more")
    words = ["transform", mixed / "study", mixed / "more.csv", "--drop", "more"]
    message = refused(*words, "--drop", "city")
    assert "--drop: The model needs 'city'" in message


@pytest.mark.parametrize(
    ("column", "value", "known"), [("size", "large", "numbers"), ("born", 7, "dates")]
)
def test_columns_of_another_kind_are_named(mixed, column, value, known):
    table = people(60)
    table[column] = value
    table.to_csv(mixed / "kind.csv", index=False)
    message = refused("score", mixed / "study", mixed / "kind.csv")
    assert f"Column '{column}' holds other values, such as '{value}'" in message
    assert f"the model knows {known} there" in message


def test_what_is_no_model_is_told(mixed, tmp_path):
    message = refused("info", tmp_path)
    assert "has no model.joblib: name that of a study" in message
    assert "There is no file" in refused("info", tmp_path / "nowhere")
    assert "does not read as a model" in refused("info", mixed / "people.csv")
    shutil.copy(mixed / "people.csv", tmp_path / "x.safetensors")
    assert "can't be loaded" in refused("info", tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("codes.docx", "name a file that ends in .csv"),
        ("nowhere/codes.csv", "There is no folder for the file"),
        ("table.csv", "That is the file to read"),
    ],
)
def test_where_nothing_is_written(numbers, monkeypatch, output, message):
    monkeypatch.chdir(numbers)
    assert message in refused("transform", "study", "table.csv", "-o", output)


def test_a_series_that_is_too_short_is_told(series):
    (series / "short.csv").write_text("x,y\n1,2\n3,4\n")
    message = refused("transform", series / "study", series / "short.csv")
    assert "Invalid value for FILE" in message


def test_a_table_in_place_of_a_model_is_told(mixed):
    for words in ("info",), ("transform", mixed / "study"):
        message = refused(*words[:1], mixed / "people.csv", *words[1:])
        assert "'people.csv' does not read as a model: name the folder" in message
        assert "pop from empty list" not in message


def test_columns_to_drop_that_are_not_there_are_told(mixed):
    words = "transform", mixed / "study", mixed / "people.csv"
    message = refused(*words, "--drop", "wieght")
    assert "--drop: There is no column 'wieght'" in message
    assert "Did you mean 'weight'?" in message
