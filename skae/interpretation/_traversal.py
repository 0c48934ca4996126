"""What changes in rows when one unit of the code does."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from skae._finder import fitted_autoencoder
from skae.interpretation._columns import columns_of
from skae.interpretation._explained import dense, number_of
from skae.interpretation._names import in_form
from skae.interpretation._units import in_users_units
from skae.scorers import locate

__all__ = ["Traversal", "traversal"]

QUANTILES = 0.05, 0.95


@dataclass(frozen=True, eq=False)
class Traversal:
    """Rows decoded from codes in which one unit changes, and the others stay.

    Attributes
    ----------
    positions : ndarray of shape (n_steps,)
        The values of the unit.
    rows : pandas.DataFrame of shape (n_steps, n_columns), or ndarray
        In units of the data. Of sequences ``(n_steps, n_timesteps, n_channels)``, of
        images ``(n_steps, n_channels, height, width)``.
    unit : str
        Name of the unit.
    names : list of str
        Of the columns; of sequences those of the channels, of images none.
    changes : pandas.Series of shape (n_columns,), or ndarray
        Between the smallest and the largest value on the way, in units of what the
        autoencoder sees, so that columns compare after a `StandardScaler`. Of one-hot
        columns of a category half their sum.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import traversal
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, max_epochs=50, random_state=0).fit(X)
    >>> traversal(model, X, unit=0, n_steps=3).rows.shape
    (3, 4)
    """

    positions: np.ndarray
    rows: Any
    unit: str
    names: list
    changes: Any


def traversal(estimator, X, *, unit=0, n_steps=7, row=None, condition=None):
    """Return what the decoder makes of codes in which one unit changes.

    The unit goes from its 5 % quantile over the rows of `X` to its 95 % quantile in
    even steps. All other units stay at their medians, or where they are in one row.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder with any network, a pipeline or a search with one.
    X : array-like
        Data as `estimator` takes them.
    unit : int or str, default=0
        Number or name of the unit.
    n_steps : int, default=7
    row : int or None, default=None
        By position, the row whose other units are taken; None for medians.
    condition : array-like or scalar, default=None
        The rows' condition, where the autoencoder was fitted with one: a scalar, or one
        value for each row, of which that of `row`, or of the first one, is decoded
        with.

    Returns
    -------
    traversal : Traversal

    Raises
    ------
    TypeError
        When there is no fitted autoencoder, or a step before it cannot be undone.
    ValueError
        When there is no such unit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import traversal
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(1, max_epochs=50, random_state=0).fit(X)
    >>> changes = traversal(model, X, n_steps=5).changes
    >>> changes.idxmax()
    'petal length (cm)'
    """
    check_scalar(n_steps, "n_steps", Integral, min_val=2)
    X = dense(X)
    autoencoder, located = fitted_autoencoder(estimator), locate(estimator, X)
    names = [*autoencoder.get_feature_names_out()]
    unit = number_of(unit, names, "unit")
    given = {} if condition is None else {"condition": condition}
    codes = np.asarray(autoencoder.transform(located.X, **given))
    if row is not None:
        check_scalar(row, "row", Integral, min_val=-len(codes), max_val=len(codes) - 1)
    base = np.median(codes, axis=0) if row is None else codes[row]
    positions = np.linspace(*np.quantile(codes[:, unit], QUANTILES), n_steps)
    path = np.repeat(base[None], n_steps, axis=0)
    path[:, unit] = positions
    if condition is not None and np.ndim(condition):
        given["condition"] = np.repeat(np.asarray(condition)[[row or 0]], n_steps, 0)
    rows = autoencoder.inverse_transform(path, **given)
    events = autoencoder._as_events(np.asarray(rows))
    columns = columns_of(estimator, X, events.shape[1:], len(located.X))
    users = in_users_units(located.before, rows, X)
    if len(columns.shape) > 1:
        users = np.asarray(users).reshape(n_steps, *columns.shape)
    changes = _changes(events, columns)
    return Traversal(positions, users, names[unit], columns.names, changes)


def _changes(events, columns):
    ranges = np.ptp(events.reshape(len(events), -1), axis=0)
    n_entries = np.bincount(columns.numbers, minlength=columns.n_columns)
    sums = np.bincount(columns.numbers, ranges, minlength=columns.n_columns)
    changes = np.where(n_entries > 1, sums / 2, sums)
    form = in_form(changes[None], columns.shape, columns.names, None)
    return form.iloc[0] if len(columns.shape) == 1 else form[0]
