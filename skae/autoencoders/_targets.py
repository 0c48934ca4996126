"""Targets of denoising fits: clean rows that reconstructions are compared with."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from torch.utils.data import IterableDataset

from skae._arrays import FLOATS, as_target, padded
from skae.shapes import has_ended
from skae.training._sources import is_dataset

__all__ = [
    "ABOUT_TARGETS",
    "NUMBERS",
    "check_dense",
    "check_ends",
    "check_indexed",
    "check_names",
    "check_validation_target",
    "checked_target",
    "is_same",
    "lone_dataset",
    "unpaired",
]

# What is converted batch by batch, if at all; everything else becomes float64 at once.
NUMBERS = (*FLOATS, *map(np.dtype, "?bBhHiIlLqQe"))

ABOUT_TARGETS = (
    "and y, in the shape of X, is what reconstructions are compared with. A "
    "pipeline transforms X and leaves y as it is: scale clean rows beforehand as the "
    "pipeline scales noisy ones (StandardScaler().fit(noisy).transform(clean)). Labels "
    "in the shape of X are not taken for labels: leave them out."
)


def checked_target(y, shape):
    """Return a validated `y` of the shape of the rows, or None if it is none."""
    y = as_target(y, shape)
    if y is None:
        return None
    return check_array(
        y,
        dtype=NUMBERS,
        order="C",
        allow_nd=True,
        ensure_all_finite="allow-nan",
        input_name="y",
    )


def is_same(X, y):
    """Return whether rows are their own targets."""
    return X is y or (_are_equal(X[:1], y[:1]) and _are_equal(X, y))


def _are_equal(X, y):
    return np.array_equal(X, y) or np.array_equal(X, y, equal_nan=True)


def check_ends(X, y, are_sequences):
    """Refuse targets of another shape, and of sequences that end elsewhere."""
    if X.shape != y.shape:
        raise ValueError(
            f"y holds rows of shape {y.shape[1:]}, and X of {X.shape[1:]}: a data set "
            "given as y has the clean rows of those in X."
        )
    if are_sequences and (has_ended(X) != has_ended(y)).any():
        raise ValueError(
            "y has the shape of X, and NaN where X has numbers, or the reverse: the "
            "sequences of both have to end at the same time steps."
        )


def check_names(y, names):
    """Refuse clean rows whose columns are those of X in another order."""
    columns = list(getattr(y, "columns", ()))
    if names is None or columns == list(names) or set(columns) != set(names):
        return
    raise ValueError(
        "y has the columns of X in another order: the clean rows that reconstructions "
        "are compared with come in the order of X, y[X.columns]."
    )


def check_dense(y, shape):
    """Refuse clean rows, of the shape of those of X, that are sparse."""
    if issparse(y) and y.shape == shape:
        raise TypeError(
            f"y is sparse and of the shape of X, {shape}, as clean rows are, which "
            "have to be dense: pass y.toarray()."
        )


def lone_dataset():
    """Return the error of a data set beside an array."""
    return TypeError(
        "y is a torch data set, and X is none: pass both as data sets, or as arrays."
    )


def check_indexed(source, y):
    """Refuse to pair streams, whose rows have no numbers."""
    if not source.is_indexed or isinstance(y, IterableDataset):
        raise TypeError(
            "Rows and their clean ones are paired by number, which an IterableDataset "
            "does not have: pass X and y as data sets with __getitem__ and __len__."
        )


def unpaired(n_rows, n_targets):
    """Return the error for another number of targets than there are rows."""
    return ValueError(
        f"y is a data set of {n_targets} rows, and X has {n_rows}: it has to have a "
        "clean row for each."
    )


def check_validation_target(X_val, y_val, data):
    """Refuse validation rows without a target where those of the fit have one."""
    if X_val is None and y_val is not None:
        raise ValueError("y_val holds clean rows of X_val: pass X_val, too.")
    if data.y is None or X_val is None:
        return
    is_paired = is_dataset(y_val) if is_dataset(X_val) else _has_shape_of(y_val, X_val)
    if not is_paired:
        raise ValueError(
            "y holds clean rows, in the shape of X, and X_val comes without: pass "
            "y_val, the clean rows of X_val in its shape."
        )


def _has_shape_of(y, X):
    return y is not None and np.shape(padded(y)) == np.shape(padded(X))
