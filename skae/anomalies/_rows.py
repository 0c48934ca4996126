"""What a fitted model says of rows: errors, distances of codes, tails of features."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA

from skae._arrays import as_numbers
from skae._finder import find
from skae._sklearn import num_samples, safe_indexing
from skae._tables import TableEncoder
from skae.persistence._classes import named_in_files
from skae.scorers import locate
from skae.training._inference import slices

__all__ = ["Parts", "RowReader", "has_likelihood", "spread_of"]

# Values of each feature that are kept for its tails.
N_KEPT = 1000
# Rows whose errors are in memory at once.
N_AT_ONCE = 10_000


class Parts(NamedTuple):
    """What a model says of rows, in parts that scores are made of.

    Attributes
    ----------
    errors : ndarray of shape (n_samples, n_entries)
        Row minus reconstruction, as the autoencoder sees rows; NaN where a value is
        missing.
    distances : ndarray of shape (n_samples,)
        Squared Mahalanobis distance of the code from those of the training rows.
    tails : ndarray of shape (n_samples,)
        Mean over entries of the surprise, ``-log`` of the smaller tail of the feature,
        and that of categories that no training row has, whole.
    log_likelihoods : ndarray of shape (n_samples,)
        In nats, where they are asked for, else NaN.
    """

    errors: Any
    distances: Any
    tails: Any
    log_likelihoods: Any

    @classmethod
    def joined(cls, parts):
        """Return the parts of several batches of rows, one below the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


@named_in_files
class RowReader(BaseEstimator):
    """Reader of rows by a fitted model, with what its training rows are like.

    Parameters
    ----------
    estimator : estimator
        Fitted: an autoencoder, `sklearn.decomposition.PCA`, or a pipeline with one.
    likelihood : bool, default=False
        Whether to ask it for the likelihood of rows.
    """

    def __init__(self, estimator, likelihood=False):
        self.estimator = estimator
        self.likelihood = likelihood

    def fit(self, X):
        """Note where codes are and how far features reach, in training rows `X`."""
        located = locate(self.estimator, X)
        self._fit_codes(located.codes())
        self.shape_ = np.shape(as_numbers(located.X))[1:]
        self.tails_ = _kept(_entries(located.X))
        return self

    def _fit_codes(self, Z):
        Z = Z.astype(np.float64)
        self.code_mean_ = np.median(Z, axis=0)
        self.code_scale_ = spread_of(Z - self.code_mean_)
        scaled = (Z - self.code_mean_) / self.code_scale_
        self.code_precision_ = LedoitWolf(assume_centered=True).fit(scaled).precision_

    @property
    def n_components(self):
        """Size of the code."""
        return len(self.code_mean_)

    def read(self, X):
        """Return the `Parts` of rows, made some thousand rows at a time."""
        return Parts.joined(
            [
                self._read(safe_indexing(X, rows))
                for rows in slices(num_samples(X), N_AT_ONCE)
            ]
        )

    def _read(self, X):
        located = locate(self.estimator, X)
        rows = _entries(located.X)
        errors = rows - np.asarray(located.reconstruct()).reshape(rows.shape)
        scaled = (located.codes() - self.code_mean_) / self.code_scale_
        distances = np.einsum("ij,jk,ik->i", scaled, self.code_precision_, scaled)
        likelihoods = np.full(len(rows), np.nan)
        if self.likelihood:
            likelihoods = _likelihoods(located)
        tails = self._surprise(rows) + _surprise_of_unknown(located.before, X)
        return Parts(errors, distances, tails, likelihoods)

    def _surprise(self, rows):
        """Return the mean over entries of ``-log`` of the smaller tail."""
        n = len(self.tails_) + 1
        total = np.zeros(len(rows))
        for values, ordered in zip(rows.T, self.tails_.T, strict=True):
            below = np.searchsorted(ordered, values, side="right")
            above = len(ordered) - np.searchsorted(ordered, values, side="left")
            tail = np.maximum(np.minimum(below, above), 1) / n
            total += np.where(np.isnan(values), 0, -np.log(tail))
        return total / np.maximum(1, np.sum(~np.isnan(rows), axis=1))


_TINY = 1e-12


def _surprise_of_unknown(before, X):
    """Return the surprise of rows by categories that no training row has.

    The matrix of a table has them as missing, so that nothing else tells of them.
    """
    encoder = None if before is None else before[-1]
    if not isinstance(encoder, TableEncoder):
        return 0.0
    return encoder.surprise(before[:-1].transform(X) if len(before) > 1 else X)


def _entries(X):
    """Return rows as a matrix of their entries, in double precision."""
    X = np.asarray(as_numbers(X), dtype=np.float64)
    return X.reshape(len(X), -1)


def _kept(rows):
    """Return so many values of each feature in order, evenly among all of them."""
    n = min(len(rows), N_KEPT)
    at = np.linspace(0, len(rows) - 1, n).round().astype(int)
    ordered = np.empty((n, rows.shape[1]))
    for values, out in zip(rows.T, ordered.T, strict=True):
        present = np.sort(values[~np.isnan(values)])
        out[:] = present[at * len(present) // len(rows)] if len(present) else np.nan
    return ordered


def _likelihoods(located):
    """Return the log-likelihood of rows, or its bound, in nats."""
    measure = getattr(located.reducer, "elbo", located.reducer.score_samples)
    return np.asarray(measure(located.X), dtype=np.float64)


def has_likelihood(estimator):
    """Return whether an estimator, fitted or not, is a generative model."""
    step = find(estimator).step
    return hasattr(step, "elbo") or isinstance(step, PCA)


def spread_of(errors):
    """Return the robust spread of each entry of held-out errors.

    The root mean square of the nine tenths that are smallest, and at least half of that
    of all, so that entries that are mostly zero do not decide alone.

    Parameters
    ----------
    errors : ndarray of shape (n_samples, n_entries)
        NaN does not count.
    """
    squares = np.sort(np.square(errors), axis=0)  # NaN last
    present = np.sum(~np.isnan(squares), axis=0)
    sums = np.cumsum(np.nan_to_num(squares), axis=0)
    n_kept = np.maximum(1, np.ceil(KEPT_SHARE * present).astype(int))
    trimmed = np.take_along_axis(sums, n_kept[None] - 1, axis=0)[0] / n_kept
    whole = sums[-1] / np.maximum(1, present)
    spread = np.sqrt(np.maximum(trimmed, LEAST_SHARE**2 * whole))
    return np.maximum(spread, LEAST_SPREAD * spread.max() + _TINY)


KEPT_SHARE, LEAST_SHARE, LEAST_SPREAD = 0.9, 0.5, 1e-3
