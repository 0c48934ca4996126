"""Models to try things on."""

from sklearn.base import BaseEstimator, TransformerMixin

from skae import DenseAutoencoder


def dense(n_components=2, **params):
    """Return a small autoencoder that trains for two epochs, unless told otherwise."""
    params = {"max_epochs": 2, "random_state": 0, **params}
    return DenseAutoencoder(n_components, **params)


class Given(TransformerMixin, BaseEstimator):
    """A reducer whose codes and reconstructions are given."""

    def __init__(self, codes=None, back=None, n_components=2):
        self.codes = codes
        self.back = back
        self.n_components = n_components

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.codes

    def inverse_transform(self, Z):
        return self.back
