from dataclasses import fields

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from skae import DenseAutoencoder
from skae.bottlenecks import PointBottleneck
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet
from skae.cli._outcome import Outcome
from skae.cli._plan import Plan
from skae.cli._run import run
from skae.cli._settings import Settings
from skae.search import ScoreStore

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
DATA = DataSet("noise", X, list("abcd"))


class Watch:
    """A callback of scikit-learn that hands on the name of each task that begins."""

    def __init__(self, see):
        self.see = see

    def setup(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        self.see(context.task_name)

    def on_fit_task_end(self, estimator, context): ...

    def teardown(self, estimator, context): ...


def plan(components, **choices):
    choices = {"max_epochs": 2, "folds": 2, "search": "grid"} | choices
    return Plan(DATA, Settings("noise", "out", "dense", components, **choices))


def outcome(components, **choices):
    return run(plan(components, **choices))


@pytest.fixture
def fits(monkeypatch):
    """The list of the fits that are made from now on, in this process."""
    made, fit = [], DenseAutoencoder.fit

    def counted(self, *args, **kwargs):
        made.append(self)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(DenseAutoencoder, "fit", counted)
    return made


@pytest.fixture
def interrupt(monkeypatch):
    """Return a function that lets Ctrl-C come in the n-th fit from now on."""
    fit = DenseAutoencoder.fit

    def interrupt(n):
        countdown = iter([*[False] * (n - 1), True])

        def interrupted(self, *args, **kwargs):
            if next(countdown, False):
                raise KeyboardInterrupt
            return fit(self, *args, **kwargs)

        monkeypatch.setattr(DenseAutoencoder, "fit", interrupted)

    return interrupt


def test_the_outcome_is_that_of_the_chosen_dimension():
    found = outcome((1, 3), scorer="reconstruction")
    assert found.chosen == found.verdict.best == 3
    assert found.model["autoencoder"].n_components == 3
    means = -found.cv_results["mean_test_neg_rmse"]
    assert found.rmse == pytest.approx(means[1])
    assert found.r2 == pytest.approx(found.curve.mean[1])
    assert found.remarks(4) == []


def test_pca_is_compared_on_the_same_folds():
    made = plan((2,), scale="none")
    errors = []
    for train, test in made.cv.split(X):
        pca = PCA(2).fit(X[train])
        X_hat = pca.inverse_transform(pca.transform(X[test]))
        errors.append(np.sqrt(np.mean((X[test] - X_hat) ** 2)))
    found = run(made)
    assert found.linear_rmse == pytest.approx(np.mean(errors), rel=1e-5)


def test_pca_of_all_columns_is_no_comparison():
    found = outcome((4,))
    assert found.linear_rmse is None
    [remark] = found.remarks(4)
    assert "--components 1:3" in remark


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    outcome((1,))
    assert torch.get_num_threads() == before


def test_a_model_that_never_fits_is_told_before_the_search():
    made = plan((1,))
    made.pipeline.set_params(autoencoder__activation="nonsense")
    with pytest.raises(InputError, match=r"does not fit the data: .*nonsense"):
        run(made, callbacks=[Watch(pytest.fail)])


def test_a_scorer_that_never_scores_is_told_before_the_search():
    def never(model, X, y=None):
        raise TypeError("it has no such thing")

    made = plan((1,))
    made.scorer = never
    with pytest.raises(InputError, match="cannot score the model: it has no") as info:
        run(made, callbacks=[Watch(pytest.fail)])
    assert info.value.option == "--scorer"


@pytest.mark.parametrize("search", ["grid", "bayes", "evolution"])
def test_callbacks_watch_the_search(search):
    seen = []
    run(plan((1, 2, 3), search=search, n_iter=2), callbacks=[Watch(seen.append)])
    assert "refit-with-best-params" in seen


# The candidate that an evolution chooses


def test_an_evolution_chooses_a_whole_candidate():
    found = outcome((1, 2, 3), search="evolution", n_iter=12, scorer="reconstruction")
    row, results = found.selection.index, found.cv_results
    chosen = results["params"][row]
    model = found.model["autoencoder"]
    assert chosen["autoencoder__n_components"] == found.chosen == model.n_components
    assert found.params == {"hidden_layer_sizes": model.hidden_layer_sizes}
    assert chosen["autoencoder__hidden_layer_sizes"] == model.hidden_layer_sizes
    assert found.search.best_index_ == row
    assert found.r2 == pytest.approx(results["mean_test_reconstruction"][row])
    assert found.rmse == pytest.approx(-results["mean_test_neg_rmse"][row])


def test_an_evolution_looks_for_the_best_layers_of_each_dimension():
    found = outcome((1, 2, 3), search="evolution", n_iter=12, rule="threshold")
    assert len(found.cv_results["params"]) == 12
    assert found.curve.values.tolist() == [1, 2, 3]
    scores = found.cv_results["mean_test_kernel_mi"]
    dimensions = np.array(found.cv_results["cost_latent_dimension"])
    for value, row in zip(found.curve.values, found.curve.rows, strict=True):
        assert scores[row] == scores[dimensions == value].max()


def test_layers_that_were_not_searched_are_not_told():
    found = outcome((1, 2))
    assert found.params == {}
    assert found.architecture is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"hidden_layer_sizes": (32, 8)}, "hidden layers of 32-8"),
        ({"hidden_layer_sizes": (32,)}, "a hidden layer of 32"),
        ({"hidden_layer_sizes": ()}, "no hidden layer (linear)"),
        ({"hidden_size": 9, "n_layers": 1}, "an LSTM layer of 9 units"),
        ({"n_layers": 2, "hidden_size": 9}, "2 LSTM layers of 9 units each"),
    ],
)
def test_layers_in_words(params, words):
    names = {field.name: None for field in fields(Outcome)}
    assert Outcome(**names | {"params": params}).architecture == words


def test_an_lstm_evolves_too():
    data = DataSet("walk", X[:, :1].cumsum(axis=0), ["a"])
    choices = {"window": 5, "max_epochs": 1, "folds": 2, "n_iter": 2}
    settings = Settings("walk", "out", "lstm", (1, 2), search="evolution", **choices)
    found = run(Plan(data, settings))
    assert set(found.params) == {"hidden_size", "n_layers"}
    assert "LSTM layer" in found.architecture


def test_candidates_that_fail_are_told(monkeypatch):
    def fail_with_layers(self):
        if self.hidden_layer_sizes != (64, 64):
            raise ValueError("no")
        return PointBottleneck()

    monkeypatch.setattr(DenseAutoencoder, "_bottleneck", fail_with_layers)
    found = outcome((1, 2), search="evolution", n_iter=4)
    assert found.params == {"hidden_layer_sizes": (64, 64)}
    assert "2 of the 4 candidates failed in at least one fold" in found.remarks(4)[-1]


# Finished fits are not made again


@pytest.mark.parametrize("search", ["grid", "bayes", "evolution"])
def test_a_search_goes_on_after_an_interrupt(search, tmp_path, fits, interrupt):
    store = ScoreStore(tmp_path / "store.sqlite")
    made = plan(
        (1, 2, 3) if search == "grid" else (1, 2, 3, 4), search=search, n_iter=3
    )
    expected = run(made)
    assert expected.n_recalled == 0
    interrupt(1 + 4)  # the first one is a trial
    with pytest.raises(KeyboardInterrupt):
        run(made, store)
    assert len(store) == 3
    fits.clear()
    found = run(made, store)
    assert (found.n_fits, found.n_recalled) == (6, 3)
    assert len(fits) == 1 + 3 + 1  # a trial, what was missing, and the refit
    assert found.selection.value == expected.selection.value
    np.testing.assert_array_equal(found.fold_rmse, expected.fold_rmse)


def test_what_other_settings_change_is_fitted(tmp_path, fits):
    store = ScoreStore(tmp_path / "store.sqlite")
    run(plan((1, 2)), store)
    fits.clear()
    assert run(plan((1, 2, 3)), store).n_recalled == 4
    assert run(plan((1, 2), max_epochs=3), store).n_recalled == 0
    assert len(fits) == (1 + 2 + 1) + (1 + 4 + 1)


def test_an_interrupt_leaves_no_time_for_a_refit(fits, interrupt):
    made = plan((1, 2, 3, 4), search="bayes", n_iter=3)
    interrupt(1 + 4)
    with pytest.raises(KeyboardInterrupt):
        run(made)
    assert len(fits) == 1 + 3
