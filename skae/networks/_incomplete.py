"""Linear Gaussian models of rows with missing entries."""

from typing import NamedTuple

import numpy as np

__all__ = ["LinearGaussian", "linear_gaussian_of_present"]

# A likelihood that grows by less, in nats per row, has been found; and steps at most.
TOL, MAX_STEPS = 1e-4, 500
# Smaller shares of the mean variance are rounding.
TINY = 1e-9


class LinearGaussian(NamedTuple):
    """Linear model ``x ~ N(mean + z V, psi)`` of rows with standard normal codes z.

    Attributes
    ----------
    loadings : ndarray of shape (n_components, n_features)
    psi : ndarray of shape (n_features,)
        Variances of the noise.
    mean : ndarray of shape (n_features,)
    log_likelihood : float
        Of the entries that are present, in nats, a mean over rows.
    """

    loadings: np.ndarray
    psi: np.ndarray
    mean: np.ndarray
    log_likelihood: float


def linear_gaussian_of_present(X, n_components, per_feature=False):
    """Return the most likely linear Gaussian model of the entries that are present.

    Found by expectation maximisation, as missing at random. With one variance of the
    noise for all features it is probabilistic PCA (A. Ilin, T. Raiko, "Practical
    approaches to principal component analysis in the presence of missing values",
    JMLR 11, 2010), with one for each factor analysis.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        NaN where entries are missing. Columns without any value have no part in it.
    n_components : int
    per_feature : bool, default=False
        Whether every feature has a variance of the noise of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.networks._incomplete import linear_gaussian_of_present
    >>> X = np.random.default_rng(0).normal(size=(200, 4)) * [4.0, 2.0, 1.0, 1.0]
    >>> found = linear_gaussian_of_present(X, 2).log_likelihood
    >>> bool(abs(found - PCA(2).fit(X).score(X)) < 0.01)
    True
    """
    present = ~np.isnan(X)
    X, present = X[:, present.any(axis=0)], present[:, present.any(axis=0)]
    model = _start(X, present, n_components)
    for _ in range(MAX_STEPS):
        before = model.log_likelihood
        model = _step(X, present, model, per_feature)
        if not model.log_likelihood > before + TOL:
            break
    return model


def _start(X, present, n_components):
    """Return principal components of rows with means where entries are missing."""
    mean = np.nanmean(X, axis=0)
    rows = np.where(present, X - mean, 0.0)
    _, scales, components = np.linalg.svd(rows, full_matrices=False)
    variances = scales[:n_components] ** 2 / len(X)
    rest = (rows**2).mean(axis=0).sum() - variances.sum()
    noise = max(rest, TINY) / max(1, X.shape[1] - n_components)
    loadings = np.sqrt(variances)[:, None] * components[:n_components]
    return LinearGaussian(loadings, np.full(X.shape[1], noise), mean, -np.inf)


def _step(X, present, model, per_feature):
    """Return the next model; its likelihood is that of the one before."""
    z, covariances, log_likelihood = _codes(X, present, model)
    k = z.shape[1]
    codes = np.column_stack([z, np.ones(len(z))])  # the last stands for the mean
    moments = codes[:, :, None] * codes[:, None]
    moments[:, :k, :k] += covariances
    moments = (present.T.astype(float) @ moments.reshape(len(z), -1)).reshape(
        -1, k + 1, k + 1
    )
    rows = np.where(present, X, 0.0)
    products = rows.T @ codes
    slopes = np.einsum("dij,dj->di", np.linalg.pinv(moments, hermitian=True), products)
    counts = present.sum(axis=0)
    errors = (rows**2).sum(axis=0) - (slopes * products).sum(axis=1)
    if not per_feature:
        errors = counts * errors.sum() / counts.sum()
    psi = errors / counts
    spread = np.where(present, X - slopes[:, k], 0.0)
    smallest = TINY * max((spread**2).sum() / counts.sum(), np.finfo(float).tiny)
    return LinearGaussian(
        slopes[:, :k].T, np.maximum(psi, smallest), slopes[:, k], log_likelihood
    )


def _codes(X, present, model):
    """Return means and covariances of the codes, and the mean log-likelihood."""
    V, psi, mean, _ = model
    k = len(V)
    errors = np.where(present, X - mean, 0.0)
    squares = (V[:, None] * (V / psi)).reshape(k * k, -1)
    precisions = np.eye(k) + (present @ squares.T).reshape(-1, k, k)
    covariances = np.linalg.inv(precisions)
    scores = errors @ (V / psi).T
    z = np.einsum("nij,nj->ni", covariances, scores)
    logs = present @ np.log(2 * np.pi * psi) + np.linalg.slogdet(precisions)[1]
    distances = errors**2 @ (1 / psi) - (scores * z).sum(axis=1)
    return z, covariances, float(-0.5 * (logs + distances).mean())
