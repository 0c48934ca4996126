"""Autoencoders as scikit-learn transformers, with searches for their latent size."""

__version__ = "0.1.0"
