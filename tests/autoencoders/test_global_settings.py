"""What users set for all of scikit-learn or torch, and fits that it leaves alone."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import (
    MMDVAE,
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    fit_stack,
    get_scorer,
    select_dimension,
)
from skae.networks import ConvolutionalNetwork
from skae.noise import MaskingNoise
from skae.preprocessing import SequenceScaler, SlidingWindow

# of features mixed at random, some hardly vary
pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.ScaleWarning")

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(60, 2)) @ RNG.normal(size=(2, 12))).astype(np.float32)
SERIES = pd.DataFrame(RNG.normal(size=(40, 2)), columns=["load", "temperature"])


# scikit-learn's output


def sequences():
    return SlidingWindow(6).fit_transform(SERIES)


def short(model, **params):
    return model.set_params(max_epochs=2, random_state=0, **params)


def lstm():
    return short(LSTMAutoencoder(2, hidden_size=4))


def searched():
    pipeline = make_pipeline(StandardScaler(), short(DenseAutoencoder()))
    settings = {"n_components": [1, 2], "cv": 2, "random_state": 0}
    return select_dimension(X, pipeline, **settings).criterion


def scored():
    pipeline = make_pipeline(
        StandardScaler(), short(VAE(2)), KMeans(3, n_init=1, random_state=0)
    ).fit(X)
    names = "reconstruction", "mse", "kernel_mi", "silhouette", "description_length"
    return [get_scorer(name)(pipeline, X) for name in names]


WORK = {
    "scaled sequences": lambda: SequenceScaler().fit_transform(sequences()),
    "scaled rows": lambda: SequenceScaler(n_channels=2).fit_transform(X),
    "scaled to a range": lambda: SequenceScaler("minmax").fit_transform(sequences()),
    "scaling undone": lambda: (
        SequenceScaler().fit(sequences()).inverse_transform(sequences())
    ),
    "windows undone": lambda: (
        SlidingWindow(6, flatten=True)
        .fit(SERIES)
        .inverse_transform(SlidingWindow(6, flatten=True).fit_transform(SERIES))
    ),
    "pipeline": lambda: make_pipeline(
        SlidingWindow(6), SequenceScaler(), lstm()
    ).fit_transform(SERIES),
    "sampler": lambda: short(MMDVAE(2, sampler="gmm")).fit(X).sample(5, random_state=0),
    "scorers": scored,
    "search": searched,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.parametrize("name", WORK)
def test_data_frames_as_output_change_no_numbers(name):
    expected = np.asarray(WORK[name]())
    with sklearn.config_context(transform_output="pandas"):
        found = WORK[name]()
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_data_frames_as_output_of_a_pipeline():
    pipeline = make_pipeline(SlidingWindow(6), SequenceScaler(), lstm())
    codes = pipeline.set_output(transform="pandas").fit_transform(SERIES)
    assert list(codes.columns) == ["lstmautoencoder0", "lstmautoencoder1"]


def test_scaled_rows_are_a_frame_where_one_is_asked_for():
    scaler = SequenceScaler(n_channels=2).set_output(transform="pandas")
    frame = SlidingWindow(6, flatten=True).set_output(transform="pandas")
    rows = frame.fit_transform(SERIES)
    assert list(scaler.fit_transform(rows).columns) == list(rows.columns)


# torch's default dtype


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


MODELS = {
    "dense": DenseAutoencoder(2),
    "dense, random start": DenseAutoencoder(2, linear_path=None, early_stopping=True),
    "masked": Autoencoder(2, input_noise=MaskingNoise(0.3)),
    "noisy": Autoencoder(2, input_noise="snr"),
    "VAE": VAE(2),
    "MMDVAE": MMDVAE(2),
    "LSTM": LSTMAutoencoder(2, hidden_size=3),
    "convolutional": Autoencoder(2, network=ConvolutionalNetwork("3", n_channels=2)),
}


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_the_default_dtype_of_torch_changes_no_fit(name, dtype):
    model = short(sklearn.clone(MODELS[name]))
    expected = [model.fit(data).transform(data) for data in (X, X.astype(float))]
    with default_dtype(dtype):
        found = [model.fit(data).transform(data) for data in (X, X.astype(float))]
    for codes, others in zip(found, expected, strict=True):
        assert codes.dtype == others.dtype
        np.testing.assert_allclose(codes, others, rtol=1e-5, atol=1e-6)


def stacked_codes():
    models = [short(MMDVAE(k, linear_path=None)) for k in (1, 2, 3)]
    return [model.transform(X) for model in fit_stack(models, [X] * 3)]


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_the_default_dtype_of_torch_changes_no_stack():
    expected = stacked_codes()
    with default_dtype(torch.float64):
        found = stacked_codes()
    for codes, others in zip(found, expected, strict=True):
        np.testing.assert_allclose(codes, others, rtol=1e-4, atol=1e-5)
