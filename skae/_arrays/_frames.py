"""Data frames with gaps filled."""

import numpy as np

__all__ = ["with_filled"]


def with_filled(X, filled, gaps):
    """Return rows in the form of the original: a frame if it was, else the array.

    Parameters
    ----------
    X : array-like or pandas DataFrame
    filled : ndarray like `X`
    gaps : ndarray of bool like `X`
        Columns without any keep what they were, their dtype included.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skae._arrays import with_filled
    >>> X = pd.DataFrame({"n": [1, 2], "x": [0.5, np.nan]}, index=["a", "b"])
    >>> with_filled(X, np.array([[1.0, 0.5], [2.0, 7.0]]), X.isna().to_numpy())
       n    x
    a  1  0.5
    b  2  7.0
    """
    if not hasattr(X, "isetitem"):
        return filled
    frame = X.copy()
    for column in np.flatnonzero(gaps.any(axis=0)):
        frame.isetitem(column, filled[:, column])
    return frame
