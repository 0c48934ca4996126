"""Fits with weights of rows end in a stack as they would have ended alone."""

from functools import partial

import numpy as np
import pytest
from helpers import models
from helpers.data import low_rank
from instances import name_of
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from twins import assert_twins, dense, scores

from skae import VAE, LSTMAutoencoder, stacked
from skae.bottlenecks import PointBottleneck
from skae.noise import SNRNoise
from skae.objectives import (
    MMD,
    AbsoluteError,
    GaussianLikelihood,
    MomentMatching,
    SquaredError,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning"),
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
]

composed = partial(models.composed, batch_size=16, max_epochs=3)
KINDS = [
    dense(),
    dense(max_grad_norm=0.1, weight_decay=0.1),
    dense(early_stopping=True, max_epochs=20, n_iter_no_change=2, tol=0.05),
    dense(optimizer="sgd", max_epochs=5),
    VAE(batch_size=16, linear_path=None, max_epochs=3),
    composed(MMD(0.3), reconstruction=SquaredError()),
    composed(
        MomentMatching(0.3),
        bottleneck=PointBottleneck(noise=SNRNoise(10)),
        input_noise=SNRNoise(10),
    ),
    composed(reconstruction=GaussianLikelihood()),
    composed(reconstruction=GaussianLikelihood(per_feature=True)),
    composed(reconstruction=AbsoluteError()),
]


def weights(n, seed=0):
    """Return weights of rows, a tenth of which have none."""
    rng = np.random.default_rng(seed)
    return rng.exponential(size=n) * (rng.permutation(n) >= n // 10)


def several(base):
    """Return fits of different sizes and data, and the weights of their rows."""
    sizes = zip((1, 4, 2), (0, 1, 1), (0.003, 0.01, 0.01), strict=True)
    bases = [
        clone(base).set_params(n_components=k, random_state=seed, learning_rate=rate)
        for k, seed, rate in sizes
    ]
    Xs = [low_rank(n, seed=i) for i, n in enumerate((65, 64, 65))]
    return bases, Xs, [weights(len(X), seed) for seed, X in enumerate(Xs)]


def assert_weighted_like_alone(bases, Xs, of_rows, rtol, **given):
    fits = [*zip(bases, Xs, of_rows, strict=True)]
    alone = [clone(m).fit(X, sample_weight=w, **given) for m, X, w in fits]
    with stacked():
        together = Parallel()(
            delayed(clone(m).fit)(X, sample_weight=w, **given) for m, X, w in fits
        )
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, rtol)


@pytest.mark.parametrize("base", KINDS, ids=name_of)
def test_members_with_weights_of_rows_are_as_alone(base, groups):
    assert_weighted_like_alone(*several(base), rtol=1e-6)
    assert groups() == ([[3]], [0])


def test_rows_that_weigh_differently_lead_to_different_fits():
    X = low_rank(60)
    with stacked():
        plain, weighted = Parallel()(
            delayed(dense().fit)(X, sample_weight=w) for w in (None, weights(60))
        )
    assert np.abs(plain.transform(X) - weighted.transform(X)).max() > 1e-3


def test_fits_without_weights_are_of_another_kind(groups):
    X, of_rows = low_rank(60), [None, weights(60), None, weights(60, 1)]
    bases = [dense(n_components=k) for k in (1, 2, 3, 4)]
    assert_weighted_like_alone(bases, [X] * 4, of_rows, rtol=1e-6)
    assert groups() == ([[2, 2]], [0])


@pytest.mark.parametrize("batch_size", [7, 16, 100])
def test_missing_values_and_recurrent_networks(batch_size, groups):
    base = LSTMAutoencoder(hidden_size=3, batch_size=batch_size, max_epochs=3)
    bases, Xs, of_rows = several(base)
    Xs = [X.reshape(len(X), 3, 2).copy() for X in Xs]
    for X in Xs:
        X[::5, 1] = np.nan
    assert_weighted_like_alone(bases, Xs, of_rows, rtol=1e-6)
    assert groups() == ([[3]], [0])


def test_held_out_rows_without_weights(groups):
    X_val = low_rank(21, seed=5)
    assert_weighted_like_alone(*several(dense()), rtol=1e-6, X_val=X_val)
    assert groups() == ([[3]], [0])


def test_searches_that_hand_on_weights(groups):
    X, of_rows = low_rank(60), weights(60)
    search = GridSearchCV(dense(), {"n_components": [1, 2, 3]}, cv=2, refit=False)
    alone = scores(clone(search).fit(X, sample_weight=of_rows))
    with stacked():
        together = scores(search.fit(X, sample_weight=of_rows))
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert groups() == ([[6]], [0])
