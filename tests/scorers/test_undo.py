"""Errors in units of the data: only behind steps that can be undone."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.scorers import (
    RootMeanSquaredError,
    reconstruct_in_units,
    reconstruction_errors,
)

rng = np.random.default_rng(0)
X = np.exp(rng.normal(size=(80, 4))) * [1, 10, 100, 1]
y = np.arange(80) % 3


class Doubling(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A scaler whose inverse is that of another one."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2 * np.asarray(X)

    def inverse_transform(self, X):
        return np.asarray(X) / 3


def single(X):
    return X.astype(np.float32)


def name_of(step):
    return type(step).__name__


def fitted(*steps):
    return make_pipeline(*steps, PCA(4)).fit(X, y)


def refuse(model, match, data=X):
    for in_units in (reconstruct_in_units, reconstruction_errors):
        with pytest.raises(TypeError, match=match):
            in_units(model, data)
    with pytest.raises(TypeError, match=match):
        RootMeanSquaredError()(model, data)


@pytest.mark.parametrize(
    "function",
    [
        np.log1p,
        np.log,
        np.sqrt,
        np.square,
        np.negative,
        np.reciprocal,
        lambda X: X - X.mean(axis=0),
        lambda X: X / np.linalg.norm(X, axis=1, keepdims=True),
        lambda X: X[:, [2, 0, 1, 3]],
        lambda X: np.hstack([X, X]),
        lambda X: X[:, :2],
        lambda X: np.where(X > 1, 1, 0),
        lambda X: X * [1, 1, 1, 2],
    ],
)
@pytest.mark.parametrize("scale", [False, True])
def test_functions_without_an_inverse(function, scale):
    before = (StandardScaler(), MinMaxScaler((1, 2)))[scale:] if scale else ()
    steps = (*before, FunctionTransformer(function))
    model = make_pipeline(*steps, PCA(1)).fit(X)
    refuse(
        model,
        r"FunctionTransformer before the autoencoder \(the step 'functiontransformer'\)"
        r" has no inverse_func .*np\.expm1",
    )


@pytest.mark.filterwarnings("ignore:The provided functions:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    ("function", "inverse"),
    [(np.log1p, np.exp), (np.log, np.expm1), (None, np.expm1), (np.sqrt, np.sqrt)],
)
def test_inverses_of_other_functions(function, inverse):
    refuse(
        fitted(FunctionTransformer(function, inverse)),
        "FunctionTransformer .* is not undone by its inverse_transform",
    )


def test_the_step_at_fault_is_named():
    log = FunctionTransformer(np.log1p)
    steps = StandardScaler(), PCA(4), MinMaxScaler(), log, StandardScaler()
    refuse(fitted(*steps), "FunctionTransformer before .* no inverse_func")
    refuse(fitted(PCA(4), Doubling()), r"Doubling .*'doubling'.* is not undone")
    refuse(fitted(StandardScaler(), Normalizer()), "Normalizer .* no inverse_transform")
    refuse(fitted(SimpleImputer()), "SimpleImputer .* cannot be undone .*add_indicator")


EXACT = [
    FunctionTransformer(),
    FunctionTransformer(np.positive),
    FunctionTransformer(single),
    FunctionTransformer(np.log1p, inverse_func=np.expm1),
    FunctionTransformer(np.negative, inverse_func=np.negative),
    StandardScaler(),
    RobustScaler(),
    MaxAbsScaler(),
    MinMaxScaler((-1, 3)),
    PowerTransformer(),
    QuantileTransformer(n_quantiles=80),
    PCA(4, whiten=True),
]


@pytest.mark.parametrize("step", EXACT, ids=name_of)
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_steps_that_lose_nothing(step, output):
    data = X if output == "default" else pd.DataFrame(X, columns=list("abcd"))
    with config_context(transform_output=output):
        model = make_pipeline(step, PCA(4)).fit(data)
        X_hat = reconstruct_in_units(model, data)
    np.testing.assert_allclose(X_hat, X, rtol=1e-4)


LOSSY = [
    PCA(2),
    SelectKBest(f_classif, k=2),
    VarianceThreshold(0.5),
    MinMaxScaler(clip=True),
    QuantileTransformer(n_quantiles=5),
    KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf"),
]


@pytest.mark.parametrize("step", LOSSY, ids=name_of)
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_what_steps_lose_counts_as_error(step, output):
    data = X if output == "default" else pd.DataFrame(X, columns=list("abcd"))
    with config_context(transform_output=output):
        steps = MinMaxScaler((0, 3)), FunctionTransformer(), step, PCA()
        model = make_pipeline(*steps).fit(data[:40], y[:40])
        errors = reconstruction_errors(model, data)
    assert errors["rmse"].max() > 1e-3 * errors["std"].min()
    cast = FunctionTransformer(lambda X: X.astype(np.float32))
    model = make_pipeline(cast, step, PCA()).fit(X[:40], y[:40])
    assert RootMeanSquaredError()(model, X) < 0


def test_scalers_far_from_zero_in_single_precision():
    seconds = (1.7e9 + 1e6 * rng.normal(size=(50, 3))).astype(np.float32)
    model = make_pipeline(StandardScaler(), MinMaxScaler(), PCA(3)).fit(seconds)
    X_hat = reconstruct_in_units(model, seconds)
    np.testing.assert_allclose(X_hat, seconds, rtol=1e-5)


def test_constant_features():
    data = np.c_[X, np.full(80, 7.0)]
    model = make_pipeline(StandardScaler(), PCA(4)).fit(data)
    np.testing.assert_allclose(reconstruct_in_units(model, data), data, atol=1e-8)
    with_log = make_pipeline(FunctionTransformer(np.log1p), PCA(4)).fit(data)
    refuse(with_log, "has no inverse_func", data)


def test_only_one_feature_is_changed():
    function = FunctionTransformer(lambda X: np.c_[X[:, :3], np.log1p(X[:, 3])])
    refuse(fitted(function, StandardScaler()), "has no inverse_func")


@pytest.mark.parametrize("stride", [1, 3, 7])
def test_windows_and_sequences(stride):
    series = rng.normal(size=(60, 2)).cumsum(axis=0) + 50
    window = SlidingWindow(5, stride=stride, flatten=True)
    model = make_pipeline(window, StandardScaler(), PCA(3), PCA(3)).fit(series)
    assert RootMeanSquaredError()(model, series) < 0
    log = FunctionTransformer(np.log1p)
    refuse(make_pipeline(log, window, PCA(3)).fit(series), "no inverse_func", series)
    assert reconstruction_errors(model, series).shape == (2, 2)
    sequences = SlidingWindow(5).fit_transform(series)
    scaled = SequenceScaler().fit(sequences)
    np.testing.assert_allclose(
        scaled.inverse_transform(scaled.transform(sequences)), sequences
    )


def test_words_come_back_as_words():
    words = np.array([["a", "x"], ["b", "y"], ["c", "x"]] * 10)
    encoder = OneHotEncoder(sparse_output=False)
    model = make_pipeline(encoder, PCA(4)).fit(words)
    np.testing.assert_array_equal(reconstruct_in_units(model, words), words)


def test_a_search_names_the_step():
    pipeline = make_pipeline(FunctionTransformer(np.log1p), PCA())
    search = GridSearchCV(
        pipeline, {"pca__n_components": [1]}, scoring=RootMeanSquaredError(), cv=2
    )
    with pytest.raises(TypeError, match="has no inverse_func"):
        search.set_params(error_score="raise").fit(X)
