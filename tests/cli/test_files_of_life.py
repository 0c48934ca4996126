"""Tables as people have them: each gives a result, or an error with the way on."""

import json
import re

import pandas as pd
import pytest
from make_files import FILES, N_ROWS, make_files
from typer.testing import CliRunner

from skae.cli import app

pytestmark = pytest.mark.usefixtures("few_steps")

FAST = ["--max-epochs", "2", "--folds", "2", "--components", "1:2", "--json"]

#: File, options, and what comes of it: the estimator and the number of columns.
RESULTS = [
    ("plain.csv", [], ("DenseAutoencoder", 5)),
    ("tabs.tsv", [], ("DenseAutoencoder", 5)),
    ("german.csv", [], ("DenseAutoencoder", 5)),
    ("german.csv", ["--decimal", ","], ("DenseAutoencoder", 5)),
    ("latin.csv", [], ("DenseAutoencoder", 5)),
    ("latin.csv", ["--encoding", "cp1252"], ("DenseAutoencoder", 5)),
    ("packed.csv.gz", [], ("DenseAutoencoder", 5)),
    ("no_header.csv", [], ("DenseAutoencoder", 5)),
    ("row_numbers.csv", [], ("DenseAutoencoder", 5)),
    ("customers.csv", [], ("DenseAutoencoder", 5)),
    ("people.csv", [], ("TabularAutoencoder", 4)),
    ("people.csv", ["--index", "id", "--drop", "born"], ("TabularAutoencoder", 3)),
    ("people.csv", ["--target", "city", "--drop", "born"], ("DenseAutoencoder", 2)),
    ("trees.csv", ["--target", "kind"], ("DenseAutoencoder", 5)),
    ("people.json", [], ("TabularAutoencoder", 4)),
    ("people.jsonl", [], ("TabularAutoencoder", 4)),
    ("numbers.parquet", [], ("DenseAutoencoder", 5)),
    ("numbers.feather", [], ("DenseAutoencoder", 5)),
    ("sqlite:///{}/people.db::people", [], ("TabularAutoencoder", 4)),
    ("rows.npy", [], ("DenseAutoencoder", 5)),
    ("waves.npy", [], ("LSTMAutoencoder", 16)),
    ("waves.npy", ["--estimator", "dense"], ("DenseAutoencoder", 16)),
    ("arrays.npz", [], ("DenseAutoencoder", 5)),
    ("two.npz", ["--sheet", "b"], ("DenseAutoencoder", 4)),
    ("series.csv", ["--window", "5"], ("LSTMAutoencoder", 2)),
    ("images", [], ("DenseAutoencoder", 48)),
    ("uneven_images", ["--size", "4x3"], ("DenseAutoencoder", 12)),
    ("few.csv", [], ("DenseAutoencoder", 5)),
]

#: File, options, and what the error says.
ERRORS = [
    ("german.csv", ["--decimal", "."], "holds numbers with decimal commas, such as"),
    ("latin.csv", ["--encoding", "utf-8"], "Invalid value for --encoding"),
    ("people.csv", ["--estimator", "dense"], "leave them out by --exclude 'born'"),
    ("people.csv", ["--window", "5"], "leave them out by --exclude 'born'"),
    ("people.csv", ["--index", "idd"], "Did you mean 'id'?"),
    ("people.csv", ["--scorer", "nmi"], "a column given by --target"),
    ("people.csv", ["--scorer", "nmi", "--target", "city"], "no value in 1 of 60 rows"),
    ("people.csv", ["--scorer", "ari", "--target", "size"], "name a column of classes"),
    ("people.db", [], "a table as sqlite:///file.db::table"),
    ("sqlite:///{}/people.db::persons", [], "use one of 'people'"),
    ("two.npz", [], "name one by --sheet a"),
    ("two.npz", ["--sheet", "c"], "Invalid value for --sheet"),
    ("uneven_images", [], "give them one by --size 8x6"),
    ("images", ["--size", "big"], "write it as 28x28"),
    ("rows.npy", ["--sheet", "a"], "It is for files of several tables"),
    ("plain.csv", ["--size", "8x8"], "It is for folders of images"),
    ("letter.docx", [], "pass one of .csv"),
    ("empty.csv", [], "is empty: it has no bytes"),
    ("nowhere.csv", [], "There is no file"),
    ("few.csv", ["--folds", "7"], "lower the number of folds"),
]


def invoke(*words, width=300):
    words = [str(word) for word in words]
    return CliRunner().invoke(app, words, env={"COLUMNS": str(width), "TERM": "dumb"})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    make_files(folder)
    return folder


@pytest.fixture(autouse=True)
def without_figures(monkeypatch):
    from skae.cli.report import _folder as folder

    monkeypatch.setattr(folder, "draw_figures", lambda plan, outcome: [])


def place(file, files):
    return file.format(files) if "{}" in file else files / file


@pytest.mark.parametrize(("file", "options", "expected"), RESULTS)
def test_a_result(file, options, expected, files, tmp_path):
    out = tmp_path / "out"
    words = "select", place(file, files), "--output", out, *options, *FAST
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["estimator"], found["n_columns"]) == expected
    codes = pd.read_csv(out / "codes.csv")
    n_rows = found["n_rows"]
    assert len(codes) == (n_rows - 4 if "--window" in options else n_rows)
    assert codes.filter(like="unit_").notna().all(axis=None)
    again = invoke("transform", out, place(file, files))
    assert again.stdout == (out / "codes.csv").read_text()


@pytest.mark.parametrize(("file", "options", "message"), ERRORS)
def test_an_error_with_the_way_on(file, options, message, files, tmp_path):
    out = tmp_path / "out"
    words = "select", place(file, files), "--output", out, *FAST, *options
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())
    assert message in said
    assert "Traceback" not in said
    assert len(result.output.splitlines()) <= 10 + 2  # a frame, and what to type
    assert not out.exists()


@pytest.mark.parametrize("scorer", ["nmi", "ari"])
def test_classes_choose_the_dimension(scorer, files, tmp_path):
    words = "--target", "kind", "--scorer", scorer, "--output", tmp_path, "--force"
    result = invoke("select", files / "trees.csv", *words, *FAST)
    assert result.exit_code == 0, result.output
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores[f"mean_{scorer}"].max() > 0.9


@pytest.fixture(scope="module")
def studies(files, tmp_path_factory):
    """Return the folder of a finished study of each kind of data."""
    folder = tmp_path_factory.mktemp("studies")
    kinds = {
        "plain.csv": [],
        "people.csv": [],
        "waves.npy": [],
        "series.csv": ["--window", "5"],
        "images": [],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skae.cli.report._folder.draw_figures", lambda *_: [])
        patch.setattr("skae.search._nested_fits.N_STEPS", 40)
        for file, options in kinds.items():
            words = "--output", folder / file, *options, *FAST
            assert invoke("select", files / file, *words).exit_code == 0
    return folder


USES = ["transform", "reconstruct", "score", "detect", "info"]


def words_of(use, model, file):
    if use == "info":
        return use, model
    return (use, file, "--model", model) if use == "detect" else (use, model, file)


def is_short_and_shows_a_way_on(result):
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())
    has_way_on = re.search(
        r" --[a-z]|rename|pass one of|check the path|name |is empty", said
    )
    n_lines = len(result.output.splitlines())
    return "Traceback" not in said and has_way_on and n_lines <= 10 + 2


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("study", ["plain.csv", "people.csv", "waves.npy", "images"])
def test_a_model_used_on_its_own_file(study, use, studies, files):
    result = invoke(*words_of(use, studies / study, files / study))
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 3


@pytest.mark.parametrize("use", USES[:-1])
@pytest.mark.parametrize(
    "study", ["plain.csv", "people.csv", "waves.npy", "series.csv", "images"]
)
def test_a_model_used_on_all_other_files(study, use, studies, files):
    taken = set()
    for name in FILES:
        result = invoke(*words_of(use, studies / study, files / name), width=80)
        assert result.exit_code in (0, 2), (name, result.output)
        assert result.exit_code == 0 or is_short_and_shows_a_way_on(result), name
        taken |= {name} if result.exit_code == 0 else set()
    assert study in taken
    assert not taken & {"letter.docx", "empty.csv", "wide.csv"}


@pytest.mark.parametrize("use", USES)
def test_a_table_in_the_place_of_a_model(use, files):
    for name in FILES:
        result = invoke(*words_of(use, files / name, files / "plain.csv"), width=80)
        assert result.exit_code == 2, (name, result.output)
        assert is_short_and_shows_a_way_on(result), name
        assert not re.search(r"a model \(|protocol|opcode", result.output), name


def test_every_kind_of_file_is_tried():
    tried = {file.removeprefix("sqlite:///{}/").split("::")[0] for file, *_ in RESULTS}
    tried |= {file for file, *_ in ERRORS}
    assert {*FILES} - {"wide.csv"} <= tried


def test_what_was_recognised_is_said(files, tmp_path):
    words = "--output", tmp_path / "out", *FAST
    said = invoke("select", files / "customers.csv", *words, "--force").stderr
    assert "Note: Left out (counts the rows): 'customer'." in said
    said = invoke("select", files / "people.csv", *words, "--force").stderr
    assert "Columns: 2 numeric, 1 date, 1 categorical" in said
    assert "Note: Left out (text that names the rows): 'id'." in said
    said = invoke("select", files / "few.csv", *words, "--force").stderr
    assert "Note: 12 rows are few" in said


def test_hints_of_wide_tables_are_short(files, tmp_path):
    words = "--output", tmp_path / "out", *FAST
    result = invoke("select", files / "wide.csv", "--column", "m", *words)
    assert "Did you mean 'm" in " ".join(result.output.split())
    assert len(result.output.splitlines()) <= 10
    result = invoke("select", files / "wide.csv", *words)
    assert result.exit_code == 0, result.output
    narrow = files / "plain.csv"
    result = invoke("transform", tmp_path / "out", narrow)
    assert "missing: 'm5', 'm6'" in " ".join(result.output.split())
    assert len(result.output.splitlines()) <= 10


def test_images_are_named_by_their_files(files, tmp_path):
    words = "--output", tmp_path / "out", *FAST
    assert invoke("select", files / "images", *words).exit_code == 0
    codes = pd.read_csv(tmp_path / "out/codes.csv")
    assert codes["image"].tolist()[:2] == ["a/000.png", "a/002.png"]
    assert len(codes) == N_ROWS


def test_results_for_machines_and_for_the_impatient(files, tmp_path):
    words = "select", files / "plain.csv", "--output", tmp_path / "out", "--force"
    words = *words, *FAST[:-1]
    loud, quiet = invoke(*words), invoke(*words, "--quiet", "--random-state", "0")
    assert loud.stdout.splitlines()[-1] == quiet.stdout.splitlines()[-1]
    assert len(quiet.stdout.splitlines()) == 3
    assert quiet.stderr == ""
    result = invoke(*words, "--json", "--n-jobs", "-1")
    found = json.loads(result.stdout)
    line = next(x for x in result.stderr.splitlines() if x.startswith("Latent dim"))
    assert str(found["latent_dimension"]) in line
    assert found["conclusion"] in result.stderr
    facts = json.loads(invoke("info", tmp_path / "out", "--json").stdout)
    assert facts["study"]["verdict"] == found["verdict"]


def test_large_tables_are_sampled_in_words(files, tmp_path):
    words = "--output", tmp_path / "out", "--max-rows", "40", *FAST
    result = invoke("select", files / "people.csv", *words)
    note = "Note: 40 of the 60 rows, drawn at random, tell the dimension"
    assert note in result.stderr
    assert json.loads(result.stdout)["n_rows"] == 40
    assert len(pd.read_csv(tmp_path / "out/codes.csv")) == 60
