"""Principal components of the data of a plan, to compare an autoencoder with."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from skae._finder import find
from skae._sklearn import safe_indexing
from skae.search import ScoreCurve

__all__ = ["PCAOfGaps", "linear_scores"]


class PCAOfGaps(PCA):
    """Principal components of rows whose missing values are replaced by means.

    Errors of its reconstruction are those of the values that there are.
    """

    def fit(self, X, y=None):
        """Find the means and the components."""
        self.means_ = SimpleImputer(keep_empty_features=True).fit(X)
        return super().fit(self.means_.transform(X))

    def transform(self, X):
        """Return the codes of rows."""
        return super().transform(self.means_.transform(X))


def linear_scores(plan, sizes):
    """Return held-out scores of PCA on the folds of a plan, by the plan's scorers.

    One fit per fold tells all sizes, as the first components of many are those of few.

    Parameters
    ----------
    plan : Plan
        Of a table with columns that are no numbers, the components are those of
        standardised numbers and one-hot columns.
    sizes : list of int
        Numbers of components.

    Returns
    -------
    curves : dict of ScoreCurve
        By the names of scorers, of the sizes that leave an error; empty without any.
    """
    X = plan.X if plan.data.is_mixed else plan.X.reshape(len(plan.X), -1)
    folds = list(plan.cv.split(X, **plan.metadata))
    n_features, n_train = plan.range.n_features, min(len(train) for train, _ in folds)
    sizes = [size for size in sizes if size < min(n_features, n_train)]
    if not sizes:
        return {}
    scorers = {n: s for n, s in plan.scoring.items() if n in _LINEAR}
    is_long = n_features <= _MANY and n_train >= 10 * n_features
    pca = PCAOfGaps(max(sizes), svd_solver="covariance_eigh" if is_long else "full")
    before = find(plan.pipeline).before
    pipeline = Pipeline([*([] if before is None else before.steps), ("pca", pca)])
    scores = [
        _scores_of_sizes(clone(pipeline), X, train, test, sizes, scorers)
        for train, test in folds
    ]
    values = np.array(sizes)
    return {
        name: ScoreCurve(values, np.array([fold[name] for fold in scores]).T)
        for name in scorers
    }


# Scorers that read reconstructions; others say as much of PCA, at a price.
_LINEAR = "reconstruction", "mse", "neg_rmse"
# Columns up to which a matrix of covariances is small.
_MANY = 1000


def _scores_of_sizes(pipeline, X, train, test, sizes, scorers):
    pipeline.fit(safe_indexing(X, train))
    pca, rows = pipeline[-1], safe_indexing(X, test)
    components = pca.components_
    scores = {name: [] for name in scorers}
    for size in sizes:
        pca.components_, pca.n_components = components[:size], size
        for name, scorer in scorers.items():
            scores[name].append(scorer(pipeline, rows))
    return scores
