"""Models to try things on."""

from sklearn.base import BaseEstimator, TransformerMixin

from skae import Autoencoder, DenseAutoencoder
from skae.objectives import Objective


def dense(n_components=2, **params):
    """Return a small autoencoder that trains for two epochs, unless told otherwise."""
    params = {"max_epochs": 2, "random_state": 0, **params}
    return DenseAutoencoder(n_components, **params)


def watched(*callbacks, **params):
    """Return an autoencoder as `dense` does, with callbacks of its training."""
    return dense(callbacks=list(callbacks), **params)


def composed(*penalties, reconstruction="squared_error", **params):
    """Return an autoencoder whose objective has these penalties."""
    named = [(f"penalty_{i}", penalty) for i, penalty in enumerate(penalties)]
    return Autoencoder(objective=Objective(reconstruction, named), **params)


def weights(model):
    """Return a copy of the weights of a fitted autoencoder."""
    return [p.detach().clone() for p in model.net_.module_.parameters()]


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
