"""Conversion of users' data into arrays for scikit-learn's validation."""

from collections.abc import Iterator, Mapping, Set
from numbers import Number
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array
from torch.utils.data import DataLoader, Dataset

__all__ = [
    "FLOATS",
    "array_like",
    "as_numbers",
    "as_target",
    "divisible",
    "is_outside",
    "stack_items",
]

FLOATS = (np.float64, np.float32)

_TAKEN = (
    "takes arrays, lists of rows, data frames and tensors of shape (n_samples, ...), "
    "and torch data sets"
)


def as_numbers(X, name="Scoring"):
    """Return data as an array of floats, NaN where values are missing.

    Parameters
    ----------
    X : array-like, data frame, tensor or torch Dataset
        A data set is read as a whole.
    name : str, default="Scoring"
        What asks for it, as it reads in messages.

    Returns
    -------
    X : ndarray of float64, or of float32 where `X` is

    Raises
    ------
    TypeError, ValueError
        When `X` is no such thing; see `array_like`.
    """
    if isinstance(X, Dataset):
        return stack_items(list(_items(X)))
    return check_array(
        array_like(X, name),
        dtype=FLOATS,
        allow_nd=True,
        ensure_all_finite=False,
        ensure_min_samples=0,
        ensure_min_features=0,
    )


def as_target(y, shape):
    """Return what reconstructions of rows are compared with, as an array.

    That is a `y` of numbers in the very shape of the rows, in two dimensions at least:
    the clean rows of noisy ones. Anything else is labels.

    Parameters
    ----------
    y : object
    shape : tuple of int
        Of the rows, ``(n_samples, ...)``.

    Returns
    -------
    y : ndarray of numbers, or None for labels

    Examples
    --------
    >>> import numpy as np
    >>> from skae._arrays import as_target
    >>> as_target([[1.0, 2.0]], (1, 2))
    array([[1., 2.]])
    >>> as_target(np.zeros(3), (3, 1)) is as_target(["a"], (1, 2)) is None
    True
    """
    if y is None or issparse(y) or isinstance(y, Dataset) or len(shape) < 2:
        return None
    try:
        dims = getattr(y, "shape", None)
        if tuple(np.shape(y) if dims is None else dims) != tuple(shape):
            return None
        if isinstance(y, torch.Tensor):
            y = _array_of_tensor(y)
        y = _array_of_frame(y) if hasattr(y, "iloc") else np.asarray(y)
        if y.dtype.kind == "O":
            y = y.astype(np.float64)
            return None if np.isnan(y).all() else y  # nothing but None, for one
    except (TypeError, ValueError):  # ragged, text
        return None
    return y if y.dtype.kind in "bfiu" else None


def _array_of_frame(y):
    """Return the values of a data frame, NaN where some are missing."""
    values = y.to_numpy()
    if values.dtype.kind != "O":
        return values
    return y.to_numpy(dtype=np.float64, na_value=np.nan)


def array_like(X, name):
    """Return data in a form that scikit-learn's `check_array` takes, or raise an error.

    Tensors, on any device and with gradients, and other libraries' arrays become
    arrays; so do lists, rows of unequal length being refused. Arrays of numbers and
    data frames are returned as they are.

    Parameters
    ----------
    X : object
    name : str
        Who takes it, as it reads in messages.

    Raises
    ------
    TypeError
        When `X` is no collection of rows: a dict, an iterator, a path, None.
    ValueError
        When its values are no numbers: dates, text, complex or masked ones; or when
        rows are of unequal length.
    """
    if isinstance(X, np.ndarray):
        return _checked(X)
    if issparse(X):  # some of which are dicts
        return X
    _check_kind(X, name)
    if _is_pair(X):
        raise TypeError(f"{name} {_TAKEN}, not a pair (X, y): pass X alone.")
    if isinstance(X, torch.Tensor):
        return _checked(_array_of_tensor(X))
    if hasattr(X, "iloc"):
        _check_columns(X)
        return X
    if isinstance(X, list | tuple):
        return _checked(_array_of_list(X))
    return _checked(_array_of_other(X)) if hasattr(X, "__dlpack__") else X


def divisible(X, name):
    """Return data as a sequence that can be cut into folds, or raise an error.

    Its values may be anything that the steps of a pipeline make numbers of. A torch
    data set is read as a whole.

    Parameters
    ----------
    X : object
    name : str
        Who takes it, as it reads in messages.

    Raises
    ------
    TypeError, ValueError
        When `X` is no collection of rows, or masked.
    """
    if isinstance(X, Dataset):
        return as_numbers(X, name)
    if issparse(X):
        return X
    _check_kind(X, name)
    _check_masked(X)
    return X.detach() if isinstance(X, torch.Tensor) else X


def stack_items(items):
    """Return items of a torch data set as an array of rows.

    Items are rows, or tuples that begin with one; all but float64 become float32.
    """
    rows = [item[0] if isinstance(item, tuple | list) else item for item in items]
    try:
        rows = torch.stack([torch.as_tensor(row) for row in rows])
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            "Items of a data set have to be rows of one shape, arrays or tensors, or "
            f"tuples that begin with one: this has a {type(items[0]).__name__}. "
            f"(torch: {str(error).splitlines()[0][:80]})"
        ) from error
    rows = _checked(_array_of_tensor(rows))
    return rows if rows.dtype == np.float64 else rows.astype(np.float32, copy=False)


def _items(dataset):
    if hasattr(dataset, "__len__"):
        return (dataset[number] for number in range(len(dataset)))
    return iter(dataset)


def is_outside(X, low, high):
    """Return the mask of values outside of an interval by more than rounding.

    Scalers that map data onto an interval leave it by rounding, by more the smaller the
    range of a feature is beside its values. Half of the digits are therefore forgiven:
    the square root of the resolution, as a share of the interval, or of its finite
    bound.

    Parameters
    ----------
    X : ndarray of floats
    low, high : float
        Either may be infinite.

    Returns
    -------
    outside : ndarray of bool, like `X`
        False for NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from skae._arrays import is_outside
    >>> is_outside(np.array([1.0000000000000002, 1.001, -1.0]), 0, np.inf)
    array([False, False,  True])
    >>> is_outside(np.array([1.0000000000000002, 1.001, -1.0]), 0, 1)
    array([False,  True,  True])
    """
    size = high - low
    if not np.isfinite(size):
        size = max(1.0, *(abs(end) for end in (low, high) if np.isfinite(end)), 0.0)
    slack = size * np.sqrt(np.finfo(X.dtype).eps)
    return (low - slack > X) | (high + slack < X)


# What is no collection of rows


def _check_kind(X, name):
    for kind, advice in _NOT_TAKEN.items():
        if isinstance(X, kind):
            raise TypeError(f"{name} {_TAKEN}, not {_named(X)}: {advice}.")


def _named(X):
    if isinstance(X, type):
        return f"the class {X.__name__}"
    return "None" if X is None else f"a {type(X).__name__}"


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


def _is_pair(X):
    """Return whether something is data beside targets rather than two rows."""
    if not isinstance(X, tuple) or len(X) != 2:
        return False
    dims = [getattr(part, "ndim", 0) for part in X]
    return dims[0] > 1 and dims[1] < dims[0]


# What becomes an array


def _array_of_tensor(X):
    """Return a tensor as an array; `bfloat16`, which numpy lacks, as float32."""
    if X.is_nested:
        raise _ragged([tuple(row.shape) for row in X.unbind()])
    if X.layout != torch.strided:
        raise TypeError(
            "Sparse data was passed for X, but dense data is required: pass "
            "X.to_dense()."
        )
    X = X.detach().cpu().resolve_conj().resolve_neg()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _array_of_list(X):
    if X and isinstance(X[0], tuple) and getattr(next(iter(X[0]), 0), "ndim", 0):
        return stack_items(X)  # what cross-validation makes of a torch data set
    if any(isinstance(row, torch.Tensor) for row in X):
        X = [_array_of_tensor(torch.as_tensor(row)) for row in X]
    try:
        return np.asarray(X)
    except ValueError as error:
        shapes = {np.shape(row) for row in X} if _are_rectangular(X) else ()
        raise _ragged(shapes) from error


def _are_rectangular(rows):
    """Return whether each of some rows is an array by itself."""
    try:
        return all(np.asarray(row).dtype != object for row in rows)
    except ValueError:
        return False


def _array_of_other(X):
    """Return an array of another library, as scikit-learn's array API dispatch has."""
    if hasattr(X, "get"):  # CuPy's way to the CPU
        return X.get()
    try:
        return np.asarray(X)
    except (TypeError, RuntimeError):
        return np.from_dlpack(X)


# What are no numbers


def _checked(X):
    """Return an array of numbers, from one that may hold them as objects or text."""
    _check_masked(X)
    kind = X.dtype.kind
    if kind == "c":
        raise _complex()
    if kind in "mM":
        raise ValueError(f"X holds {_KINDS_OF_TIME[kind]} ({X.dtype}): {_TIME_ADVICE}")
    if kind == "V":
        raise ValueError(
            f"X is a structured array of fields {X.dtype.names}: pass a table of "
            "numbers, as numpy.lib.recfunctions.structured_to_unstructured(X)."
        )
    return _floats(X) if kind in "OUST" else X


def _check_masked(X):
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"X is a masked array with {np.ma.count_masked(X)} masked values, and what "
            "lies under the mask would be taken for data: fill them, as by "
            "X.filled(np.nan) and SimpleImputer, or leave out their rows."
        )


def _floats(X):
    if X.dtype == object and X.ndim == 1 and len(X) and np.ndim(X[0]) > 0:
        return _checked(_array_of_list(list(X)))
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _no_number(error) from error


def _no_number(error):
    if "complex" in str(error):
        return _complex()
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(
        f"X holds what is no number ({error}): encode text and categories "
        "(OneHotEncoder, OrdinalEncoder), impute what is missing, or leave out those "
        "columns."
    )


def _complex():
    return ValueError(
        "Complex data not supported: pass real and imaginary parts as columns of their "
        "own, np.hstack([X.real, X.imag])."
    )


def _ragged(shapes):
    examples = " and ".join(map(str, sorted(set(shapes))[:2]))
    of_shapes = f", as {examples}" if examples else ""
    return ValueError(
        f"X holds rows of unequal length{of_shapes}: pass rows of one shape. Sequences "
        "of unequal length are filled up with NaN at their ends, to the shape "
        "(n_samples, longest, n_channels), for recurrent networks."
    )


_KINDS_OF_TIME = {"M": "dates", "m": "durations"}
_TIME_ADVICE = (
    "pass numbers in a unit of your choice, as days since the first date, "
    "(dates - dates.min()) / numpy.timedelta64(1, 'D'), or leave them out."
)


def _check_columns(frame):
    """Refuse columns of a data frame (or a series) that hold no numbers, by name."""
    columns = [frame]
    if frame.ndim == 2:
        _check_names(frame.columns)
        columns = [frame.iloc[:, number] for number in range(frame.shape[1])]
    for column in columns:
        kind = getattr(column.dtype, "kind", "O")
        if kind in "mM":
            raise ValueError(
                f"Column {column.name!r} holds {_KINDS_OF_TIME[kind]} "
                f"({column.dtype}): {_TIME_ADVICE}"
            )
        if kind == "c":
            raise _complex()
    text = [column for column in columns if not _is_numeric(column)]
    if text:
        names = ", ".join(repr(column.name) for column in text)
        example = text[0].dropna().iloc[0]
        raise ValueError(
            f"No numbers in column{'s' * (len(text) > 1)} {names}, as {example!r}: "
            "encode them (OneHotEncoder, OrdinalEncoder, in a ColumnTransformer before "
            "the autoencoder), or leave them out."
        )


def _check_names(names):
    if not names.is_unique:
        twice = ", ".join(map(repr, names[names.duplicated()].unique()))
        raise ValueError(
            f"Column names have to differ, and {twice} occurs more than once: rename "
            "columns, or pass an array, X.to_numpy()."
        )


def _is_numeric(column):
    if getattr(column.dtype, "kind", "O") not in "OUST":
        return True
    try:
        np.asarray(column.dropna(), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    return True
