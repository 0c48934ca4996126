"""Factor analysis, of correlations that are shrunk where rows are few."""

import numpy as np
from sklearn.decomposition import FactorAnalysis
from sklearn.model_selection import KFold

__all__ = ["factor_analysis"]

# Smaller shares of the largest variance are rounding.
TINY = 1e-13
# By how much correlations are shrunk toward none, where they are.
SHRINKAGE = 0.03
# Rows per feature that are many, and features for which comparing would take long.
MANY, MOST_FEATURES = 10, 24
# Parts of the rows that tell, and nats that count of what a row gains or loses.
N_FOLDS, MOST_OF_ROW = 5, 3.0


def factor_analysis(X, n_components, seed):
    """Return the loadings, the variances of the noise, and the mean of rows.

    Loadings and variances are scikit-learn's for standardised rows, in units of the
    features: in whatever these are counted, it is the same model. With few rows a
    feature may seem to have next to no noise of its own. Correlations are then those
    of rows with a little independent noise, if rows that are held out are likelier so.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    n_components : int
    seed : int
        Of scikit-learn's randomised decomposition, and of the folds.

    Returns
    -------
    loadings : ndarray of shape (n_components or fewer, n_features)
    variances, mean : ndarray of shape (n_features,)

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skae.networks._factor_analysis import factor_analysis
    >>> loadings, variances, mean = factor_analysis(load_wine().data, 3, seed=0)
    >>> loadings.shape, variances.shape
    ((3, 13), (13,))
    """
    mean, spread = X.mean(axis=0), X.std(axis=0)
    varies = spread > np.sqrt(TINY) * spread.max()
    if not varies.any():
        return np.zeros((0, X.shape[1])), np.ones(X.shape[1]), mean
    rows = (X - mean)[:, varies] / spread[varies]
    n_components = min(n_components, varies.sum())
    shrinkage = SHRINKAGE if _gains_by_shrinkage(rows, n_components, seed) else 0.0
    model = _fitted(rows, n_components, shrinkage, seed)
    components = model.components_  # of which there are no more than rows
    largest = np.abs(components).argmax(axis=1, keepdims=True)
    components = components * np.sign(np.take_along_axis(components, largest, 1))
    loadings = np.zeros((len(components), X.shape[1]))
    loadings[:, varies] = components * spread[varies]
    psi = np.full(X.shape[1], TINY * spread.max() ** 2)
    psi[varies] = np.maximum(model.noise_variance_, TINY) * spread[varies] ** 2
    return loadings, psi, mean


def _gains_by_shrinkage(Z, n_components, seed):
    """Return whether held-out rows are likelier by more than a standard error."""
    n_rows, n_features = Z.shape
    is_small = N_FOLDS < n_rows < MANY * n_features and n_features <= MOST_FEATURES
    if not is_small:
        return False
    folds = KFold(N_FOLDS, shuffle=True, random_state=seed).split(Z)
    gains = [_gains(Z[kept], Z[rest], n_components, seed) for kept, rest in folds]
    gains = np.concatenate(gains).clip(-MOST_OF_ROW, MOST_OF_ROW)
    return gains.mean() > gains.std() / np.sqrt(n_rows)


@np.errstate(all="ignore")  # where features depend on each other, likelihoods explode
def _gains(kept, held_out, n_components, seed):
    """Return by how much held-out rows are likelier by a model of others, in nats."""
    mean, spread = kept.mean(axis=0), kept.std(axis=0)
    if not spread.all():
        return np.zeros(len(held_out))
    kept, held_out = (kept - mean) / spread, (held_out - mean) / spread
    models = (_fitted(kept, n_components, s, seed) for s in (0.0, SHRINKAGE))
    before, after = (model.score_samples(held_out) for model in models)
    return np.nan_to_num(after - before)


def _fitted(Z, n_components, shrinkage, seed):
    """Return scikit-learn's model of standardised rows."""
    rows = _alike(Z, shrinkage)
    model = FactorAnalysis(n_components, max_iter=10_000, random_state=seed)
    model.tol *= len(rows) / len(Z)  # of the log-likelihood, a sum over the rows
    return model.fit(rows)


def _alike(Z, shrinkage):
    """Return few rows of the same correlations, or those shrunk, with a mean of 0."""
    n_rows, n_features = Z.shape
    if not shrinkage and n_rows <= 2 * n_features:
        return Z
    noise = np.sqrt(shrinkage * n_rows) * np.eye(n_features)
    noisy = np.concatenate([np.sqrt(1 - shrinkage) * Z, noise])
    root = np.linalg.qr(noisy, mode="r") * np.sqrt(n_features / n_rows)
    return np.concatenate([root, -root])
