"""Database file of a store: a row for each finished fit, safe to share and to lose."""

import json
import os
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from skae.search.fits._notices import say
from skae.search.fits._sqlite import (
    NewerFormat,
    begin,
    fault_of,
    is_damage,
    is_lock,
    size_of,
)

__all__ = ["ScoreStore"]

_PATIENCE = 60.0  # seconds to wait while other processes write
_NOW = "(SELECT coalesce(max(used), 0) + 1 FROM scores)"

_kept_waiting = set()  # stores, by path, that this process has waited for in vain


@dataclass(frozen=True)
class ScoreStore:
    """Scores of finished fits, in a file that several processes may use at once.

    The file is an SQLite database with one small row of JSON for each fit of a
    candidate on a fold: its scores and times, never a model, and nothing that is
    executed when it is read. Processes that are killed leave it whole. A file that is
    damaged otherwise is moved aside, with a warning, and begun anew; of a single
    damaged row only that row is lost. One of a later version of skae is left alone.

    Keep it on a disk of the machine itself: SQLite's locks do not work on all
    network drives.

    Parameters
    ----------
    path : path-like
        The file; it and its folder are made if need be. A relative path counts from
        where the store is made, in other processes too.
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
        object.__setattr__(self, "path", Path(self.path).absolute())
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
            When the file is a database of another program or of a later version of
            skae, or cannot be opened.
        """
        with ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._check()
                stack.enter_context(self._opened())
            except (sqlite3.Error, OSError) as error:
                advice = (
                    "Wait until the process that holds it has ended, or pass another "
                    "path."
                    if is_lock(error)
                    else "Pass the path of a file in a folder that you may write to."
                )
                raise ValueError(
                    f"The store {self.path} cannot be opened: {error}. {advice}"
                ) from error
            yield

    def get(self, key):
        """Return the record under a key, None if there is none.

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
            _kept_waiting.discard(self.path)
            self._make_room(connection)

    def say_if_gone(self):
        """Warn if the file has been removed."""
        if _file(self.path) is None:
            say(
                f"The store {self.path} was deleted or moved away while it was in use, "
                "with the fits that it held: those that end from now on go into a new "
                "one."
            )

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
        if size_of(connection) > self.max_bytes / 2:  # below, nothing is to go soon
            connection.execute(f"UPDATE scores SET used = {_NOW} WHERE key = ?", (key,))

    def _make_room(self, connection):
        while size_of(connection) > self.max_bytes:
            deleted = connection.execute(
                "DELETE FROM scores WHERE key IN (SELECT key FROM scores ORDER BY used "
                "LIMIT (SELECT max(1, count(*) / 20) FROM scores))"
            )
            if deleted.rowcount < 1:
                return

    @contextmanager
    def _connection(self):
        patience = 0 if self.path in _kept_waiting else _PATIENCE
        with closing(sqlite3.connect(self.path, timeout=patience)) as connection:
            connection.isolation_level = None
            try:
                _patiently(begin, connection, patience)
                yield connection
            except sqlite3.Error as error:
                if is_lock(error):
                    _kept_waiting.add(self.path)
                raise

    def _opened(self):
        """Open the file, or a new one if it turns out to be damaged only then."""
        file = _file(self.path)
        try:
            with self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not is_damage(error, self.path):
                raise
            self._move_aside(file, str(error))
        return self._connection()

    def _check(self):
        if not self.path.exists():
            return
        file = _file(self.path)
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
                fault = fault_of(connection, self.path)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not is_damage(error, self.path):
                raise
            fault = str(error)
        if fault is not None:
            self._move_aside(file, fault)

    @contextmanager
    def _kept_going(self):
        """Go on without the store where it fails, as a search must not end for it."""
        file = _file(self.path)
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeDecodeError, NewerFormat) as error:
            if is_damage(error, self.path):
                self._move_aside(file, str(error))
            elif is_lock(error):
                say(
                    f"The store {self.path} is locked by another process. It is not "
                    "waited for again before it is free: fits that end meanwhile are "
                    "not kept."
                )
            else:
                say(
                    f"The store {self.path} cannot be used now: {error}. Fits that end "
                    "meanwhile are not kept."
                )

    def _move_aside(self, file, reason):
        """Rename the file and begin a new one, unless another process has done so."""
        if file is None or _file(self.path) != file:
            return
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid4().hex[:4]}"
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        for suffix in ("-wal", "-shm", ""):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                os.replace(part, aside.with_name(aside.name + suffix))
        reason = " ".join(reason.split())
        say(
            f"The store {self.path} is damaged ({reason}). It was moved to "
            f"{aside.name}, and a new one is begun: what it held is computed again."
        )
        with suppress(sqlite3.Error, OSError), self._connection():
            pass


def _patiently(function, connection, patience):
    """Retry while another process begins the same file."""
    end = time.monotonic() + patience
    while True:
        try:
            return function(connection)
        except sqlite3.OperationalError as error:
            if not is_lock(error) or time.monotonic() > end:
                raise
            if connection.in_transaction:
                connection.rollback()
            time.sleep(0.01)


def _mark(key, value):
    """Return a checksum that reveals a row that the disk has changed."""
    value = value.encode() if isinstance(value, str) else value
    text = value if isinstance(value, bytes) else b"damaged"
    return blake2b(key.encode() + text, digest_size=8).hexdigest()


def _file(path):
    """Return the identity of a file beyond its name, None without a file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
