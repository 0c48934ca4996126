import warnings

import numpy as np
import pytest
import skopt
from joblib import parallel_config
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks
from skopt.space import Categorical, Integer, Real

from skae.scorers import Reconstruction
from skae.search.bayes._optimizer import Suggestions
from skae.search.bayes._search import BayesSearchCV
from skae.search.bayes._space import SearchSpace, as_spaces
from skae.search.fits import ScoreStore

X = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
QUICK = {"n_initial_points": 100}  # candidates at random
GAUSSIAN = {"n_initial_points": 2, "acq_optimizer": "sampling"}


class Table(BaseEstimator):
    """Scores what a table says of its parameters, and notes each fit."""

    fits = []

    def __init__(self, a=None, b=None, table=None):
        self.a = a
        self.b = b
        self.table = table

    def fit(self, X, y=None, weight=None):
        self.fits.append((self.a, self.b, weight is not None))
        self.value_ = self.table(self.a, self.b) if self.table else 0.0
        if isinstance(self.value_, BaseException):
            raise self.value_
        return self

    def score(self, X, y=None):
        return self.value_


def bayes(table, space, n_iter=5, **params):
    params = {"cv": 2, "random_state": 0, "optimizer_kwargs": QUICK, **params}
    return BayesSearchCV(Table(table=table), space, n_iter=n_iter, **params)


def fitted(*args, **params):
    Table.fits.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="Some candidates have no finite")
        return bayes(*args, **params).fit(X)


def tried(search, name="a"):
    return [candidate[name] for candidate in search.cv_results_["params"]]


# Spaces.


def test_categories_may_be_anything():
    kinds = [(64, 32), (64,), None, "auto", 3, 2.5, True, [1, 2], PCA(2)]
    search = fitted(lambda a, b: float(a == (64,)), {"a": kinds}, n_iter=20)
    found = tried(search)
    assert len(found) == len(kinds)
    assert all(any(each is kind for kind in kinds) for each in found)
    assert search.best_params_ == {"a": (64,)}
    assert search.best_estimator_.a == (64,)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ((3, 3), 3),
        ((0.5, 0.5), 0.5),
        ((0.5, 0.5, "log-uniform"), 0.5),
        (["relu"], "relu"),
        ([(8, 4)], (8, 4)),
        ([None], None),
        (np.array([7]), 7),
    ],
)
def test_one_value_is_no_choice(given, value):
    alone = fitted(None, {"a": given})
    assert tried(alone) == [value]
    assert type(tried(alone)[0]) is type(value)
    beside = fitted(None, {"a": given, "b": (1, 3)})
    assert tried(beside) == [value] * 3
    assert sorted(tried(beside, "b")) == [1, 2, 3]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ((1, 9), int),
        ((1, 9, "log-uniform"), int),
        ((1.0, 9.0), float),
        ((1e-3, 1.0, "log-uniform"), float),
        (Integer(1, 9), int),
        (Real(1, 9), float),
        (Categorical(["x", "y"]), str),
        (["x", "y"], str),
        ([1, 2, 4], int),
        ([0.1, 0.2, 0.4], float),
        (np.arange(3, 7), int),
        ([True, False], bool),
    ],
)
def test_values_are_of_their_own_type(given, kind):
    search = fitted(None, {"a": given}, n_iter=3)
    assert {type(value) for value in tried(search)} == {kind}


def test_the_given_dimensions_are_left_alone():
    dimension = Integer(1, 9)
    before = repr(dimension), dimension.name, dimension.transform_
    fitted(None, {"a": dimension})
    assert (repr(dimension), dimension.name, dimension.transform_) == before


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "empty"),
        ([], ValueError, "empty"),
        ("a", TypeError, "pass a dict"),
        ([("a", 3)], TypeError, "pass a dict"),
        ([({"a": (1, 3)}, -1)], TypeError, "number of candidates"),
        ({"a": []}, ValueError, "The list of values of 'a' is empty"),
        ({"a": 3}, TypeError, "The range of 'a' is 3"),
        ({"a": "relu"}, TypeError, "The range of 'a' is 'relu'"),
        ({"a": (5, 2)}, ValueError, "bound"),
    ],
)
def test_spaces_that_are_none(given, error, message):
    with pytest.raises(error, match=message):
        BayesSearchCV(Table(), given).fit(X)


def test_the_size_of_a_space():
    assert SearchSpace({"a": (1, 4), "b": ["x", None], "c": [1]}).size == 8
    assert SearchSpace({"a": (0.0, 1.0)}).size == np.inf
    search = BayesSearchCV(
        Table(), [({"a": (1, 4)}, 9), {"a": (0.0, 1.0), "b": (1, 3)}], n_iter=7
    )
    assert search.total_iterations == 4 + 7


# No repetitions.


@pytest.mark.parametrize("n_points", [1, 3, 50])
def test_a_space_that_is_exhausted_ends_the_search(n_points):
    search = fitted(lambda a, b: a, {"a": (1, 4)}, n_iter=20, n_points=n_points)
    assert sorted(tried(search)) == [1, 2, 3, 4]
    assert len(Table.fits) == 4 * 2 + 1
    assert search.best_params_ == {"a": 4}


def test_nothing_is_fitted_twice_at_the_end_of_a_range():
    # The best is at the bound, for which the optimiser asks again and again.
    search = fitted(lambda a, b: a, {"a": (0.0, 1.0)}, 7, optimizer_kwargs=GAUSSIAN)
    assert len(set(tried(search))) == 7
    assert search.best_params_["a"] > 0.9


def test_spaces_that_overlap_share_what_was_tried():
    spaces = [({"a": (1, 4)}, 10), ({"a": (3, 6)}, 10), ({"a": [2, 6]}, 10)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Dimension .* was inferred")
        search = fitted(None, spaces)
    assert sorted(tried(search)) == [1, 2, 3, 4, 5, 6]
    assert [len(result.x_iters) for result in search.optimizer_results_] == [4, 2]


def test_a_constraint_is_on_what_points_mean():
    kwargs = {**QUICK, "space_constraint": lambda values: values[0] != (1, 2)}
    space = {"a": [(1, 2), (3,), None], "b": ["x"]}
    search = fitted(None, space, n_iter=9, optimizer_kwargs=kwargs)
    assert set(tried(search)) == {(3,), None}


def test_a_known_point_gives_way_to_the_nearest_new_one():
    suggestions = Suggestions(SearchSpace({"a": (1, 100)}), set(), random_state=0)
    suggestions.known |= {suggestions.space.identity([a]) for a in (49, 50, 51, 53)}
    assert suggestions._fresh([50]) in ([48], [52])
    assert suggestions._fresh([60]) == [60]


# Failures.


def test_candidates_that_fail_stay_nan():
    table = lambda a, b: RuntimeError("broken") if a in (2, 5) else float(a)  # noqa: E731
    search = fitted(table, {"a": (1, 8)}, n_iter=8)
    means = dict(zip(tried(search), search.cv_results_["mean_test_score"], strict=True))
    assert sorted(means) == list(range(1, 9))
    assert {a for a, mean in means.items() if np.isnan(mean)} == {2, 5}
    assert search.best_params_ == {"a": 8}


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf, -3.4e38])
@pytest.mark.parametrize("first_only", [True, False])
def test_the_optimiser_is_told_the_worst_for_scores_that_are_none(lost, first_only):
    start = tried(fitted(None, {"a": (1, 30)}, n_iter=2))
    broken = start[:1] if first_only else start[1:]
    search = fitted(
        lambda a, b: lost if a in broken else -1000.0 - a, {"a": (1, 30)}, n_iter=6
    )
    (result,) = search.optimizer_results_
    assert len(result.func_vals) == 6
    assert np.isfinite(result.func_vals).all()
    others = [-1000.0 - a for a in tried(search) if a not in broken]
    at = [point[0] for point in result.x_iters].index(broken[0])
    assert result.func_vals[at] == -min(others)


def test_it_says_which_candidates_have_no_score():
    with pytest.warns(UserWarning, match="Some candidates have no finite mean_test"):
        bayes(lambda a, b: np.nan if a == 1 else a, {"a": (1, 3)}).fit(X)


def test_the_error_is_raised_when_all_fail():
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        fitted(lambda a, b: RuntimeError("broken"), {"a": (1, 3)})


def test_the_first_error_is_raised_where_that_was_asked_for():
    with pytest.raises(RuntimeError, match="broken"):
        fitted(lambda a, b: RuntimeError("broken"), {"a": (1, 3)}, error_score="raise")


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("broken", [0, 1])
def test_failures_with_a_scoring_that_names_its_metrics(broken, train):
    def scoring(estimator, X, y=None):
        return {"one": estimator.a, "two": -estimator.a}

    broken = tried(fitted(None, {"a": (1, 9)}))[broken]
    search = fitted(
        lambda a, b: RuntimeError("broken") if a == broken else 0.0,
        {"a": (1, 9)},
        scoring=scoring,
        refit="two",
        return_train_score=train,
    )
    lost = [a == broken for a in tried(search)]
    for name in ("one", "two"):
        assert np.isnan(search.cv_results_[f"mean_test_{name}"]).tolist() == lost
    assert search.best_params_ == {"a": min(set(tried(search)) - {broken})}
    if train:
        assert search.cv_results_["rank_train_two"][lost.index(True)] == 5


# Choosing and refitting.


class Smallest:
    metric = "two"

    def __call__(self, cv_results):
        return int(np.argmin([p["a"] for p in cv_results["params"]]))

    def from_cv_results(self, cv_results):
        return f"{len(cv_results['params'])} candidates"


METRICS = {
    "one": lambda estimator, X, y=None: float(estimator.a),
    "two": lambda estimator, X, y=None: -float(estimator.a),
}


@pytest.mark.parametrize("scoring", [None, METRICS])
def test_refit_may_be_a_callable(scoring):
    search = fitted(lambda a, b: a, {"a": (1, 9)}, scoring=scoring, refit=Smallest())
    assert search.best_params_["a"] == min(tried(search))
    assert search.best_estimator_.a == min(tried(search))
    assert search.selection_ == "5 candidates"
    plain = fitted(lambda a, b: a, {"a": (1, 9)}, refit=lambda results: 3)
    assert plain.best_index_ == 3
    assert not hasattr(plain, "selection_")


@pytest.mark.parametrize(
    ("refit", "sign"), [("one", 1), ("two", -1), (False, 1), (Smallest(), -1)]
)
def test_the_metric_that_guides_the_search(refit, sign):
    search = fitted(None, {"a": (1, 99)}, 6, scoring=METRICS, refit=refit)
    (result,) = search.optimizer_results_
    assert result.func_vals.tolist() == [-sign * a for a in tried(search)]
    assert hasattr(search, "best_estimator_") == bool(refit)


def test_several_metrics_need_one_to_refit_by():
    with pytest.raises(ValueError, match="refit"):
        fitted(None, {"a": (1, 3)}, scoring=METRICS)
    both = lambda estimator, X, y=None: {"one": 1, "two": 2}  # noqa: E731
    with pytest.raises(ValueError, match="refit"):
        fitted(None, {"a": (1, 3)}, scoring=both)
    assert len(Table.fits) == 2  # before the search has taken its time


# The same as skopt's, and the same again.


@pytest.mark.parametrize("n_points", [1, 2])
def test_candidates_are_those_of_skopt(n_points):
    params = {"n_iter": 6, "cv": 2, "random_state": 1, "n_points": n_points}
    params["optimizer_kwargs"] = {"n_initial_points": 4, "acq_optimizer": "sampling"}
    space = {
        "alpha": (1e-3, 10.0, "log-uniform"),
        "solver": ["svd", "cholesky", "lsqr"],
    }
    ours = BayesSearchCV(Ridge(), space, **params).fit(X, X[:, 0])
    theirs = skopt.BayesSearchCV(Ridge(), space, **params).fit(X, X[:, 0])
    assert ours.cv_results_["params"] == [dict(p) for p in theirs.cv_results_["params"]]
    assert ours.best_params_ == dict(theirs.best_params_)
    assert ours.optimizer_results_[0].x_iters == theirs.optimizer_results_[0].x_iters


def test_same_seed_same_search():
    def names(**params):
        params["optimizer_kwargs"] = GAUSSIAN
        return tried(fitted(lambda a, b: -((a - 40) ** 2), {"a": (1, 99)}, 3, **params))

    assert names() == names()
    assert names() != names(random_state=1)


def test_same_search_on_any_number_of_jobs(tmp_path):
    def search(n_jobs):
        found = BayesSearchCV(
            Ridge(),
            {"alpha": (1e-3, 9.0, "log-uniform")},
            GAUSSIAN,
            n_iter=4,
            n_points=2,
            n_jobs=n_jobs,
            random_state=0,
            store=tmp_path / f"{n_jobs}.db",
        )
        return found.fit(X, X[:, 0]).cv_results_

    with parallel_config("threading"):
        one, two = search(1), search(2)
    assert one["params"] == two["params"]
    assert one["mean_test_score"].tolist() == two["mean_test_score"].tolist()
    assert len(ScoreStore(tmp_path / "2.db")) == 4 * 5


def test_reconstruction_is_searched_without_targets():
    search = BayesSearchCV(
        PCA(),
        {"n_components": (1, 8)},
        n_iter=9,
        scoring=Reconstruction(),
        cv=2,
        random_state=0,
    ).fit(X)
    assert search.best_params_ == {"n_components": 8}
    assert search.transform(X).shape == (40, 8)


def test_data_may_have_three_dimensions():
    search = bayes(lambda a, b: a, {"a": (1, 5)}, n_iter=9)
    assert search.fit(X.reshape(40, 4, 3)).best_params_ == {"a": 5}


def test_parameters_for_the_fit():
    weight = np.ones(40)
    search = bayes(None, {"a": (1, 2)})
    Table.fits.clear()
    search.fit(X, weight=weight)
    assert all(weighted for *_, weighted in Table.fits)
    Table.fits.clear()
    search.set_params(fit_params={"weight": weight}).fit(X)
    assert all(weighted for *_, weighted in Table.fits)


def test_parameters_of_the_search():
    space = {"a": [(1,), None]}
    search = BayesSearchCV(Table(), space, {"n_initial_points": 3}, 4, store="a.db")
    copy = clone(search)
    assert copy.get_params(deep=False).keys() == search.get_params(deep=False).keys()
    assert (copy.search_spaces, copy.n_iter, copy.store) == (space, 4, "a.db")
    assert copy.set_params(n_iter=3, estimator__a=5).estimator.a == 5
    assert isinstance(search, skopt.BayesSearchCV)
    theirs = skopt.BayesSearchCV(Table(), {"a": (1, 2)}).get_params()
    assert theirs.keys() <= search.get_params().keys()


@pytest.mark.parametrize("bad", [{"n_iter": 0}, {"n_points": 0}, {"store": 3}])
def test_parameters_out_of_range(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        bayes(None, {"a": (1, 2)}).set_params(**bad).fit(X)


@parametrize_with_checks(
    [
        BayesSearchCV(
            LogisticRegression(), {"C": (0.1, 1.0)}, n_iter=2, cv=2, random_state=0
        ),
    ]
)
@pytest.mark.usefixtures("numpy_state_restored")
@pytest.mark.filterwarnings("ignore")
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


# Watching and stopping.


class Steps:
    """A callback of scikit-learn that writes down what begins and ends."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        self.seen.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.seen.append(("begin", context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.seen.append(("end", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.seen.append("teardown")


@pytest.mark.parametrize("store", [False, True])
def test_callbacks_of_scikit_learn(store, tmp_path):
    search = bayes(None, {"a": (1, 4)}, n_iter=9, n_points=2)
    search.set_params(store=tmp_path / "a.db" if store else None)
    for _ in range(1 + store):  # what is found in the store counts too
        steps = Steps()
        search.set_callbacks(steps).fit(X)
        tasks = [each[:2] for each in steps.seen[1:-1]]
        assert tasks.count(("begin", "step")) == 2
        assert tasks.count(("end", "step")) == 2
        assert tasks.count(("begin", "candidate-split-evaluation")) == 8
        assert tasks.count(("end", "candidate-split-evaluation")) == 8
        assert ("begin", "search", 2) in steps.seen
        assert ("begin", "step", 4) in steps.seen


def test_callbacks_of_skopt():
    seen = []

    def third(result):
        seen.append(len(result.x_iters))
        return len(seen) == 3

    search = bayes(None, {"a": (1, 9)}, n_iter=9).fit(X, callback=third)
    assert seen == [1, 2, 3]
    assert len(tried(search)) == 3
    assert "_callbacks" not in vars(search)


def interrupting(n_fits):
    def table(a, b):
        return KeyboardInterrupt() if len(Table.fits) == n_fits else float(a)

    return table


def test_what_was_finished_before_an_interrupt_is_kept(tmp_path):
    store = ScoreStore(tmp_path / "a.db")
    with pytest.warns(UserWarning, match="interrupted after 3 candidates"):
        search = fitted(interrupting(8), {"a": (1, 9)}, n_iter=9, store=store)
    assert search.interrupted_
    assert search.best_params_ == {"a": max(tried(search))}
    assert search.best_estimator_.a == max(tried(search))
    assert len(tried(search)) == 3
    assert len(search.optimizer_results_[0].x_iters) == 3
    assert len(store) == 7  # with the first fold of the fourth
    resumed = fitted(interrupting(0), {"a": (1, 9)}, n_iter=9, store=store)
    assert not resumed.interrupted_
    assert tried(resumed)[:3] == tried(search)


def test_an_interrupt_before_anything_is_finished_ends_the_fit():
    with pytest.raises(KeyboardInterrupt):
        fitted(interrupting(2), {"a": (1, 9)})


def test_as_spaces_reads_all_forms():
    (only,) = as_spaces({"a": (1, 2)}, 7)
    assert only[1] == 7
    pairs = as_spaces([{"a": (1, 2)}, ({"b": (1, 2)}, np.int64(3))], 7)
    assert [n for _, n in pairs] == [7, 3]
