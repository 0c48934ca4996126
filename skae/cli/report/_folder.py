"""Folder of a finished search, whose files are written atomically."""

from pathlib import Path

import joblib

from skae.cli._facts import facts_of
from skae.cli._model import MODEL_FILE, Model, whole_pipeline
from skae.cli.report._figures import draw_figures
from skae.cli.report._page import render_page
from skae.cli.report._scores import scores_table
from skae.files import replacing

__all__ = ["write_report"]


def write_report(plan, outcome, folder):
    """Write model, codes, scores, figures and report of a finished search.

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
    pipeline = whole_pipeline(plan, outcome.model, facts_of(plan, outcome))
    _write(folder / MODEL_FILE, lambda path: joblib.dump(pipeline, path))
    codes = codes_table(plan, pipeline)
    _write(folder / "codes.csv", lambda path: codes.to_csv(path, index=False))
    table = scores_table(outcome.cv_results, plan.scoring, outcome.in_full)
    _write(folder / "scores.csv", lambda path: table.to_csv(path, index=False))
    figures = draw_figures(plan, outcome)
    for figure in figures:
        _write_bytes(folder / "figures" / f"{figure.name}.png", figure.png)
    _write_bytes(report, render_page(plan, outcome, figures).encode())
    return report


def codes_table(plan, pipeline):
    """Return the codes of all rows of a plan's source, with its target.

    Parameters
    ----------
    plan : Plan
    pipeline : Pipeline
        See `whole_pipeline`.
    """
    model = Model(pipeline, None)
    rows = model.rows(plan.settings.data)
    return model.codes(rows)


def _write_bytes(path, data):
    _write(path, lambda partial: partial.write_bytes(data))


def _write(path, write):
    with replacing(path) as partial:
        write(partial)
