"""What is no collection of rows: refused by a sentence that says what to pass."""

from collections.abc import Iterator, Mapping, Set
from numbers import Number
from pathlib import Path

from torch.utils.data import DataLoader

__all__ = ["TAKEN", "check_kind", "is_pair"]

TAKEN = (
    "takes arrays, lists of rows, data frames and tensors of shape (n_samples, ...), "
    "and torch data sets"
)

_NOT_TAKEN = {
    type(None): "pass the data as X",
    type: "pass an instance of it",
    str | bytes | Path: "read the file first, as by pandas.read_csv",
    DataLoader: "pass its data set, as loader.dataset, and set batch_size",
    Mapping: "make a table of its columns, pandas.DataFrame(X)",
    Set: "a set has no order, so pass a list of rows",
    Iterator: "it can be read only once, so pass list(X), or a torch IterableDataset",
    Number: "a single number is no table: pass [[X]]",
}


def check_kind(X, name):
    """Refuse what is no collection of rows, with a way to make one of it."""
    for kind, advice in _NOT_TAKEN.items():
        if isinstance(X, kind):
            raise TypeError(f"{name} {TAKEN}, not {_named(X)}: {advice}.")


def _named(X):
    if isinstance(X, type):
        return f"the class {X.__name__}"
    return "None" if X is None else f"a {type(X).__name__}"


def is_pair(X):
    """Return whether something is data beside targets rather than two rows."""
    if not isinstance(X, tuple) or len(X) != 2:
        return False
    dims = [getattr(part, "ndim", 0) for part in X]
    return dims[0] > 1 and dims[1] < dims[0]
