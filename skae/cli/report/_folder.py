"""Folder of a finished search, whose files are written atomically."""

from pathlib import Path

import joblib

from skae.cli.report._figures import draw_figures
from skae.cli.report._page import render_page
from skae.cli.report._scores import scores_table
from skae.files import replacing

__all__ = ["write_report"]


def write_report(plan, outcome, folder):
    """Write model, scores, figures and report of a finished search.

    Every file appears whole or not at all, and ``report.html`` comes last: a folder
    that has it is complete.

    Parameters
    ----------
    plan : Plan
        What was searched.
    outcome : Outcome
        What was found.
    folder : path-like
        Where to write; made if need be. Files of these names are replaced.

    Returns
    -------
    path : Path
        The report, ``report.html``.
    """
    folder = Path(folder)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    report = folder / "report.html"
    report.unlink(missing_ok=True)
    _write(folder / "model.joblib", lambda path: joblib.dump(outcome.model, path))
    table = scores_table(outcome.cv_results, plan.scoring)
    _write(folder / "scores.csv", lambda path: table.to_csv(path, index=False))
    figures = draw_figures(plan, outcome)
    for figure in figures:
        _write_bytes(folder / "figures" / f"{figure.name}.png", figure.png)
    _write_bytes(report, render_page(plan, outcome, figures).encode())
    return report


def _write_bytes(path, data):
    _write(path, lambda partial: partial.write_bytes(data))


def _write(path, write):
    with replacing(path) as partial:
        write(partial)
