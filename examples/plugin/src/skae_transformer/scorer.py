"""Whether neighbours among the data stay neighbours among the codes."""

import numpy as np
from skae.scorers import Scorer
from sklearn.manifold import trustworthiness

__all__ = ["Continuity"]


class Continuity(Scorer):
    """Share of the neighbours among the data that are neighbours among the codes.

    ``C = 1 - 2 / (n k (2 n - 3 k - 1)) sum_i sum_{j in V_i} (s(i, j) - k)`` with the
    k nearest rows V_i of row i in the data and the rank s(i, j) of row j among the
    neighbours of row i's code, counted where it is larger than k (Venna & Kaski,
    2001). It is `skae.scorers.Trustworthiness` with data and codes exchanged: it sees
    what the codes tear apart, and that one what they put together. In [0, 1]; codes
    that have nothing to do with the data have about 0.5, and those that are all alike
    0.

    Parameters
    ----------
    n_neighbors : int, default=5
        k; less where there are not more than twice as many rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skae_transformer import Continuity
    >>> X = load_iris().data
    >>> Continuity()(PCA(2).fit(X), X) > 0.95
    True
    """

    worst = 0.0

    def __init__(self, n_neighbors=5):
        self.n_neighbors = n_neighbors

    def _score(self, located, y):
        X, Z = np.asarray(located.X, dtype=float), located.codes()
        n_neighbors = min(self.n_neighbors, (len(Z) - 1) // 2)
        if n_neighbors < 1 or not np.isfinite(Z).all() or not np.ptp(Z, axis=0).any():
            return self.worst
        # sequences that have ended have NaN
        rows = np.nan_to_num(X.reshape(len(X), -1))
        return trustworthiness(Z, rows, n_neighbors=n_neighbors)
