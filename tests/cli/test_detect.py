"""Unusual rows of new files, by the command."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from sklearn.base import clone
from typer.testing import CliRunner

from skae.anomalies import ReconstructionDetector
from skae.cli import app
from skae.cli._detect import DETECTOR_FILE
from skae.cli._model import open_model

FAST = ["--max-epochs", "2", "--folds", "2", "--components", "2"]


def invoke(*words):
    words = [str(word) for word in words]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb"})


def refused(*words):
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


def rows(n_rows, seed):
    X = normal(n_rows, 2, seed=seed) @ normal(2, 5, seed=1)
    X += normal(n_rows, 5, seed=seed + 1) / 10
    return pd.DataFrame(X.round(4), columns=list("abcde"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of a study, its table, and new rows, the third of which is odd."""
    folder = tmp_path_factory.mktemp("detect")
    rows(80, 0).to_csv(folder / "usual.csv", index=False)
    new = rows(20, 7)
    new.loc[2, "d"] += 30
    new.to_csv(folder / "new.csv", index=False)
    words = "select", folder / "usual.csv", "-o", folder / "study", "--quiet"
    assert invoke(*words, *FAST).exit_code == 0
    return folder


def detected(study, *words):
    out = study / "out.csv"
    file, model = study / "new.csv", study / "study"
    result = invoke("detect", file, "--model", model, "-o", out, *words)
    assert result.exit_code == 0, result.output
    return pd.read_csv(out).set_index("row"), result.stderr


def test_p_values_are_those_of_the_detector(study):
    found, said = detected(study)
    model = open_model(study / "study")
    usual, new = (model.rows(str(study / f"{n}.csv")) for n in ("usual", "new"))
    detector = ReconstructionDetector(clone(model.rest), random_state=0).fit(usual.X)
    np.testing.assert_allclose(found["p_value"], detector.p_values(new.X))
    alarms = detector.predict(new.X) == -1
    assert found["alarm"].tolist() == alarms.tolist()
    assert f"{alarms.sum()} of 20 rows are alarmed" in said
    assert "of usual rows alone it would be about 1." in said


def test_the_odd_row_is_found_with_its_reason(study):
    found, _ = detected(study)
    assert found["score"].idxmax() == 3
    assert found["alarm"][3]
    assert found["largest_in"][3] == "d"


def test_the_detector_of_the_study_is_kept(study, monkeypatch):
    first, _ = detected(study)
    assert (study / "study" / DETECTOR_FILE).is_file()
    monkeypatch.setattr(ReconstructionDetector, "fit", pytest.fail)
    again, _ = detected(study, "--level", "0.2")
    pd.testing.assert_frame_equal(
        first.drop(columns="alarm"), again.drop(columns="alarm")
    )
    assert again["alarm"].sum() >= first["alarm"].sum()


def test_levels_below_what_rows_can_tell_are_told(study):
    found, said = detected(study, "--level", "0.001")
    assert not found["alarm"].any()
    assert "No row can be alarmed: with 80 usual rows a p-value is at least" in said


def test_other_usual_rows_may_be_named(study):
    rows(60, 3).to_csv(study / "others.csv", index=False)
    found, _ = detected(study, "--reference", study / "others.csv")
    assert found["p_value"].min() == pytest.approx(1 / 61)


def test_faults_of_the_usual_rows_are_told_of_their_file(study):
    rows(60, 3).assign(more=1).to_csv(study / "wider.csv", index=False)
    words = ["detect", study / "new.csv", "--model", study / "study"]
    words += ["--reference", study / "wider.csv"]
    message = refused(*words)
    assert "Invalid value for --reference" in message
    assert "not known to it: 'more'" in message
    assert invoke(*words, "--drop", "more").exit_code == 0


def test_usual_rows_have_to_be_known(study, tmp_path):
    model = open_model(study / "study")
    model.reader.facts_ = {}
    path = tmp_path / "model.joblib"
    joblib.dump(model.pipeline, path)
    message = refused("detect", study / "new.csv", "--model", path)
    assert "Invalid value for --reference" in message
    assert "name a file of them" in message


def test_windows_are_told_apart_in_time(tmp_path):
    values = np.sin(np.arange(160) / 3)[:, None] + normal(160, 1) / 20
    values = pd.DataFrame(values.round(3), columns=["x"])
    values[:120].to_csv(tmp_path / "usual.csv", index=False)
    new = values[120:].reset_index(drop=True)
    new.loc[20, "x"] += 5
    new.to_csv(tmp_path / "new.csv", index=False)
    words = "--window", "6", "--estimator", "dense", "-o", tmp_path / "study"
    assert invoke("select", tmp_path / "usual.csv", *words, *FAST).exit_code == 0
    out = tmp_path / "out.csv"
    words = "--model", tmp_path / "study", "-o", out
    assert invoke("detect", tmp_path / "new.csv", *words).exit_code == 0
    found = pd.read_csv(out)
    worst = found.loc[found["score"].idxmax()]
    assert worst["first_row"] <= 21 <= worst["last_row"]


@pytest.mark.parametrize("level", [0, 1, -0.1, 5, "nan"])
def test_levels_that_are_no_share_are_refused(study, level):
    words = "detect", study / "new.csv", "--model", study / "study"
    message = refused(*words, f"--level={level}")
    assert "--level" in message
    assert "between 0 and 1: pass 0.05" in message


def test_columns_to_drop_may_be_in_one_file_only(study):
    table = pd.read_csv(study / "new.csv").assign(more=1)
    table.to_csv(study / "wider.csv", index=False)
    words = "detect", study / "wider.csv", "--model", study / "study", "--quiet"
    words += "--reference", study / "usual.csv", "--drop"
    assert invoke(*words, "more").exit_code == 0
    assert "Did you mean 'more'?" in refused(*words, "mor")
