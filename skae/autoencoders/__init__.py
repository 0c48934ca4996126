"""Autoencoders: scikit-learn transformers over the parts."""

from skae.autoencoders._base import BaseAutoencoder
from skae.autoencoders._dense import DenseAutoencoder
from skae.autoencoders._lstm import LSTMAutoencoder

__all__ = ["BaseAutoencoder", "DenseAutoencoder", "LSTMAutoencoder"]
