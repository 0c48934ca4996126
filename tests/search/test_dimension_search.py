import warnings
from contextlib import nullcontext

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
from sklearn.utils._param_validation import InvalidParameterError

from skae import DenseAutoencoder, LatentDimensionSearchCV, select_dimension, stacked
from skae.datasets import make_linear_manifold, make_smooth_manifold
from skae.exceptions import DimensionWarning
from skae.scorers import KernelMutualInformation, Reconstruction, RootMeanSquaredError
from skae.search import (
    Best,
    Knee,
    Saturation,
    ScoreStore,
    ShortestDescription,
)
from skae.search._range import DimensionRange


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


@pytest.mark.parametrize(
    ("n_components", "dropped"),
    [([3, 13, 12, 2], "12, 13"), (12, "12"), (99, "12 to 99")],
)
def test_codes_that_do_not_compress_are_left_out_in_words(n_components, dropped):
    message = f"Codes of {dropped} units are left out: they do not compress 12 features"
    with pytest.warns(DimensionWarning, match=message):
        search = pca_search(n_components=n_components).fit(linear())
    assert search.selection_.curve.values.max() < 12
    assert search.n_components_ == 3


@pytest.mark.parametrize("n_components", [[12, 13], [], 0])
def test_nothing_to_compress_is_said(n_components):
    with pytest.raises(ValueError, match=r"leaves nothing to try|in the range"):
        pca_search(n_components=n_components).fit(linear())
    with pytest.raises(ValueError, match="leaves nothing to try"):
        pca_search().fit(linear(1, n_features=1))


@pytest.mark.parametrize("n_components", [[0, 2], [1.5], [-1], ["2"]])
def test_what_is_no_dimension_is_refused(n_components):
    with pytest.raises(ValueError, match="whole numbers, 1 at least"):
        pca_search(n_components=n_components).fit(linear())


def test_the_estimator_is_checked_before_the_data():
    with pytest.raises(InvalidParameterError, match="'estimator' parameter"):
        LatentDimensionSearchCV("pca").fit(linear())


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
    assert isinstance(search._choice.rule, rule)


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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_more_dimensions_than_features_are_named():
    corners = np.eye(12)  # all at one distance: the estimates are infinite
    search = LatentDimensionSearchCV(PCA(), n_components=3, random_state=0)
    with pytest.warns(
        DimensionWarning, match=r"about 12\.0 dim.* \(TwoNN 12\.0"
    ) as told:
        search.fit(corners)
    assert search.intrinsic_dimension_.median == 12
    assert "network" not in str(told[-1].message)
    assert "network" in DimensionRange.of(DenseAutoencoder(), corners).disagreement(3)


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_under_training_warns():
    network = DenseAutoencoder(hidden_layer_sizes=(), max_epochs=1)
    search = LatentDimensionSearchCV(
        network, n_components=4, curve="separate", random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="left unexplained. Either that is n"):
        search.fit(linear(noise=0.6))
    assert search.selection_.verdict.kind == "under-trained"
    assert not search.selection_.verdict.is_settled


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


# Several scorers


SCORERS = {"r2": Reconstruction(), "rmse": RootMeanSquaredError()}


def test_one_of_several_scorers_chooses():
    X = linear()
    alone = pca_search().fit(X)
    search = pca_search(scoring=SCORERS, refit="r2").fit(X)
    assert search.n_components_ == alone.n_components_
    assert str(search.selection_) == str(alone.selection_)
    assert search.best_estimator_[-1].n_components == alone.n_components_
    assert search.score(X) == pytest.approx(alone.score(X))
    best = search.cv_results_["mean_test_rmse"][search.best_index_]
    assert best < 0
    with pytest.warns(DimensionWarning):
        other = pca_search(scoring=SCORERS, refit="rmse", rule="best").fit(X)
    assert other.n_components_ > alone.n_components_


def test_the_first_of_several_scorers_chooses_where_nothing_is_refitted():
    search = pca_search(scoring=SCORERS, refit=False).fit(linear())
    assert search.n_components_ == 3
    assert isinstance(search._choice.rule, ShortestDescription)


@pytest.mark.parametrize("refit", [True, "mse"])
def test_which_of_several_scorers_chooses_has_to_be_said(refit):
    with pytest.raises(ValueError, match="refit"):
        pca_search(scoring=SCORERS, refit=refit).fit(linear())


# A store


def autoencoder_search(store, **params):
    model = DenseAutoencoder(max_epochs=2, hidden_layer_sizes=(4,))
    defaults = {"n_components": 3, "cv": 2, "curve": "separate", "random_state": 0}
    params = defaults | params
    return LatentDimensionSearchCV(
        make_pipeline(StandardScaler(), model), store=store, **params
    )


@pytest.mark.parametrize("surroundings", [nullcontext, stacked])
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_finished_fits_are_not_made_again(tmp_path, fits, surroundings):
    X, store = linear(), tmp_path / "scores.db"
    with surroundings():
        expected = autoencoder_search(store).fit(X)
        assert len(fits) == 3 * 2 + 1
        fits.clear()
        found = autoencoder_search(store, n_components=[2, 3, 4]).fit(X)
    assert len(fits) == 1 * 2 + 1
    np.testing.assert_array_equal(
        found.selection_.curve.scores[:2], expected.selection_.curve.scores[1:]
    )


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_interrupted_search_goes_on(tmp_path, fits):
    X, store = linear(), ScoreStore(tmp_path / "scores.db")
    fits.interrupted = [4]
    with pytest.raises(KeyboardInterrupt):
        autoencoder_search(store, n_restarts=2).fit(X)
    fits.clear()
    fits.interrupted = ()
    found = autoencoder_search(store, n_restarts=2).fit(X)
    assert len(fits) == 12 - 3 + 1
    expected = autoencoder_search(None, n_restarts=2).fit(X)
    np.testing.assert_array_equal(
        found.selection_.curve.scores, expected.selection_.curve.scores
    )
    assert found.selection_.verdict == expected.selection_.verdict


def test_what_is_no_store_is_refused():
    with pytest.raises(InvalidParameterError, match="'store' parameter"):
        autoencoder_search(3).fit(linear())
