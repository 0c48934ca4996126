"""Data at the bounds of an output, or of a reconstruction term."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from skae import VAE, Autoencoder, DenseAutoencoder
from skae._arrays import is_outside
from skae.exceptions import CollapseWarning, OutOfRangeWarning

X = load_breast_cancer().data
rng = np.random.default_rng(0)
TAILS = np.exp(rng.normal(size=(60, 20))) + 100


def bernoulli(max_epochs=1):
    return VAE(
        2,
        reconstruction="bernoulli_cross_entropy",
        output_activation="sigmoid",
        max_epochs=max_epochs,
        random_state=0,
    )


def dense(output_activation):
    return DenseAutoencoder(
        2, output_activation=output_activation, max_epochs=1, random_state=0
    )


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("data", [X, TAILS], ids=["cancer", "tails"])
def test_what_a_scaler_leaves_at_the_bounds_is_inside(data, dtype):
    data = data.astype(dtype)
    scaled = MinMaxScaler().fit_transform(data)
    assert scaled.dtype == dtype
    assert (scaled > 1).any() or (scaled < 0).any()  # or there is nothing to forgive
    make_pipeline(MinMaxScaler(), bernoulli()).fit(data)
    for scaler, activation in [
        (MinMaxScaler(), "sigmoid"),
        (MinMaxScaler(), "relu"),
        (MinMaxScaler((-1, 1)), "tanh"),
        (MaxAbsScaler(), "tanh"),
    ]:
        make_pipeline(scaler, dense(activation)).fit(data)  # warnings are errors


def test_no_fit_of_a_search_fails():
    pipeline = make_pipeline(MinMaxScaler(), bernoulli())
    search = GridSearchCV(
        pipeline,
        {"vae__n_components": [2, 3]},
        cv=KFold(5, shuffle=True, random_state=0),
        refit=False,
        error_score="raise",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        search.fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("value", [1.001, 2.0, -0.001])
def test_what_is_outside_is_refused_with_its_value(value):
    data = rng.random((30, 4))
    data[3, 2] = value
    message = rf"takes data in \[0, 1\], and these reach from .*{value}"
    with pytest.raises(ValueError, match=message):
        bernoulli().fit(data)
    single = Autoencoder(
        2, objective="bernoulli_cross_entropy", max_epochs=1, random_state=0
    )
    single.set_params(network=bernoulli()._network())
    with pytest.raises(ValueError, match=message):
        single.fit(data.astype(np.float32))


def test_few_values_outside_are_not_none():
    data = rng.random((300, 4))
    data[3, 2] = 1.5
    with pytest.warns(OutOfRangeWarning, match="^Less than 1% of the values"):
        dense("sigmoid").fit(data)
    with pytest.warns(OutOfRangeWarning, match=r"^25% of the values"):
        dense("sigmoid").fit(data - [0, 0, 2, 0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_how_much_is_rounding(dtype):
    slack = np.sqrt(np.finfo(dtype).eps)
    near, far = 0.9 * slack, 1.1 * slack
    for low, high, size in [(0, 1, 1), (-1, 1, 2), (0, np.inf, 1), (-5, np.inf, 5)]:
        ends = np.array([low - near * size, low - far * size, low, np.nan], dtype=dtype)
        assert is_outside(ends, low, high).tolist() == [False, True, False, False]
    ends = np.array([1 + near, 1 + far], dtype=dtype)
    assert is_outside(ends, 0, 1).tolist() == [False, True]
    assert not is_outside(ends, -np.inf, np.inf).any()


def test_whole_numbers_leave_a_range_by_nothing():
    assert is_outside(np.array([-1, 0, 1, 2]), 0, 1).tolist() == [
        True,
        *[False] * 2,
        True,
    ]
    bernoulli().fit(rng.integers(0, 2, (40, 4)))
    with pytest.raises(ValueError, match="these reach from 0 to 2"):
        bernoulli().fit(rng.integers(0, 3, (40, 4)))


OVER = np.nextafter(1, 2)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.parametrize("max_epochs", [2, "auto"])
@pytest.mark.parametrize("reconstruction", ["bernoulli_cross_entropy", "gaussian"])
def test_rounding_beyond_one_is_taken_everywhere(max_epochs, reconstruction):
    data = rng.random((60, 4))
    data[::7, 1] = OVER
    data[1::7, 2] = -1e-17
    model = bernoulli(max_epochs).set_params(reconstruction=reconstruction)
    model.fit(data, X_val=data[:20])
    model.fit(data).partial_fit(data)
    for values in (
        model.elbo(data),
        model.log_likelihood(data),
        model.score_samples(data),
        model.transform(data),
        model.score(data),
    ):
        assert np.isfinite(values).all()
    inside = data.clip(0, 1)
    np.testing.assert_allclose(model.elbo(data), model.elbo(inside), atol=1e-6)
    np.testing.assert_allclose(model.score(data), model.score(inside))
    point = Autoencoder(2, network=model._network(), objective=reconstruction)
    point.set_params(max_epochs=1, random_state=0).fit(data, data.clip(0, 1))
