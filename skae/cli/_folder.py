"""Folder of a run, with the store of fits that a run that ends early has finished."""

from contextlib import suppress
from pathlib import Path

from skae.cli._errors import InputError
from skae.search import ScoreStore

__all__ = ["claim_folder", "discard_folder", "open_store"]

_STORE = "store.sqlite"


def claim_folder(folder, force=False, resume=False):
    """Return the folder as a path, made and ours to fill, before any time is spent.

    Parameters
    ----------
    folder : path-like
    force : bool, default=False
        Whether there may be anything in it.
    resume : bool, default=False
        Whether there may be an earlier run in it.

    Raises
    ------
    InputError
        When the folder is not ours, or cannot be made.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{str(folder)!r} is a file: name a folder.", "--output")
    if folder.exists() and any(folder.iterdir()) and not force:
        _check_is_resumed(folder, resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder cannot be made: {error}", "--output") from None
    return folder


def _check_is_resumed(folder, resume):
    if not (folder / _STORE).exists():
        reason = f", and no run to go on with: it has no {_STORE}" * resume
        raise InputError(
            f"The folder {str(folder)!r} is not empty{reason}. Name another one, or "
            "pass --force to replace the results in it.",
            "--output",
        )
    if not resume:
        raise InputError(
            f"The folder {str(folder)!r} is not empty, but that of an earlier run: "
            "pass --resume to go on with its finished fits, or --force to begin anew, "
            "or name another one.",
            "--output",
        )


def open_store(folder, resume=False):
    """Return the `ScoreStore` in a folder, and how many fits of earlier runs it has.

    Parameters
    ----------
    folder : Path
    resume : bool, default=False
        Whether to keep these fits; they are deleted otherwise.

    Raises
    ------
    InputError
        When there is a file of its name that is no store.
    """
    store = ScoreStore((folder / _STORE).absolute())
    try:
        with store.in_use():
            if not resume:
                store.clear()
            return store, len(store)
    except ValueError as error:
        raise InputError(str(error), "--output") from None


def discard_folder(folder):
    """Remove the files of a run that has no finished fit, and nothing else."""
    with suppress(OSError, ValueError):
        if (folder / _STORE).exists():
            store = ScoreStore(folder / _STORE)
            with store.in_use():
                if len(store):
                    return
            for suffix in ("", "-wal", "-shm"):
                (folder / f"{_STORE}{suffix}").unlink(missing_ok=True)
        folder.rmdir()
