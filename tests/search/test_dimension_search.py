import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LatentDimensionSearchCV, select_dimension, stacked
from skae.datasets import make_linear_manifold, make_smooth_manifold
from skae.exceptions import DimensionWarning
from skae.scorers import KernelMutualInformation, Reconstruction
from skae.search import Best, Knee, Saturation, ShortestDescription


def linear(d=3, n_features=12, noise=0.05, seed=0, n_samples=300):
    return make_linear_manifold(
        n_samples, d, n_features, noise=noise, random_state=seed
    ).X


def pca_search(**params):
    estimator = make_pipeline(StandardScaler(), PCA())
    return LatentDimensionSearchCV(estimator, **{"random_state": 0, **params})


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_the_dimension_of_linear_data_is_found(d):
    for seed in range(3):
        search = pca_search().fit(linear(d, seed=seed))
        assert search.n_components_ == d
        assert search.selection_.verdict.kind == "clear"
        assert search.best_estimator_[-1].n_components == d
        assert search.cv_results_["params"][search.best_index_] == search.best_params_


@pytest.mark.slow  # the function's example is another such surface
def test_an_autoencoder_finds_the_dimension_of_a_curved_surface():
    X = make_smooth_manifold(600, 2, 15, noise=0.05, random_state=3).X
    with stacked():
        selection = select_dimension(X, random_state=0, n_components=5)
    assert selection.value == 2


def test_the_bound_lies_below_the_features_and_above_the_estimates():
    search = pca_search().fit(linear(2, n_features=30))
    tried = search.selection_.curve.values
    assert tried[0] == 1
    assert tried[-1] == search.intrinsic_dimension_.upper_bound < 29
    assert search.n_features_ == 30
    small = pca_search().fit(linear(1, n_features=3)).selection_.curve
    assert small.values.tolist() == [1, 2]
    assert small.is_complete


@pytest.mark.parametrize(
    ("n_components", "tried"), [(4, [1, 2, 3, 4]), ([6, 2, 4], [2, 4, 6]), (99, None)]
)
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_dimensions_may_be_given(n_components, tried):
    search = pca_search(n_components=n_components).fit(linear())
    assert search.selection_.curve.values.tolist() == (tried or list(range(1, 12)))


def test_nothing_to_compress_is_said():
    with pytest.raises(ValueError, match="leaves nothing to try"):
        pca_search(n_components=[12, 13]).fit(linear())
    with pytest.raises(ValueError, match="leaves nothing to try"):
        pca_search().fit(linear(1, n_features=1))


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_rules_and_scores_may_be_others():
    X = linear()
    assert pca_search(rule="threshold").fit(X).n_components_ <= 3
    assert pca_search(rule=Knee()).fit(X).n_components_ == 3
    search = pca_search(scoring="kernel_mi").fit(X)
    assert "95% of the highest" in str(search.selection_)
    assert search.n_components_ in (2, 3)


@pytest.mark.parametrize(
    ("scoring", "rule"),
    [
        ("reconstruction", ShortestDescription),
        (Reconstruction(), ShortestDescription),
        ("kernel_mi", Saturation),
        (KernelMutualInformation("latent"), Best),
        ("silhouette", Best),
        (lambda estimator, X: 1.0 * estimator.n_components, Saturation),
    ],
)
def test_each_score_has_its_rule(scoring, rule):
    X = make_linear_manifold(60, 2, 6, random_state=0).X
    search = LatentDimensionSearchCV(
        PCA(), scoring=scoring, n_components=2, cv=2, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        search.fit(X)
    assert isinstance(search._rule, rule)


def test_rows_in_order_do_not_mislead_the_function():
    manifold = make_linear_manifold(200, 3, 10, noise=0.02, random_state=0)
    X = manifold.X[np.argsort(manifold.X[:, 0])]
    selection = select_dimension(X, PCA(), random_state=0)
    assert selection.value == 3
    assert "shortest description" in str(selection)


def test_the_function_takes_classes():
    X, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        found = select_dimension(X, PCA(), y=y, scoring="ari", random_state=0)
    assert found.value in (1, 2, 3)


def test_restarts_tell_chance_from_difference():
    model = DenseAutoencoder(max_epochs=2, linear_path=None)
    search = LatentDimensionSearchCV(
        make_pipeline(StandardScaler(), model),
        n_components=3,
        n_restarts=3,
        rule="best",
        random_state=0,
    )
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        search.fit(rng.normal(size=(60, 8)))
    assert len(search.cv_results_["params"]) == 9
    assert search.selection_.verdict.kind == "flat"
    assert "restarts" in search.selection_.verdict.text


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimates_that_disagree_are_shown():
    X = make_linear_manifold(500, 8, 20, noise=0.02, random_state=0).X
    with pytest.warns(DimensionWarning, match=r"TwoNN \d"):
        pca_search(n_components=3).fit(X)


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_under_training_warns():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    with pytest.warns(ConvergenceWarning, match="unexplained"):
        pca_search(n_components=3).fit(X)


def test_sequences_and_later_steps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 12)) + 5
    pipeline = make_pipeline(StandardScaler(), PCA(), KMeans(2, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DimensionWarning)
        search = LatentDimensionSearchCV(pipeline, rule="saturation", random_state=0)
        search.fit(X)
    assert search.n_components_ == 2
    assert search.predict(X).shape == (60,)


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_progress_and_clones(capfd):
    search = pca_search(cv=3, n_restarts=2)
    assert clone(search).get_params()["n_restarts"] == 2
    search.set_callbacks(ProgressBar()).fit(linear())
    assert "LatentDimensionSearchCV" in capfd.readouterr().out


def test_a_pipeline_in_a_pipeline():
    X = linear(2)
    inner = make_pipeline(StandardScaler(), PCA())
    nested = make_pipeline(inner, KMeans(3, n_init=1, random_state=0))
    search = LatentDimensionSearchCV(nested, random_state=0).fit(X)
    assert search.best_params_["pipeline__pca__n_components"] == 2
    expected = pca_search().fit(X).selection_.curve
    np.testing.assert_allclose(search.selection_.curve.scores, expected.scores)
