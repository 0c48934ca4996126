"""The command line: ``skae select`` finds a latent dimension and reports on it."""

from contextlib import suppress
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import joblib
import typer
from rich.console import Console

import skae
from skae.datasets import dataset_names
from skae.exceptions import UnknownNameError
from skae.search.rules import RULES
from skae.study.errors import InputError
from skae.study.inputs import read_data
from skae.study.settings import Settings, parse_components

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Autoencoders, and searches that choose their latent dimension.",
)


class Estimator(StrEnum):
    """Values of ``--estimator``."""

    dense = "dense"
    lstm = "lstm"


class Search(StrEnum):
    """Values of ``--search``."""

    bayes = "bayes"
    grid = "grid"


class Scale(StrEnum):
    """Values of ``--scale``."""

    standard = "standard"
    minmax = "minmax"
    none = "none"


def _print_version(wanted):
    if wanted:
        typer.echo(f"skae {skae.__version__}")
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


@app.command()
def select(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="A .csv, .tsv, .npy or .parquet file of numbers, or a bundled data "
            f"set: {', '.join(dataset_names())}.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder to write.", show_default="skae-<name of the data>"),
    ] = None,
    components: Annotated[
        str,
        typer.Option(help="Latent dimensions to try: a range, or a list as 1,2,4,8."),
    ] = "1:16",
    estimator: Annotated[
        Estimator | None,
        typer.Option(help="Kind of autoencoder.", show_default="lstm for windows"),
    ] = None,
    scorer: Annotated[
        str,
        typer.Option(help=f"What is measured: {', '.join(skae.get_scorer_names())}."),
    ] = "kernel_mi",
    rule: Annotated[
        str | None,
        typer.Option(
            help=f"What chooses by the scores: {', '.join(RULES.names())}.",
            show_default="what suits the scorer",
        ),
    ] = None,
    search: Annotated[
        Search, typer.Option(help="Try some dimensions, or each.")
    ] = Search.bayes,
    n_iter: Annotated[
        int, typer.Option(min=1, help="Dimensions that a bayes search tries.")
    ] = 10,
    folds: Annotated[int, typer.Option(min=2, help="Folds of cross-validation.")] = 4,
    window: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Take the rows for a time series and cut windows of this many time "
            "steps.",
            show_default="10 for airline-passengers",
        ),
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Time steps between windows.")] = 1,
    scale: Annotated[
        Scale, typer.Option(help="Scaling, fitted inside of each fold.")
    ] = Scale.standard,
    column: Annotated[
        list[str] | None,
        typer.Option(help="A column to use; repeat for more.", show_default="all"),
    ] = None,
    max_epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of each fit.", show_default="the estimator's"),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            help="Hidden layers of dense, as 64-32.", show_default="the estimator's"
        ),
    ] = None,
    clusters: Annotated[
        int | None, typer.Option(min=2, help="Clusters of k-means, for silhouette.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is random.")] = 0,
    n_jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Fits at a time.", show_default="number of cores"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that is not empty.")
    ] = False,
):
    """Find the latent dimension of an autoencoder for DATA, and report on it.

    Cross-validates an autoencoder for each dimension tried, chooses one by a rule on
    the scores, refits it, and writes model.joblib, scores.csv, figures/ and report.html
    to a folder.
    """
    choices = {
        "scorer": scorer,
        "rule": rule,
        "search": str(search),
        "n_iter": n_iter,
        "folds": folds,
        "stride": stride,
        "scale": str(scale),
        "max_epochs": max_epochs,
        "hidden": hidden,
        "clusters": clusters,
        "columns": tuple(column or ()),
        "seed": seed,
        "n_jobs": n_jobs or joblib.cpu_count(),
        "device": device,
    }
    _check_extra()
    try:
        data_set = read_data(data, choices["columns"])
        window = window or data_set.window
        settings = Settings(
            data=data,
            output=str(output or f"skae-{data_set.name}"),
            estimator=str(estimator or ("lstm" if window else "dense")),
            components=parse_components(components),
            window=window,
            **choices,
        )
        _select(data_set, settings, force)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None


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


def _select(data, settings, force):
    # What takes long to import comes after what is quickly found to be wrong.
    from skae.report import summary, write_report
    from skae.study.plan import Plan
    from skae.study.progress import search_progress
    from skae.study.run import run

    console = Console()
    folder = _claim(Path(settings.output), force)
    try:
        plan = _plan(Plan, data, settings)
        _announce(console, plan)
        with search_progress(console) as progress:
            outcome = run(plan, progress)
    except InputError:
        _discard(folder)
        raise
    report = write_report(plan, outcome, folder)
    for line in [*summary(plan, outcome), f"Report: {report}"]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _discard(folder):
    """Remove the folder of a run that never began, unless there is something in it."""
    with suppress(OSError):
        folder.rmdir()


def _plan(make, data, settings):
    try:
        return make(data, settings)
    except UnknownNameError as error:
        raise InputError(str(error), "--scorer") from None


def _claim(folder, force):
    """Return the folder, made and ours to fill, before any time is spent."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{str(folder)!r} is a file: name a folder.", "--output")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise InputError(
            f"The folder {str(folder)!r} is not empty: name another one, or pass "
            "--force to replace the results in it.",
            "--output",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder cannot be made: {error}", "--output") from None
    return folder


def _announce(console, plan):
    settings = plan.settings
    shape = " x ".join(map(str, plan.X.shape))
    kind = "windows" if plan.window else "rows"
    console.print(
        f"{plan.data.name}: {shape} {kind}, {settings.estimator} autoencoder, "
        f"{settings.search} search by {settings.scorer}, {settings.folds} folds",
        highlight=False,
    )
    for note in plan.notes():
        console.print(f"Note: {note}", style="yellow", highlight=False)
