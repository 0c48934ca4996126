"""Scores of rows some of whose values are missing."""

import numpy as np
import pandas as pd
import pytest
from helpers.data import low_rank
from helpers.models import Given
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import VAE, DenseAutoencoder
from skae.scorers import (
    DescriptionLength,
    GenerationCoverage,
    GenerationMMD,
    KernelMutualInformation,
    MeanSquaredError,
    Reconstruction,
    RootMeanSquaredError,
    Silhouette,
    Trustworthiness,
    prefix_scores,
    reconstruct_in_units,
    reconstruction_errors,
)
from skae.scorers._nested import NestedReadings

SCORERS = [
    DescriptionLength(),
    GenerationCoverage(),
    GenerationMMD(),
    KernelMutualInformation(),
    KernelMutualInformation("latent"),
    MeanSquaredError(),
    Reconstruction(),
    RootMeanSquaredError(),
    Silhouette(n_clusters=3),
    Silhouette(n_clusters=3, space="decoded"),
    Trustworthiness(),
]


def holed(X, share=0.2):
    missing = np.random.default_rng(0).uniform(size=X.shape) < share
    missing[:, 0] = False
    return np.where(missing, np.nan, X)


@pytest.fixture(scope="module")
def model():
    vae = VAE(2, hidden_layer_sizes=(8,), max_epochs=20, random_state=0)
    return make_pipeline(StandardScaler(), vae).fit(holed(100 + low_rank(90)))


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
def test_scores_of_tables_with_gaps(scorer, model):
    X = holed(100 + low_rank(90))
    score = scorer(model, X)
    assert np.isfinite(score)
    assert score > scorer.worst if hasattr(scorer, "worst") else score > 0


def test_errors_are_those_of_present_values(model):
    X = holed(100 + low_rank(90))
    X_hat = reconstruct_in_units(model, X)
    assert np.isfinite(X_hat).all()
    errors = np.sqrt(np.nanmean((X - X_hat) ** 2, axis=0))
    np.testing.assert_allclose(reconstruction_errors(model, X)["rmse"], errors)
    np.testing.assert_allclose(
        RootMeanSquaredError()(model, X), -np.sqrt(np.nanmean((X - X_hat) ** 2))
    )


def test_distances_do_not_depend_on_where_the_origin_is():
    X = low_rank(60)
    gaps, back = np.isnan(holed(X)), X + 0.3 * low_rank(60, seed=1)
    for scorer in (KernelMutualInformation(), Trustworthiness()):
        near, far = (
            scorer(Given(X[:, :2], back + shift), np.where(gaps, np.nan, X + shift))
            for shift in (0, 1000)
        )
        np.testing.assert_allclose(near, far, rtol=1e-6)


def test_readings_of_nested_codes_and_columns_without_values():
    X = holed(low_rank(80))
    model = DenseAutoencoder(3, nested=True, max_epochs=3, random_state=0).fit(X)
    X[:, 4] = np.nan
    said = NestedReadings(in_units=True)(model, X)
    assert np.isfinite(list(said.values())).all()
    assert said["explained_from_4"] == 0
    assert np.isfinite(prefix_scores(model, X)).all()


def test_frames_with_gaps():
    X = pd.DataFrame(holed(low_rank(40)), columns=list("abcdef"))
    model = DenseAutoencoder(2, max_epochs=3, random_state=0).fit(X)
    found = reconstruction_errors(model, X)
    assert list(found.index) == list("abcdef")
    other = clone(model).fit(X.to_numpy())
    np.testing.assert_allclose(found, reconstruction_errors(other, X.to_numpy()))
