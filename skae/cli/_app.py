"""The command line.

``skae select`` finds a latent dimension and reports on it, ``skae plugins`` lists the
parts that there are. What is done with a finished model is in `skae.cli._use`.
"""

import inspect
import json
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from skae.cli._errors import InputError
from skae.cli._folder import claim_folder, discard_folder, open_store
from skae.cli._inputs import read_data
from skae.cli._progress import SearchProgress
from skae.cli._sample import sample_of
from skae.cli._say import Voice
from skae.cli._settings import Settings
from skae.exceptions import UnknownNameError
from skae.plugins import KINDS, list_plugins

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Autoencoders, and searches that choose their latent dimension.",
)


def _print_version(wanted):
    if wanted:
        typer.echo(f"skae {version('skae')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
):
    """Autoencoders, and searches that choose their latent dimension."""


def select(**choices):
    """Find the latent dimension of an autoencoder for DATA, and report on it.

    Cross-validates an autoencoder for each dimension, chooses one by a rule on the
    scores, refits it, and writes model.joblib, codes.csv, scores.csv, figures/ and
    report.html to a folder. Searches other than the curve try further settings for a
    dimension: the best of them stand for it. What comes after it: `skae transform`,
    `reconstruct`, `score` and `info` take the folder, and new files.

    Each finished fit is kept in store.sqlite in the folder. Ctrl-C ends the run without
    a report and prints the command that goes on from there, with --resume.
    """
    _check_extra()
    try:
        settings = Settings(**choices)
        data = read_data(
            settings.data,
            settings.column or (),
            settings.exclude or (),
            settings.target,
            index=settings.index,
            axis=settings.axis,
            reading=settings.reading,
            is_series=settings.window is not None,
        )
        settings = settings.completed(data)
        _select(data, settings)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None


select.__signature__ = inspect.signature(Settings)  # which typer reads
app.command()(select)


def _check_extra():
    missing = [
        name for name in ("jinja2", "matplotlib", "pandas") if not find_spec(name)
    ]
    if missing:
        typer.echo(
            f"skae select needs {', '.join(missing)}: pip install 'skae[plot]'.",
            err=True,
        )
        raise typer.Exit(1)


def _select(data, settings):
    folder = claim_folder(settings.output, settings.force, settings.resume)
    try:
        _run(sample_of(data, settings), settings, folder)
    except InputError:
        discard_folder(folder)
        raise


def _run(data, settings, folder):
    # What takes long to import comes after what is quickly found to be wrong.
    from skae.cli._facts import facts_of
    from skae.cli._plan import Plan
    from skae.cli._run import run
    from skae.cli.report import columns_text, conclusion, summary, write_report

    plan, voice = Plan(data, settings), Voice(settings.quiet, settings.json)
    voice.tell(plan.title)
    if plan.columns:
        voice.tell(columns_text(plan))
    for note in plan.notes:
        voice.note(note)
    store, n_kept = open_store(folder, settings.resume)
    if settings.resume:
        voice.tell(f"Fits of earlier runs in {folder}: {n_kept}")
    watching = [] if settings.quiet else [SearchProgress(plan.n_fits)]
    try:
        outcome = run(plan, store, watching)
    except KeyboardInterrupt:
        _say_how_to_go_on(plan, folder, voice)
        raise typer.Exit(130) from None
    if settings.resume:
        n_fits, n_there = outcome.n_fits, outcome.n_recalled
        voice.tell(f"Of {n_fits} fits, {n_there} were there already.")
    report = write_report(plan, outcome, folder)
    lines = summary(plan, outcome)
    for line in [lines[0], outcome.verdict.text] if settings.quiet else lines:
        voice.find(line)
    voice.find(f"Report: {report}")
    if settings.json:
        facts = facts_of(plan, outcome) | {"notes": plan.notes, "folder": str(folder)}
        facts["conclusion"] = conclusion(plan, outcome)
        typer.echo(json.dumps(facts, indent=2))


def _say_how_to_go_on(plan, folder, voice):
    """Print the progress of a run ended by Ctrl-C, and the command to resume it."""
    _, n_kept = open_store(folder, resume=True)
    if n_kept == 0:
        discard_folder(folder)
        voice.find("Interrupted before any fit was finished: nothing is kept.")
        return
    voice.find(
        f"Interrupted. {n_kept} fits are finished and kept; the search takes "
        f"{plan.n_fits}. To go on:"
    )
    voice.find(plan.settings.command(resume=True))


@app.command()
def plugins(
    kind: Annotated[
        str | None,
        typer.Option(
            help=f"Parts of one kind: {', '.join(KINDS)}.", show_default="all"
        ),
    ] = None,
):
    """List the parts that have a name: the library's own, and those of other packages.

    What another package has declared and cannot be used is listed with the reason.
    """
    try:
        with warnings.catch_warnings():  # the table tells what is left out
            warnings.simplefilter("ignore", RuntimeWarning)
            found = list_plugins(kind)
    except UnknownNameError as error:
        raise typer.BadParameter(str(error), param_hint="--kind") from None
    Console(width=None if Console().is_terminal else 200).print(_table(found))


def _table(found):
    table = Table(box=SIMPLE_HEAD)
    for header in ("kind", "name", "class", "origin"):
        table.add_column(header, overflow="fold", no_wrap=header != "class")
    for one in found:
        target = Text(one.target)
        if one.error:
            target.append(f"\nleft out: {one.error}", style="bold red")
        table.add_row(one.kind, one.name, target, one.origin)
    return table
