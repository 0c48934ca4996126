"""Codes of the training data, smoothed."""

from skae.samplers import Sampler
from sklearn.utils import check_random_state

__all__ = ["SmoothedCodes"]


class SmoothedCodes(Sampler):
    """A kernel density estimate: codes at random, each with normal noise.

    The noise of unit j has the standard deviation ``smoothing * s_j * n**(-1 / (k +
    4))`` for n codes of k units, with that of the codes, s_j (Scott, 1992).

    Parameters
    ----------
    smoothing : float, default=1.0
        Width of the noise. *Raising* it fills gaps between the codes, and blurs what
        is generated; 0 draws codes of the training data.
    random_state : int, RandomState instance or None, default=None
        Source of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from skae_transformer import SmoothedCodes
    >>> Z = np.random.default_rng(0).normal(size=(100, 2))
    >>> SmoothedCodes(random_state=0).fit(Z).sample(5).shape
    (5, 2)
    """

    def __init__(self, smoothing=1.0, random_state=None):
        self.smoothing = smoothing
        self.random_state = random_state

    def fit(self, Z):
        n, k = Z.shape
        self.codes_ = Z
        self.bandwidth_ = self.smoothing * Z.std(axis=0) * n ** (-1 / (k + 4))
        return self

    def sample(self, n_samples=1):
        rng = check_random_state(self.random_state)
        rows = rng.randint(len(self.codes_), size=n_samples)
        noise = rng.normal(size=(n_samples, self.codes_.shape[1]))
        return self.codes_[rows] + self.bandwidth_ * noise
