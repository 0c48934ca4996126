"""The search at work, on estimators whose score is a function of their parameters."""

import warnings

import numpy as np
import pandas as pd
import pytest
from helpers.callbacks import Silent
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder
from skae.exceptions import UnknownNameError
from skae.search.evolution import (
    Architecture,
    EvolutionarySearchCV,
    KeepIfBetter,
    MuPlusLambda,
    n_parameters,
)
from skae.search.evolution._pareto import dominates, fronts, ranking

X = np.random.default_rng(0).normal(size=(24, 3))
LAYERS = Architecture(1, 6, 2, 64)


class Objective(BaseEstimator):
    """Scores what `function` says of its parameters; knows how often it was fitted."""

    fits = []

    def __init__(self, function=None, a=0, b=0.0, layers=(), random_state=None):
        self.function = function
        self.a = a
        self.b = b
        self.layers = layers
        self.random_state = random_state

    def fit(self, X, y=None):
        Objective.fits.append((self.a, self.b, self.layers, self.random_state))
        self.n_features_in_ = X.shape[-1]
        return self

    def score(self, X, y=None):
        return float(self.function(self))


def slope(estimator):
    return estimator.a - abs(estimator.b - 0.3)


def goal(estimator):
    """Highest at (32, 16, 8)."""
    padded = np.ones((2, 9))
    padded[0, :3] = 32, 16, 8
    padded[1, : len(estimator.layers)] = estimator.layers
    return -float(np.abs(np.diff(np.log(padded), axis=0)).sum())


def broken(estimator):
    if estimator.a == 2:
        raise RuntimeError("broken")
    return np.nan if estimator.a == 3 else estimator.a


def noise(estimator):
    seed = [estimator.random_state or 0, estimator.a]
    return np.random.default_rng(seed).normal()


def evolve(function, space, **parameters):
    settings = {"cv": 2, "random_state": 0, "population_size": 4, "n_generations": 3}
    search = EvolutionarySearchCV(Objective(function), space, **(settings | parameters))
    return search.fit(X)


def same(a, b):
    """Whether two searches tried the same and found the same."""
    keys = {key for key in a.cv_results_ if "time" not in key and "param" not in key}
    assert a.cv_results_["params"] == b.cv_results_["params"]
    for key in keys:
        np.testing.assert_array_equal(a.cv_results_[key], b.cv_results_[key])
    assert a.generations_ == b.generations_
    return True


# As scikit-learn's searches


def test_results_have_the_keys_and_shapes_of_a_grid_search():
    data = make_classification(60, random_state=0)
    scoring = {"acc": "accuracy", "auc": "roc_auc"}
    common = {"scoring": scoring, "refit": "acc", "cv": 3, "return_train_score": True}
    grid = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, **common)
    found = EvolutionarySearchCV(
        LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, random_state=0, **common
    )
    grid.fit(*data)
    found.fit(*data)
    assert list(found.cv_results_) == list(grid.cv_results_)
    order = np.argsort(list(found.cv_results_["param_C"]))
    for key, column in grid.cv_results_.items():
        mine = found.cv_results_[key]
        assert type(mine) is type(column)
        assert len(mine) == len(column) == 3
        if "test" in key:
            np.testing.assert_allclose(mine[order], column)
    assert found.best_params_ == grid.best_params_
    assert found.best_score_ == grid.best_score_
    assert found.multimetric_
    assert found.score(*data) == grid.score(*data)
    assert set(found.scorer_) == {"acc", "auc"}


def test_a_callable_refit_chooses_and_explains():
    class Smallest:
        def __call__(self, cv_results):
            return int(np.argmin(cv_results["param_a"]))

        def from_cv_results(self, cv_results):
            return f"one of {len(cv_results['params'])}"

    found = evolve(slope, {"a": (1, 4)}, refit=Smallest())
    assert found.best_params_ == {"a": 1}
    assert found.selection_ == "one of 4"
    assert not hasattr(evolve(slope, {"a": (1, 4)}), "selection_")


def test_groups_are_kept_together():
    groups = np.repeat([0, 1, 2], 8)
    found = EvolutionarySearchCV(
        Objective(slope), {"a": (0, 3)}, cv=GroupKFold(3), random_state=0
    )
    found.fit(X, groups=groups)
    assert found.n_splits_ == 3
    with pytest.raises(ValueError, match="groups"):
        found.fit(X)


def test_random_folds_are_the_same_for_all():
    scores = []

    class Fold(Objective):
        def fit(self, X, y=None):
            scores.append(float(X.sum()))
            return super().fit(X)

    search = EvolutionarySearchCV(
        Fold(slope),
        {"b": (0.0, 1.0)},
        cv=ShuffleSplit(2, random_state=np.random.RandomState(0)),
        random_state=0,
        refit=False,
    )
    search.fit(X)
    assert len(scores) > 40
    assert len(set(scores)) == 2


def test_unsupervised_pipelines_and_pandas_output():
    frame = pd.DataFrame(X, columns=["u", "v", "w"])
    pipe = make_pipeline(StandardScaler(), PCA(), KMeans(2, random_state=0))
    found = EvolutionarySearchCV(
        pipe, {"pca__n_components": (1, 3)}, cv=2, random_state=0
    ).fit(frame)
    assert len(found.cv_results_["params"]) == 3
    assert found.predict(frame).shape == (24,)
    assert list(found.feature_names_in_) == ["u", "v", "w"]
    pca = PCA().set_output(transform="pandas")
    reducer = EvolutionarySearchCV(pca, {"n_components": (1, 3)}, random_state=0)
    codes = reducer.fit(frame).transform(frame)
    assert codes.columns[0] == "pca0"


def test_sequences():
    windows = X.reshape(-1, 6, 2)
    found = EvolutionarySearchCV(Objective(slope), {"a": (0, 3)}, cv=2, random_state=0)
    assert found.fit(windows).best_params_ == {"a": 3}


def test_architectures_of_an_autoencoder():
    found = EvolutionarySearchCV(
        DenseAutoencoder(2, max_epochs=1, random_state=0),
        {"hidden_layer_sizes": Architecture(0, 2, 2, 8), "n_components": (1, 2)},
        objectives=["score", "n_parameters"],
        population_size=2,
        n_generations=1,
        cv=2,
        random_state=0,
    ).fit(X)
    assert found.best_estimator_.n_components in (1, 2)
    table = pd.DataFrame(found.cv_results_)
    assert len(table) == 4
    assert all(isinstance(sizes, tuple) for sizes in table["param_hidden_layer_sizes"])
    for params, cost in zip(
        found.cv_results_["params"], found.cv_results_["cost_n_parameters"], strict=True
    ):
        fitted = clone(found.estimator).set_params(**params).fit(X)
        assert cost == n_parameters(fitted)


def test_clone_and_representation():
    search = EvolutionarySearchCV(
        PCA(), {"n_components": LAYERS}, strategy=KeepIfBetter(0.5), n_generations=2
    )
    copy = clone(search)
    assert copy.strategy.mutation_probability == 0.5
    assert copy.search_space == search.search_space
    assert copy.set_params(strategy__n_layers=3).strategy.n_layers == 3
    assert "n_generations=2" in repr(search)


class Counting(Silent):
    """A callback that counts what it hears of."""

    def __init__(self):
        self.tasks = []

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(context.task_name)


def test_callbacks_hear_of_generations_and_fits():
    callback = Counting()
    search = EvolutionarySearchCV(
        Objective(slope),
        {"b": (0.0, 1.0)},
        population_size=3,
        n_generations=2,
        cv=2,
        random_state=0,
    )
    search.set_callbacks(callback).fit(X)
    assert callback.tasks.count("search") == 1
    assert callback.tasks.count("generation") == 3
    assert callback.tasks.count("candidate-split-evaluation") == 9 * 2
    assert callback.tasks.count("refit-with-best-params") == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"population_size": 1},
        {"n_generations": -1},
        {"n_repeats": 0},
        {"strategy": "simulated_annealing"},
        {"strategy": 3},
        {"objectives": "score"},
        {"patience": 0},
        {"deadline": -1.0},
        {"search_space": [1]},
        {"strategy": MuPlusLambda(tournament_size=0)},
        {"strategy": KeepIfBetter(1.5)},
    ],
    ids=str,
)
def test_wrong_parameters(parameters):
    search = EvolutionarySearchCV(Objective(slope), {"a": (1, 4)})
    wrong = next(iter(parameters))
    if not isinstance(parameters[wrong], str | int | float | list):
        wrong = "tournament_size|mutation_probability"
    with pytest.raises(ValueError, match=wrong):
        search.set_params(**parameters).fit(X)


# Evaluations


def test_no_candidate_is_evaluated_twice():
    Objective.fits.clear()
    found = evolve(
        goal, {"layers": Architecture(1, 2, 2, 5)}, n_generations=30, refit=False
    )
    assert len(Objective.fits) == 2 * len(set(Objective.fits))
    tried = [params["layers"] for params in found.cv_results_["params"]]
    assert len(tried) == len(set(tried)) == 4 + 4**2


def test_a_finite_space_is_exhausted():
    found = evolve(slope, {"a": (1, 5), "b": [0.1, 0.3]}, n_generations=50)
    assert found.stop_reason_ == "exhausted"
    assert len(found.cv_results_["params"]) == 10
    assert found.best_params_ == {"a": 5, "b": 0.3}


def test_what_only_draws_is_exhausted_too():
    die = type("Die", (), {"rvs": lambda self, random_state: random_state.randint(6)})
    found = evolve(slope, {"a": die()}, n_generations=50)
    assert sorted(found.cv_results_["param_a"]) == list(range(6))
    assert found.stop_reason_ == "exhausted"


def test_a_space_of_one_candidate():
    found = evolve(slope, {"a": (3, 3), "layers": [(4,)]})
    assert found.cv_results_["params"] == [{"a": 3, "layers": (4,)}]


@pytest.mark.parametrize("strategy", ["mu_plus_lambda", "keep_if_better"])
def test_the_same_search_for_the_same_seed(strategy):
    space = {"b": (0.0, 1.0), "layers": LAYERS, "a": [1, 2, 5]}
    with parallel_config("threading"):
        searches = [
            evolve(goal, space, strategy=strategy, n_jobs=n_jobs, n_repeats=2)
            for n_jobs in (1, 2)
        ]
    assert same(*searches)
    other = evolve(goal, space, strategy=strategy, random_state=1)
    assert other.cv_results_["params"] != searches[0].cv_results_["params"]


def test_points_to_begin_with():
    points = [{"a": 7, "b": 0.25}, {"a": 9}, {"a": 7, "b": 0.25}]
    space = {"a": (0, 9), "b": (0.0, 1.0)}
    found = evolve(slope, space, initial_points=points, n_generations=0)
    assert found.cv_results_["params"][0] == points[0]
    assert found.cv_results_["params"][1]["a"] == 9
    assert len(found.cv_results_["params"]) == 4
    assert [one["mutation"] for one in found.generations_[:3]] == [
        "given",
        "given",
        "initial",
    ]
    with pytest.raises(ValueError, match="names c"):
        evolve(slope, space, initial_points=[{"c": 1}])


# Failure


def test_what_fails_ranks_last():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = evolve(broken, {"a": (0, 5)}, n_generations=5)
    by_a = dict(
        zip(
            found.cv_results_["param_a"],
            found.cv_results_["rank_test_score"],
            strict=True,
        )
    )
    assert by_a == {5: 1, 4: 2, 1: 3, 0: 4, 2: 5, 3: 5}
    assert found.best_params_ == {"a": 5}
    texts = [str(warning.message) for warning in caught]
    assert sum("2 of the 6 candidates have no score" in text for text in texts) == 1
    assert not any("One or more of the test scores" in text for text in texts)


class Unfit(Objective):
    """Fails in fitting, as `broken` does in scoring."""

    def fit(self, X, y=None):
        if self.a in (2, 3):
            raise RuntimeError("broken")
        return super().fit(X)


@pytest.mark.parametrize("scoring", [None, lambda e, X, y=None: {"s": e.a, "t": 0.0}])
@pytest.mark.parametrize("objectives", [None, ["score", "cost"]])
@pytest.mark.parametrize("lost", [[0], [-1], [0, 1]])
def test_generations_that_fail_altogether(scoring, objectives, lost):
    """Scikit-learn raises and forgets them; here they keep their rows."""

    class InTurn(MuPlusLambda):
        def initial(self, run, n, taken):
            return []

        def offspring(self, run, population):
            turns = [[1], [1], [1], [1]]
            for turn, a in zip(lost, (2, 3), strict=False):
                turns[turn] = [a]
            wanted = turns[run.n_generations + 1]
            wanted = [4 + run.n_generations if a == 1 else a for a in wanted]
            return [one(run.space, a) for a in wanted]

    def one(space, a):
        from skae.search.evolution import Proposal

        return Proposal(space.genome({"a": a}, np.random.default_rng(0)))

    def cost(estimator):
        return estimator.a

    points = [{"a": 2}, {"a": 3}] if lost[0] == 0 else [{"a": 1}]
    search = EvolutionarySearchCV(
        Unfit(slope),
        {"a": (0, 9)},
        strategy=InTurn(),
        initial_points=points,
        objectives=objectives and ["score", cost],
        scoring=scoring,
        refit="s" if scoring else True,
        n_generations=3,
        cv=2,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        found = search.fit(X)
    results = found.cv_results_
    key = "mean_test_s" if scoring else "mean_test_score"
    failed = np.isin(list(results["param_a"]), (2, 3))
    assert failed.any()
    assert (np.isnan(results[key]) == failed).all()
    assert all(
        one["index"] < len(results["params"])
        and found.cv_results_["params"][one["index"]]
        for one in found.generations_
    )
    assert not np.isnan(found.best_score_)
    assert not {key for key in results if key.startswith("_")}
    if objectives:
        assert (np.isnan(results["cost_cost"]) == failed).all()


def test_all_fail():
    search = EvolutionarySearchCV(Unfit(slope), {"a": (2, 3)}, cv=2, random_state=0)
    with pytest.raises(ValueError, match="All the 4 fits failed"):
        search.fit(X)


def test_errors_are_raised_on_demand():
    with pytest.raises(RuntimeError, match="broken"):
        evolve(broken, {"a": (0, 5)}, error_score="raise", n_generations=5)


class Interrupted(Objective):
    at = 0

    def fit(self, X, y=None):
        Interrupted.at -= 1
        if Interrupted.at == 0:
            raise KeyboardInterrupt
        return super().fit(X)


def test_an_interrupt_keeps_what_is_finished():
    search = EvolutionarySearchCV(
        Interrupted(slope), {"b": (0.0, 1.0)}, population_size=5, cv=2, random_state=0
    )
    Interrupted.at = 2 * 5 + 2 * 5 + 3
    with pytest.warns(UserWarning, match="Interrupted after generation 1"):
        search.fit(X)
    assert search.interrupted_
    assert search.stop_reason_ == "interrupt"
    assert search.n_generations_ == 1
    assert len(search.cv_results_["params"]) == 10
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.best_estimator_.n_features_in_ == 3
    whole = clone(search).fit(X)
    assert not whole.interrupted_
    assert whole.cv_results_["params"][:10] == search.cv_results_["params"]
    Interrupted.at = 3
    with pytest.raises(KeyboardInterrupt):
        search.fit(X)


# When to stop


def test_patience():
    found = evolve(lambda e: 1.0, {"b": (0.0, 1.0)}, patience=2, n_generations=9)
    assert found.stop_reason_ == "patience"
    assert found.n_generations_ == 2


def test_threshold():
    found = evolve(slope, {"b": (0.0, 1.0)}, threshold=-0.05, n_generations=90)
    assert found.stop_reason_ == "threshold"
    scores = found.cv_results_["mean_test_score"]
    last = found.generations_[-1]["generation"]
    old = [one["index"] for one in found.generations_ if one["generation"] < last]
    assert found.best_score_ >= -0.05
    assert (scores[old] < -0.05).all()


def test_deadline():
    found = evolve(slope, {"b": (0.0, 1.0)}, deadline=0.0)
    assert found.stop_reason_ == "deadline"
    assert found.n_generations_ == 0


# Noise


def test_repeats_have_seeds_of_their_own_and_are_averaged():
    Objective.fits.clear()
    found = evolve(noise, {"a": (0, 99)}, n_repeats=3, n_generations=1, refit=False)
    seeds = {fit[3] for fit in Objective.fits}
    assert len(seeds) == 3
    assert None in seeds
    means = [
        np.mean([noise(Objective(a=a, random_state=seed)) for seed in seeds])
        for a in found.cv_results_["param_a"]
    ]
    np.testing.assert_allclose(found.cv_results_["mean_test_score"], means)
    assert (found.cv_results_["n_repeats"] == 3).all()
    assert found.best_params_ == {"a": found.cv_results_["param_a"][np.argmax(means)]}
    assert "random_state" not in found.best_params_


def test_searched_random_states_are_left_alone():
    Objective.fits.clear()
    evolve(noise, {"random_state": [3, 4]}, n_repeats=2, refit=False)
    assert {fit[3] for fit in Objective.fits} == {3, 4}


def test_the_best_are_evaluated_again():
    Objective.fits.clear()
    found = evolve(noise, {"a": (0, 99)}, n_reevaluated=2, n_generations=4, refit=False)
    repeats = found.cv_results_["n_repeats"]
    assert repeats.sum() == len(Objective.fits) / 2 == 20 + 2 * 5
    assert repeats.min() == 1
    first = max(found.cv_results_["mean_test_score"][repeats == 1], default=-np.inf)
    assert found.cv_results_["mean_test_score"][found.population_[0]] >= first
    assert len(Objective.fits) == 2 * len(set(Objective.fits))


def test_reevaluation_tells_luck_from_merit():
    """Only noise: what is chosen is worth 0, and its score should say so."""
    one = {"n_generations": 8, "population_size": 6}
    again = one | {"n_reevaluated": 3}
    lucky, honest = (
        np.mean(
            [
                evolve(noise, {"a": (0, 9999)}, random_state=seed, **way).best_score_
                for seed in range(4)
            ]
        )
        for way in (one, again)
    )
    assert honest < 0.75 * lucky


# Objectives


def size(estimator):
    return sum(estimator.layers)


def width_or_depth(estimator):
    return np.tanh(sum(estimator.layers) / 50)


def test_the_pareto_front():
    found = evolve(
        width_or_depth,
        {"layers": LAYERS, "a": (0, 3)},
        objectives=["score", size],
        n_generations=8,
        population_size=8,
    )
    scores = found.cv_results_["mean_test_score"]
    costs = found.cv_results_["cost_size"]
    front = found.pareto_front_
    for i in range(len(scores)):
        dominated = ((scores >= scores[i]) & (costs <= costs[i])) & (
            (scores > scores[i]) | (costs < costs[i])
        )
        assert (i in front) == (not dominated.any())
    assert (np.diff(scores[front]) <= 0).all()
    assert found.best_index_ == scores.argmax()
    assert found.best_score_ == found.score(X)
    assert not found.multimetric_
    assert "mean_test_score" in found.cv_results_
    # both ends of the trade-off are kept alive
    alive = costs[found.population_]
    assert alive.min() < 15
    assert alive.max() > 60


@settings(deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
def test_fronts_are_peeled_off_one_by_one(seed, n):
    values = np.random.default_rng(seed).integers(0, 4, (n, 2)).astype(float)
    front = fronts(values)
    for i in range(n):
        above = [j for j in range(n) if dominates(values[j], values[i])]
        assert front[i] == max((front[j] + 1 for j in above), default=0)
    assert sorted(front[ranking(values)]) == list(front[ranking(values)])


def test_ranking():
    one = np.array([[1.0], [3.0], [-np.inf], [3.0]])
    assert ranking(one).tolist() == [1, 3, 0, 2]
    # the ends of a front come first, then what stands alone, then the crowd
    two = np.array([[0, 10], [1, 9], [2, 8], [7, 3], [10, 0], [0, 0]], dtype=float)
    assert set(ranking(two)[:2]) == {0, 4}
    assert ranking(two).tolist()[2:] == [3, 2, 1, 5]


def test_metrics_as_objectives():
    def both(estimator, X, y=None):
        return {"up": estimator.a, "down": -estimator.a}

    common = {"scoring": both, "n_generations": 9, "objectives": ["up", "down"]}
    found = evolve(slope, {"a": (0, 9)}, refit="down", **common)
    assert sorted(found.pareto_front_) == list(range(10))
    assert found.best_params_ == {"a": 0}
    assert found.multimetric_
    with pytest.raises(UnknownNameError, match=r"'upp'.* Did you mean 'up'"):
        evolve(slope, {"a": (0, 9)}, refit="down", scoring=both, objectives=["upp"])


def test_the_first_metric_counts_where_refit_names_none():
    scoring = {"first": lambda e, X, y: e.a, "second": lambda e, X, y: -e.a}
    found = EvolutionarySearchCV(
        Objective(slope),
        {"a": (0, 9)},
        scoring=scoring,
        refit=False,
        cv=2,
        random_state=0,
    ).fit(X, np.zeros(24))
    fitness = [one["fitness"] for one in found.generations_]
    np.testing.assert_array_equal(
        fitness,
        found.cv_results_["mean_test_first"][[g["index"] for g in found.generations_]],
    )
    named = clone(found).set_params(refit="second").fit(X, np.zeros(24))
    assert named.best_params_["a"] == 0


@pytest.mark.parametrize("scoring", [None, "r2", lambda e, X, y: e.score(X, y)])
def test_weights_of_samples_meet_costs(scoring):
    """Costs take no weights, and nothing warns of that."""
    search = EvolutionarySearchCV(
        Ridge(),
        {"alpha": [0.1, 1.0]},
        scoring=scoring,
        objectives=["score", "n_parameters"],
        cv=2,
        random_state=0,
    )
    weighing = callable(scoring)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, X[:, 0], sample_weight=np.arange(1.0, 25))
    assert any("does not support" in str(w.message) for w in caught) == weighing
    assert (search.cv_results_["cost_n_parameters"] == 4).all()
    plain = clone(search).set_params(objectives=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain.fit(X, X[:, 0], sample_weight=np.arange(1.0, 25))
    for key in ("mean_test_score", "params"):
        np.testing.assert_array_equal(search.cv_results_[key], plain.cv_results_[key])
    assert search.score(X, X[:, 0]) == plain.score(X, X[:, 0])


def test_objectives_need_names_of_their_own():
    with pytest.raises(ValueError, match="called the same"):
        evolve(slope, {"a": (0, 9)}, objectives=["score", lambda e: 1, lambda e: 2])


def test_parameters_that_cannot_be_counted():
    with pytest.raises(ValueError, match="pass a callable that does"):
        n_parameters(Objective())
    pipe = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    assert n_parameters(pipe) == 3 + 2 * 3 + 3


# Strategies


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_keep_if_better_is_monotone_for_every_individual(seed):
    found = evolve(
        goal,
        {"layers": Architecture(3, 9, 4, 78), "b": (0.0, 1.0)},
        strategy="keep_if_better",
        n_generations=8,
        random_state=seed,
        refit=False,
    )
    table = pd.DataFrame(found.generations_).query("survives")
    assert (table.groupby("generation").individual.nunique() == 4).all()
    for _, individual in table.groupby("individual"):
        assert individual.generation.is_monotonic_increasing
        assert individual.fitness.is_monotonic_increasing
    assert table.depth.min() >= 3


def test_keep_if_better_follows_the_rule():
    """Above 4 layers with the input, one is lost; else layer k gains k units."""
    found = evolve(
        goal,
        {"layers": Architecture(3, 6, 4, 64)},
        strategy=KeepIfBetter(1.0),
        population_size=12,
        n_generations=6,
    )
    layers = [params["layers"] for params in found.cv_results_["params"]]
    kinds = set()
    for one in found.generations_:
        if one["parents"]:
            parent, child = layers[one["parents"][0]], layers[one["index"]]
            kinds.add(one["mutation"])
            if len(parent) + 1 > 4:
                shorter = [parent[:i] + parent[i + 1 :] for i in range(len(parent))]
                assert child in shorter
            else:
                grown = (min(w + k, 64) for k, w in enumerate(parent, start=1))
                assert child == tuple(grown)
    assert kinds == {"layers: remove", "layers: grow"}
    first = [layers[one["index"]] for one in found.generations_[:12]]
    for sizes in first:
        assert sizes == tuple(sorted(set(sizes), reverse=True))
    assert {len(sizes) for sizes in first} == {3, 4, 5, 6}


def test_some_individuals_do_not_mutate():
    def mutants(probability):
        found = evolve(
            goal,
            {"layers": Architecture(3, 9, 4, 780)},
            strategy=KeepIfBetter(probability),
            population_size=40,
            n_generations=5,
        )
        return sum(one["is_offspring"] for one in found.generations_[40:])

    assert mutants(0.0) == 0
    assert 120 < mutants(0.75) < 180
    assert mutants(1.0) == 200


def test_depth_can_grow_with_the_default_strategy_only():
    space = {"layers": Architecture(1, 6, 2, 64)}
    points = [{"layers": (8,)}, {"layers": (9,)}, {"layers": (7,)}, {"layers": (6,)}]

    def deepest(strategy):
        found = evolve(
            lambda e: len(e.layers),
            space,
            strategy=strategy,
            initial_points=points,
            n_generations=25,
        )
        return len(found.best_params_["layers"])

    assert deepest(MuPlusLambda(immigration_probability=0.0)) == 6
    assert deepest("keep_if_better") == 1


def test_it_finds_an_architecture():
    found = evolve(
        goal, {"layers": LAYERS}, population_size=10, n_generations=40, refit=False
    )
    assert found.best_params_["layers"] == (32, 16, 8)


# The record


def test_what_is_recorded_of_generations():
    found = evolve(goal, {"layers": LAYERS, "b": (0.0, 1.0)}, n_generations=5)
    table = pd.DataFrame(found.generations_)
    params = found.cv_results_["params"]
    scores = found.cv_results_["mean_test_score"]
    assert found.n_generations_ == 5
    np.testing.assert_array_equal(table.fitness, scores[table["index"]])
    assert [len(params[i]["layers"]) for i in table["index"]] == table.depth.tolist()
    assert sorted(table.query("is_offspring")["index"]) == list(range(len(params)))
    for _, now in table.groupby("generation"):
        alive = now.query("survives")
        assert len(alive) == 4
        assert alive.fitness.min() >= now.query("not survives").fitness.max() or (
            len(now) == 4
        )
    last = table.query("survives and generation == 5")
    assert set(last["index"]) == set(found.population_)
    assert found.population_[0] == found.best_index_
    born = table.query("is_offspring")
    for one in born.itertuples():
        assert all(parent < one.index for parent in one.parents)
    assert set(born.mutation) >= {"initial", "crossover"}
    assert evolve(slope, {"a": (0, 9)}).generations_[0]["depth"] is None


def test_every_search_starts_anew():
    search = EvolutionarySearchCV(
        Objective(slope), {"b": (0.0, 1.0)}, cv=KFold(2), random_state=0
    )
    first = clone(search).fit(X)
    search.fit(X)
    search.fit(X)
    assert same(first, search)
