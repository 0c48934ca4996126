"""Halving searches whose candidates go on from the weights of the round before."""

import numpy as np
import pytest
from helpers.data import plane
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import VAE, DenseAutoencoder, stacked
from skae.schedules import Cyclic, LinearWarmup
from skae.search import continued, remember

RATES = [1e-5, 1e-4, 1e-3, 1e-2]


def model(kind=DenseAutoencoder, **parameters):
    settings = {"learning_rate_schedule": "constant", "hidden_layer_sizes": (4,)}
    return kind(2, random_state=0, **settings | parameters)


def halving(estimator, prefix="", **parameters):
    return HalvingGridSearchCV(
        estimator,
        {f"{prefix}learning_rate": RATES},
        resource=f"{prefix}max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
        **parameters,
    )


def scores(search):
    return search.cv_results_["mean_test_score"]


def n_epochs_trained(monkeypatch):
    """Return a list that grows by the length of each training."""
    lengths, train = [], DenseAutoencoder._train

    def noted(self, data, rows, rows_val, length, context):
        lengths.append(length.last)
        return train(self, data, rows, rows_val, length, context)

    monkeypatch.setattr(DenseAutoencoder, "_train", noted)
    return lengths


@pytest.mark.parametrize("kind", [DenseAutoencoder, VAE])
@pytest.mark.parametrize("in_stacks", [False, True])
def test_scores_are_those_of_fits_from_the_start(kind, in_stacks):
    X = plane(60)
    expected = halving(model(kind)).fit(X)
    search = halving(model(kind))
    with continued(search):
        if in_stacks:
            with stacked():
                search.fit(X)
        else:
            search.fit(X)
    assert search.cv_results_["params"] == expected.cv_results_["params"]
    np.testing.assert_allclose(scores(search), scores(expected), atol=1e-6)
    np.testing.assert_array_equal(search.transform(X), expected.transform(X))


def test_only_the_epochs_that_lack_are_trained(monkeypatch):
    lengths = n_epochs_trained(monkeypatch)
    search = halving(model(), refit=False)
    with continued(search):
        search.fit(plane(60))
    # four candidates, then two, then one, on two folds
    assert lengths == [2] * 8 + [2] * 4 + [4] * 2


def test_pipelines_go_on_too(monkeypatch):
    X = 5 + 3 * plane(60)
    pipeline = make_pipeline(StandardScaler(), model())
    expected = halving(pipeline, "denseautoencoder__").fit(X)
    lengths = n_epochs_trained(monkeypatch)
    search = halving(pipeline, "denseautoencoder__", refit=False)
    with continued(search, "denseautoencoder__max_epochs"):
        search.fit(X)
    assert sum(lengths) == 32
    np.testing.assert_allclose(scores(search), scores(expected), atol=1e-12)


def test_processes_go_on_too():
    X = plane(60)
    search = halving(model(), n_jobs=2)
    with continued(search):
        search.fit(X)
    np.testing.assert_allclose(scores(search), scores(halving(model()).fit(X)))


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_store_has_no_fits_that_go_on(tmp_path, is_inside):
    X, path = plane(60), tmp_path / "scores.db"
    search = halving(model())
    contexts = [lambda: continued(search), lambda: remember(search, path)]
    first, second = contexts if is_inside else contexts[::-1]
    with first(), second():
        search.fit(X)
    expected = halving(model()).fit(X)
    np.testing.assert_allclose(scores(search), scores(expected))
    again = halving(model())
    with remember(again, path):
        again.fit(X)
    np.testing.assert_allclose(scores(again), scores(expected))


@pytest.mark.filterwarnings("ignore:One or more of the t.* scores are non-finite")
def test_a_failed_candidate_does_not_go_on():
    grid = [{"learning_rate": RATES[2:]}, {"hidden_layer_sizes": [(2,), "no size"]}]
    search = halving(model()).set_params(param_grid=grid)
    with continued(search), pytest.warns(Warning, match="fits failed"):
        search.fit(plane(60))
    assert np.isfinite(search.best_score_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate_schedule": "one_cycle"}, "learning_rate_schedule='one_cycle'"),
        ({"early_stopping": True}, "early_stopping=True"),
        ({"warm_start": True}, "warm_start=True"),
    ],
    ids=lambda value: "",
)
def test_fits_that_would_end_elsewhere_are_refused(parameters, message):
    search = halving(model(**parameters))
    with continued(search), pytest.raises(ValueError, match=message):
        search.fit(plane(60))


def test_weights_that_depend_on_the_number_of_epochs_are_refused():
    search = halving(model(VAE, beta=LinearWarmup(n_epochs=5)))
    with continued(search), pytest.raises(ValueError, match="beta=LinearWarmup"):
        search.fit(plane(60))


def test_other_schedules_go_on():
    X, vae = plane(60), model(VAE, beta=Cyclic(period=3))
    search = halving(vae)
    with continued(search):
        search.fit(X)
    np.testing.assert_allclose(scores(search), scores(halving(vae).fit(X)), atol=1e-6)


def test_candidates_that_are_twice_there_go_on_once():
    X, grid = plane(60), {"learning_rate": [1e-2, 1e-2, 1e-3, 1e-3]}
    search = halving(model()).set_params(param_grid=grid)
    with continued(search):
        search.fit(X)
    expected = halving(model()).set_params(param_grid=grid).fit(X)
    np.testing.assert_allclose(scores(search), scores(expected), atol=1e-12)


def test_pipelines_that_cache_are_refused(tmp_path):
    pipeline = make_pipeline(StandardScaler(), model(), memory=str(tmp_path))
    search = halving(pipeline, "denseautoencoder__")
    with (
        continued(search, "denseautoencoder__max_epochs"),
        pytest.raises(ValueError, match="memory is set"),
    ):
        search.fit(plane(60))


def test_a_resource_that_is_no_number_of_epochs_is_refused():
    with (
        pytest.raises(ValueError, match="no number of epochs"),
        continued(halving(model()), "batch_size"),
    ):
        pass
