"""Autoencoders: scikit-learn transformers over the parts."""

from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._composed import Autoencoder
from skae.autoencoders._dense import DenseAutoencoder
from skae.autoencoders._fidelity import Fidelity, fidelity
from skae.autoencoders._lstm import LSTMAutoencoder
from skae.autoencoders._mmd_vae import MMDVAE
from skae.autoencoders._range_test import LearningRateRange, learning_rate_range_test
from skae.autoencoders._registry import ESTIMATORS
from skae.autoencoders._tabular import TabularAutoencoder, TabularVAE
from skae.autoencoders._vae import VAE
from skae.persistence import load

__all__ = [
    "ESTIMATORS",
    "MMDVAE",
    "VAE",
    "Autoencoder",
    "BaseAutoencoder",
    "DenseAutoencoder",
    "Fidelity",
    "LSTMAutoencoder",
    "LearningRateRange",
    "TabularAutoencoder",
    "TabularVAE",
    "document",
    "fidelity",
    "learning_rate_range_test",
    "load",
]
