import warnings

import numpy as np
import pytest
from helpers.data import clusters
from helpers.models import Given
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.exceptions import UnknownNameError
from skae.scorers._clustering import AdjustedRand, NormalizedMutualInformation
from skae.scorers._silhouette import Silhouette

SCORERS = {
    AdjustedRand: adjusted_rand_score,
    NormalizedMutualInformation: normalized_mutual_info_score,
}
each = pytest.mark.parametrize(("scorer", "reference"), SCORERS.items())
each_scorer = pytest.mark.parametrize("scorer", SCORERS)


def data(n_samples=90, spread=1.5, seed=0):
    return clusters(n_samples, spread, seed), np.arange(n_samples) % 3


@each
def test_it_is_that_of_k_means(scorer, reference):
    X, y = data()
    pca = PCA(2).fit(X)
    labels = KMeans(3, n_init=10, random_state=0).fit_predict(pca.transform(X))
    assert 0.1 < reference(y, labels) < 0.95
    assert scorer()(pca, X, y) == pytest.approx(reference(y, labels))


@each
def test_it_is_that_of_the_pipelines_own_clusterer(scorer, reference):
    X, y = data()
    clusterer = KMeans(5, random_state=0)
    pipeline = make_pipeline(StandardScaler(), PCA(3), StandardScaler(), clusterer)
    expected = reference(y, pipeline.fit(X).predict(X))
    for space in ("latent", "decoded"):
        assert scorer(space=space)(pipeline, X, y) == pytest.approx(expected)


@each
@pytest.mark.parametrize("clusterer", [DBSCAN(0.4), HDBSCAN(copy=True)])
def test_noise_earns_nothing(scorer, reference, clusterer):
    X, y = data(200)
    pipeline = make_pipeline(PCA(2), clusterer).fit(X)
    labels = pipeline[-1].labels_
    clustered = labels != -1
    assert 0.1 < clustered.mean() < 1
    expected = clustered.mean() * reference(y[clustered], labels[clustered])
    assert scorer()(pipeline, X, y) == pytest.approx(expected)


@each_scorer
def test_noise_alone_scores_zero(scorer):
    X, y = data()
    pipeline = make_pipeline(PCA(2), DBSCAN(1e-3)).fit(X)
    assert (pipeline[-1].labels_ == -1).all()
    assert scorer()(pipeline, X, y) == 0.0


@each_scorer
def test_perfect_and_unrelated_codes(scorer):
    y = np.arange(600) % 4
    perfect = Given(np.eye(4)[y])
    assert scorer()(perfect, y[:, None], y) == pytest.approx(1)
    unrelated = Given(np.random.default_rng(0).normal(size=(600, 2)))
    assert scorer()(unrelated, y[:, None], y) == pytest.approx(0, abs=0.02)


def test_nmi_is_not_corrected_for_chance_as_documented():
    y = np.arange(100) % 2
    unrelated = Given(np.random.default_rng(0).normal(size=(100, 2)))
    many = NormalizedMutualInformation(40)(unrelated, y[:, None], y)
    assert many > 0.1
    assert AdjustedRand(40)(unrelated, y[:, None], y) < 0.05


@each
def test_what_is_decoded_does_not_depend_on_the_basis_of_the_codes(scorer, reference):
    X, y = data()
    X = X * [1, 1, 1, 1, 1, 20]
    plain, whitened = PCA(6).fit(X), PCA(6, whiten=True).fit(X)
    decoded = scorer(space="decoded")
    assert decoded(whitened, X, y) == pytest.approx(decoded(plain, X, y))
    assert scorer()(whitened, X, y) != pytest.approx(scorer()(plain, X, y), abs=0.02)


def test_wine_by_pca():
    X, y = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), PCA(3)).fit(X)
    assert AdjustedRand()(model, X, y) == pytest.approx(0.897, abs=0.01)


@each_scorer
def test_classes_may_have_any_names(scorer):
    pd = pytest.importorskip("pandas")
    X, y = data()
    pca = PCA(2).fit(X)
    expected = scorer()(pca, X, y)
    words = np.array(["b", "c", "a"])[y]
    for names in (words, words.tolist(), words.astype(object), y - 1.0, y[:, None] - 1):
        assert scorer()(pca, X, names) == pytest.approx(expected)
    assert scorer()(pca, X, pd.Series(words, dtype="category")) == pytest.approx(
        expected
    )


@each_scorer
def test_one_class_says_nothing(scorer):
    X, _ = data()
    assert scorer()(PCA(2).fit(X), X, np.zeros(90)) == 0.0


@each_scorer
@pytest.mark.parametrize("code", [0.0, np.nan, np.inf])
def test_collapsed_codes_score_the_worst(scorer, code):
    X, y = data()
    scorer = scorer()
    assert scorer(Given(np.full((90, 2), code)), X, y) == scorer.worst
    model = DenseAutoencoder(2, max_epochs=1, random_state=0).fit(X)
    model.diverged_ = True
    assert scorer(model, X, y) == scorer.worst


@each_scorer
def test_rows_are_evenly_spaced(scorer):
    X, y = data(400)
    rows = np.linspace(0, 399, 50).astype(int)
    found = scorer(max_samples=50)(Given(X), X, y)
    assert found == scorer()(Given(X[rows]), X[rows], y[rows])


@each_scorer
def test_few_rows(scorer):
    X, y = data()
    pca = PCA(2).fit(X)
    for n_samples in range(1, 8):
        score = scorer()(pca, X[:n_samples], y[:n_samples])
        assert scorer.worst <= score <= 1


# Labels that are none


@each_scorer
def test_without_classes(scorer):
    X, _ = data()
    with pytest.raises(ValueError, match=r"got y=None: .*search\.fit\(X, y\)"):
        scorer()(PCA(2).fit(X), X)


@each_scorer
def test_without_classes_a_search_says_so(scorer):
    X, _ = data()
    search = GridSearchCV(PCA(), {"n_components": [1, 2]}, scoring=scorer(), cv=2)
    with pytest.raises(ValueError, match="got y=None"):
        search.set_params(error_score="raise").fit(X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.set_params(error_score=np.nan).fit(X)
    assert any("got y=None" in str(warning.message) for warning in caught)


@each_scorer
def test_several_metrics_without_classes_say_so(scorer):
    X, _ = data()
    scoring = {"agreement": scorer(), "silhouette": Silhouette()}
    with pytest.warns(UserWarning, match="got y=None"):
        scores = cross_validate(PCA(2), X, scoring=scoring, cv=2)
    assert np.isfinite(scores["test_silhouette"]).all()


@each_scorer
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(80), "80 classes in y for 90 codes"),
        (np.linspace(0, 1, 90), "fractions or NaN"),
        (np.where(np.arange(90) % 2, np.nan, 1), "fractions or NaN"),
    ],
)
def test_what_is_no_class(scorer, y, message):
    X, _ = data()
    with pytest.raises(ValueError, match=message):
        scorer()(PCA(2).fit(X), X, y)


def test_unknown_spaces():
    X, y = data()
    with pytest.raises(UnknownNameError, match="space 'codes'"):
        AdjustedRand(space="codes")(PCA(2).fit(X), X, y)


# In searches


def test_search_for_the_classes():
    X, y = data(spread=3)
    scoring = {"ari": AdjustedRand(), "nmi": NormalizedMutualInformation()}
    grid = {"reduce": [PCA(2), DenseAutoencoder(2, max_epochs=3, random_state=0)]}
    pipeline = make_pipeline(StandardScaler(), PCA())
    pipeline.steps[1] = ("reduce", PCA())
    search = GridSearchCV(
        pipeline, grid, scoring=scoring, refit="ari", cv=StratifiedKFold(2)
    ).fit(X, y)
    for name in scoring:
        assert (search.cv_results_[f"mean_test_{name}"] > 0.5).all()
    assert AdjustedRand()(search, X, y) == AdjustedRand()(search.best_estimator_, X, y)


@pytest.mark.parametrize("space", ["latent", "decoded"])
@each_scorer
def test_sequences(scorer, space):
    X, y = data()
    X = X.reshape(90, 3, 2)
    X[::4, 2:] = np.nan
    model = LSTMAutoencoder(2, hidden_size=8, max_epochs=2, random_state=0).fit(X)
    assert scorer.worst < scorer(space=space)(model, X, y) <= 1
