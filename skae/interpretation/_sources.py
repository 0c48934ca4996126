"""Columns of a table that the columns after some steps are made of."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder

from skae._finder import SelectedColumns
from skae._sklearn import safe_indexing
from skae._tables import TableEncoder

__all__ = ["names_of", "sources"]

# Rows that steps of unknown kinds are tried on.
N_TRIED = 50


def sources(step, X):
    """Return the column of `X` that each column after a fitted step is made of.

    Where a step's names of its columns do not tell, it is tried with other values in
    one column at a time.

    Parameters
    ----------
    step : transformer
    X : array-like of shape (n_samples, n_columns)
        Rows before it.

    Returns
    -------
    numbers : ndarray of int of shape (n_columns_out,)

    Raises
    ------
    TypeError
        When columns are made of several, as those of `PCA` are.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from skae.interpretation._sources import sources
    >>> X = np.array([["a", "c"], ["b", "d"]])
    >>> sources(OneHotEncoder(sparse_output=False).fit(X), X)
    array([0, 0, 1, 1])
    """
    if isinstance(step, Pipeline):
        return _of_steps([part for _, part in step.steps], X)
    if isinstance(step, ColumnTransformer):
        return _of_columns(step, X)
    if isinstance(step, FeatureUnion):
        parts = [part for _, part in step.transformer_list if part != "drop"]
        return np.concatenate([sources(part, X) for part in parts])
    if isinstance(step, SelectedColumns):
        return np.ravel(step.transform(_numbers_like(X)))
    if isinstance(step, OneHotEncoder):
        return np.repeat(np.arange(len(step.categories_)), _n_levels(step))
    if isinstance(step, TableEncoder):
        numbers = np.empty(sum(step.sizes), dtype=int)
        for number, place in enumerate(step.places):
            numbers[place] = number
        return numbers
    named = _by_names(step, X)
    return _by_trial(step, X) if named is None else named


def names_of(X):
    """Return the names of the columns of a table, ``x0``, ``x1``, ... without any."""
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    return [f"x{column}" for column in range(np.shape(X)[1])]


def _of_steps(steps, X):
    numbers = np.arange(np.shape(X)[1])
    for step in steps:
        if step not in (None, "passthrough"):
            numbers, X = numbers[sources(step, X)], step.transform(X)
    return numbers


def _of_columns(transformer, X):
    """Return those of a `ColumnTransformer`."""
    found = {}
    for name, part, _ in transformer.transformers_:
        place = transformer.output_indices_[name]
        if place.stop > place.start:
            chosen = SelectedColumns(transformer, name)
            numbers = sources(chosen, X)
            if not isinstance(part, str):  # as "passthrough"
                numbers = numbers[sources(part, chosen.transform(X))]
            found[place.start] = numbers
    return np.concatenate([found[start] for start in sorted(found)])


def _numbers_like(X):
    """Return one row with the numbers of the columns, as a frame if `X` is one."""
    numbers = np.arange(np.shape(X)[1])[None]
    return type(X)(numbers, columns=X.columns) if hasattr(X, "iloc") else numbers


def _n_levels(encoder):
    """Return the numbers of columns that a `OneHotEncoder` makes of each."""
    counts = np.array([len(levels) for levels in encoder.categories_])
    if encoder.drop_idx_ is not None:
        counts -= [dropped is not None for dropped in encoder.drop_idx_]
    for column, rare in enumerate(getattr(encoder, "infrequent_categories_", ())):
        counts[column] -= 0 if rare is None else len(rare) - 1
    return counts


def _by_names(step, X):
    """Return sources by name, None unless each column after a step has one before."""
    before = [*getattr(step, "feature_names_in_", [f"x{i}" for i in range(X.shape[1])])]
    try:
        after = [*step.get_feature_names_out()]
    except (AttributeError, ValueError):  # some have no names, some need those given
        return None
    if not {*after} <= {*before}:
        return None
    return np.array([before.index(name) for name in after])


# Trial


def _by_trial(step, X):
    X = safe_indexing(X, slice(N_TRIED), axis=0)
    with np.errstate(all="ignore"):
        after = _values(step.transform(X))
        depends = [
            np.any([_differ(step.transform(tried), after) for tried in _tries(X, j)], 0)
            for j in range(X.shape[1])
        ]
    depends = np.stack(depends)
    if (depends.sum(axis=0) == 1).all():
        return depends.argmax(axis=0)
    raise TypeError(
        f"{type(step).__name__} before the autoencoder makes columns of several "
        "columns, or of none that tell in these rows: transform rows beforehand, and "
        "pass the rest of the pipeline with them."
    )


def _tries(X, column):
    """Yield rows with other values in one column."""
    values = safe_indexing(X, column, axis=1)
    others = [safe_indexing(values, np.roll(np.arange(len(X)), 1), axis=0)]
    if values.dtype.kind in "fiu":
        others += [values + 1 + abs(values), values - 1 - abs(values)]
    for changed in others:
        tried = X.copy()
        if hasattr(X, "iloc"):
            tried.isetitem(column, changed.set_axis(X.index))
        else:
            tried[:, column] = changed
        yield tried


def _values(X):
    return np.asarray(X, dtype=object)


def _differ(X, after):
    """Return which columns differ, where two missing values do not."""
    X = _values(X)
    return ((after != X) & ~((X != X) & (after != after))).any(axis=0)
