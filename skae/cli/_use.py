"""Commands that use a finished model: codes, reconstructions, errors, and its facts."""

import json
from typing import Annotated

import typer

from skae.cli._app import app
from skae.cli._errors import InputError
from skae.cli._files import READ, Reading
from skae.cli._output import WRITTEN, check_output, write_table
from skae.cli._say import Voice
from skae.cli._settings import Decimal, Encoding, Sheet, Size

_ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="The folder of a study, or a model's file. One that ends in .joblib can "
        "run code when it is opened: take it from people you trust.",
    ),
]
_File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help=f"New rows, of any kind that `skae select` reads ({', '.join(READ)}, "
        "...), with the columns that the model knows, in any order.",
    ),
]
_Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help=f"File to write ({', '.join(WRITTEN)}), or - for standard output.",
    ),
]
_Dropped = Annotated[
    list[str] | None,
    typer.Option(
        "--drop",
        "--exclude",
        help="A column of the file to leave out; repeat for more.",
        show_default="none",
    ),
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no notes.")]


@app.command()
def transform(
    model: _ModelArgument,
    file: _File,
    output: _Output = "-",
    drop: _Dropped = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    size: Size = None,
    quiet: _Quiet = False,
):
    """Write the codes of the rows of FILE, a column for each unit.

    Rows are named by their number, counted from 1, or by the column that --index named
    in `skae select`. Of a series there is a code for each window, named by its first
    and last time step. Options of reading are those of `skae select`, where none are
    given.
    """
    reading = Reading(decimal, encoding, sheet, size)
    _apply("codes", model, file, output, drop, reading, quiet)


@app.command()
def reconstruct(
    model: _ModelArgument,
    file: _File,
    output: _Output = "-",
    drop: _Dropped = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    size: Size = None,
    quiet: _Quiet = False,
):
    """Write the reconstruction of FILE by its codes, in the units of the file.

    It has the columns that the model knows, without gaps. Windows of a series are laid
    over one another and averaged.
    """
    reading = Reading(decimal, encoding, sheet, size)
    _apply("reconstruction", model, file, output, drop, reading, quiet)


@app.command()
def score(
    model: _ModelArgument,
    file: _File,
    output: _Output = "-",
    drop: _Dropped = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    size: Size = None,
    quiet: _Quiet = False,
):
    """Write the error of each row of FILE, and the column where it is largest.

    The error is the mean over columns of the squared difference between a row and its
    reconstruction, in squared standard deviations of the columns where the model
    standardises them, as it does by default: 1 is about what the columns' means have.
    Of a series there is an error for each window.
    """
    reading = Reading(decimal, encoding, sheet, size)
    _apply("errors", model, file, output, drop, reading, quiet)


@app.command()
def info(
    model: _ModelArgument,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print it as JSON, for machines.")
    ] = False,
):
    """Tell what a model is: its parameters, columns, windows, units and verdict."""
    from skae.cli._info import facts_of_model, lines_of

    try:
        facts = facts_of_model(_opened(model))
    except InputError as error:
        raise _refused(error) from None
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for line in lines_of(facts):
        Voice().find(line)


def _apply(what, model, file, output, drop, reading, quiet):
    """Write what a `Model` makes of a file, by the name of its method."""
    voice = Voice(quiet, is_json=True)  # leaves standard output to the table
    try:
        check_output(output, file)
        model = _opened(model)
        given = reading if reading != Reading() else None
        rows = model.rows(file, drop or (), given)
        for note in rows.notes:
            voice.note(note)
        write_table(_made(model, what, rows), output)
    except InputError as error:
        raise _refused(error) from None


def _made(model, what, rows):
    try:
        return getattr(model, what)(rows)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"The model does not take the rows: {reason}", "FILE"
        ) from None


def _opened(path):
    from skae.cli._model import open_model

    return open_model(path)


def _refused(error):
    option = "FILE" if error.option == "DATA" else error.option
    return typer.BadParameter(str(error), param_hint=option)


@app.command()
def detect(
    file: _File,
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="The folder of a study, or a model's file."),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            help="A file of usual rows, with the columns of the model.",
            show_default="the table of the study",
        ),
    ] = None,
    level: Annotated[
        float,
        typer.Option(help="Share of usual rows that may be alarmed, between 0 and 1."),
    ] = 0.05,
    output: _Output = "-",
    drop: _Dropped = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    size: Size = None,
    quiet: _Quiet = False,
):
    """Write how unusual each row of FILE is: a score, a p-value, an alarm and a reason.

    A p-value is the share of usual rows that are at least as unlike the others, by
    models that were not trained on them. A row is alarmed where it is at most --level,
    so that of usual rows about such a share is alarmed falsely. The reason is the
    column with the largest error. The first call trains these models and keeps them in
    the folder of the study.
    """
    reading = Reading(decimal, encoding, sheet, size)
    voice = Voice(quiet, is_json=True)
    try:
        if not 0 < level < 1:
            raise InputError(
                f"{level:g} is no share of rows between 0 and 1: pass 0.05 for one "
                "false alarm among 20 usual rows.",
                "--level",
            )
        check_output(output, file)
        opened = _opened(model)
        from skae.cli._detect import detected, detector_of

        given = None if reading == Reading() else reading
        # one of the two files may have the column
        may_lack = opened.columns_of(reference) if reference and drop else ()
        rows = opened.rows(file, drop or (), given, may_lack=may_lack)
        detector = detector_of(opened, reference, drop or ())
        table, notes = detected(opened, detector, rows, level)
        for note in [*rows.notes, *notes]:
            voice.note(note)
        write_table(table, output)
    except InputError as error:
        raise _refused(error) from None
