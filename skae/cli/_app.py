"""The command line.

``skae select`` finds a latent dimension and reports on it, ``skae plugins`` lists the
parts that there are.
"""

import warnings
from enum import StrEnum
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import joblib
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from skae.autoencoders import VAE
from skae.cli._errors import InputError
from skae.cli._estimators import described, usable_estimators
from skae.cli._folder import claim_folder, discard_folder, open_store
from skae.cli._inputs import read_data
from skae.cli._scorers import usable_scorers
from skae.cli._settings import N_ITER, Settings, parse_components
from skae.datasets import dataset_names
from skae.exceptions import UnknownNameError
from skae.plugins import KINDS, list_plugins
from skae.search._rules import RULES

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Autoencoders, and searches that choose their latent dimension.",
)


def _listed(names, *args):
    """Return what `names` returns; what it leaves out is told by `skae plugins`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return names(*args)


def _of_generated_rows():
    return sorted({*usable_scorers(VAE())} - {*usable_scorers()})


class Search(StrEnum):
    """Values of ``--search``."""

    bayes = "bayes"
    evolution = "evolution"
    grid = "grid"


class Scale(StrEnum):
    """Values of ``--scale``."""

    standard = "standard"
    minmax = "minmax"
    none = "none"


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
        str | None,
        typer.Option(
            help=f"Kind of autoencoder: {', '.join(_listed(usable_estimators))}.",
            show_default="dense, or lstm for windows",
        ),
    ] = None,
    scorer: Annotated[
        str,
        typer.Option(
            help=f"What is measured: {', '.join(_listed(usable_scorers))}; where the "
            f"estimator generates rows, also {', '.join(_listed(_of_generated_rows))}."
        ),
    ] = "kernel_mi",
    rule: Annotated[
        str | None,
        typer.Option(
            help=f"What chooses by the scores: {', '.join(_listed(RULES.names))}.",
            show_default="what suits the scorer",
        ),
    ] = None,
    search: Annotated[
        Search,
        typer.Option(
            help="bayes tries some dimensions, and grid each, with the estimator's own "
            "layers; evolution tries dimensions together with layers: how many, and "
            "how wide."
        ),
    ] = Search.bayes,
    n_iter: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Candidates to try: dimensions in a bayes search, dimensions with "
            "layers in an evolution, where three for each dimension are a start. Each "
            "is fitted once per fold.",
            show_default=", ".join(f"{n} for {name}" for name, n in N_ITER.items()),
        ),
    ] = None,
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
            help="Hidden layers, as 64-32, of estimators that have them so, such as "
            "dense, where they are not searched for.",
            show_default="the estimator's",
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
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on in the folder of an earlier run: fits that it has finished are "
            "not made again. Options may differ; what they change is fitted.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Write into a folder that is not empty, and begin anew in that of an "
            "earlier run.",
        ),
    ] = False,
):
    """Find the latent dimension of an autoencoder for DATA, and report on it.

    Cross-validates an autoencoder for each dimension tried, chooses one by a rule on
    the scores, refits it, and writes model.joblib, scores.csv, figures/ and report.html
    to a folder. An evolution tries several layers for a dimension: the best of them
    stand for it.

    Each finished fit is kept in store.sqlite in the folder. Ctrl-C ends the run without
    a report and prints the command that goes on from there, with --resume.
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
            estimator=estimator or ("lstm" if window else "dense"),
            components=parse_components(components),
            window=window,
            **choices,
        )
        _select(data_set, settings, force, resume)
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


def _select(data, settings, force, resume):
    folder = claim_folder(settings.output, force, resume)
    try:
        _run(data, settings, folder, resume)
    except InputError:
        discard_folder(folder)
        raise
    except KeyboardInterrupt:
        _say_how_to_go_on(settings, folder)
        raise typer.Exit(130) from None


def _run(data, settings, folder, resume):
    # What takes long to import comes after what is quickly found to be wrong.
    from sklearn.callback import ProgressBar

    from skae.cli._plan import Plan
    from skae.cli._run import run
    from skae.cli.report import summary, write_report

    plan = Plan(data, settings)
    _announce(plan)
    store, n_kept = open_store(folder, resume)
    if resume:
        _print(f"Fits of earlier runs in {settings.output}: {n_kept}")
    outcome = run(plan, store, [ProgressBar(max_propagation_depth=0)])
    if resume:
        _print(f"Of {outcome.n_fits} fits, {outcome.n_recalled} were there already.")
    report = write_report(plan, outcome, folder)
    for line in [*summary(plan, outcome), f"Report: {report}"]:
        _print(line)


def _print(line, style=None):
    options = {"highlight": False, "markup": False, "soft_wrap": True}
    Console().print(line, style=style, **options)


def _announce(plan):
    settings = plan.settings
    shape = " x ".join(map(str, plan.X.shape))
    kind = "windows" if plan.window else "rows"
    _print(
        f"{plan.data.name}: {shape} {kind}, {described(settings.estimator)}, "
        f"{settings.search} search of {settings.n_candidates} candidates by "
        f"{settings.scorer}, {settings.folds} folds"
    )
    for note in plan.notes():
        _print(f"Note: {note}", style="yellow")


def _say_how_to_go_on(settings, folder):
    """Say what is finished of a run that Ctrl-C has ended, and the command for more."""
    _, n_kept = open_store(folder, resume=True)
    if n_kept == 0:
        discard_folder(folder)
        _print("Interrupted before any fit was finished: nothing is kept.")
        return
    n_fits = settings.n_candidates * settings.folds
    _print(
        f"Interrupted. {n_kept} fits are finished and kept; the search takes {n_fits}. "
        "To go on:"
    )
    _print(settings.command(resume=True))


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
        found = _listed(list_plugins, kind)
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
