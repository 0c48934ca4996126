"""Files of data sets that do not ship with the package, found or downloaded."""

import os
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from skae.files import replacing

__all__ = ["VARIABLE", "Remote"]

VARIABLE = "SKAE_DATA_HOME"

_DEFAULT_HOME = "~/skae_data"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Remote:
    """Location of a data set's files: a local folder, and mirrors to download from.

    Attributes
    ----------
    folder : str
        Name of the data set's folder in the data home.
    mirrors : tuple of str
        Addresses that a file's name is appended to, the one to try first in front.
    """

    folder: str
    mirrors: tuple[str, ...]

    def read(self, name, parse, data_home, download_if_missing, n_retries, delay):
        """Return the parsed content of a file.

        Parameters
        ----------
        name : str
            Name of the file.
        parse : callable
            Takes the bytes; raises a ValueError that says what is wrong with them.
        data_home : path-like or None
        download_if_missing : bool
        n_retries : int
        delay : float
            As in `fetch_fashion_mnist`.

        Raises
        ------
        OSError
            When the file is not there, is not what it should be, or cannot be had.
        """
        home = Path(data_home or os.environ.get(VARIABLE) or _DEFAULT_HOME).expanduser()
        for path in (home / self.folder / name, home / name):
            if path.is_file():
                return _parsed(path, parse)
        if not download_if_missing:
            raise FileNotFoundError(self._missing(home, name))
        content, parsed = self._download(home, name, parse, n_retries, delay)
        with replacing(home / self.folder / name) as partial:
            partial.write_bytes(content)
        return parsed

    def _missing(self, home, name):
        return (
            f"There is no {name} in {home / self.folder} or in {home}: put it there, "
            f"name the folder that has it by `data_home` or the environment variable "
            f"{VARIABLE}, or allow the download, download_if_missing=True."
        )

    def _download(self, home, name, parse, n_retries, delay):
        failures = []
        for mirror in self.mirrors:
            try:
                content = _retrieved(mirror + name, n_retries, delay)
                return content, parse(content)
            except (OSError, HTTPException, ValueError) as error:
                failures.append(f"{mirror + name}: {error or type(error).__name__}")
        raise OSError(
            f"{name} could not be downloaded. {'; '.join(failures)}. Without a "
            f"network, put the file in {home / self.folder}, or name the folder that "
            f"has it by `data_home` or the environment variable {VARIABLE}."
        )


def _parsed(path, parse):
    try:
        return parse(path.read_bytes())
    except ValueError as error:
        raise OSError(
            f"{path} is not what it should be: {error}. Delete it, so that it is "
            f"downloaded again, or name a folder with the original by `data_home` or "
            f"the environment variable {VARIABLE}."
        ) from error


def _retrieved(url, n_retries, delay):
    for attempt in range(n_retries + 1):
        try:
            with urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
                return response.read()
        except (OSError, HTTPException):
            if attempt == n_retries:
                raise
            time.sleep(delay)
