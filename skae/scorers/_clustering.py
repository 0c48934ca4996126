"""Scorers of clusters of the codes, and of their agreement with known classes."""

from abc import abstractmethod
from numbers import Integral
from weakref import WeakSet

import numpy as np
from sklearn.utils import column_or_1d

from skae._arrays import as_numbers
from skae._notices import warn
from skae._sklearn import Interval
from skae.registry import unknown_name
from skae.scorers._base import SCORERS, Scorer, spaced_rows
from skae.scorers._labels import NOISE, labels_after

__all__ = [
    "AdjustedRand",
    "ClusteringScorer",
    "NormalizedMutualInformation",
    "k_means_labels",
]

# Scorers that have said whose clusters they measure: once for each is enough.
_SAID = WeakSet()


class ClusteringScorer(Scorer):
    """Base class of scorers of clusters: evenly spaced rows, and their labels.

    The points are the codes, or with ``space="decoded"`` their reconstructions as flat
    rows. Clusters are those of the pipeline's own last step where that labels rows,
    whatever it is: a clusterer, a mixture, a classifier. It sees the codes, in either
    space. One that cannot predict, such as `DBSCAN`, is fitted to the codes of the
    scored rows. Otherwise they are those of k-means on the points, which is said
    where nobody has chosen it.
    """

    def _points(self, located):
        if self.space == "latent":
            return located.codes()
        if self.space != "decoded":
            raise unknown_name("space", self.space, ["latent", "decoded"])
        X_hat = located.reconstruct()
        ended = np.isnan(X_hat) & np.isnan(as_numbers(located.X))
        X_hat = np.where(ended, 0, X_hat)
        return X_hat.reshape(len(X_hat), -1)

    def _clusters(self, located, points, rows, n_clusters):
        """Return the points and the labels of some rows."""
        labels = labels_after(located)
        if labels is not None:
            return points[rows], labels[rows]
        self._say_whose_clusters(located, n_clusters)
        return points[rows], k_means_labels(points[rows], n_clusters, self.random_state)

    def _say_whose_clusters(self, located, n_clusters):
        expected = self.requires_y and located.after is None  # as many as classes
        if self.n_clusters is not None or expected or self in _SAID:
            return
        _SAID.add(self)
        steps = [] if located.after is None else located.after.steps
        others = "".join(f" ({type(step).__name__} does not)" for _, step in steps[-1:])
        warn(
            f"{type(self).__name__} measures the {n_clusters} clusters that k-means "
            f"finds in the codes, as no step after {type(located.reducer).__name__} "
            f"labels rows{others}: set n_clusters, or end the pipeline with a "
            "clusterer or a mixture.",
        )


def k_means_labels(points, n_clusters, random_state):
    """Label points by k-means, the best of ten starts.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_dims)
        At least one row.
    n_clusters : int
        Number of clusters; fewer where there are fewer different points.
    random_state : int, RandomState instance or None
        Of the starts.

    Returns
    -------
    labels : ndarray of int of shape (n_samples,)
    """
    from sklearn.cluster import KMeans

    n_clusters = min(n_clusters, len(np.unique(points, axis=0)))
    k_means = KMeans(n_clusters, n_init=10, random_state=random_state)
    return k_means.fit_predict(points)


def is_collapsed(points):
    """Return whether points are one and the same but for rounding, or not finite."""
    if not np.isfinite(points).all():
        return True
    rounding = 100 * np.finfo(np.result_type(points, np.float32)).eps
    return bool(np.all(np.ptp(points, axis=0) <= rounding * np.abs(points).max(axis=0)))


class ClassAgreement(ClusteringScorer):
    """Base class of scorers of clusters against classes, by a measure of agreement.

    Rows that a clusterer calls noise (label -1) are left out of the comparison, whose
    result is then multiplied by the share of the others: noise earns nothing.
    """

    requires_y = True

    _parameter_constraints = {
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "space": [str],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=None,
        *,
        space="latent",
        max_samples=10_000,
        random_state=0,
    ):
        self.n_clusters = n_clusters
        self.space = space
        self.max_samples = max_samples
        self.random_state = random_state

    @abstractmethod
    def _agreement(self, classes, labels):
        """Return the agreement of two labellings of the same rows."""

    def _score(self, located, y):
        points = self._points(located)
        classes = _check_classes(y, len(points), type(self).__name__)
        if is_collapsed(points):
            return self.worst
        rows = spaced_rows(len(points), self.max_samples)
        n_clusters = self.n_clusters or len(np.unique(classes[rows]))
        labels = self._clusters(located, points, rows, n_clusters)[1]
        return self._share_that_agrees(classes[rows], labels)

    def _share_that_agrees(self, classes, labels):
        clustered = labels != NOISE
        if len(np.unique(classes)) < 2 or not clustered.any():
            return 0.0
        agreement = self._agreement(classes[clustered], labels[clustered])
        return clustered.mean() * agreement


def _check_classes(y, n_samples, scorer):
    if y is None:
        raise ValueError(
            f"{scorer} compares clusters with known classes, and got y=None: pass the "
            "class of every row as y, to a search as search.fit(X, y), or use "
            "'silhouette', which needs none."
        )
    classes = column_or_1d(y)
    if len(classes) != n_samples:
        raise ValueError(
            f"{scorer} got {len(classes)} classes in y for {n_samples} codes: pass one "
            "for each row that the autoencoder sees."
        )
    if classes.dtype.kind == "f" and not np.array_equal(classes, np.round(classes)):
        raise ValueError(
            f"{scorer} compares clusters with classes, and y holds fractions or NaN: "
            "pass whole numbers or strings."
        )
    return np.unique(classes, return_inverse=True)[1]


@SCORERS.register("ari")
class AdjustedRand(ClassAgreement):
    """Adjusted Rand index of the clusters in the codes and the classes in `y`.

    ``ARI = (RI - E[RI]) / (1 - E[RI])`` with the share RI of pairs of rows on which
    the two agree, together or apart, and its expectation E[RI] for clusters of the
    same sizes by chance. In [-0.5, 1]: 1 for clusters that are the classes, 0 by
    chance, whatever their number; -0.5 is the worst, for collapsed codes. 0 also where
    the scored rows are all of one class.

    How much of the classes would someone find who does not know them? It misleads when
    the classes are not the strongest grouping of the data, or when one class is several
    clusters: codes may then hold all about the classes and score low. Compare with PCA
    at the same number of code units before trusting a value.

    Rows that a clusterer calls noise (label -1) count as none: the index of the others
    is multiplied by their share.

    Parameters
    ----------
    n_clusters : int or None, default=None
        Number of clusters of k-means, for estimators whose last step labels no rows;
        that of the classes if None.
    space : {"latent", "decoded"}, default="latent"
        Where k-means works: on the codes, or on what they decode to. A change of basis
        of the codes, which a decoder undoes, moves the clusters of the former only.
    max_samples : int, default=10000
        At most this many rows, evenly spaced, are compared.
    random_state : int, RandomState instance or None, default=0
        Of k-means.

    Raises
    ------
    ValueError
        Without `y`, or when it is not one class for each scored row. A search that
        takes errors for missing scores (``error_score=np.nan``) warns with the message.

    References
    ----------
    L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import AdjustedRand
    >>> X, y = load_iris(return_X_y=True)
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> 0.4 < AdjustedRand()(autoencoder, X, y) <= 1
    True
    """

    worst = -0.5

    def _agreement(self, classes, labels):
        from sklearn.metrics import adjusted_rand_score

        return adjusted_rand_score(classes, labels)


@SCORERS.register("nmi")
class NormalizedMutualInformation(ClassAgreement):
    """Mutual information of the clusters in the codes and the classes in `y`.

    ``NMI = 2 I(classes; clusters) / (H(classes) + H(clusters))``, in [0, 1]: 1 for
    clusters that are the classes, 0, the worst, for independent and collapsed ones.
    0 also where the scored rows are all of one class.

    What share of the information is common to both? Other than `AdjustedRand` it
    forgives a class that is split into whole clusters, and it is not corrected for
    chance: it rises with the number of clusters and as rows become few. Compare scores
    of one number of clusters and one size of folds only.

    Rows that a clusterer calls noise (label -1) count as none: the information of the
    others is multiplied by their share.

    Parameters
    ----------
    n_clusters : int or None, default=None
        Number of clusters of k-means, for estimators whose last step labels no rows;
        that of the classes if None.
    space : {"latent", "decoded"}, default="latent"
        Where k-means works: on the codes, or on what they decode to.
    max_samples : int, default=10000
        At most this many rows, evenly spaced, are compared.
    random_state : int, RandomState instance or None, default=0
        Of k-means.

    Raises
    ------
    ValueError
        Without `y`, or when it is not one class for each scored row. A search that
        takes errors for missing scores (``error_score=np.nan``) warns with the message.

    References
    ----------
    A. Strehl, J. Ghosh, "Cluster ensembles: a knowledge reuse framework for combining
    multiple partitions", JMLR 3, 2002.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import NormalizedMutualInformation
    >>> X, y = load_iris(return_X_y=True)
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> 0.5 < NormalizedMutualInformation()(autoencoder, X, y) <= 1
    True
    """

    def _agreement(self, classes, labels):
        from sklearn.metrics import normalized_mutual_info_score

        return normalized_mutual_info_score(classes, labels)
