import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import Autoencoder
from skae.bottlenecks import PointBottleneck
from skae.noise import GaussianNoise, SNRNoise
from skae.plotting import InformationRateDisplay


def fitted(X, k, noise):
    bottleneck = PointBottleneck(noise=noise)
    autoencoder = Autoencoder(k, bottleneck=bottleneck, max_epochs=2, random_state=0)
    return make_pipeline(StandardScaler(), autoencoder).fit(X)


@pytest.fixture(scope="module")
def display(X):
    noises = [SNRNoise(10), SNRNoise(4.0, unit="ratio")]
    models = [fitted(X, k, noise) for k in (3, 2) for noise in noises]
    return InformationRateDisplay.from_estimators(models, X)


def test_rates_are_those_of_the_codes(X, display):
    model = fitted(X, 3, SNRNoise(10))
    noise = model[-1].net_.module_.bottleneck.noise.noise_variance.numpy()
    S = np.cov(model.transform(X).astype(float).T, bias=True)
    per_unit = 0.5 * np.log2(1 + np.diag(S) / noise)
    joint = 0.5 * np.linalg.slogdet(np.eye(3) + S / noise)[1] / np.log(2)
    row = display.rates.iloc[0]
    assert row["n_components"] == 3
    assert row["snr_db"] == pytest.approx(10)
    assert row["per_unit"] == pytest.approx(per_unit.mean(), rel=1e-5)
    assert row["total"] == pytest.approx(per_unit.sum(), rel=1e-5)
    assert row["joint"] == pytest.approx(joint, rel=1e-5)


def test_ratios_are_drawn_as_decibels(display):
    assert display.rates["snr_db"].iloc[1] == pytest.approx(10 * np.log10(4))


def test_lines_of_each_dimension(display, drawn):
    lines = drawn(display).ax_.lines
    assert len(lines) == 2 * 3
    for i, k in enumerate((2, 3)):
        bound, total, joint = lines[3 * i : 3 * i + 3]
        rates = display.rates[display.rates["n_components"] == k].sort_values("snr_db")
        np.testing.assert_allclose(total.get_ydata(), rates["total"])
        np.testing.assert_allclose(joint.get_ydata(), rates["joint"])
        np.testing.assert_allclose(joint.get_xdata(), rates["snr_db"])
        assert joint.get_label() == str(k)
        assert bound.get_linestyle() == "--"


def test_bound(drawn):
    rates = {"n_components": 4, "snr_db": [0.0, 10.0], "total": 1.0, "joint": 1.0}
    bound = drawn(InformationRateDisplay(pd.DataFrame(rates)).plot()).ax_.lines[0]
    np.testing.assert_allclose(bound.get_ydata()[0], 2.0)
    np.testing.assert_allclose(bound.get_ydata()[-1], 2 * np.log2(11))


def test_repeated_models_are_drawn_as_their_mean(drawn):
    rates = pd.DataFrame(
        {"n_components": 1, "snr_db": 5.0, "total": 1.0, "joint": [0.4, 0.8]}
    )
    joint = drawn(InformationRateDisplay(rates).plot()).ax_.lines[2]
    np.testing.assert_allclose(joint.get_ydata(), [0.6])


@pytest.mark.parametrize("noise", [None, GaussianNoise(0.1)])
def test_noise_of_no_fixed_ratio(X, noise):
    with pytest.raises(TypeError, match="no noise of a fixed ratio on its code"):
        InformationRateDisplay.from_estimators([fitted(X, 1, noise)], X)
