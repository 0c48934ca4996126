"""Principal components of the data of a plan, to compare an autoencoder with."""

from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline

from skae._finder import find

__all__ = ["PCAOfGaps", "linear_score"]


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


def linear_score(plan, n_components):
    """Return the held-out score of PCA on the folds of a plan, by its `error`.

    Parameters
    ----------
    plan : Plan
        Of a table with columns that are no numbers, the components are those of
        standardised numbers and one-hot columns.
    n_components : int

    Returns
    -------
    score : float or None
        None where there are not so many components, or they leave no error.
    """
    X = plan.X if plan.data.is_mixed else plan.X.reshape(len(plan.X), -1)
    n_train = min(len(train) for train, _ in plan.cv.split(X))
    if n_components >= min(plan.range.n_features, n_train):
        return None
    before = find(plan.pipeline).before
    steps = [] if before is None else [("before", before)]
    steps.append(("pca", PCAOfGaps(n_components, svd_solver="full")))
    scores = cross_val_score(Pipeline(steps), X, scoring=plan.error, cv=plan.cv)
    return float(scores.mean())
