"""Files that appear whole or not at all."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

__all__ = ["replacing"]


@contextmanager
def replacing(path):
    """Give a path to write to, whose file then takes the place of `path` at once.

    When writing fails, or the process is killed, what was at `path` stays as it was.

    Parameters
    ----------
    path : path-like
        What to write; its folder is made if need be.

    Yields
    ------
    partial : Path
        A file in the same folder, which is gone afterwards.

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
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _flush(path):
    """Have the system write a file's contents to the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
