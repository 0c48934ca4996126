"""The hook: what a search with a store computes, and what it does not."""

import contextlib
import functools
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._testing import assert_allclose

from skae.search.fits import ScoreStore, remember, remembering
from skae.search.fits._identity import fingerprint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, 2.0, 3.0] + RNG.normal(size=40)
ALPHAS = [0.1, 1.0, 10.0]


class Counting(Ridge):
    """Counts the fits in this process."""

    fits = []

    def fit(self, X, y=None, sample_weight=None):
        if self.alpha < 0:
            raise RuntimeError("negative")
        self.fits.append(self.alpha)
        y = X[:, 0] if y is None else y
        return super().fit(np.reshape(X, (len(X), -1)), y, sample_weight)

    def predict(self, X):
        return super().predict(np.reshape(X, (len(X), -1)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "scores.db"


def grid(estimator=None, alphas=ALPHAS, **params):
    estimator = Counting() if estimator is None else estimator
    return GridSearchCV(estimator, {"alpha": alphas}, **{"cv": 4, **params})


def fitted(search, store, *data, **params):
    """Return the fitted search, and the number of fits that it took but the refit."""
    Counting.fits.clear()
    with remember(search, store):
        search.fit(*(data or (X, Y)), **params)
    return search, len(Counting.fits) - bool(search.refit)


def same(one, other, *, times=True):
    keys = [k for k in one.cv_results_ if times or not k.endswith("_time")]
    assert list(one.cv_results_) == list(other.cv_results_)
    for key in keys:
        left, right = one.cv_results_[key], other.cv_results_[key]
        np.testing.assert_array_equal(np.ma.getdata(left), np.ma.getdata(right), key)
    assert vars(one).get("best_params_") == vars(other).get("best_params_")


MULTI = {"r2": "r2", "error": "neg_mean_squared_error"}
WAYS = {
    "one metric": {},
    "train scores": {"return_train_score": True},
    "named": {"scoring": "neg_mean_absolute_error"},
    "several": {"scoring": MULTI, "refit": "error", "return_train_score": True},
    "no refit": {"scoring": MULTI, "refit": False},
    "callable": {"scoring": lambda est, X, y: {"a": est.score(X, y), "b": 1}},
    "callable refit": {"refit": lambda results: 1},
    "strict": {"error_score": "raise"},
}
WAYS["callable"]["refit"] = "a"


@pytest.mark.parametrize("way", WAYS)
def test_results_are_those_of_a_search_without_a_store(way, path):
    plain = grid(**WAYS[way]).fit(X, Y)
    first, n_first = fitted(grid(**WAYS[way]), path)
    again, n_again = fitted(grid(**WAYS[way]), path)
    assert (n_first, n_again) == (12, 0)
    same(plain, first, times=False)
    same(first, again)


def test_work_is_shared_between_kinds_of_searches(path):
    fitted(grid(), path)
    random = RandomizedSearchCV(
        Counting(), {"alpha": [*ALPHAS, 5.0]}, n_iter=4, cv=4, random_state=0
    )
    assert fitted(random, path)[1] == 4
    # the search's own estimator is not what was fitted
    assert fitted(grid(Counting(alpha=7.0)), path)[1] == 0
    assert fitted(grid(alphas=np.array(ALPHAS)), path)[1] == 0


def test_halving(path):
    def halving():
        return HalvingGridSearchCV(
            Counting(), {"alpha": ALPHAS}, cv=2, min_resources=10, random_state=0
        )

    first, n_first = fitted(halving(), path)
    again, n_again = fitted(halving(), path)
    assert n_first > 0
    assert n_again == 0
    same(first, again)


CHANGES = {
    "values": ((X + 1e-12, Y), {}, {}),
    "target": ((X, Y + 1e-9), {}, {}),
    "float32": ((X.astype(np.float32), Y), {}, {}),
    "a table": ((pd.DataFrame(X, columns=list("abc")), Y), {}, {}),
    "sparse": ((csr_array(X), Y), {}, {}),
    "folds": ((X, Y), {"cv": KFold(4, shuffle=True, random_state=0)}, {}),
    "scorer": ((X, Y), {"scoring": "neg_max_error"}, {}),
    "parameter": ((X, Y), {"estimator": Counting(fit_intercept=False)}, {}),
    "fit parameter": ((X, Y), {}, {"sample_weight": np.arange(1.0, 41)}),
    "train scores": ((X, Y), {"return_train_score": True}, {}),
}


@pytest.mark.filterwarnings("ignore:The scoring .* does not support sample_weight")
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_scores_is_computed(change, path):
    data, params, fit_params = CHANGES[change]
    if change == "sparse":  # Ridge itself takes it, Counting reshapes
        params = {"estimator": Ridge()}
        store = ScoreStore(path)
        fitted(grid(**params), store)
        fitted(grid(**params), store, *data)
        assert len(store) == 24
        return
    fitted(grid(), path)
    assert fitted(grid(**params), path, *data, **fit_params)[1] == 12
    assert fitted(grid(**params), path, *data, **fit_params)[1] == 0


@pytest.mark.parametrize("y", [None, Y])
@pytest.mark.parametrize("shape", [(40, 3), (40, 3, 1)])
def test_targets_may_be_missing_and_data_three_dimensional(y, shape, path):
    data = X.reshape(shape), y
    scoring = lambda est, X, y=None: float(np.mean(est.predict(X)))  # noqa: E731
    first, n_first = fitted(grid(scoring=scoring), path, *data)
    again, n_again = fitted(grid(scoring=scoring), path, *data)
    assert (n_first, n_again) == (12, 0)
    same(first, again)


def test_failures_are_not_kept(path):
    with pytest.warns(FitFailedWarning):
        fitted(grid(alphas=[-1.0, 1.0], error_score=-100), path)
    assert len(ScoreStore(path)) == 4
    with pytest.warns(FitFailedWarning):
        again, _ = fitted(grid(alphas=[-1.0, 1.0], error_score=-200), path)
    assert again.cv_results_["mean_test_score"][0] == -200


def broken_scorer(estimator, X, y):
    raise RuntimeError("no score")


@pytest.mark.parametrize("scoring", [broken_scorer, {"a": "r2", "b": broken_scorer}])
def test_scores_that_failed_are_not_kept(scoring, path):
    refit = "a" if isinstance(scoring, dict) else True
    with pytest.warns(UserWarning, match="Scoring failed"):
        search, _ = fitted(grid(scoring=scoring, refit=refit, error_score=3), path)
    name = "b" if isinstance(scoring, dict) else "score"
    assert (search.cv_results_[f"mean_test_{name}"] == 3).all()
    assert len(ScoreStore(path)) == 0


def test_a_score_that_is_nan_is_kept(path):
    scoring = lambda est, X, y: np.nan if est.alpha == 1.0 else 1.0  # noqa: E731
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One or more of the test scores")
        first, _ = fitted(grid(scoring=scoring), path)
        again, n_again = fitted(grid(scoring=scoring), path)
    assert n_again == 0
    same(first, again)
    assert np.isnan(again.cv_results_["mean_test_score"][1])


def test_pipelines_of_scikit_learn(path):
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    space = {
        "logisticregression__C": [0.1, 1.0],
        "standardscaler": [None, "passthrough"],
    }
    store = ScoreStore(path)
    for _ in range(2):
        search = GridSearchCV(pipeline, space, cv=3)
        with remember(search, store):
            search.fit(X, Y > 0)
        assert len(store) == 12
    assert_allclose(search.score(X, Y > 0), search.best_estimator_.score(X, Y > 0))


def test_the_search_is_itself_again_afterwards(path):
    search = grid()
    before = dict(vars(search))
    with contextlib.suppress(ZeroDivisionError), remember(search, path) as same_search:
        assert same_search is search
        raise ZeroDivisionError
    assert vars(search) == before
    fitted(search, path)
    Counting.fits.clear()
    search.fit(X, Y)
    assert len(Counting.fits) == 13


def test_searches_that_evaluate_otherwise_are_refused(path):
    with (
        pytest.raises(TypeError, match="BaseSearchCV"),
        remembering(lambda candidates: {}, path),
    ):
        pass


def test_a_path_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be opened"):
        fitted(grid(), tmp_path)


class Lock:
    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("cannot pickle a lock")


class Locked(BaseEstimator):
    def __init__(self, alpha=1.0, lock=None):
        self.alpha = alpha
        self.lock = lock

    def fit(self, X, y):
        return self

    def score(self, X, y):
        return self.alpha


def test_what_cannot_be_named_is_computed_without_the_store(path):
    estimator = Locked(lock=Lock())
    with pytest.warns(UserWarning, match="is not kept in the store"):
        search, _ = fitted(grid(estimator, refit=False), path)
    assert search.best_params_ == {"alpha": 10.0}
    assert len(ScoreStore(path)) == 0


# What is the same, and what is not.


def shifted(by):
    return lambda estimator, X, y: estimator.score(X, y) + by


def of_body(body):
    variables = {"BaseEstimator": BaseEstimator, "__name__": "mine"}
    code = (
        f"class Mine(BaseEstimator):\n    K = 1\n    def fit(self, X):\n        {body}"
    )
    exec(code, variables)
    return variables["Mine"]()


SAME = [
    (3, np.int64(3)),
    ((64, 32), (64, 32)),
    ({"b", "a", "c"}, {"c", "b", "a"}),
    (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
    (Ridge(alpha=2), clone(Ridge(alpha=2))),
    (shifted(1), shifted(1)),
    (make_scorer(r2_score), make_scorer(r2_score)),
    (of_body("return X"), of_body("return X")),
    (np.random.RandomState(0), np.random.RandomState(0)),
    (np.random.default_rng(0), np.random.default_rng(0)),
    (functools.partial(max, 1), functools.partial(max, 1)),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})),
    (np.array(["ab", None], dtype=object), np.array(["a" + "b", None], dtype=object)),
]

OTHER = [
    (3, 3.0),
    (1, True),
    ("3", 3),
    (None, "None"),
    ((64, 32), [64, 32]),
    ([], ()),
    ([[1], 2], [[1, 2]]),
    ({"a": 1}, {"a": 2}),
    (np.zeros(4), np.zeros((2, 2))),
    (np.zeros(2), np.zeros(2, dtype=np.float32)),
    (np.zeros(2, dtype=np.int64), np.zeros(2)),
    (Ridge(alpha=2), Ridge(alpha=3)),
    (Ridge, Counting),
    (Ridge(), Counting()),
    (shifted(1), shifted(2)),
    (lambda a: a + 1, lambda a: a + 2),
    (lambda a, b=1: a, lambda a, b=2: a),
    (make_scorer(r2_score), make_scorer(r2_score, greater_is_better=False)),
    (of_body("return X"), of_body("return -X")),
    (np.random.RandomState(0), np.random.RandomState(1)),
    (np.random.default_rng(0), np.random.default_rng(1)),
    (functools.partial(max, 1), functools.partial(max, 2)),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    (pd.Series([1], index=[0]), pd.Series([1], index=[1])),
    (csr_array(np.eye(2)), csr_array(np.eye(2) * 2)),
    (
        FrozenEstimator(DummyRegressor().fit(X, Y)),
        FrozenEstimator(DummyRegressor().fit(X, Y + 1)),
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_values_have_one_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_different_values_have_different_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_callbacks_do_not_count_and_circles_end():
    watched, plain = Ridge(), Ridge()
    watched._skl_callbacks = [object()]
    assert fingerprint(watched) == fingerprint(plain)
    circle, other = [1], [1]
    circle.append(circle)
    other.append(other)
    assert fingerprint(circle) == fingerprint(other)
    assert fingerprint(circle) != fingerprint([1, [1]])


def test_tensors_count_by_their_contents():
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.bfloat16):
        zero, one = torch.zeros(3, dtype=dtype), torch.ones(3, dtype=dtype)
        assert fingerprint(zero) == fingerprint(zero.clone())
        assert fingerprint(zero) != fingerprint(one)
    assert fingerprint(torch.tensor(1.0)) != fingerprint(torch.tensor([1.0]))
