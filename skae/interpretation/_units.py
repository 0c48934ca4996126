"""Rows that an autoencoder gives back, in the form and units of its user's table."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from skae._finder import SelectedColumns
from skae.preprocessing import SlidingWindow

__all__ = ["in_users_units"]


def in_users_units(before, rows, X):
    """Return rows after some steps as they were before them.

    Windows stay windows, with values in units of the series.

    Parameters
    ----------
    before : Pipeline or None
    rows : ndarray of shape (n_rows, ...)
    X : array-like
        Some rows of users, whose columns and index are those of a frame returned.

    Returns
    -------
    rows : ndarray or DataFrame

    Raises
    ------
    TypeError
        When a step has no inverse.
    """
    rows = rows if before is None else _undone(before, rows)
    is_table = hasattr(X, "iloc") and np.ndim(rows) == 2
    if not is_table or hasattr(rows, "iloc") or rows.shape[1] != X.shape[1]:
        return rows
    frame = type(X)(rows, columns=X.columns)
    return frame.infer_objects()


def _undone(step, rows):
    if isinstance(step, Pipeline):
        for _, part in reversed(step.steps):
            rows = rows if part in (None, "passthrough") else _undone(part, rows)
        return rows
    if isinstance(step, ColumnTransformer):
        return _undone_columns(step, rows)
    if isinstance(step, SimpleImputer | KNNImputer | SelectedColumns):
        return rows  # which have no gaps
    if isinstance(step, SlidingWindow):
        return rows.reshape(len(rows), step.length, step.n_features_in_)
    if isinstance(step, OrdinalEncoder):
        last = [len(levels) - 1 for levels in step.categories_]
        rows = np.clip(np.rint(rows.astype(float)), 0, last)  # which it would cut off
    _check_inverse(step)
    if np.ndim(rows) == 3 and not hasattr(step, "n_channels"):  # of a series' rows
        undone = step.inverse_transform(rows.reshape(-1, rows.shape[-1]))
        return np.asarray(undone).reshape(rows.shape)
    return step.inverse_transform(rows)


def _undone_columns(transformer, rows):
    rows = np.asarray(rows)
    undone = np.full((len(rows), transformer.n_features_in_), np.nan, dtype=object)
    numbers = np.arange(transformer.n_features_in_)[None]
    names = getattr(transformer, "feature_names_in_", None)
    if names is not None:
        import pandas as pd

        numbers = pd.DataFrame(numbers, columns=names)
    for name, part, _ in transformer.transformers_:
        place = transformer.output_indices_[name]
        if place.stop > place.start:
            columns = np.ravel(SelectedColumns(transformer, name).transform(numbers))
            own = rows[:, place]
            undone[:, columns] = own if isinstance(part, str) else _undone(part, own)
    are_numbers = all(isinstance(value, float | int) for value in undone.flat)
    return undone.astype(float) if are_numbers else undone


def _check_inverse(step):
    is_function = isinstance(step, FunctionTransformer) and step.func is not None
    if is_function and step.inverse_func is None:
        fault = "inverse_func (for np.log1p, pass np.expm1)"
    elif not hasattr(step, "inverse_transform"):
        fault = "inverse_transform"
    else:
        return
    raise TypeError(
        f"{type(step).__name__} before the autoencoder has no {fault}, so that what it "
        "gives back has no units of the data: give the step one, or pass the "
        "autoencoder itself, with the rows that it sees."
    )
