"""Reader of files of tables: columns by name, not yet converted to numbers."""

from dataclasses import dataclass
from pathlib import Path

from skae.cli._arrays import read_images, read_npy, read_npz
from skae.cli._errors import InputError
from skae.cli._table import Table
from skae.cli._text import read_text
from skae.datasets import dataset_names

__all__ = ["AS_IT_LOOKS", "READ", "Reading", "read_file"]

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Reading:
    """Options of reading, each None for what the file looks like.

    Attributes
    ----------
    decimal, encoding : str or None
        Of files of text; see `read_text`.
    sheet : str or None
        Name of a sheet, or of an array among several.
    size : str or None
        Width and height to give images, as ``28x28``.
    """

    decimal: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    size: str | None = None

    def refuse(self, names, what):
        """Raise an error where one of some options is given, which are for `what`."""
        for name in names:
            if getattr(self, name) is not None:
                raise InputError(f"It is for {what}: leave it out.", f"--{name}")


#: Reading of files as they look.
AS_IT_LOOKS = Reading()


def read_file(source, reading=AS_IT_LOOKS):
    """Return the `Table` in a file or a folder of images, its columns as they are.

    Parameters
    ----------
    source : str
        Path of a file of one of the kinds `READ`, of a folder of images, or a table in
        one of SQLite, as ``sqlite:///folder/file.db::table``.
    reading : Reading

    Raises
    ------
    InputError
        When the file is of another kind, empty, or not what its name says.
    """
    if source.startswith(_SQLITE):
        _refuse_others(reading)
        return Table.of(_read_sqlite(source.removeprefix(_SQLITE)))
    path = Path(source)
    if path.is_dir():
        _refuse_others(reading, "size")
        return read_images(path, reading.size)
    kind = _kind_of(path)
    read = _READERS.get(kind)
    if read is None and kind not in _TEXT:
        raise InputError(
            f"{path.name!r} is of a kind that is not read: pass one of "
            f"{', '.join(READ)}, a table as {_SQLITE}file.db::table, a folder of "
            f"images, or a bundled data set: {', '.join(dataset_names())}."
        )
    _check_content(path)
    if read is None:
        _refuse_others(reading, "decimal", "encoding")
        frame = read_text(path, reading.decimal, reading.encoding)
        return Table.of(frame, rows=frame.index.to_numpy() + 1)
    if kind in _WITH_SHEETS:
        _refuse_others(reading, "sheet")
        return read(path, reading.sheet)
    _refuse_others(reading)
    return read(path)


def _refuse_others(reading, *taken):
    """Refuse the options of reading that a kind of file does not take."""
    for names, what in (
        (("decimal", "encoding"), f"files of text ({', '.join(_TEXT)})"),
        (("sheet",), f"files of several tables ({', '.join(_WITH_SHEETS)})"),
        (("size",), "folders of images"),
    ):
        reading.refuse([name for name in names if name not in taken], what)


def _kind_of(path):
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return "".join(suffixes if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _check_content(path):
    if path.stat().st_size == 0:
        raise InputError(f"{path.name!r} is empty: it has no bytes in it.")


# Kinds of files


def _pandas(reader, kind, **options):
    """Return a function that reads a path with pandas, which may lack a package."""

    def read(path, **more):
        import pandas as pd

        try:
            return Table.of(getattr(pd, reader)(path, **options, **more))
        except ImportError as error:
            raise InputError(
                f"{path.name!r} is read with a package that is not installed: {error}"
            ) from None
        except Exception as error:  # readers' own kinds of errors, as BadZipFile
            raise InputError(
                f"{path.name!r} does not read as {kind}: {error}"
            ) from None

    return read


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


def _excel(path, sheet):
    try:
        return _pandas("read_excel", "a sheet")(path, sheet_name=sheet or 0)
    except InputError as error:
        raise InputError(str(error), "--sheet" if sheet else error.option) from None


_json_lines = _pandas("read_json", "JSON lines", lines=True)
_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_READERS = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".parquet": _pandas("read_parquet", "Parquet"),
    ".feather": _pandas("read_feather", "Feather"),
    ".xlsx": _excel,
    ".xls": _excel,
    ".ods": _excel,
    ".json": _pandas("read_json", "JSON"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
_WITH_SHEETS = (".xlsx", ".xls", ".ods", ".npz")

#: Kinds of files that are read, by the endings of their names.
READ = (*_TEXT, *_READERS)
