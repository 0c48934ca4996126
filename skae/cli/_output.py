"""Tables that the command writes: to standard output, or to a file of some kind."""

from pathlib import Path

from skae.cli._errors import InputError
from skae.files import replacing

__all__ = ["WRITTEN", "check_output", "write_table"]


def _write_csv(table, path, separator=","):
    table.to_csv(path, index=False, sep=separator)


_WRITERS = {
    ".csv": _write_csv,
    ".tsv": lambda table, path: _write_csv(table, path, "\t"),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".feather": lambda table, path: table.to_feather(path),
}

#: Kinds of files that are written, by the endings of their names.
WRITTEN = tuple(_WRITERS)


def check_output(output, source):
    """Raise an error unless a table can be written there, before any time is spent.

    Parameters
    ----------
    output : str
        A path, or ``-`` for standard output.
    source : str
        What is read, which is not to be overwritten.
    """
    if output == "-":
        return
    path = Path(output)
    if path.suffix.lower() not in _WRITERS:
        raise InputError(
            f"{path.name!r} is of a kind that is not written: name a file that ends in "
            f"{', '.join(WRITTEN)}, or - for standard output.",
            "--output",
        )
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"There is no folder for the file {output!r}.", "--output")
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise InputError("That is the file to read: name another one.", "--output")


def write_table(table, output):
    """Write a data frame to a file, whole or not at all, or to standard output.

    Parameters
    ----------
    table : pandas.DataFrame
    output : str
        See `check_output`.
    """
    import sys

    if output == "-":
        _write_csv(table, sys.stdout)
        return
    with replacing(Path(output)) as partial:
        _WRITERS[Path(output).suffix.lower()](table, partial)
