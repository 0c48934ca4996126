"""Fits of the command in other processes, and on a cluster."""

import pickle
import sys

import pytest
from typer.testing import CliRunner

from skae.cli import app
from skae.cli._progress import SearchProgress
from skae.stacking.meeting import _processes


@pytest.fixture
def table(tmp_path):
    lines = [f"{a},{a * b % 7},{a + b},{b}" for a in range(8) for b in range(6)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["a,b,c,d", *lines]))
    return path


def select(table, *options):
    folder = table.with_name("study")
    return CliRunner().invoke(
        app, ["select", str(table), "-o", str(folder), "--max-epochs", "3", *options]
    )


def test_fits_are_shared_out_among_processes(table, monkeypatch):
    sent = []
    send = _processes.ProcessesBackend._send_to_one

    def counted(self, share):
        sent.append(len(share.tasks))
        send(self, share)

    monkeypatch.setattr(_processes.ProcessesBackend, "_send_to_one", counted)
    result = select(table, "--processes", "2")
    assert result.exit_code == 0, result.output
    assert sum(sent) >= 4


def test_progress_is_no_obstacle_to_processes():
    copy = pickle.loads(pickle.dumps(SearchProgress(3)))
    copy.on_fit_task_end(None, type("Context", (), {"task_name": "epoch"}))
    assert copy.n_fits == 3


def test_a_cluster_that_does_not_answer_is_told(table):
    pytest.importorskip("distributed")
    result = select(table, "--cluster", "nowhere:::1")
    assert result.exit_code == 2
    assert "No Dask scheduler answers" in result.output


def test_a_cluster_needs_dask(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = select(table, "--cluster", "tcp://127.0.0.1:8786")
    assert result.exit_code == 2
    assert "skae[cluster]" in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--processes", "0"], "No process is none"),
        (["--processes", "2", "--cluster", "tcp://a:1"], "has processes of its own"),
    ],
)
def test_places_that_are_none(table, options, told):
    result = select(table, *options)
    assert result.exit_code == 2
    assert told in result.output
