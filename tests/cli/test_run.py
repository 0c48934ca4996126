import warnings

import numpy as np
import pytest
import torch
from helpers.callbacks import Silent
from helpers.data import normal
from helpers.plans import planned
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder, select_dimension, stacked
from skae.bottlenecks import PointBottleneck
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet, read_data
from skae.cli._outcome import _others
from skae.cli._plan import PARAM
from skae.cli._run import run
from skae.datasets import dataset_names
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.search import ScoreStore

X = normal(40, 4, dtype=np.float32)
DATA = DataSet("noise", X, list("abcd"))


class Watch(Silent):
    """A callback of scikit-learn that hands on the name of each task that begins."""

    def __init__(self, see):
        self.see = see

    def on_fit_task_begin(self, estimator, context):
        self.see(context.task_name)


def plan(components, **choices):
    choices = {"max_epochs": 2, "folds": 2} | choices
    return planned(DATA, components=components, **choices)


def outcome(components, **choices):
    return run(plan(components, **choices))


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
    found = outcome("1,3", rule="best")
    assert found.chosen == 3
    assert found.model["autoencoder"].n_components == 3
    means = -found.cv_results["mean_test_neg_rmse"]
    assert found.rmse == pytest.approx(means[1])
    assert found.score("reconstruction") == pytest.approx(found.curve.mean[1])


def test_errors_are_means_over_restarts():
    found = outcome("1:3", restarts=2, rule="best")
    results = found.cv_results
    rows = [p[PARAM] == found.chosen for p in results["params"]]
    assert np.sum(rows) == 2
    errors = -results["mean_test_neg_rmse"][rows]
    assert errors[0] != errors[1]
    assert found.rmse == pytest.approx(errors.mean())
    assert found.score("reconstruction") == pytest.approx(found.curve.mean.max())


def test_estimates_that_disagree_are_told():
    Z = normal(200, 1)
    line = DataSet("line", (Z * np.ones(5)).astype(np.float32), list("abcde"))
    made = planned(line, components="3", max_epochs=1, folds=2)
    [remark] = run(made).remarks(made)
    assert remark.startswith("3 units are chosen, but the distances between neighb")


def test_pca_is_compared_on_the_same_folds():
    made = plan("2", scale="none")
    errors = []
    for train, test in made.cv.split(X):
        pca = PCA(2).fit(X[train])
        X_hat = pca.inverse_transform(pca.transform(X[test]))
        errors.append(np.sqrt(np.mean((X[test] - X_hat) ** 2)))
    found = run(made)
    assert -found.linear == pytest.approx(np.mean(errors), rel=1e-5)


def test_pca_of_more_components_than_rows_is_no_comparison():
    few = DataSet("few", np.eye(6, dtype=np.float32), list("abcdef"))
    plan = planned(few, components="3", max_epochs=1, folds=2)
    assert run(plan).linear is None


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    outcome("1")
    assert torch.get_num_threads() == before


def test_a_model_that_never_fits_is_told_before_the_search():
    made = plan("1")
    made.pipeline.set_params(autoencoder__activation="nonsense")
    with pytest.raises(InputError, match=r"does not fit the data: .*nonsense"):
        run(made, callbacks=[Watch(pytest.fail)])


def test_a_scorer_that_never_scores_is_told_before_the_search():
    def never(model, X, y=None):
        raise TypeError("it has no such thing")

    made = plan("1")
    made.scorer = never
    with pytest.raises(InputError, match="cannot score the model: it has no") as info:
        run(made, callbacks=[Watch(pytest.fail)])
    assert info.value.option == "--scorer"


BUDGETS = [("curve", None), ("bayes", 3), ("evolution", 3)]


@pytest.mark.parametrize(("search", "n_iter"), BUDGETS)
def test_callbacks_watch_the_search(search, n_iter):
    seen = []
    made = plan("1:3", search=search, n_iter=n_iter)
    run(made, callbacks=[Watch(seen.append)])
    assert "refit-with-best-params" in seen


# The candidate that an evolution chooses


def test_an_evolution_chooses_a_whole_candidate():
    found = outcome("1:3", search="evolution", n_iter=12, scorer="reconstruction")
    row, results = found.selection.index, found.cv_results
    chosen = results["params"][row]
    model = found.model["autoencoder"]
    assert chosen["autoencoder__n_components"] == found.chosen == model.n_components
    assert chosen["autoencoder__hidden_layer_sizes"] == model.hidden_layer_sizes
    assert "-".join(map(str, model.hidden_layer_sizes)) in found.others
    assert found.search.best_index_ == row
    r2 = results["mean_test_reconstruction"][row]
    assert found.score("reconstruction") == pytest.approx(r2)
    assert found.rmse == pytest.approx(-results["mean_test_neg_rmse"][row])


def test_an_evolution_looks_for_the_best_layers_of_each_dimension():
    found = outcome("1:3", search="evolution", n_iter=12, scorer="kernel_mi")
    assert len(found.cv_results["params"]) == 12
    assert found.curve.values.tolist() == [1, 2, 3]
    scores = found.cv_results["mean_test_kernel_mi"]
    dimensions = np.array(found.cv_results["cost_latent_dimension"])
    for value, row in zip(found.curve.values, found.curve.rows, strict=True):
        assert scores[row] == scores[dimensions == value].max()


def test_what_was_not_searched_is_not_told():
    assert outcome("1:2").others is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"hidden_layer_sizes": (32, 8)}, "hidden layers of 32-8"),
        ({"hidden_layer_sizes": (32,)}, "a hidden layer of 32"),
        ({"hidden_layer_sizes": ()}, "no hidden layer (linear)"),
        ({"hidden_size": 9, "n_layers": 1}, "an LSTM layer of 9 units"),
        ({"n_layers": 2, "hidden_size": 9}, "2 LSTM layers of 9 units each"),
        (
            {"learning_rate": 0.00123, "weight_decay": 1e-6},
            "learning rate 0.0012, weight decay 1e-06",
        ),
    ],
)
def test_what_was_chosen_in_words(params, words):
    params = {f"autoencoder__{name}": value for name, value in params.items()}
    seed = {"autoencoder__random_state": 3}
    assert _others({PARAM: 2} | seed | params) == words


def test_a_bayesian_search_tells_how_the_choice_was_trained():
    found = outcome("1:3", search="bayes", n_iter=3)
    model = found.model["autoencoder"]
    assert f"learning rate {model.learning_rate:.2g}, weight decay" in found.others
    assert found.chosen == model.n_components


def test_an_lstm_evolves_too():
    data = DataSet("walk", X[:, :1].cumsum(axis=0), ["a"])
    choices = {"window": 5, "max_epochs": 1, "folds": 2, "n_iter": 2}
    found = run(planned(data, components="1:2", search="evolution", **choices))
    assert "LSTM layer" in found.others


def test_candidates_that_fail_are_told(monkeypatch):
    def fail_with_layers(self):
        if self.hidden_layer_sizes != (64, 64):
            raise ValueError("no")
        return PointBottleneck()

    monkeypatch.setattr(DenseAutoencoder, "_bottleneck", fail_with_layers)
    made = plan("1:2", search="evolution", n_iter=4)
    found = run(made)
    assert found.model["autoencoder"].hidden_layer_sizes == (64, 64)
    assert "2 of the 4 candidates failed in at least one" in found.remarks(made)[-1]


def test_dimensions_that_fail_are_told(monkeypatch):
    def fail(self):
        if self.n_components == 2:
            raise ValueError("no")
        return PointBottleneck()

    monkeypatch.setattr(DenseAutoencoder, "_bottleneck", fail)
    made = plan("1:3", rule="description_length")
    remarks = run(made).remarks(made)
    assert remarks[-1] == "Failed in at least one fold, and left out: 2."


def test_a_search_in_which_everything_fails_is_told(monkeypatch):
    fit = DenseAutoencoder.fit

    def fail(self, *args, **kwargs):
        if self.max_epochs > 1:  # not in the trial
            raise ValueError("no such thing")
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(DenseAutoencoder, "fit", fail)
    with pytest.raises(
        InputError, match=r"No dimension can be chosen: .*no such thing"
    ):
        outcome("1:2")


def test_a_rule_that_does_not_suit_the_scores_is_told():
    made = plan("1:3", scorer="kernel_mi", rule="description_length")
    made.scorer = lambda model, X, y=None: 2.0
    with pytest.raises(InputError, match="shares of variance"):
        run(made)


# Finished fits are not made again


@pytest.mark.parametrize(("search", "n_iter"), BUDGETS)
def test_a_search_goes_on_after_an_interrupt(search, n_iter, tmp_path, fits, interrupt):
    store = ScoreStore(tmp_path / "store.sqlite")
    rule = "description_length"  # of a fit for each size
    made = plan("1:3", search=search, n_iter=n_iter, n_jobs=1, rule=rule)
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
    rule = "description_length"  # of a fit for each size
    run(plan("1:2", rule=rule), store)
    fits.clear()
    assert run(plan("1:3", rule=rule), store).n_recalled == 4
    assert run(plan("1:2", max_epochs=3, rule=rule), store).n_recalled == 0
    assert len(fits) == (1 + 2 + 1) + (1 + 4 + 1)


def test_nested_fits_are_recalled(tmp_path, fits):
    store = ScoreStore(tmp_path / "store.sqlite")
    first = run(plan("1:3"), store)
    assert (first.n_fits, first.n_recalled) == (2, 0)
    fits.clear()
    again = run(plan("1:4", max_epochs=3), store)  # refits only are others
    assert (again.n_fits, again.n_recalled) == (2, 2)
    assert len(fits) == 1 + 0 + 1 + 2  # and those in full on the folds
    assert again.selection.interval == first.selection.interval


def test_what_is_told_is_of_the_model_that_is_kept():
    made = plan("1:3")
    found = run(made)
    assert found.search.curve_ == "nested"
    model = clone(made.pipeline).set_params(**{PARAM: found.chosen})
    with stacked():
        expected = cross_validate(model, made.X, cv=made.cv, scoring=made.scoring)
    for metric in made.scoring:
        scores = expected[f"test_{metric}"]
        # steps of two epochs at a start as PCA are mostly rounding
        np.testing.assert_allclose(found.chosen_scores(metric), scores, rtol=2e-3)
        assert found.score(metric) == pytest.approx(scores.mean(), rel=2e-3)
    of_nested = found.fold_scores("reconstruction", found.selection.index)
    assert abs(of_nested - found.chosen_scores("reconstruction")).max() > 1e-2


def test_an_interrupt_leaves_no_time_for_a_refit(fits, interrupt):
    made = plan("1:3", search="bayes", n_iter=8, n_jobs=1)
    interrupt(1 + 4 * 2 + 1)  # after a first step of four candidates
    with pytest.raises(KeyboardInterrupt):
        run(made)
    assert len(fits) == 1 + 4 * 2


# What the command says is what the library says


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("name", dataset_names())
def test_the_command_and_the_library_say_the_same(name):
    data = read_data(name)
    choices = {"components": "1:4", "max_epochs": 2, "folds": 2, "estimator": "dense"}
    made = planned(data, **choices)
    scale = StandardScaler() if data.image_shape is None else "passthrough"
    cv = KFold(2, shuffle=True, random_state=0)
    if data.window:
        scale = SequenceScaler()
        cv = ContiguousKFold(2, gap=data.window - 1)
    estimator = make_pipeline(scale, DenseAutoencoder(max_epochs=2))
    X = data.X
    if data.window:
        X = SlidingWindow(data.window, flatten=True).fit_transform(X)
    settings = {"n_components": 4 if len(X[0]) > 4 else 3, "random_state": 0}
    with stacked(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = select_dimension(X, estimator, cv=cv, **settings)
    found = run(made).selection
    assert found.value == expected.value
    assert found.verdict == expected.verdict
    np.testing.assert_allclose(found.curve.scores, expected.curve.scores, rtol=1e-4)


@pytest.mark.usefixtures("few_steps")
def test_the_range_of_the_command_is_that_of_the_library():
    data = read_data("airline-passengers")
    made = planned(data, max_epochs=1, folds=2)
    windows = SlidingWindow(10).fit_transform(data.X)
    estimator = make_pipeline(SequenceScaler(), LSTMAutoencoder(max_epochs=1))
    cv = ContiguousKFold(2, gap=9)
    with stacked(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = select_dimension(windows, estimator, cv=cv, random_state=0)
    found = run(made).selection
    assert found.curve.values.tolist() == expected.curve.values.tolist()
    assert (found.value, found.verdict) == (expected.value, expected.verdict)
