"""The commands on the page about the command run as they stand, in their order."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from typer.testing import CliRunner

from skae.cli import app
from skae.cli._files import READ
from skae.cli._output import WRITTEN

PAGE = (Path(__file__).parents[2] / "docs/command.md").read_text()
COMMANDS = re.findall(r"^\$ skae (.*)$", PAGE, flags=re.MULTILINE)
WRITES = {"transform": "codes.csv", "reconstruct": "back.csv", "score": "errors.csv"}


def write_people(path, n_rows, seed):
    age = normal(n_rows, seed=seed).round(2)
    frame = pd.DataFrame(
        {
            "id": [f"P{i}" for i in range(n_rows)],
            "age": age,
            "size": (age + normal(n_rows, seed=seed + 1)).round(2),
            "city": np.where(age > 0, "Bern", "Rome"),
            "income": (3 * age).round(1),
        }
    )
    frame.to_csv(path, index=False)


def write_fleet(path):
    frame = pd.DataFrame(
        {
            "machine": np.repeat(["a", "b"], 45),
            "measured": pd.date_range("2024-01-01", periods=90, freq="h"),
            "load": normal(90).cumsum().round(2),
        }
    )
    frame.drop(index=[20, 21]).to_csv(path, index=False)


@pytest.mark.documents
def test_the_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_people("people.csv", 80, seed=0)
    write_people("new.csv", 9, seed=5)
    sales = pd.DataFrame({"sold": normal(90).cumsum().round(2)})
    sales.to_csv("sales.csv", index=False)
    write_fleet("fleet.csv")
    assert len(COMMANDS) == 12
    for command in COMMANDS:
        words = shlex.split(command)
        if words[0] == "select":  # as it stands, but for the time it takes
            words += ["--max-epochs", "3", "--folds", "2", "--components", "1:2"]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    listed = re.findall(r"^\| `(\S+)` \|", PAGE, flags=re.MULTILINE)
    written = {path.name for path in Path("skae-people").iterdir()}
    assert {*listed} == written - {"figures", "detector.joblib"}
    for name in WRITES.values():
        assert len(pd.read_csv(name)) == 9


def test_all_kinds_of_files_are_listed():
    for ending in {*READ, *WRITTEN} - {".csv.gz", ".tsv.gz"}:
        assert f"`{ending}`" in PAGE
