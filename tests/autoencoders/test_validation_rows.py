"""Validation rows of pipelines, and on other scales than the rows of the fit."""

import numpy as np
import pytest
from helpers.data import Items
from helpers.models import dense
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.autoencoders._validation import warn_unlike
from skae.preprocessing import SequenceScaler

TABLES = {
    "wine": load_wine().data,
    "iris": load_iris().data,
    "cancer": load_breast_cancer().data,
    "digits": load_digits().data[:300],
    "diabetes": load_diabetes().data,
}
every_table = pytest.mark.parametrize("X", TABLES.values(), ids=TABLES)
# that the loss cannot be at its best in few epochs is another matter
pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning")


def asking(**params):
    return dense(**params).set_fit_request(X_val=True)


def behind(scaler, autoencoder, *after, **params):
    steps = [("scale", scaler), ("reduce", autoencoder), *after]
    return Pipeline(steps, **params)


@every_table
@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
def test_rows_that_were_not_scaled_are_said(X, scaler):
    train, val = train_test_split(X, random_state=0)
    model = behind(scaler, dense())
    with pytest.warns(UserWarning, match=r"X_val.*transform_input=\['X_val'\]") as seen:
        model.fit(train, reduce__X_val=val)
    assert len(seen) == 1


def test_the_warning_points_at_the_call():
    train, val = train_test_split(TABLES["wine"], random_state=0)
    with pytest.warns(UserWarning, match="standard deviations away") as seen:
        dense().fit(StandardScaler().fit_transform(train), X_val=val)
    assert seen[0].filename == __file__


@every_table
@pytest.mark.filterwarnings("ignore::skae.exceptions.ScaleWarning")
@pytest.mark.parametrize("size", [0.05, 0.3])
def test_rows_on_the_same_scale_are_no_matter(X, size):
    train, val = train_test_split(X, test_size=size, random_state=0)
    for scaler in (StandardScaler().fit(train), MinMaxScaler().fit(train)):
        dense().fit(scaler.transform(train), X_val=scaler.transform(val))
    raw = DenseAutoencoder(2, max_epochs=1, random_state=0)
    raw.fit(train, X_val=val)  # warnings are errors


@every_table
@pytest.mark.filterwarnings("ignore:Early stopping kept")  # two epochs are few
def test_routing_transforms_them_as_the_rows_of_the_fit(X):
    train, val = train_test_split(X, random_state=0)
    scaler = StandardScaler().fit(train)
    expected = dense(early_stopping=True).fit(
        scaler.transform(train), X_val=scaler.transform(val)
    )
    with config_context(enable_metadata_routing=True):
        model = behind(
            StandardScaler(), asking(early_stopping=True), transform_input=["X_val"]
        ).fit(train, X_val=val)
        score = model.score(val)
    assert model[-1].history_[:, "valid_loss"] == expected.history_[:, "valid_loss"]
    assert score == pytest.approx(expected.score(scaler.transform(val)))


def test_routing_through_searches_and_to_steps_in_the_middle():
    train, val = train_test_split(TABLES["wine"], random_state=0)
    with config_context(enable_metadata_routing=True):
        model = behind(
            StandardScaler(),
            asking(),
            ("cluster", KMeans(3, random_state=0)),
            transform_input=["X_val"],
        )
        search = GridSearchCV(
            model, {"reduce__n_components": [1, 2]}, cv=2, error_score="raise"
        ).fit(train, X_val=val)
    assert search.best_estimator_[1].history_[-1, "valid_loss"] < 2


def test_weights_of_scored_rows_are_routed_too():
    X = StandardScaler().fit_transform(TABLES["wine"])
    weight = np.r_[np.full(100, 2.0), np.zeros(78)]
    with config_context(enable_metadata_routing=True):
        model = Pipeline([("reduce", dense().set_score_request(sample_weight=True))])
        score = model.fit(X).score(X, sample_weight=weight)
    assert score == pytest.approx(model[0].score(X[:100]))
    assert model[0].score(X, sample_weight=weight) == pytest.approx(score)
    assert score != pytest.approx(model[0].score(X))


def test_sequences():
    series = np.random.default_rng(0).normal(size=(60, 5, 2)) * [1, 50] + 200
    series[::3, 3:] = np.nan
    train, val = series[:40], series[40:]
    lstm = LSTMAutoencoder(2, hidden_size=4, max_epochs=1, random_state=0)
    with pytest.warns(UserWarning, match="transform_input"):
        behind(SequenceScaler(), lstm).fit(train, reduce__X_val=val)
    scaler = SequenceScaler().fit(train)
    lstm.fit(scaler.transform(train), X_val=scaler.transform(val))
    with config_context(enable_metadata_routing=True):
        lstm.set_fit_request(X_val=True)
        behind(SequenceScaler(), lstm, transform_input=["X_val"]).fit(train, X_val=val)


def test_data_sets():
    X = TABLES["wine"].astype(np.float32)
    with pytest.warns(UserWarning, match="transform_input"):
        dense().fit(Items(StandardScaler().fit_transform(X)), X_val=Items(X))
    dense().fit(Items(StandardScaler().fit_transform(X)), X_val=None)


rng = np.random.default_rng(0)
NORMAL = StandardScaler().fit_transform(rng.normal(size=(200, 6)))
TAILS = np.exp(3 * rng.normal(size=(400, 6)))
RARE = (rng.random((400, 50)) < 0.01).astype(float)
ALIKE = {
    "one row": (NORMAL, NORMAL[:1]),
    "two rows": (NORMAL, NORMAL[:2]),
    "drift": (NORMAL, NORMAL + 2),
    "calm": (NORMAL, 0.3 * NORMAL),
    "wild": (NORMAL, 3 * NORMAL),
    "tails": (TAILS[:300], TAILS[300:]),
    "tails, turned round": (TAILS[300:], TAILS[:300]),
    "rare": (RARE[:300], RARE[300:320]),
    "constant": (np.ones((30, 2)), np.ones((30, 2))),
    "constant, then not": (np.ones((30, 2)), NORMAL[:30, :2]),
    "all ended": (np.full((4, 3, 1), np.nan), np.full((4, 3, 1), np.nan)),
}
UNLIKE = {
    "away": (NORMAL, NORMAL + 5, "X_val lies 5 standard deviations away from X"),
    "larger": (NORMAL, 100 * NORMAL, "X_val varies 100 times as much as X"),
    "smaller": (NORMAL, NORMAL / 100, "X varies 100 times as much as X_val"),
}


@pytest.mark.parametrize(("X", "X_val"), ALIKE.values(), ids=ALIKE)
def test_what_is_alike(X, X_val):
    warn_unlike(X, X_val)


@pytest.mark.parametrize(("X", "X_val", "message"), UNLIKE.values(), ids=UNLIKE)
def test_what_is_not(X, X_val, message):
    with pytest.warns(UserWarning, match=message):
        warn_unlike(X, X_val)
