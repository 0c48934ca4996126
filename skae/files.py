"""Files that appear whole or not at all."""

import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

__all__ = ["replacing"]


@contextmanager
def replacing(path):
    """Give a path to write to, whose file then takes the place of `path` at once.

    When writing fails, or the process is killed, what was at `path` stays as it was.
    The file that is replaced passes on its permissions, and its owner and group where
    the system allows it; a new file gets what the umask says. Where `path` is a
    symbolic link, what it points to is replaced, and the link stays.

    Parameters
    ----------
    path : path-like
        What to write; its folder is made if need be.

    Yields
    ------
    partial : Path
        A file in the same folder, which is gone afterwards.

    Raises
    ------
    OSError
        When `path` is something else than a file, such as a device or a pipe, or a
        link that leads back to itself.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skae.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "answer.txt")) as partial:
    ...         _ = partial.write_text("42")
    ...     print(*(path.name for path in Path(folder).iterdir()))
    answer.txt
    """
    old = _status(path)
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        if old is not None:  # what others may not read is not shown while it is written
            partial.touch(mode=0o600)
        yield partial
        _flush(partial)
        if old is not None:
            _pass_on(old, partial)
        os.replace(partial, path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _status(path):
    """Return the system's entry for the file at a path, or None for no file."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no file that can be replaced: give another path.")
    return status


def _pass_on(old, path):
    """Give a file the owner, the group and the permissions that an old one had."""
    for owner in ({"uid": old.st_uid, "gid": -1}, {"uid": -1, "gid": old.st_gid}):
        with suppress(AttributeError, PermissionError):  # not on every system
            os.chown(path, **owner)
    os.chmod(path, stat.S_IMODE(old.st_mode))


def _flush(path):
    """Have the system write a file's contents to the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
