"""The file of a store: one row for each finished fit, safe to share and to lose."""

import json
import os
import sqlite3
import time
import warnings
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

__all__ = ["ScoreStore"]

_APPLICATION = int.from_bytes(b"skae")
_FORMAT = 1
_PATIENCE = 60.0  # seconds to wait while other processes write
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
_NOW = "(SELECT coalesce(max(used), 0) + 1 FROM scores)"


@dataclass(frozen=True)
class ScoreStore:
    """Scores of finished fits, in a file that several processes may use at once.

    The file is an SQLite database with one small row of JSON for each fit of a
    candidate on a fold: its scores and times, never a model, and nothing that is
    executed when it is read. Processes that are killed leave it whole. A file that is
    damaged otherwise is moved aside, with a warning, and begun anew; of a single
    damaged row only that row is lost.

    Keep it on a disk of the machine itself: SQLite's locks do not work on all
    network drives.

    Parameters
    ----------
    path : path-like
        The file; it and its folder are made if need be.
    max_bytes : int, default=2**28
        Size above which fits are forgotten, those first that have not been asked for
        the longest; at least 65,536. A fit takes about 400 bytes.

    Raises
    ------
    ValueError
        When `max_bytes` is too small.

    See Also
    --------
    skae.search.remember : Makes any search use a store.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skae.search import ScoreStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ScoreStore(Path(folder, "scores.db"))
    ...     store.put("some fit", {"test_scores": 0.5})
    ...     print(store.get("some fit"), store.get("another"), len(store))
    {'test_scores': 0.5} None 1
    """

    path: Path
    max_bytes: int = 2**28

    def __post_init__(self):
        object.__setattr__(self, "path", Path(self.path))
        if self.max_bytes < 2**16:
            raise ValueError(
                f"max_bytes={self.max_bytes} is too small for a store: allow it at "
                "least 65536 bytes."
            )

    @classmethod
    def at(cls, store):
        """Return a store: the given one, or the one at a path."""
        return store if isinstance(store, cls) else cls(store)

    @contextmanager
    def in_use(self):
        """Check the file, move it aside if it is damaged, and begin one if need be.

        Within the context, single accesses need not wait for the disk.

        Raises
        ------
        ValueError
            When the file is a database of another program, or cannot be opened.
        """
        with ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._check()
                stack.enter_context(self._opened())
            except (sqlite3.Error, OSError) as error:
                raise ValueError(
                    f"The store {self.path} cannot be opened: {error}. Pass the path "
                    "of a file in a folder that you may write to."
                ) from error
            yield

    def get(self, key):
        """Return what was put under a key, None if there is nothing.

        Parameters
        ----------
        key : str

        Returns
        -------
        record : dict or None
        """
        with self._kept_going(), self._connection() as connection:
            row = connection.execute(
                "SELECT value, mark FROM scores WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return None
            if row[1] != _mark(key, row[0]).encode():
                connection.execute("DELETE FROM scores WHERE key = ?", (key,))
                return None
            self._touch(connection, key)
            return json.loads(row[0])

    def put(self, key, record):
        """Keep a record, in place of an earlier one, and make room for it if need be.

        Parameters
        ----------
        key : str
        record : dict
            What JSON can express.
        """
        value = json.dumps(record)
        with self._kept_going(), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                f"INSERT OR REPLACE INTO scores VALUES (?, ?, ?, {_NOW})",
                (key, value, _mark(key, value)),
            )
            connection.commit()
            self._make_room(connection)

    def clear(self):
        """Forget all fits."""
        with self._connection() as connection:
            connection.execute("DELETE FROM scores")

    def __len__(self):
        """Return the number of fits."""
        with self._connection() as connection:
            return connection.execute("SELECT count(*) FROM scores").fetchone()[0]

    def __bool__(self):
        """Return True: an empty store is a store."""
        return True

    def _touch(self, connection, key):
        if _size(connection) > self.max_bytes / 2:  # below, nothing is to go soon
            connection.execute(f"UPDATE scores SET used = {_NOW} WHERE key = ?", (key,))

    def _make_room(self, connection):
        while _size(connection) > self.max_bytes:
            deleted = connection.execute(
                "DELETE FROM scores WHERE key IN (SELECT key FROM scores ORDER BY used "
                "LIMIT (SELECT max(1, count(*) / 20) FROM scores))"
            )
            if deleted.rowcount < 1:
                return

    @contextmanager
    def _connection(self):
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
            connection.isolation_level = None
            connection.text_factory = bytes  # damaged text need not be text
            _patiently(_begin, connection)
            yield connection

    def _opened(self):
        """Open the file, or a new one if it turns out to be damaged only then."""
        file = _file(self.path)
        try:
            with self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not _is_damage(error, self.path):
                raise
            self._move_aside(file, str(error))
        return self._connection()

    def _check(self):
        if not self.path.exists():
            return
        file = _file(self.path)
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
                fault = _fault(connection, self.path)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not _is_damage(error, self.path):
                raise
            fault = str(error)
        if fault is not None:
            self._move_aside(file, fault)

    @contextmanager
    def _kept_going(self):
        """Go on without the store where it fails: a search must not end for it."""
        file = _file(self.path)
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            if _is_damage(error, self.path):
                self._move_aside(file, str(error))
            else:
                _warn(f"The store {self.path} cannot be used now: {error}.")

    def _move_aside(self, file, reason):
        """Rename the file, unless another process has done so already."""
        if file is None or _file(self.path) != file:
            return
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid4().hex[:4]}"
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        for suffix in ("-wal", "-shm", ""):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                os.replace(part, aside.with_name(aside.name + suffix))
        reason = " ".join(reason.split())
        _warn(
            f"The store {self.path} is damaged ({reason}). It was moved to "
            f"{aside.name}, and a new one is begun: what it held is computed again."
        )


def _begin(connection):
    """Make the tables, if the file has none, and let readers and a writer coexist."""
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA user_version").fetchone()[0] == _FORMAT:
        return
    connection.execute("PRAGMA auto_vacuum = FULL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; "
        f"PRAGMA user_version = {_FORMAT}; COMMIT;"
    )


def _patiently(function, connection):
    """Try again while another process begins the same file."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return function(connection)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            if connection.in_transaction:
                connection.rollback()
            time.sleep(0.01)


def _is_damage(error, path):
    """Return whether an error is the file's fault, not that of what is around it."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_READONLY:
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code in _DAMAGE


def _fault(connection, path):
    """Return what is wrong with a file, None if nothing is.

    Raises ValueError for a sound database that is none of ours.
    """
    connection.text_factory = bytes
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != b"ok":
        return found.decode(errors="replace")
    columns = connection.execute("PRAGMA table_info(scores)").fetchall()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables or [column[1].decode() for column in columns] == _COLUMNS:
        return None
    if connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION:
        return "its columns are not known"
    raise ValueError(
        f"{path} is a database of another program: pass another path as the store."
    )


def _size(connection):
    """Return the bytes in use, without those that are free for new rows."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _mark(key, value):
    """Return a mark that tells a row from one that the disk has changed."""
    value = value.encode() if isinstance(value, str) else value
    text = value if isinstance(value, bytes) else b"damaged"
    return blake2b(key.encode() + text, digest_size=8).hexdigest()


def _file(path):
    """Return what tells a file from another one of its name, None without a file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=4)
