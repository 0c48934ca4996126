"""Nearly constant features that were given the variance of others."""

import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import models
from helpers.data import normal
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skae import Autoencoder, DenseAutoencoder
from skae.autoencoders._scales import warn_near_constant
from skae.exceptions import ScaleWarning
from skae.metrics import variance_explained
from skae.networks import ConvolutionalNetwork


def spots(n_samples=600, side=12, seed=0):
    """Return pictures of a spot that seldom comes to the edge, on a black ground."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(side / 2, side / 8, size=(2, n_samples, 1, 1))
    down, across = np.mgrid[:side, :side]
    squares = (down - centres[0]) ** 2 + (across - centres[1]) ** 2
    X = np.where(squares < 12, np.exp(-squares / 8), 0).reshape(n_samples, -1)
    return X.astype(np.float32)


def beside_indicators(X, n_indicators, share=0.005):
    rng = np.random.default_rng(0)
    return np.hstack([X, rng.random((len(X), n_indicators)) < share])


def said(X, names=()):
    """Return what is said of nearly constant features."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn_near_constant(X, names)
    return [str(warning.message) for warning in seen]


def dense(**settings):
    return models.dense(hidden_layer_sizes=(4,), max_epochs=1, **settings)


def test_fits_warn_and_name_the_features():
    X = beside_indicators(normal(400, 6), 3)
    X = StandardScaler().fit_transform(X)
    with pytest.warns(ScaleWarning, match="3 of 9 features .* 6, 7, 8.$") as seen:
        dense().fit(X)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert "33% of the variance" in str(seen[0].message)
    frame = pd.DataFrame(X, columns=list("abcdefxyz"))
    with pytest.warns(ScaleWarning, match=r" x, y, z\."):
        dense().fit(frame)


def test_a_search_warns_once():
    X = StandardScaler().fit_transform(beside_indicators(normal(800, 6), 3))
    search = GridSearchCV(dense(), {"n_components": [1, 2]}, cv=2, refit=False)
    with pytest.warns(ScaleWarning) as seen:
        search.fit(X)
    assert len(seen) == 1


def test_images_are_looked_at_pixel_by_pixel():
    X = StandardScaler().fit_transform(spots()).reshape(-1, 1, 12, 12)
    network = ConvolutionalNetwork((2,))
    with pytest.warns(ScaleWarning, match="of 144 features"):
        Autoencoder(2, network=network, max_epochs=1, random_state=0).fit(X)


def test_one_scale_for_all_pixels_serves_the_picture_better():
    X = spots()
    train, held_out = X[:450], X[450:]
    explained = []
    for scale in (np.where(train.std(0) > 0, train.std(0), 1), X.std()):
        model = DenseAutoencoder(2, random_state=0, max_epochs=60)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScaleWarning)
            model.fit((train - train.mean(0)) / scale)
        X_hat = model.reconstruct((held_out - train.mean(0)) / scale)
        explained.append(variance_explained(held_out, X_hat * scale + train.mean(0)))
    standardised, on_one_scale = explained
    assert 1 - standardised > 1.05 * (1 - on_one_scale)
    assert said((train - train.mean(0)) / np.where(train.std(0) > 0, train.std(0), 1))
    assert not said(train / train.std())


@pytest.mark.parametrize(
    "X",
    [
        load_wine().data,
        load_breast_cancer().data,
        np.random.default_rng(0).standard_t(2, size=(500, 5)),
        (np.random.default_rng(0).random((500, 5)) < 0.03) * 1.0,
        np.ones((500, 5)),
        beside_indicators(normal(400, 20), 2),
    ],
    ids=["wine", "cancer", "heavy tails", "categories", "constant", "few of many"],
)
def test_other_tables_are_no_cause(X):
    assert not said(X)
    assert not said(StandardScaler().fit_transform(X))


def test_digits_on_their_own_scale_are_no_cause():
    X = load_digits().data
    assert not said(X)
    assert "of 64 features" in said(StandardScaler().fit_transform(X))[0]


def test_huge_values_and_few_rows_are_no_cause():
    assert not said(np.tile([[1e300], [-1e300], [0]], (100, 3)))
    assert not said(np.eye(20))
