"""Tables with the gaps of another filled."""

import numpy as np

from skae._tables._read import is_pandas, read

__all__ = ["with_gaps_filled"]


def with_gaps_filled(X, filled):
    """Return a table with cells of another of its kind where its own are missing.

    Parameters
    ----------
    X, filled : data frame or array-like of shape (n_rows, n_columns)

    Returns
    -------
    X : data frame or array, as `filled` is
    """
    if is_pandas(X):
        filled.index = X.index
        X = X.copy()
        for j, name in enumerate(X.columns):
            own = X.iloc[:, j]
            X[name] = own.where(own.notna(), filled.iloc[:, j].astype(own.dtype))
        return X
    if isinstance(filled, np.ndarray):
        table = read(X, "impute")
        columns = [
            np.where(cells.missing, own, cells.values)
            for cells, own in zip(table.cells, filled.T, strict=True)
        ]
        return np.stack(columns, axis=1)
    import narwhals as nw

    given, filled = (nw.from_native(part, eager_only=True) for part in (X, filled))
    columns = [
        own.zip_with(~own.is_null(), filled[own.name]).to_frame()
        for own in given.iter_columns()
    ]
    return nw.concat(columns, how="horizontal").to_native()
