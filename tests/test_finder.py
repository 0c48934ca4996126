"""The autoencoder in whatever is built around it: what it sees, and its codes."""

import numpy as np
import pandas as pd
import pytest
from helpers.models import dense
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skae import DenseAutoencoder, LatentDimensionSearchCV, get_scorer
from skae._finder import find, fitted_autoencoder, leaves
from skae.interpretation import (
    code_sensitivities,
    feature_names,
    first_layer_weights,
)
from skae.plotting import LossCurveDisplay
from skae.scorers import locate, reconstruct_in_units, reconstruction_errors

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5)) * [1, 2, 3, 4, 5] + RNG.normal(size=(40, 1))
Y = X[:, 0] + 100
NAMES = list("abcde")
FRAME = pd.DataFrame(X, columns=NAMES)


class Doubling(BaseEstimator):
    """A sampler as imbalanced-learn has them: it changes the rows of a fit."""

    def fit(self, X, y=None):
        return self

    def fit_resample(self, X, y=None):
        return np.concatenate([X, X]), y if y is None else np.concatenate([y, y])


class SamplingPipeline(Pipeline):
    """A pipeline as imbalanced-learn's: samplers work in `fit` alone."""

    def fit(self, X, y=None):
        for _, step in self.steps[:-1]:
            if hasattr(step, "fit_resample"):
                X, y = step.fit_resample(X, y)
            else:
                X = step.fit(X, y).transform(X)
        self.steps[-1][1].fit(X, y)
        return self

    def transform(self, X):
        for _, step in self.steps:
            X = X if hasattr(step, "fit_resample") else step.transform(X)
        return X


def scaled(model):
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def columns(model, which, rest="drop"):
    parts = [("before", "passthrough", [0]), ("some", model, which)]
    return ColumnTransformer(parts, remainder=rest)


# The estimator around a model, its name there, and the columns that it sees.
CONTAINERS = {
    "itself": (lambda model: model, "", [0, 1, 2, 3, 4]),
    "pipeline": (scaled, "model", [0, 1, 2, 3, 4]),
    "nested": (lambda m: scaled(scaled(m)), "model__model", [0, 1, 2, 3, 4]),
    "deeper": (
        lambda m: Pipeline([("in", scaled(scaled(m))), ("end", "passthrough")]),
        "in__model__model",
        [0, 1, 2, 3, 4],
    ),
    "columns": (lambda m: columns(m, [1, 3, 4]), "some", [1, 3, 4]),
    "a slice of columns": (lambda m: columns(m, slice(1, 4)), "some", [1, 2, 3]),
    "a mask of columns": (
        lambda m: columns(m, [False, True, True, False, True]),
        "some",
        [1, 2, 4],
    ),
    "other columns": (
        lambda m: ColumnTransformer([("a", "drop", [2])], remainder=m),
        "remainder",
        [0, 1, 3, 4],
    ),
    "columns, scaled": (
        lambda m: Pipeline([("all", columns(scaled(m), [4, 2, 1]))]),
        "all__some__model",
        [4, 2, 1],
    ),
    "union": (
        lambda m: FeatureUnion([("raw", "passthrough"), ("codes", scaled(m))]),
        "codes__model",
        [0, 1, 2, 3, 4],
    ),
    "union, then scaled": (
        lambda m: make_pipeline(
            StandardScaler(), FeatureUnion([("codes", m)]), StandardScaler()
        ),
        "featureunion__codes",
        [0, 1, 2, 3, 4],
    ),
    "target": (
        lambda m: TransformedTargetRegressor(Pipeline([("m", m), ("r", Ridge())])),
        "regressor__m",
        [0, 1, 2, 3, 4],
    ),
    "sampler": (
        lambda m: SamplingPipeline(
            [("scale", StandardScaler()), ("more", Doubling()), ("m", m)]
        ),
        "m",
        [0, 1, 2, 3, 4],
    ),
}
every_container = pytest.mark.parametrize(
    ("wrap", "name", "seen"), CONTAINERS.values(), ids=CONTAINERS
)
every_kind_of_data = pytest.mark.parametrize("data", [X, FRAME], ids=["array", "frame"])


@every_kind_of_data
@every_container
def test_the_autoencoder_is_found_with_its_data(wrap, name, seen, data):
    estimator = wrap(dense()).fit(data, Y)
    assert find(wrap(dense())).name == find(estimator).name == name
    located = locate(estimator, data)
    assert isinstance(located.reducer, DenseAutoencoder)
    values, plain = np.asarray(located.X), X[:, seen]
    if located.before is not None and "StandardScaler" in str(located.before):
        plain = StandardScaler().fit_transform(plain)
    np.testing.assert_allclose(values, plain, atol=1e-12)


@every_kind_of_data
@every_container
def test_parameters_have_the_name_that_was_found(wrap, name, seen, data):
    estimator = wrap(dense())
    prefix = find(estimator).prefix
    estimator.set_params(**{f"{prefix}n_components": 1})
    assert find(estimator.fit(data, Y)).step.n_components == 1
    assert locate(estimator, data).codes().shape == (40, 1)


@every_kind_of_data
@pytest.mark.parametrize("place", ["columns", "other columns", "columns, scaled"])
def test_codes_are_those_in_the_output_of_a_column_transformer(place, data):
    wrap, name, _ = CONTAINERS[place]
    estimator = wrap(dense()).fit(data)
    transformer = estimator.steps[0][1] if place == "columns, scaled" else estimator
    part = {"all__some__model": "some"}.get(name, name)
    output = estimator.transform(data)[:, transformer.output_indices_[part]]
    np.testing.assert_array_equal(locate(estimator, data).codes(), output)


def test_codes_are_those_in_the_output_of_a_union():
    estimator = CONTAINERS["union"][0](dense()).fit(X)
    located = locate(estimator, X)
    np.testing.assert_array_equal(located.codes(), estimator.transform(X)[:, 5:])


def test_what_follows_the_codes_predicts_as_the_whole():
    inner = make_pipeline(StandardScaler(), dense(), StandardScaler(), Ridge())
    estimator = TransformedTargetRegressor(inner).fit(X, Y)
    located = locate(estimator, X)
    predicted = located.after.predict(located.codes())
    np.testing.assert_allclose(predicted, estimator.predict(X))


def test_codes_that_others_join_are_followed_no_further():
    union = make_union(make_pipeline(dense(), StandardScaler()), StandardScaler())
    located = locate(make_pipeline(union, PCA(2)).fit(X), X)
    assert [type(step) for _, step in located.after.steps] == [StandardScaler]


@pytest.mark.parametrize(
    "key", [["e", "b"], slice("b", "d"), make_column_selector("[be]")]
)
def test_columns_are_found_by_name_in_whatever_order(key):
    estimator = columns(dense(), key).fit(FRAME)
    expected = FRAME[list("be")] if callable(key) else FRAME.loc[:, key]
    shuffled = FRAME.assign(more=1.0)[["more", "e", "d", "c", "b", "a"]]
    for data in (FRAME, shuffled):
        pd.testing.assert_frame_equal(locate(estimator, data).X, expected)
    assert feature_names(estimator) == list(expected)


def test_columns_given_by_position_are_found_by_name():
    estimator = columns(dense(), [1, 3]).fit(FRAME)
    located = locate(estimator, FRAME[NAMES[::-1]])
    pd.testing.assert_frame_equal(located.X, FRAME[["b", "d"]])


def test_lists_have_columns():
    estimator = columns(dense(), [1, 3]).fit(X)
    np.testing.assert_array_equal(locate(estimator, X.tolist()).X, X[:, [1, 3]])


# Scores and searches


@pytest.mark.parametrize("scorer", ["reconstruction", "kernel_mi"])
@every_container
def test_it_is_scored_as_alone(scorer, wrap, name, seen):
    estimator = wrap(dense()).fit(FRAME, Y)
    located = locate(estimator, FRAME)
    alone = get_scorer(scorer)(located.reducer, located.X)
    assert get_scorer(scorer)(estimator, FRAME, Y) == alone


@every_container
def test_searches_score_it(wrap, name, seen):
    grid = {f"{find(wrap(PCA())).prefix}n_components": [1, 2]}
    scoring = get_scorer("reconstruction")
    search = GridSearchCV(wrap(PCA()), grid, cv=2, scoring=scoring).fit(FRAME, Y)
    assert list(search.best_params_.values()) == [2]
    assert find(search).name == f"estimator__{name}".removesuffix("__")


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_kind_of_data
@every_container
def test_its_dimension_is_searched(wrap, name, seen, data):
    search = LatentDimensionSearchCV(wrap(PCA()), n_components=2, cv=2, random_state=0)
    search.fit(data, Y)
    param = f"param_{name}__n_components".replace("___", "_")
    assert search.cv_results_[param].tolist() == [1, 2]
    assert search.n_features_ == len(seen)
    assert find(search.best_estimator_).step.n_components == search.n_components_


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_columns_are_known_before_anything_is_fitted():
    mixed = FRAME.assign(kind=["one", "two"] * 20)
    kinds = ("kinds", OneHotEncoder(sparse_output=False), ["kind"])
    numbers = ("numbers", scaled(PCA()), make_column_selector(dtype_include="number"))
    transformer = ColumnTransformer([kinds, numbers])
    search = LatentDimensionSearchCV(transformer, cv=2, random_state=0)
    search.set_params(n_components=[1, 4]).fit(mixed)
    assert search.n_features_ == 5


# Interpretation and displays


@every_kind_of_data
@every_container
def test_it_is_interpreted_as_alone(wrap, name, seen, data):
    estimator = wrap(dense()).fit(data, Y)
    located = locate(estimator, data)
    names = [NAMES[i] if data is FRAME else f"x{i}" for i in seen]
    alone = code_sensitivities(located.reducer, located.X)
    found = code_sensitivities(estimator, data)
    np.testing.assert_array_equal(found, alone)
    np.testing.assert_array_equal(
        first_layer_weights(estimator), first_layer_weights(located.reducer)
    )
    assert list(found.index) == list(first_layer_weights(estimator).index) == names


@every_container
def test_its_history_is_drawn(wrap, name, seen):
    ax = Figure().subplots()
    estimator = wrap(dense()).fit(X, Y)
    assert len(LossCurveDisplay.from_estimator(estimator, ax=ax).train_loss) == 2


def test_names_without_names():
    estimator = make_pipeline(FrozenEstimator(PCA(4).fit(X)), dense()).fit(X)
    assert feature_names(estimator) == ["pca0", "pca1", "pca2", "pca3"]


@pytest.mark.parametrize("place", ["nested", "deeper", "union", "sampler"])
def test_errors_are_in_units_of_the_data(place):
    estimator = CONTAINERS[place][0](dense()).fit(FRAME)
    located = locate(estimator, FRAME)
    scale, X_hat = StandardScaler().fit(X), located.reconstruct()
    expected = scale.inverse_transform(X_hat)
    np.testing.assert_allclose(reconstruct_in_units(estimator, FRAME), expected)
    assert list(reconstruction_errors(estimator, FRAME).index) == NAMES


def test_errors_of_some_columns_have_no_units_of_all():
    estimator = columns(dense(), [1, 2]).fit(X)
    with pytest.raises(TypeError, match="sees some of the columns"):
        reconstruct_in_units(estimator, X)


# Several, and none


def test_an_autoencoder_goes_before_other_reducers():
    union = FeatureUnion([("codes", dense()), ("axes", PCA(2))])
    assert find(union).name == "codes"
    assert find(make_pipeline(dense(), PCA(2))).name == "denseautoencoder"


def test_the_last_one_of_a_pipeline_is_meant():
    pipeline = Pipeline([("one", dense(3)), ("two", scaled(dense(2)))])
    assert find(pipeline).name == "two__model"
    union = FeatureUnion([("a", dense()), ("b", dense())])
    assert find(make_pipeline(union, dense(1))).step.n_components == 1


@pytest.mark.parametrize("model", [PCA(2), dense()], ids=["PCA", "DenseAutoencoder"])
@pytest.mark.parametrize("around", [clone, scaled])
def test_of_two_side_by_side_none_is_meant(model, around):
    both = [("left", model, [0, 1]), ("right", scaled(model), [2, 3, 4])]
    kind = type(model).__name__
    with pytest.raises(
        ValueError, match=rf"left' \({kind}\) and '.*right__model' \({kind}\)"
    ):
        find(around(ColumnTransformer(both)))


@pytest.mark.parametrize(
    "estimator", [StandardScaler(), scaled(Ridge()), make_union(StandardScaler())]
)
def test_nothing_is_found_where_nothing_is(estimator):
    with pytest.raises(TypeError, match="has no step"):
        find(estimator)


@pytest.mark.parametrize("estimator", [dense(), scaled(dense()), PCA().fit(X)])
def test_what_is_not_fitted_is_no_fitted_autoencoder(estimator):
    with pytest.raises(TypeError, match="has no fitted autoencoder"):
        fitted_autoencoder(estimator)


def test_leaves_are_all_that_has_nothing_inside():
    union = FeatureUnion([("codes", scaled(dense())), ("axes", PCA(2))])
    kinds = [type(leaf) for leaf in leaves(make_pipeline(union, Ridge()))]
    assert kinds == [StandardScaler, DenseAutoencoder, PCA, Ridge]
    assert leaves(kinds) == [kinds]


class Detector(OutlierMixin, BaseEstimator):
    """A detector around an autoencoder."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y=None):
        self.estimator_ = clone(self.estimator).fit(X)
        return self


def test_the_autoencoder_of_a_detector():
    pipeline = make_pipeline(StandardScaler(), dense())
    detector = Detector(pipeline)
    assert find(detector).step is pipeline[-1]
    detector.fit(X)
    found = find(detector)
    assert found.step is detector.estimator_[-1]
    assert found.name == "estimator__denseautoencoder"
    np.testing.assert_array_equal(
        code_sensitivities(detector, X), code_sensitivities(detector.estimator_, X)
    )
