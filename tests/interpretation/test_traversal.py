"""What changes when one unit does."""

import numpy as np
import pandas as pd
import pytest
from helpers.models import dense
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import VAE, Autoencoder, LSTMAutoencoder, TabularAutoencoder
from skae.interpretation import traversal
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import SlidingWindow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)) * [1, 2, 3, 4, 5, 6] + 10
NAMES = list("abcdef")
FRAME = pd.DataFrame(X, columns=NAMES)
MODEL = make_pipeline(StandardScaler(), dense()).fit(FRAME)


def test_one_unit_goes_through_its_quantiles():
    found = traversal(MODEL, FRAME, unit=1, n_steps=5)
    codes = MODEL.transform(FRAME)
    ends = np.quantile(codes[:, 1], [0.05, 0.95])
    np.testing.assert_allclose(found.positions, np.linspace(*ends, 5), rtol=1e-6)
    assert found.unit == "denseautoencoder1"
    path = np.column_stack([np.full(5, np.median(codes[:, 0])), found.positions])
    expected = MODEL.inverse_transform(path)
    np.testing.assert_allclose(found.rows, expected, rtol=1e-6)
    assert list(found.rows) == NAMES
    scaled = MODEL[0].transform(found.rows)
    np.testing.assert_allclose(found.changes, np.ptp(scaled, axis=0), rtol=1e-5)


def test_other_units_stay_where_they_are_in_a_row():
    by_name = traversal(MODEL, FRAME, unit="denseautoencoder0", row=7, n_steps=2)
    codes = MODEL.transform(FRAME)[[7, 7]]
    codes[:, 0] = by_name.positions
    expected = MODEL.inverse_transform(codes)
    np.testing.assert_allclose(by_name.rows, expected, rtol=1e-6)


def test_tables_and_their_categories():
    frame = FRAME[["a", "b"]].assign(kind=np.where(X[:, 0] > 10, "high", "low"))
    model = TabularAutoencoder(1, max_epochs=5, random_state=0).fit(frame)
    found = traversal(model, frame, n_steps=9)
    assert list(found.rows) == ["a", "b", "kind"] == list(found.changes.index)
    assert set(found.rows["kind"]) <= {"high", "low"}
    assert 0 <= found.changes["kind"] <= 1


def test_sequences_and_images_keep_their_shape():
    sequences, images = X.reshape(40, 3, 2), X.reshape(40, 2, 3)
    lstm = LSTMAutoencoder(2, max_epochs=2, random_state=0).fit(sequences)
    assert traversal(lstm, sequences).rows.shape == (7, 3, 2)
    network = ConvolutionalNetwork("4", image_shape=(2, 3))
    model = Autoencoder(2, network=network, max_epochs=2, random_state=0)
    assert traversal(model.fit(images), images).rows.shape == (7, 1, 2, 3)
    assert traversal(model.fit(X), X).rows.shape == (7, 1, 2, 3)


def test_windows_are_in_units_of_the_series():
    lstm = LSTMAutoencoder(2, max_epochs=2, random_state=0)
    model = make_pipeline(StandardScaler(), SlidingWindow(5), lstm)
    found = traversal(model.fit(FRAME[["a", "f"]]), FRAME[["a", "f"]])
    assert found.rows.shape == (7, 5, 2)
    assert found.names == ["a", "f"]
    assert np.abs(found.rows.mean(axis=(0, 1)) - 10).max() < 5


def test_a_condition_is_that_of_the_row():
    batch = np.array(["A", "B"])[np.arange(40) % 2]
    moved = X + 20 * (batch == "B")[:, None]
    model = VAE(2, max_epochs=10, random_state=0).fit(moved, condition=batch)
    of_rows = [traversal(model, moved, row=r, condition=batch).rows for r in (0, 1)]
    assert np.mean(of_rows[1] - of_rows[0]) > 10
    assert traversal(model, moved, condition="B").rows.shape == (7, 6)


def test_units_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'denseautoencoder1'"):
        traversal(MODEL, FRAME, unit="denseautoencoder")
    with pytest.raises(ValueError, match="unit=2 is no code unit"):
        traversal(MODEL, FRAME, unit=2)
    with pytest.raises(ValueError, match="n_steps == 1"):
        traversal(MODEL, FRAME, n_steps=1)
