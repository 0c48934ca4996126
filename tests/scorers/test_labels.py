"""Whose clusters are measured."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.scorers import AdjustedRand, NormalizedMutualInformation, Silhouette

X, y = make_blobs(150, 5, centers=3, cluster_std=2.0, random_state=1)


class Duck(BaseEstimator):
    """What scikit-learn calls neither a clusterer nor a classifier."""

    def __init__(self, labels):
        self.labels = labels

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.labels


@pytest.mark.parametrize(
    "last",
    [
        GaussianMixture(3, random_state=0),
        GaussianMixture(5, random_state=0),
        BayesianGaussianMixture(n_components=4, max_iter=300, random_state=0),
        KMeans(4, random_state=0),
        MiniBatchKMeans(4, random_state=0),
        BisectingKMeans(4, random_state=0),
        Birch(n_clusters=4),
        MeanShift(),
        AffinityPropagation(damping=0.9, random_state=0),
        AgglomerativeClustering(4),
        SpectralClustering(4, random_state=0),
        LogisticRegression(),
        GridSearchCV(KMeans(random_state=0), {"n_clusters": [4]}, cv=2),
        make_pipeline(StandardScaler(), GaussianMixture(4, random_state=0)),
        GridSearchCV(GaussianMixture(random_state=0), {"n_components": [4]}, cv=2),
    ],
    ids=lambda last: type(last).__name__,
)
def test_what_labels_rows_at_the_end_has_its_labels_scored(last):
    pipeline = make_pipeline(StandardScaler(), PCA(2), last).fit(X, y)
    can_predict = hasattr(pipeline, "predict")
    labels = pipeline.predict(X) if can_predict else pipeline.fit_predict(X)
    assert Silhouette(adjusted=False)(pipeline, X) == pytest.approx(
        silhouette_score(pipeline[:2].transform(X), labels)
    )
    assert AdjustedRand()(pipeline, X, y) == pytest.approx(
        adjusted_rand_score(y, labels)
    )


@pytest.mark.parametrize("last", [DBSCAN(0.3), HDBSCAN(copy=True), OPTICS()])
def test_rows_in_no_cluster_earn_nothing(last):
    pipeline = make_pipeline(StandardScaler(), PCA(2), last)
    labels = pipeline.fit_predict(X)
    clustered = labels != -1
    assert 0.1 < clustered.mean() < 1
    codes = pipeline[:2].transform(X)[clustered]
    expected = clustered.mean() * silhouette_score(codes, labels[clustered])
    assert Silhouette(adjusted=False)(pipeline, X) == pytest.approx(expected)


def test_steps_between_are_not_fitted_again():
    scaler, few = StandardScaler(), X[:40]
    pipeline = make_pipeline(PCA(2), scaler, AgglomerativeClustering(3)).fit(X)
    labels = AgglomerativeClustering(3).fit_predict(pipeline[:2].transform(few))
    expected = silhouette_score(pipeline[:1].transform(few), labels)
    assert Silhouette(adjusted=False)(pipeline, few) == pytest.approx(expected)


@pytest.mark.parametrize(
    "named",
    [
        np.array(["a", "b", "c"])[y],
        np.array(["a", "b", "c"], dtype=object)[y],
        y.astype(float),
        y.astype(object),
        y.tolist(),
        y == 1,
    ],
    ids=["words", "objects", "floats", "numbers as objects", "list", "bool"],
)
def test_labels_may_have_any_names(named):
    pipeline = make_pipeline(PCA(2), Duck(named)).fit(X)
    expected = adjusted_rand_score(y, np.asarray(named))
    assert AdjustedRand()(pipeline, X, y) == pytest.approx(expected)


def test_a_class_called_minus_one_is_no_noise():
    classes = 2 * (y > 0) - 1
    pipeline = make_pipeline(PCA(2), LogisticRegression()).fit(X, classes)
    expected = adjusted_rand_score(classes, pipeline.predict(X))
    assert expected > 0.5
    assert AdjustedRand()(pipeline, X, classes) == pytest.approx(expected)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_names_of_the_codes_do_not_matter(output):
    with config_context(transform_output=output):
        last = GaussianMixture(3, random_state=0)
        pipeline = make_pipeline(StandardScaler(), PCA(2), last).fit(X)
        score = Silhouette(adjusted=False)(pipeline, X)
        expected = silhouette_score(pipeline[:-1].transform(X), pipeline.predict(X))
    assert score == pytest.approx(expected)


# Where no step labels rows


NO_LABELS = [
    StandardScaler(),
    LinearRegression(),
    IsolationForest(random_state=0),
    FeatureAgglomeration(2),
    Duck(np.linspace(0, 1, 150)),
    Duck(np.zeros((150, 2))),
]


@pytest.mark.parametrize("last", NO_LABELS, ids=lambda last: type(last).__name__)
def test_the_default_is_said_where_no_step_labels_rows(last):
    pipeline = make_pipeline(PCA(2), last).fit(X, y)
    name = type(last).__name__
    with pytest.warns(UserWarning, match=rf"8 clusters.*\({name} does not\).*n_clus"):
        score = Silhouette(adjusted=False)(pipeline, X)
    assert score == Silhouette(8, adjusted=False)(pipeline, X)
    for scorer in (AdjustedRand, NormalizedMutualInformation):
        with pytest.warns(UserWarning, match=rf"3 clusters .*\({name} does not\)"):
            assert scorer()(pipeline, X, y) == scorer(3)(pipeline, X, y)


def test_the_default_is_said_once():
    scorer, pca = Silhouette(), PCA(2).fit(X)
    with pytest.warns(UserWarning, match="8 clusters .* no step after PCA labels rows"):
        scorer(pca, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scorer(pca, X)
    with pytest.warns(UserWarning, match="8 clusters"):
        Silhouette()(pca, X)


def test_nothing_is_said_of_what_was_asked_for():
    pipeline = make_pipeline(PCA(2), StandardScaler()).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Silhouette(8)(pipeline, X) > -1
        assert AdjustedRand()(PCA(2).fit(X), X, y) > 0
        assert AdjustedRand(3)(pipeline, X, y) > 0


def test_a_search_goes_on_with_the_default():
    with pytest.warns(UserWarning, match="8 clusters"):
        scores = cross_validate(PCA(2), X, scoring=Silhouette(), cv=2)["test_score"]
    assert np.isfinite(scores).all()
