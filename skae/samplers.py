"""Samplers: densities of codes, from which new ones are drawn."""

from abc import ABC, abstractmethod
from copy import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state

from skae.registry import Registry

__all__ = [
    "SAMPLERS",
    "GaussianSampler",
    "MixtureSampler",
    "PriorSampler",
    "Sampler",
]

SAMPLERS = Registry("sampler", "skae.samplers")


class Sampler(BaseEstimator, ABC):
    """Base class of samplers: a density of codes to draw from.

    What it draws, in `fit` and in `sample`, comes from its `random_state` alone, as
    scikit-learn's mixtures have it. An autoencoder fits a copy, with its own seed where
    that is None, to the codes of its training data, and sets it again for each draw.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Source of the draws.

    Examples
    --------
    Codes of a Laplace distribution around the median of each unit:

    >>> import numpy as np
    >>> from sklearn.utils import check_random_state
    >>> from skae.samplers import Sampler
    >>> class LaplaceSampler(Sampler):
    ...     def fit(self, Z):
    ...         self.median_ = np.median(Z, axis=0)
    ...         self.scale_ = np.abs(Z - self.median_).mean(axis=0)
    ...         return self
    ...
    ...     def sample(self, n_samples=1):
    ...         rng = check_random_state(self.random_state)
    ...         size = n_samples, len(self.median_)
    ...         return rng.laplace(self.median_, self.scale_, size)
    >>> Z = np.random.default_rng(0).laplace(5, 2, size=(1000, 3))
    >>> LaplaceSampler(random_state=0).fit(Z).sample(4).shape
    (4, 3)
    """

    #: Whether `fit` reads more of the codes than how many units they have. A prior does
    #: not, and generates after `partial_fit` as well.
    needs_codes = True

    def __init__(self, random_state=None):
        self.random_state = random_state

    @abstractmethod
    def fit(self, Z):
        """Fit to codes.

        Parameters
        ----------
        Z : ndarray of float64 of shape (n_samples, n_components)
            At least two rows; a unit may be constant.

        Returns
        -------
        self : Sampler
        """

    @abstractmethod
    def sample(self, n_samples=1):
        """Return independent draws.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            In no particular order.
        """


@SAMPLERS.register("prior")
class PriorSampler(Sampler):
    """Standard normal distribution, N(0, I), whatever the codes are.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Source of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.samplers import PriorSampler
    >>> PriorSampler(random_state=0).fit(np.zeros((1, 3))).sample(2).shape
    (2, 3)
    """

    needs_codes = False

    def fit(self, Z):
        """Read the number of units; see `Sampler`."""
        self.n_features_in_ = Z.shape[1]
        return self

    def sample(self, n_samples=1):
        """Return draws; see `Sampler`."""
        rng = check_random_state(self.random_state)
        return rng.normal(size=(n_samples, self.n_features_in_))


class _Mixture(Sampler):
    """Mixture of normal distributions, whose number a subclass sets."""

    def fit(self, Z):
        """Fit by expectation maximisation; see `Sampler`."""
        self.mixture_ = GaussianMixture(
            self._n_modes(Z), random_state=self.random_state
        ).fit(Z)
        return self

    def sample(self, n_samples=1):
        """Return draws; see `Sampler`."""
        mixture = copy(self.mixture_)
        mixture.random_state = rng = check_random_state(self.random_state)
        return rng.permutation(mixture.sample(n_samples)[0])  # sorted by mode

    @abstractmethod
    def _n_modes(self, Z):
        """Return the number of distributions."""


@SAMPLERS.register("gaussian")
class GaussianSampler(_Mixture):
    """One normal distribution, with the mean and the covariance of the codes.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Source of the draws.

    Attributes
    ----------
    mixture_ : sklearn.mixture.GaussianMixture
        Of one component.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.samplers import GaussianSampler
    >>> Z = np.random.default_rng(0).normal([5, -5], 1, size=(1000, 2))
    >>> GaussianSampler(random_state=0).fit(Z).sample(1000).mean(axis=0).round()
    array([ 5., -5.])
    """

    def _n_modes(self, Z):
        return 1


@SAMPLERS.register("gmm")
class MixtureSampler(_Mixture):
    """A mixture of normal distributions, one for every 20 codes.

    Parameters
    ----------
    max_modes : int, default=60
        The most distributions. *Raising* it follows the codes more closely, and takes
        longer to fit.
    random_state : int, RandomState instance or None, default=None
        Source of the draws.

    Attributes
    ----------
    mixture_ : sklearn.mixture.GaussianMixture
        With the number of components that was chosen.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.samplers import MixtureSampler
    >>> Z = np.random.default_rng(0).choice([-5.0, 5.0], size=(60, 1))
    >>> Z = MixtureSampler(random_state=0).fit(Z).sample(100)
    >>> sorted(set(Z.ravel().round().tolist()))
    [-5.0, 5.0]
    """

    def __init__(self, max_modes=60, random_state=None):
        self.max_modes = max_modes
        self.random_state = random_state

    def _n_modes(self, Z):
        n_modes = min(self.max_modes, len(Z) // 20, len(np.unique(Z, axis=0)))
        return max(1, n_modes)
