"""The dimension of ten months of airline passengers: found, or said not to be."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline

from skae import DenseAutoencoder, LSTMAutoencoder, stacked
from skae.datasets import load_airline_passengers
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.search import LatentDimensionSearchCV

SPLITTER = ContiguousKFold(4, gap=9)


def windows(flatten):
    series = load_airline_passengers(return_X_y=True)[0]
    return SlidingWindow(10, flatten=flatten).fit_transform(series)


def search(model, X, **settings):
    pipeline = make_pipeline(SequenceScaler(n_channels=1), model)
    found = LatentDimensionSearchCV(
        pipeline, cv=SPLITTER, random_state=0, error_score="raise", **settings
    )
    with stacked():
        return found.fit(X)


def held_out(found, X):
    """Return each window as decoded by a model that has seen none of its months."""
    decoded = np.full(X.shape, np.nan)
    # to find the length of each of these fits takes ten times as long
    pipeline = clone(found.best_estimator_).set_params(denseautoencoder__max_epochs=100)
    for train, test in SPLITTER.split(X):
        model = pipeline.fit(X[train])
        decoded[test] = model.inverse_transform(model.transform(X[test]))
    return decoded


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_dense_autoencoder_finds_about_three_dimensions():
    X = windows(flatten=True)
    found = search(DenseAutoencoder(), X, n_components=5)
    assert 2 <= found.n_components_ <= 4
    assert r2_score(X.ravel(), held_out(found, X).ravel()) >= 0.95


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_repeated_code_trained_briefly_decides_nothing():
    model = LSTMAutoencoder(
        decoder="repeat",
        linear_path=None,
        max_epochs=100,
        learning_rate=1e-2,
        learning_rate_schedule="constant",
    )
    found = search(model, windows(flatten=False), n_components=9, n_restarts=2)
    assert found.selection_.verdict.kind in ("flat", "under-trained")
