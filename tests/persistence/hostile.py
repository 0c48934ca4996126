"""Opens the files of a folder, and uses what they hold, in little memory.

    python hostile.py FOLDER MEGABYTES

prints a line of JSON for each, in the order of their names: what came of it. The first
is an honest one. To open another may take MEGABYTES.
"""

import contextlib
import io
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import skae

X = np.random.default_rng(0).normal(size=(5, 6))
ROWS = {
    "transform": X,
    "reconstruct": X,
    "predict": X,
    "inverse_transform": X[:, :2],
    "partial_fit": X,
}


def outcome(path, megabytes):
    """Return what came of a file: an error, or what it does when used."""
    start = time.perf_counter()
    found = {"name": path.name}
    try:
        with at_most(megabytes):
            model = skae.load(path)
    except Exception as error:
        found |= {"error": type(error).__name__, "message": str(error)}
    found["seconds"] = time.perf_counter() - start
    if "error" not in found:
        with at_most(1000):
            found["errors"] = errors_of(model)
    return found


def errors_of(model):
    """Return the errors of methods; what ends the process ends the test."""
    errors = {}
    for name, rows in ROWS.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                getattr(model, name)(rows)
        except Exception as error:
            errors[name] = f"{type(error).__name__}: {error}"
    return errors


@contextlib.contextmanager
def at_most(megabytes):
    """Let the process have so much memory more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    n_bytes = pages * resource.getpagesize() + megabytes * 2**20
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    megabytes = 1000  # for what is imported with the first
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps(outcome(path, megabytes)), flush=True)
        megabytes = int(sys.argv[2])
