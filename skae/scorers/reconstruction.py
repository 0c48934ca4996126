"""How well the data come back."""

import numpy as np

from skae.metrics import variance_explained
from skae.scorers._base import SCORERS, Scorer

__all__ = ["Reconstruction"]


@SCORERS.register("reconstruction")
class Reconstruction(Scorer):
    """Share of the variance that the reconstruction explains, R2, without a unit.

    ``R2 = 1 - sum (X - X_hat)**2 / sum (X - mean(X))**2``, over all features, on the
    data as the autoencoder sees them. In [-1, 1]: 1 is perfect, 0 as good as the mean
    of the scored rows, and whatever is worse than -1 is given as -1, its worst, lest
    one diverged candidate flatten the model that a Bayesian search makes of the others.

    It grows with the latent dimension and hardly ever turns down, on held-out data
    neither: its maximum is at the largest dimension tried, which says nothing about
    the data's. Choose where it saturates.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.scorers import Reconstruction
    >>> X = load_iris().data
    >>> autoencoder = DenseAutoencoder(n_components=2, random_state=0).fit(X)
    >>> Reconstruction()(autoencoder, X) > 0.9
    True
    """

    worst = -1.0

    def _score(self, located, y):
        X = np.asarray(located.X)
        return variance_explained(X, located.reconstruct())
