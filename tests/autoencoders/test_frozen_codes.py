"""Codes of complete rows, which stay what they were in earlier versions.

The file was written by ``python tests/autoencoders/test_frozen_codes.py`` before
tables were allowed to have missing values. On the machine that wrote it codes are the
same to the last bit; others, whose sums round otherwise, are given a tolerance.
"""

from pathlib import Path

import numpy as np
import pytest

from skae import VAE, DenseAutoencoder, LSTMAutoencoder

FROZEN = Path(__file__).with_name("frozen_codes.npz")


def table(shift=0.0):
    rng = np.random.default_rng(0)
    X = np.tanh(rng.normal(size=(120, 2)) @ rng.normal(size=(2, 7)))
    return shift + X + 0.1 * rng.normal(size=X.shape)


def windows():
    phase = np.random.default_rng(1).uniform(0, 6, size=(40, 1, 2))
    return np.sin(phase + np.arange(6)[:, None] / 2)


CODES = {
    "dense": lambda: DenseAutoencoder(2, max_epochs=20, random_state=0).fit_transform(
        table()
    ),
    "dense, float32": lambda: DenseAutoencoder(
        2, max_epochs=5, random_state=0
    ).fit_transform(table(3.0).astype(np.float32)),
    "vae": lambda: VAE(2, max_epochs=20, random_state=0).fit_transform(table(3.0)),
    "lstm": lambda: LSTMAutoencoder(
        2, hidden_size=5, dense_path=(), max_epochs=4, random_state=0
    ).fit_transform(windows()),
    "lstm, flat": lambda: LSTMAutoencoder(
        2, n_channels=2, hidden_size=5, linear_path=None, max_epochs=4, random_state=0
    ).fit_transform(windows().reshape(40, -1)),
}


@pytest.mark.parametrize("name", CODES)
def test_codes_are_those_of_earlier_versions(name):
    with np.load(FROZEN) as frozen:
        expected = frozen[name]
    Z = CODES[name]()
    assert Z.dtype == expected.dtype
    atol = 1e-6 if Z.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(Z, expected, rtol=0, atol=atol)


if __name__ == "__main__":
    np.savez(FROZEN, **{name: codes() for name, codes in CODES.items()})
