import math
import re

import numpy as np
import pytest
import sklearn.metrics
from helpers.data import clusters
from helpers.models import Given, dense
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt import BayesSearchCV

from skae import LSTMAutoencoder, get_scorer, get_scorer_names
from skae.exceptions import UnknownNameError
from skae.information import mutual_information
from skae.scorers import (
    SCORERS,
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
)

# Those of generated rows need an autoencoder that generates some, and others classes.
NAMES = sorted(set(get_scorer_names()) - {"coverage", "knn_kl", "mmd", "ari", "nmi"})
every_scorer = pytest.mark.parametrize("name", NAMES)


# What is scored


@every_scorer
def test_a_lone_autoencoder_and_a_pipeline_agree(name):
    X = clusters()
    scaled = StandardScaler().fit_transform(X)
    alone = dense().fit(scaled)
    pipeline = make_pipeline(StandardScaler(), dense()).fit(X)
    scorer = get_scorer(name)
    assert scorer(pipeline, X) == pytest.approx(scorer(alone, scaled))


@every_scorer
def test_steps_after_the_autoencoder(name):
    X = clusters()
    pipeline = make_pipeline(
        StandardScaler(), dense(), StandardScaler(), KMeans(3, random_state=0)
    )
    assert math.isfinite(get_scorer(name)(pipeline.fit(X), X))


@every_scorer
def test_a_search_stands_for_its_best_estimator(name):
    X = clusters()
    search = GridSearchCV(dense(), {"n_components": [2]}, cv=2).fit(X)
    scorer = get_scorer(name)
    assert scorer(search, X) == scorer(search.best_estimator_, X)


@every_scorer
def test_pca_is_scored_too(name):
    X = clusters()
    assert math.isfinite(get_scorer(name)(make_pipeline(PCA(2)).fit(X), X))


@every_scorer
def test_sequences(name):
    X = clusters().reshape(90, 3, 2)
    model = LSTMAutoencoder(2, hidden_size=8, max_epochs=3, random_state=0).fit(X)
    assert math.isfinite(get_scorer(name)(model, X))


@every_scorer
def test_pandas_output_changes_nothing(name):
    X = clusters()
    model = dense().fit(X)
    expected = get_scorer(name)(model, X)
    assert get_scorer(name)(model.set_output(transform="pandas"), X) == expected


@every_scorer
def test_integers_and_lists(name):
    X = (10 * clusters()).astype(int)
    model = dense().fit(X)
    expected = get_scorer(name)(model, X.astype(np.float32))
    assert get_scorer(name)(model, X) == pytest.approx(expected)
    assert get_scorer(name)(model, X.tolist()) == pytest.approx(expected)


@every_scorer
def test_without_a_reducer_there_is_nothing_to_score(name):
    pipeline = make_pipeline(StandardScaler()).fit(clusters())
    with pytest.raises(TypeError, match="has no step"):
        get_scorer(name)(pipeline, clusters())


@every_scorer
@pytest.mark.parametrize("code", [0.0, np.nan, np.inf])
def test_a_collapsed_code_scores_the_worst(name, code):
    X = clusters()
    scorer = get_scorer(name)
    reducer = Given(codes=np.full((90, 2), code), back=np.full(X.shape, np.nan))
    assert scorer(reducer, X) == scorer.worst


def test_unknown_names_list_the_known():
    with pytest.raises(UnknownNameError, match=r"'kernel_mi'.*'silhouette'\?"):
        get_scorer("silhuette")


def test_names_of_scikit_learn_are_known_too():
    assert repr(get_scorer("accuracy")) == repr(sklearn.metrics.get_scorer("accuracy"))
    assert "accuracy" not in get_scorer_names()
    with pytest.raises(UnknownNameError, match=r"'ari', .*scikit-learn.* 'accuracy'"):
        get_scorer("acuracy")


def test_names_of_skae_come_first(monkeypatch):
    monkeypatch.setattr(SCORERS, "_classes", {"accuracy": Reconstruction})
    assert isinstance(get_scorer("accuracy"), Reconstruction)


def test_searches_of_scikit_learn_say_of_names_what_the_docstring_says():
    """They know scikit-learn's names, and have no place for others."""
    search = GridSearchCV(PCA(), {"n_components": [2]}, scoring="kernel_mi")
    with pytest.raises(ValueError, match="'kernel_mi'") as caught:
        search.fit(clusters())
    documented = " ".join(get_scorer.__doc__.split())
    beginning, end = str(caught.value).partition("{")[0], "Got 'kernel_mi' instead."
    assert str(caught.value).endswith(end)
    assert re.search(rf"``{beginning}{{.*{end}``", documented)


def test_callables_pass_through():
    scorer = Silhouette(3)
    assert get_scorer(scorer) is scorer


# In searches


@every_scorer
def test_grid_search_over_autoencoders_and_pca(name):
    pipeline = Pipeline([("scale", StandardScaler()), ("reduce", PCA())])
    grid = {"reduce": [PCA(), dense()], "reduce__n_components": [1, 3]}
    search = GridSearchCV(pipeline, grid, scoring=get_scorer(name), cv=2).fit(
        clusters()
    )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_several_metrics_at_once():
    scoring = {name: get_scorer(name) for name in NAMES}
    scores = cross_validate(dense(), clusters(), scoring=scoring, cv=3)
    for name in scoring:
        assert np.isfinite(scores[f"test_{name}"]).all()


@every_scorer
def test_skopt_without_y(name):
    search = BayesSearchCV(
        make_pipeline(StandardScaler(), dense()),
        {"denseautoencoder__n_components": (1, 5)},
        scoring=get_scorer(name),
        n_iter=2,
        cv=2,
        random_state=0,
    )
    # skopt says aloud that it asks for a point twice
    with np.errstate(all="ignore"):
        search.fit(clusters())
    assert 1 <= search.best_params_["denseautoencoder__n_components"] <= 5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_search_with_failing_and_diverging_candidates_finishes():
    grid = [
        {"n_components": [0, 2]},
        {"optimizer": ["sgd"], "learning_rate": [1e20]},
    ]
    plain = dense(linear_path=None)
    search = GridSearchCV(plain, grid, scoring=get_scorer("kernel_mi"), cv=2)
    search.fit(clusters())
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores[0])
    assert np.isfinite(scores[1:]).all()
    assert search.best_params_ == {"n_components": 2}


# What the numbers are


def test_reconstruction_is_the_score_of_the_autoencoder():
    X = clusters()
    model = dense().fit(X)
    assert Reconstruction()(model, X) == pytest.approx(model.score(X))


def test_reconstruction_of_pca_is_its_explained_variance():
    X = clusters()
    pca = PCA(2).fit(X)
    expected = pca.explained_variance_ratio_.sum()
    assert Reconstruction()(pca, X) == pytest.approx(expected)


def test_the_literal_recipe():
    X = clusters()
    model = dense().fit(X)
    scorer = KernelMutualInformation("latent", alpha=2, bandwidth=1.0, adjusted=False)
    expected = mutual_information(X, model.transform(X), alpha=2, bandwidth=1.0)
    assert scorer(model, X) == pytest.approx(float(expected))
    assert scorer.measure(model, X) == expected


def test_kernel_mi_of_codes_is_free_of_scale_and_blind_to_noise():
    X = clusters()
    rng = np.random.default_rng(1)
    codes = PCA(2).fit_transform(X)
    default = KernelMutualInformation("latent")
    literal = KernelMutualInformation("latent", alpha=2, bandwidth=1.0, adjusted=False)
    good, large = Given(codes=codes), Given(codes=100 * codes)
    noise = Given(codes=rng.normal(size=(90, 30)))
    assert default(good, X) == pytest.approx(default(large, X))
    assert default(noise, X) < 0.2 * default(good, X)
    assert literal(noise, X) > literal(good, X)  # what is wrong with it


def test_kernel_mi_of_other_orders_takes_a_subsample():
    X = clusters(300)
    model = dense().fit(X)
    whole = KernelMutualInformation(alpha=1.01)(model, X)
    part = KernelMutualInformation(alpha=1.01, max_samples=150)(model, X)
    assert part != whole
    assert part == pytest.approx(whole, rel=0.2)


@pytest.mark.parametrize("name", ["reconstruction", "kernel_mi", "silhouette"])
def test_pipelines_in_pipelines(name):
    X = clusters()
    flat = make_pipeline(StandardScaler(), PCA(2), KMeans(3, random_state=0, n_init=1))
    inner = make_pipeline(make_pipeline(StandardScaler(), "passthrough"), PCA(2))
    nested = make_pipeline(inner, KMeans(3, random_state=0, n_init=1))
    scores = [get_scorer(name)(model.fit(X), X) for model in (flat, nested)]
    assert scores[0] == scores[1]
