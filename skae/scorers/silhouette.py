"""How well separated the clusters of the codes are."""

import numpy as np
from sklearn.base import clone, is_clusterer

from skae.scorers._base import SCORERS, Scorer

__all__ = ["Silhouette"]

NOISE = -1


@SCORERS.register("silhouette")
class Silhouette(Scorer):
    """Mean silhouette of the clusters in the codes.

    ``s_i = (b_i - a_i) / max(a_i, b_i)``, with the mean distance a_i of row i to its
    own cluster and b_i to the nearest other one; in [-1, 1]. The clusters are those of
    the pipeline's own clusterer when it ends with one, else of k-means on the codes.
    Rows that a clusterer calls noise (label -1) are in no cluster and count as 0.
    Fewer than two clusters, or a collapsed code, score -1, the worst.

    It rises as the dimension falls, for structureless noise too (0.52 for ten clusters
    of one-dimensional Gaussian noise, 0.08 in eight dimensions): compare codes of one
    size only.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters of k-means, for estimators without a clusterer.
    max_samples : int, default=10000
        The silhouette is that of at most this many rows, evenly spaced: its cost is
        quadratic.
    random_state : int, RandomState instance or None, default=0
        Of k-means.

    References
    ----------
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation
    of cluster analysis", J. Comput. Appl. Math. 20, 1987.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import Silhouette
    >>> X = load_iris().data
    >>> pipeline = make_pipeline(
    ...     DenseAutoencoder(n_components=2, random_state=0),
    ...     KMeans(n_clusters=2, random_state=0),
    ... )
    >>> Silhouette()(pipeline.fit(X), X) > 0.5
    True
    """

    worst = -1.0

    def __init__(self, n_clusters=8, *, max_samples=10_000, random_state=0):
        self.n_clusters = n_clusters
        self.max_samples = max_samples
        self.random_state = random_state

    def _score(self, located, y):
        from sklearn.metrics import silhouette_score

        Z = located.codes()
        if not np.isfinite(Z).all() or len(np.unique(Z, axis=0)) < 3:
            return self.worst
        labels = self._labels(located, Z)
        rows = np.linspace(0, len(Z) - 1, min(len(Z), self.max_samples)).astype(int)
        Z, labels = Z[rows], labels[rows]
        clustered = labels != NOISE
        if not 2 <= len(np.unique(labels[clustered])) < clustered.sum():
            return self.worst
        return clustered.mean() * silhouette_score(Z[clustered], labels[clustered])

    def _labels(self, located, Z):
        if located.after is not None and is_clusterer(located.after):
            return _labels_of(located.after, Z)
        return self._k_means(Z)

    def _k_means(self, Z):
        from sklearn.cluster import KMeans

        n_clusters = min(self.n_clusters, len(np.unique(Z, axis=0)))
        k_means = KMeans(n_clusters, n_init=10, random_state=self.random_state)
        return k_means.fit_predict(Z)


def _labels_of(clusterer, Z):
    """Label held-out codes; clusterers that can't predict are fitted to them."""
    if hasattr(clusterer, "predict"):
        return np.asarray(clusterer.predict(Z))
    return np.asarray(clone(clusterer).fit_predict(Z))
