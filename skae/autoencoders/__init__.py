"""Autoencoders: scikit-learn transformers over the parts."""

from skae.autoencoders._base import BaseAutoencoder
from skae.autoencoders._composed import Autoencoder
from skae.autoencoders._dense import DenseAutoencoder
from skae.autoencoders._lstm import LSTMAutoencoder
from skae.autoencoders._mmd_vae import MMDVAE
from skae.autoencoders._vae import VAE

__all__ = [
    "MMDVAE",
    "VAE",
    "Autoencoder",
    "BaseAutoencoder",
    "DenseAutoencoder",
    "LSTMAutoencoder",
]
