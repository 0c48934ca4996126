"""Reader of files of tables: columns by name, not yet converted to numbers."""

from pathlib import Path

import numpy as np

from skae.cli._errors import InputError
from skae.cli._text import read_text
from skae.datasets import dataset_names

__all__ = ["READ", "read_file"]

_SQLITE = "sqlite:///"


def read_file(source, decimal=None, encoding=None):
    """Return the columns of a file by name, as they are.

    Parameters
    ----------
    source : str
        Path of a file of one of the kinds `READ`, or a table in one of SQLite, as
        ``sqlite:///folder/file.db::table``.
    decimal, encoding : str or None, default=None
        Of files of text; see `read_text`.

    Returns
    -------
    table : dict of pandas.Series

    Raises
    ------
    InputError
        When the file is of another kind, empty, or not what its name says.
    """
    if source.startswith(_SQLITE):
        return _as_table(_read_sqlite(source.removeprefix(_SQLITE)))
    path = Path(source)
    kind = _kind_of(path)
    if kind in _TEXT:
        _check_content(path)
        return _as_table(read_text(path, decimal, encoding))
    for option, given in (("--decimal", decimal), ("--encoding", encoding)):
        if given is not None:
            raise InputError(
                f"It is for files of text ({', '.join(_TEXT)}): leave it out.", option
            )
    read = _READERS.get(kind)
    if read is None:
        raise InputError(
            f"{path.name!r} is of a kind that is not read: pass one of "
            f"{', '.join(READ)}, a table as {_SQLITE}file.db::table, or a bundled data "
            f"set: {', '.join(dataset_names())}."
        )
    _check_content(path)
    return _as_table(read(path))


def _kind_of(path):
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return "".join(suffixes if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _check_content(path):
    if path.stat().st_size == 0:
        raise InputError(f"{path.name!r} is empty: it has no bytes in it.")


def _as_table(frame):
    return {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}


# Kinds of files


def _pandas(reader, kind, **options):
    """Return a function that reads a path with pandas, which may lack a package."""

    def read(path):
        import pandas as pd

        try:
            return getattr(pd, reader)(path, **options)
        except ImportError as error:
            raise InputError(
                f"{path.name!r} is read with a package that is not installed: {error}"
            ) from None
        except Exception as error:  # readers' own kinds of errors, as BadZipFile
            raise InputError(
                f"{path.name!r} does not read as {kind}: {error}"
            ) from None

    return read


def _read_npy(path):
    import pandas as pd

    try:
        X = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path.name!r} does not read as an array: {error}") from None
    if getattr(X, "ndim", None) != 2:
        hint = (
            " Turn a series into a column by x.reshape(-1, 1)." if X.ndim == 1 else ""
        )
        raise InputError(
            f"{path.name!r} holds an array of shape {X.shape}: pass one of two "
            f"dimensions, (n_samples, n_features).{hint}"
        )
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])


def _read_sqlite(name):
    import sqlite3
    from contextlib import closing

    import pandas as pd

    path, _, table = name.rpartition("::")
    if not Path(path).is_file():
        raise InputError(
            f"There is no file {path!r}: write {_SQLITE}file.db::table, with the path "
            "of a file of SQLite and the name of a table in it."
        )
    try:
        with closing(sqlite3.connect(path)) as connection:
            _check_table(connection, table)
            quoted = table.replace('"', '""')
            return pd.read_sql_query(f'SELECT * FROM "{quoted}"', connection)
    except sqlite3.Error as error:
        raise InputError(f"{path!r} does not read as SQLite: {error}") from None


def _check_table(connection, table):
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    )
    names = [name for (name,) in found]
    if table not in names:
        raise InputError(
            f"There is no table {table!r} in the file: use one of "
            f"{', '.join(map(repr, names))}."
        )


_excel = _pandas("read_excel", "a sheet")
_json_lines = _pandas("read_json", "JSON lines", lines=True)
_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_READERS = {
    ".npy": _read_npy,
    ".parquet": _pandas("read_parquet", "Parquet"),
    ".feather": _pandas("read_feather", "Feather"),
    ".xlsx": _excel,
    ".xls": _excel,
    ".ods": _excel,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}

#: Kinds of files that are read, by the endings of their names.
READ = (*_TEXT, *_READERS)
