"""Readings of nested codes: what each of their first units keeps of held-out rows."""

import numpy as np

from skae._arrays import as_numbers, as_target
from skae._sklearn import num_samples
from skae.information._surrogates import surrogate_dimension
from skae.metrics import ErrorSums
from skae.scorers._base import ConditionRequester, spaced_rows
from skae.scorers._locate import feature_names, locate
from skae.scorers._reconstruction import RootMeanSquaredError

__all__ = ["NestedReadings", "prefix_scores"]

# Rows that a reading looks at: medians and neighbours need no more.
MAX_ROWS = 5000
NEIGHBORHOOD_ROWS = 500
# Share of a feature's errors above which they may be gross, and count as the largest
# of the others.
USUAL = 0.95
# Share of a feature's variance below which a smaller error is no better.
NEGLIGIBLE = 1e-4
# Share of a feature's variance from which codes explain something of it.
SOMETHING = 0.1
# A smaller fall of the log error than this is none, and so many units after one are
# looked at.
NO_FALL, BEYOND = 0.05, 4


def prefix_scores(estimator, X):
    """Return the variance that each code of the first k units explains.

    Entry k is R2 of rows decoded from their first k units, with zeros in place of the
    others: of a code of size k, where units are ordered, as those of
    ``DenseAutoencoder(nested=True)`` are, or of `sklearn.decomposition.PCA`. So one fit
    shows the whole curve of scores over the latent dimension.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder or pipeline, or another reducer.
    X : array-like
        Data as `estimator` takes them, held-out rows at best.

    Returns
    -------
    scores : ndarray of shape (n_components,)
        R2 of codes of 1, ..., n_components units; 1 is perfect.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import prefix_scores
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(3, nested=True, random_state=0).fit(X)
    >>> bool((prefix_scores(autoencoder, X) > [0.85, 0.95, 0.97]).all())
    True
    """
    located = locate(estimator, X)
    X, Z = as_numbers(located.X), located.codes()
    located = located._replace(X=X)
    return np.array([_r2(X, own.reconstruct()) for own in _prefixes(located, Z)])


def _r2(X, X_hat):
    return ErrorSums().update(X, X_hat).variance_explained()


def _prefixes(located, Z):
    """Return the located reducers of the first k units of codes, for each k."""
    kept = np.tri(Z.shape[1], dtype=bool)
    reducer, given = located.reducer, located.given
    return [located._replace(reducer=_Prefix(reducer, Z * own, given)) for own in kept]


class _Prefix:
    """A reducer that goes by the first units of codes of known rows only."""

    def __init__(self, reducer, Z, given):
        self.reducer = reducer
        self.Z = Z
        self.given = given

    def reconstruct(self, X):
        X_hat = np.asarray(self.reducer.inverse_transform(self.Z, **self.given))
        X_hat = X_hat.reshape(np.shape(X))
        return np.where(np.isnan(as_numbers(X)), np.nan, X_hat)


class NestedReadings(ConditionRequester):
    """Scorer with several scores: what a nested code says about the latent dimension.

    For codes of the first k units, k = 1, ..., n_components, it returns

    - ``r2_<k>``: the variance of the rows that they explain;
    - ``log_error_<k>``: the logarithm of a feature's squared error over its variance,
      the mean over features. The largest 5 % of the errors of a feature count as the
      largest of its others; noise in some features takes nothing from others;
    - ``dimension_<k>``: `surrogate_dimension` of the codes, where the curve of errors
      bends and at its end, elsewhere zero;
    - ``neg_rmse_<k>``, if asked for: what `RootMeanSquaredError` scores.

    For column j of a table, ``explained_from_<j>`` is the fewest units whose codes
    explain a tenth of its variance, with all errors or with the largest 5 % cut as
    above; one more than there are where none do, and zero for a constant column, or
    where there is none of that name. Of columns that share a name, as the categories of
    one do, it is the first to be explained that counts.

    Beside a condition, errors and explained shares are those of what it leaves.

    Parameters
    ----------
    in_units : bool, default=False
        Whether to tell errors in the units of the data as well.
    columns : sequence, or None, default=None
        Names of the columns to tell of, or numbers where they have none. Encoders that
        are fitted to other rows may not know all of them. By default all that there are
        are told of.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.scorers._nested import NestedReadings
    >>> X = make_linear_manifold(300, 2, 8, noise=0.05, random_state=0).X
    >>> said = NestedReadings()(PCA(4).fit(X), X)
    >>> [round(said[f"log_error_{k}"]) for k in (1, 2, 3)]
    [-1, -6, -7]
    """

    def __init__(self, in_units=False, columns=None):
        self.in_units = in_units
        self.columns = columns

    def __call__(self, estimator, X, y=None, *, condition=None):
        """Return the readings, a dict of floats."""
        located = locate(estimator, X, condition)
        rows = spaced_rows(num_samples(located.X), MAX_ROWS)
        seen = located.of(rows)
        Z = seen.codes()
        seen = seen._replace(X=as_numbers(seen.X))
        y = as_target(y, (num_samples(located.X), *seen.X.shape[1:]))
        named, fewest = self._readings(seen, Z, seen.X if y is None else y[rows])
        if self.in_units:
            error = RootMeanSquaredError()
            named["neg_rmse"] = [
                error.of(own, X) for own in _prefixes(located, located.codes())
            ]
        named = {
            f"{name}_{k}": float(value)
            for name, of_sizes in named.items()
            for k, value in enumerate(of_sizes, start=1)
        }
        if seen.X.ndim != 2:  # sequences and images
            return named
        if self.columns is not None:
            names = feature_names(located.before, X)
            if names is None:
                names = range(len(fewest))
            fewest = _by_name(fewest, names, self.columns)
        return named | {f"explained_from_{j}": float(k) for j, k in enumerate(fewest)}

    def _readings(self, located, Z, target):
        values = target.reshape(len(target), -1)
        empty = np.isnan(values).all(axis=0)  # columns that tell nothing
        values = np.where(empty, 0, values)
        told = _told_by_condition(located, Z, values)
        left = values - told
        variance = _trimmed(left - np.nanmean(left, axis=0))
        r2, log_errors, explained = [], [], []
        for own in _prefixes(located, Z):
            X_hat = np.where(empty, 0, own.reconstruct().reshape(values.shape))
            r2.append(max(-1.0, _r2(values, X_hat)))
            log_errors.append(_log_error(values - X_hat, variance))
            explained.append(_explained(left, X_hat - told, variance))
        bend = bend_of(np.array([0.0, *log_errors]), values.shape[1])
        dimensions = _dimensions(Z, bend)
        named = {"r2": r2, "log_error": log_errors, "dimension": dimensions}
        return named, _explained_from(np.array(explained))


def _told_by_condition(located, Z, values):
    """Return what the condition says of rows: what the code of zeros decodes to."""
    if not located.given:
        return 0.0
    nothing = _Prefix(located.reducer, np.zeros_like(Z), located.given)
    return nothing.reconstruct(values)


def _trimmed(errors):
    """Return the mean square of each column, where the largest are cut."""
    squares = np.square(errors, dtype=np.float64)
    return np.nanmean(np.minimum(squares, np.nanquantile(squares, USUAL, axis=0)), 0)


def _log_error(errors, variance):
    varies = variance > 0
    if not varies.any():
        return 0.0
    share = _trimmed(errors[:, varies]) / variance[varies]
    return np.log(share + NEGLIGIBLE).mean()


def _explained(X, X_hat, trimmed_variance):
    """Return the explained share of each column's variance, NaN for constant ones.

    A few gross errors leave next to nothing of a column explained, and few values
    that differ from the others are cut with them: so it is the larger of two shares.
    """
    varies = np.nanmax(X, axis=0) > np.nanmin(X, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.nanmean(np.square(X - X_hat), axis=0) / np.nanvar(X, axis=0)
        of_usual = _trimmed(X - X_hat) / trimmed_variance
    left = np.fmin(left, np.where(trimmed_variance > 0, of_usual, np.nan))
    return np.where(varies, 1 - left, np.nan)


def _explained_from(explained):
    """Return the fewest units by shares of shape (n_components, n_columns)."""
    is_known = np.vstack([explained, np.ones_like(explained[0])]) >= SOMETHING
    return np.where(np.isnan(explained[0]), 0, 1 + is_known.argmax(axis=0))


def _by_name(fewest, names, columns):
    """Return the fewest units of columns by name, zero where nothing is known."""
    found = dict.fromkeys(columns, 0)
    for name, k in zip(names, fewest, strict=True):
        if k and name in found:
            found[name] = min(k, found[name] or k)
    return found.values()


def _dimensions(Z, bend):
    """Return surrogate dimensions of prefixes where it matters, zero elsewhere."""
    k_most, Z = Z.shape[1], Z[spaced_rows(len(Z), NEIGHBORHOOD_ROWS)]
    found = np.zeros(k_most)
    for k in {min(k, k_most) for k in (bend, bend + 1, bend + 2, k_most)}:
        found[k - 1] = surrogate_dimension(Z[:, :k])
    return found


def bend_of(log_errors, n_features):
    """Return the size k at which the fall of the log error slows down most.

    With the fall f(k) that unit k brings, and the largest fall g(k) that one of the
    next four units brings, it is where ``f(k) ln(f(k) / g(k))`` is largest: a large
    fall that is many times those to come.

    Parameters
    ----------
    log_errors : ndarray of shape (n_components + 1,)
        From k = 0 on.
    n_features : int
    """
    falls, nexts = falls_of(log_errors, n_features)
    if not len(nexts):
        return 1
    falls = np.maximum(falls[: len(nexts)], NO_FALL)
    return 1 + int(np.argmax(falls * np.log(falls / nexts)))


def falls_of(log_errors, n_features):
    """Return the fall that each unit brings, and the largest of the next ones.

    Those are told for all sizes but the last, and the last but one of as many units as
    there are features: such codes compress next to nothing, and the last units of all
    seldom leave anything, so that their falls do not count.

    Parameters
    ----------
    log_errors : ndarray of shape (n_components + 1,)
    n_features : int

    Returns
    -------
    falls : ndarray of shape (n_components,)
    nexts : ndarray of shape (n_sizes,)
        At least `NO_FALL`.
    """
    falls = -np.diff(log_errors)
    last = min(len(falls), max(2, n_features - 1))
    nexts = [falls[k : min(last, k + BEYOND)].max() for k in range(1, last)]
    return falls, np.maximum(nexts, NO_FALL)
