import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skae import VAE, DenseAutoencoder, LSTMAutoencoder
from skae.autoencoders import learning_rate_range_test


@pytest.fixture(scope="module")
def digits():
    X = load_digits().data
    return (X - X.mean(axis=0)) / X.std()


def dense(**params):
    return DenseAutoencoder(8, linear_path=None, random_state=0).set_params(**params)


def test_training_breaks_down_beyond_the_rates_that_are_suggested(digits):
    model = dense()
    result = learning_rate_range_test(model, digits)
    assert (np.diff(result.rates) > 0).all()
    assert len(result.rates) == len(result.losses)
    assert np.isfinite(result.losses).all()
    assert result.losses[result.rates > 30 * result.suggestion].max() > 1
    scores = {
        rate: dense(learning_rate=rate, max_epochs=20).fit(digits).score(digits)
        for rate in (result.suggestion / 100, result.suggestion)
    }
    with warnings.catch_warnings():  # the loss may explode
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores[0.5] = dense(learning_rate=0.5, max_epochs=20).fit(digits).score(digits)
    assert max(scores, key=scores.get) == result.suggestion
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    "model",
    [
        VAE(random_state=0, early_stopping=True),
        LSTMAutoencoder(hidden_size=4, random_state=0, learning_rate_schedule="cosine"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_any_autoencoder_and_schedule(model, digits):
    result = learning_rate_range_test(model, digits[:100, ::8], n_steps=20)
    assert 10 < len(result.rates) <= 20
    assert result.rates[0] < result.suggestion * 10 <= result.rates[-1] * (1 + 1e-9)


@pytest.mark.parametrize(
    "settings", [{"low": 0}, {"low": 1e-2, "high": 1e-3}, {"n_steps": 3}]
)
def test_rates_that_do_not_rise_are_refused(settings, digits):
    with pytest.raises(ValueError, match="have to rise"):
        learning_rate_range_test(dense(), digits, **settings)
