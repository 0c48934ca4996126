"""Odd rows, alarms and names, which detectors and tests of drift are given."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import ReconstructionDetector
from skae.anomalies import drift_test, find_episodes

FRAME = load_wine(as_frame=True).data.sample(frac=1, random_state=0)
X = FRAME.to_numpy()


@pytest.fixture(scope="module")
def detector():
    pipeline = make_pipeline(StandardScaler(), PCA(3))
    return ReconstructionDetector(pipeline, random_state=0).fit(X)


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).normal(size=(60, 10))


@pytest.fixture(scope="module")
def watching(windows):
    return ReconstructionDetector(PCA(2), random_state=0).fit(windows)


def test_a_row_beyond_all_numbers_is_an_alarm(detector):
    wild = X[:1].copy()
    wild[0, 0] = 1e200
    assert detector.score_samples(wild) == -np.inf
    assert detector.predict(wild) == -1
    assert detector.p_values(wild) <= 0.05


@pytest.mark.parametrize("method", ["predict", "p_values", "alarms", "errors"])
def test_no_rows_are_refused(detector, method):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        getattr(detector, method)(X[:0])


@pytest.mark.parametrize("rate", [3, -0.1])
def test_rates_of_false_discoveries_are_shares(detector, rate):
    with pytest.raises(ValueError, match="false_discovery_rate"):
        detector.alarms(X, false_discovery_rate=rate)


def test_drift_is_of_the_column_by_its_name_wherever_steps_put_it():
    others = [name for name in FRAME if name != "proline"]
    steps = [("x", StandardScaler(), ["proline"]), ("rest", "passthrough", others)]
    columns = ColumnTransformer(steps, verbose_feature_names_out=False)
    model = make_pipeline(columns, PCA(2)).fit(FRAME)
    new = FRAME[90:].copy()
    new["proline"] *= 1.5
    assert next(iter(drift_test(model, FRAME[:90], new).moved())) == "proline"


def test_alarms_may_be_ones_and_zeros(watching, windows):
    alarms, starts = np.arange(60) % 30 == 7, 10 * np.arange(60)
    found, same = (
        find_episodes(watching, windows, starts, length=10, alarms=given)
        for given in (alarms, alarms.astype(int))
    )
    assert found == same
    assert len(found) == 2
    with pytest.raises(ValueError, match=r"predict\(windows\) == -1"):
        find_episodes(
            watching, windows, starts, length=10, alarms=watching.predict(windows)
        )


def test_windows_have_a_length_and_a_name_for_each_channel(watching, windows):
    starts = 10 * np.arange(60)
    with pytest.raises(ValueError, match="length=0"):
        find_episodes(watching, windows, starts, length=0)
    with pytest.raises(ValueError, match="channels has 1 names, and there are 2"):
        find_episodes(watching, windows, starts, length=5, channels=["x"])
