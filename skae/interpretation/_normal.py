"""What rows would have been if they were normal."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_scalar

from skae.interpretation._cleaning import cleaned
from skae.interpretation._columns import columns_of
from skae.interpretation._explained import Explained, dense
from skae.interpretation._names import in_form
from skae.interpretation._outputs import RowError
from skae.interpretation._units import in_users_units
from skae.training._inference import CHUNK_BYTES, slices

__all__ = ["NearestNormal", "nearest_normal", "normal_rows"]


@dataclass(frozen=True, eq=False)
class NearestNormal:
    """Rows beside the nearest ones that an autoencoder can make.

    Attributes
    ----------
    observed : array-like
        The rows as they were given.
    expected : pandas.DataFrame or ndarray
        The nearest ones, in the same units, a frame where rows were one. Of categories
        the most probable ones.
    deviations : pandas.DataFrame of shape (n_rows, n_columns), or ndarray
        Observed minus expected, in units of what the autoencoder sees: after a
        `StandardScaler`, in standard deviations of the fit. For one-hot columns of a
        category one minus the expected share of what was observed. NaN where an entry
        is missing.
    codes : ndarray of shape (n_rows, n_components)
        Which the nearest rows are decoded from.
    errors : ndarray of shape (n_rows,)
        What is left, in units of `score_samples`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import nearest_normal
    >>> X = load_wine(as_frame=True).data
    >>> model = make_pipeline(StandardScaler(), DenseAutoencoder(3, random_state=0))
    >>> nearest = nearest_normal(model.fit(X), X[:5])
    >>> nearest.expected.shape
    (5, 13)
    """

    observed: Any
    expected: Any
    deviations: Any
    codes: np.ndarray
    errors: np.ndarray

    def table(self, row=0):
        """Return the columns of one row, the largest deviation first.

        Parameters
        ----------
        row : int, default=0
            By position. Of tables only.

        Returns
        -------
        table : pandas.DataFrame
            With the columns ``observed``, ``expected`` and ``deviation``.
        """
        import pandas as pd

        if np.ndim(self.deviations) != 2:
            raise TypeError(
                "table is for rows of a table: of sequences and images look at "
                "expected and deviations."
            )
        deviation = self.deviations.iloc[row]
        pair = [
            part.iloc[row] if hasattr(part, "iloc") else np.asarray(part)[row]
            for part in (self.observed, self.expected)
        ]
        columns = dict(zip(("observed", "expected"), map(list, pair), strict=True))
        table = pd.DataFrame(columns, index=deviation.index)
        table["deviation"] = deviation
        return table.sort_values("deviation", key=lambda d: -d.abs(), kind="stable")


def nearest_normal(estimator, X, *, n_iter=50, condition=None):
    """Return what the rows of `X` would have been if they were normal.

    That is the point of the autoencoder's manifold which is nearest to the row, without
    the few columns that do not fit the others (see `attributions`):

    ``x_hat = g(z)``,  ``z = argmin sum_i w_i (x_i - g_i(z))**2``

    with the decoder g, and weights that are zero for those columns and for missing
    entries. The search starts at the row's code.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder with any network, a pipeline or a search with one.
    X : array-like
        Data as `estimator` takes them.
    n_iter : int, default=50
        Steps of the search at most (L-BFGS); 0 leaves it at the reconstruction without
        those columns.
    condition : array-like or scalar, default=None
        The rows' condition, where the autoencoder was fitted with one.

    Returns
    -------
    nearest : NearestNormal

    Raises
    ------
    TypeError
        When there is no fitted autoencoder, or a step before it cannot be undone.

    Examples
    --------
    The ash of a wine was noted ten times too large:

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import nearest_normal
    >>> X = load_wine(as_frame=True).data
    >>> model = make_pipeline(StandardScaler(), DenseAutoencoder(3, random_state=0))
    >>> strange = X[:1].copy()
    >>> strange["ash"] *= 10
    >>> table = nearest_normal(model.fit(X), strange).table()
    >>> table.index[0], float(table.observed.iloc[0])
    ('ash', 24.3)
    >>> bool(abs(table.expected.iloc[0] - 2.43) < 0.5)
    True
    """
    check_scalar(n_iter, "n_iter", Integral, min_val=0)
    X = dense(X)
    rows = Explained.of(estimator, X, condition)
    columns = columns_of(estimator, X, rows.x.shape[1:], len(rows.x))
    codes, expected = _nearest(rows, columns, n_iter)
    difference = torch.where(rows.present, rows.x - expected, torch.nan)
    parts = torch.where(rows.present, difference.square() * rows.weight, 0.0)
    return NearestNormal(
        X,
        _in_units(rows, expected, X),
        in_form(_deviations(difference, columns), columns.shape, columns.names, X),
        codes.numpy(force=True),
        parts.flatten(1).sum(1).numpy(force=True),
    )


def normal_rows(rows, columns):
    """Return the reconstructions of rows without the columns that do not fit.

    Parameters
    ----------
    rows : Explained
    columns : Columns
    """
    error = RowError(rows.module, rows)
    return error.reconstructed(cleaned(error, rows.x, rows.means(), columns))


def _nearest(rows, columns, n_iter):
    """Return the codes of the nearest points, and these."""
    clean = cleaned(RowError(rows.module, rows), rows.x, rows.means(), columns)
    is_kept = rows.present & (clean == rows.x)
    size = max(1, CHUNK_BYTES // rows.x[:1].nbytes)
    found = [
        _nearest_of(rows, clean, is_kept, slice_, n_iter)
        for slice_ in slices(len(clean), size)
    ]
    return (torch.cat(parts) for parts in zip(*found, strict=True))


def _nearest_of(rows, clean, is_kept, which, n_iter):
    module, x, is_kept = rows.module, clean[which], is_kept[which]
    condition = None if rows.condition is None else rows.condition[which]
    weight = rows.weight[which]

    def decoded(z):
        x_hat = module.decode(z, x.shape[1:], condition).reshape(x.shape)
        squares = torch.where(is_kept, x - x_hat, 0.0).square()
        return x_hat, (weight * squares).flatten(1).sum(1)

    with torch.no_grad():
        start = module.encode(x, condition=condition).mean
        x_hat, error = decoded(start)
    if not n_iter:
        return start, x_hat
    z = start.clone().requires_grad_()
    search = torch.optim.LBFGS([z], max_iter=n_iter, line_search_fn="strong_wolfe")

    def loss():
        search.zero_grad()
        total = decoded(z)[1].sum()
        total.backward()
        return total

    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        search.step(loss)
    with torch.no_grad():
        nearest, least = decoded(z)
        is_nearer = least < error
        z = torch.where(is_nearer[:, None], z, start)
        is_nearer = is_nearer.reshape(-1, *[1] * (x.ndim - 1))
        return z, torch.where(is_nearer, nearest, x_hat)


def _deviations(difference, columns):
    """Return differences by column, of one-hot ones half their absolute sum."""
    n_entries = np.bincount(columns.numbers, minlength=columns.n_columns)
    are_many = torch.from_numpy(n_entries > 1).to(difference.device)
    signed, size = columns.summed(difference), columns.summed(difference.abs())
    return torch.where(are_many, size / 2, signed).numpy(force=True)


def _in_units(rows, expected, X):
    """Return events in the form and units of users' rows."""
    autoencoder = rows.autoencoder
    shape = autoencoder.input_shape_
    expected = expected.numpy(force=True)
    if np.prod(shape) == expected[0].size:
        expected = expected.reshape(len(expected), *shape)
    return with_index(in_users_units(rows.before, expected, X), X)


def with_index(table, X):
    """Return a frame with the labels of the rows of another."""
    if hasattr(table, "iloc") and hasattr(X, "iloc") and len(table) == len(X):
        table.index = X.index
    return table
