"""Tables of a store, the version of their format, and faults by SQLite's errors."""

import os
import sqlite3

__all__ = ["NewerFormat", "begin", "fault_of", "is_damage", "is_lock", "size_of"]

_APPLICATION = int.from_bytes(b"skae")
_FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS scores (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, mark TEXT NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS scores_by_use ON scores (used);
"""
_COLUMNS = ["key", "value", "mark", "used"]
_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,  # a schema or a file format that makes no sense
}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MANY_FORMATS = 100  # a larger number is none, but damage


class NewerFormat(ValueError):
    """Error for a store of a later version of skae."""


def begin(connection):
    """Make the tables, if the file has none, and let readers and a writer coexist."""
    connection.text_factory = bytes  # damaged text need not be text
    connection.execute("PRAGMA synchronous = NORMAL")
    if _format(connection) == _FORMAT:
        return
    connection.execute("PRAGMA auto_vacuum = FULL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; "
        f"PRAGMA user_version = {_FORMAT}; COMMIT;"
    )


def _format(connection):
    """Return the version of a store's format, 0 if it has none.

    Raises NewerFormat for one that is not known yet.
    """
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if _FORMAT < found < _MANY_FORMATS and _is_ours(connection):
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        raise NewerFormat(
            f"{path.decode()} is a store of a later version of skae (format {found}; "
            f"this version knows {_FORMAT}): use that version, or pass another path as "
            "the store."
        )
    return found


def _is_ours(connection):
    return connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION


def is_lock(error):
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED


def is_damage(error, path):
    """Return whether an error comes from a damaged file, not from its surroundings."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_READONLY:
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code in _DAMAGE


def fault_of(connection, path):
    """Return the fault of a file, None if there is none.

    Raises ValueError for a sound database that is none of ours, or none of ours yet.
    """
    connection.text_factory = bytes
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != b"ok":
        return found.decode(errors="replace")
    _format(connection)
    columns = connection.execute("PRAGMA table_info(scores)").fetchall()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables or [column[1].decode() for column in columns] == _COLUMNS:
        return None
    if _is_ours(connection):
        return "its columns are not known"
    raise ValueError(
        f"{path} is a database of another program: pass another path as the store."
    )


def size_of(connection):
    """Return the bytes in use, without those that are free for new rows."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
