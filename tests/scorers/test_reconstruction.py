import numpy as np
import pytest
from helpers.data import low_rank
from helpers.models import Given
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    StandardScaler,
)

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.metrics import feature_errors, mean_squared_error, variance_explained
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.scorers import Reconstruction
from skae.scorers._reconstruction import (
    MeanSquaredError,
    reconstruct_in_units,
    reconstruction_errors,
)

UNITS = np.array([1.0, 10.0, 100.0, 1.0, 0.01])


def data(n_samples=60, seed=0):
    return (low_rank(n_samples, 5, noise=0.3, seed=seed) + 7) * UNITS


# The metrics


def test_mean_squared_error_by_a_loop():
    X, X_hat = data(), data(seed=1)
    squares = [(a - b) ** 2 for a, b in zip(X.flat, X_hat.flat, strict=True)]
    assert mean_squared_error(X, X_hat) == pytest.approx(sum(squares) / X.size)


def test_feature_errors_by_a_loop():
    X, X_hat = data(), data(seed=1)
    expected = [
        np.sqrt(np.mean((X[:, j] - X_hat[:, j]) ** 2)) for j in range(X.shape[1])
    ]
    np.testing.assert_allclose(feature_errors(X, X_hat), expected)


def test_feature_errors_of_sequences_are_those_of_channels():
    X, X_hat = data().reshape(20, 3, 5), data(seed=1).reshape(20, 3, 5)
    flat = feature_errors(X.reshape(60, 5), X_hat.reshape(60, 5))
    np.testing.assert_allclose(feature_errors(X, X_hat), flat)


def test_what_has_ended_does_not_count():
    X, X_hat = data(20).reshape(4, 5, 5), data(20, seed=1).reshape(4, 5, 5)
    X[1:, 3:] = np.nan
    present = ~np.isnan(X)
    squares = (X[present] - X_hat[present]) ** 2
    assert mean_squared_error(X, X_hat) == pytest.approx(squares.mean())
    of_first = present & (np.arange(5) == 0)
    expected = np.sqrt(np.mean((X[of_first] - X_hat[of_first]) ** 2))
    assert feature_errors(X, X_hat)[0] == pytest.approx(expected)


def test_a_feature_without_values_has_no_error():
    X = np.array([[np.nan, 1.0], [np.nan, 3.0]])
    np.testing.assert_equal(feature_errors(X, np.zeros((2, 2))), [np.nan, np.sqrt(5)])


# The scorer


def test_mse_is_that_of_what_the_autoencoder_sees():
    X = data()
    model = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    scaled = model[0].transform(X)
    X_hat = model[1].inverse_transform(model[1].transform(scaled))
    found = MeanSquaredError()(model, X)
    assert found == pytest.approx(-np.mean((scaled - X_hat) ** 2))
    assert found == pytest.approx(Reconstruction()(model, X) - 1)  # unit variance


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_mse_is_finite(value):
    X = data()
    scorer = MeanSquaredError()
    assert scorer(Given(back=np.full(X.shape, value)), X) == scorer.worst
    assert np.isfinite(np.mean([scorer.worst] * 10))


def test_mse_of_sequences_that_end_early():
    X = np.random.default_rng(0).normal(size=(20, 5, 2))
    X[::3, 3:] = np.nan
    model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0).fit(X)
    expected = -np.nanmean((X - model.reconstruct(X)) ** 2)
    assert MeanSquaredError()(model, X) == pytest.approx(expected)


def test_mse_in_a_search():
    grid = {"pca__n_components": [1, 2, 3]}
    pipeline = make_pipeline(StandardScaler(), PCA())
    search = GridSearchCV(pipeline, grid, scoring=MeanSquaredError(), cv=3)
    scores = search.fit(data()).cv_results_["mean_test_score"]
    assert scores[0] < scores[1] < scores[2] < 0


# Errors in units


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), "passthrough"])
def test_errors_are_in_units_of_the_data(scaler):
    X = data()
    model = make_pipeline(scaler, FunctionTransformer(), PCA(2)).fit(X)
    scaled = X if scaler == "passthrough" else scaler.transform(X)
    X_hat = model[2].inverse_transform(model[2].transform(scaled))
    if scaler != "passthrough":
        X_hat = scaler.inverse_transform(X_hat)
    errors = reconstruction_errors(model, X)
    expected = np.sqrt(np.mean((X - X_hat) ** 2, axis=0))
    np.testing.assert_allclose(errors["rmse"], expected)
    np.testing.assert_allclose(errors["std"], X.std(axis=0))


def test_errors_change_with_the_unit():
    X = data()
    metres = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    kilometres = make_pipeline(StandardScaler(), PCA(2)).fit(X / 1000)
    expected = reconstruction_errors(metres, X) / 1000
    found = reconstruction_errors(kilometres, X / 1000)
    np.testing.assert_allclose(found, expected)


def test_names_of_the_features():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(data(), columns=list("abcde"))
    model = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    assert list(reconstruction_errors(model, X).index) == list("abcde")
    search = GridSearchCV(model, {"pca__n_components": [2]}, cv=2).fit(X)
    pd.testing.assert_frame_equal(
        reconstruction_errors(search, X),
        reconstruction_errors(search.best_estimator_, X),
    )
    nameless = make_pipeline(StandardScaler(), PCA(2)).fit(data())
    assert list(reconstruction_errors(nameless, data()).index[:2]) == ["x0", "x1"]
    assert list(reconstruction_errors(nameless, data().tolist()).index[-1:]) == ["x4"]


def test_errors_of_sequences_are_those_of_channels():
    X = np.random.default_rng(0).normal(size=(30, 4, 2)) * [1, 100]
    X[::3, 3:] = np.nan
    lstm = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0)
    model = make_pipeline(SequenceScaler(), lstm).fit(X)
    errors = reconstruction_errors(model, X)
    X_hat = reconstruct_in_units(model, X)
    np.testing.assert_array_equal(np.isnan(X_hat), np.isnan(X))
    expected = np.sqrt(np.nanmean((X - X_hat) ** 2, axis=(0, 1)))
    np.testing.assert_allclose(errors["rmse"], expected)
    np.testing.assert_allclose(errors["std"], np.nanstd(X, axis=(0, 1)))
    assert list(errors.index) == ["x0", "x1"]


@pytest.mark.parametrize("stride", [1, 3, 7])
def test_errors_of_a_series_that_is_cut_into_windows(stride):
    series = np.random.default_rng(0).normal(size=(41, 2)).cumsum(axis=0) * [1, 50]
    window = SlidingWindow(5, stride=stride, flatten=True)
    model = make_pipeline(window, StandardScaler(), PCA(5)).fit(series)
    errors = reconstruction_errors(model, series)
    windows = model[:2].transform(series)
    rows = model[1].inverse_transform(
        model[2].inverse_transform(model[2].transform(windows))
    )
    back = window.inverse_transform(rows)
    expected = np.sqrt(np.nanmean((series[: len(back)] - back) ** 2, axis=0))
    np.testing.assert_allclose(errors["rmse"], expected)
    assert errors["rmse"]["x1"] > 5 * errors["rmse"]["x0"]


def test_steps_that_cannot_be_undone():
    model = make_pipeline(PolynomialFeatures(), PCA(2)).fit(data())
    with pytest.raises(TypeError, match="PolynomialFeatures before the autoencoder"):
        reconstruction_errors(model, data())


def test_steps_that_lose_something_count():
    X = data()
    bins = KBinsDiscretizer(
        3, encode="ordinal", quantile_method="averaged_inverted_cdf"
    )
    model = make_pipeline(bins, PCA(5)).fit(X)
    errors = reconstruction_errors(model, X)
    assert (errors["rmse"] > 0.01 * errors["std"]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_errors_of_what_is_not_finite(value):
    X = data()
    autoencoder = DenseAutoencoder(2, max_epochs=1, random_state=0)
    model = make_pipeline(StandardScaler(), autoencoder).fit(X)
    for weights in autoencoder.net_.module_.decoder.parameters():
        weights.data.fill_(value)
    errors = reconstruction_errors(model, X)
    assert errors.shape == (5, 2)
    assert errors["rmse"].isna().all()


def test_variance_explained_is_what_the_errors_say():
    X = data()
    pca = PCA(2).fit(X)
    errors = reconstruction_errors(pca, X)
    share = 1 - (errors["rmse"] ** 2).sum() / (errors["std"] ** 2).sum()
    X_hat = pca.inverse_transform(pca.transform(X))
    assert variance_explained(X, X_hat) == pytest.approx(share)


def test_scalers_in_a_pipeline_of_their_own_are_undone():
    X = data()
    scale = make_pipeline(StandardScaler(), MinMaxScaler())
    nested = make_pipeline(make_pipeline(scale, PCA(5)), "passthrough").fit(X)
    np.testing.assert_allclose(reconstruct_in_units(nested, X), X, rtol=1e-8)
