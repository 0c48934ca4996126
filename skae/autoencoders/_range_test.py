"""The learning-rate range test."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skae.training._stopping import StopTraining

__all__ = ["LearningRateRange", "learning_rate_range_test"]

SMOOTHING = 0.9
# The peak of a schedule should stay well below the rate at which training breaks down.
SAFETY = 10


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """Losses of training at rising learning rates.

    Attributes
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rates, one step each, up to where the loss exploded.
    losses : ndarray of shape (n_steps,)
        Loss of each step's batch, smoothed over about ten steps.
    suggestion : float
        A tenth of the largest rate at which the loss is no higher than over the first
        tenth of the steps.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.autoencoders import learning_rate_range_test
    >>> model = DenseAutoencoder(random_state=0)
    >>> found = learning_rate_range_test(model, load_iris().data, n_steps=30)
    >>> len(found.rates) == len(found.losses) <= 30
    True
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def learning_rate_range_test(estimator, X, *, low=1e-5, high=1.0, n_steps=100):
    """Train for some steps while the learning rate rises, to find out how far it may.

    The rate grows geometrically from `low` to `high`, by a step each. Where it is too
    small, the loss hardly moves; where it is too large, the loss rises. The peak of a
    one-cycle schedule, `learning_rate`, should lie a little below that
    (Smith, 2017, arXiv:1506.01186).

    Parameters
    ----------
    estimator : BaseAutoencoder
        Not changed: a clone is trained.
    X : array-like
        Training data, as `fit` takes them.
    low, high : float, default=1e-5 and 1.0
        First and last rate.
    n_steps : int, default=100
        Number of steps.

    Returns
    -------
    result : LearningRateRange

    Raises
    ------
    ValueError
        When the rates do not rise from a positive one, or there are less than ten.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.autoencoders import learning_rate_range_test
    >>> X = StandardScaler().fit_transform(load_wine().data)
    >>> autoencoder = DenseAutoencoder(n_components=3, random_state=0)
    >>> result = learning_rate_range_test(autoencoder, X)
    >>> 1e-4 < result.suggestion < 1
    True
    >>> autoencoder.set_params(learning_rate=result.suggestion).fit(X).score(X) > 0.6
    True
    """
    rates = _rates(low, high, n_steps)
    probe = clone(estimator).set_params(
        callbacks=[_Sweep(rates)],
        learning_rate_schedule="constant",
        early_stopping=False,
        warm_start=False,
        max_epochs=n_steps,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        losses = _losses(probe.fit(X))
    return _result(rates, losses)


def _rates(low, high, n_steps):
    if not (0 < low < high < math.inf and n_steps >= 10):
        raise ValueError(
            f"low={low!r}, high={high!r}, n_steps={n_steps!r}: the rates have to rise "
            "from a positive one, in ten steps at least."
        )
    return np.geomspace(low, high, n_steps)


class _Sweep(Callback):
    """A learning rate for every step, and an end after the last."""

    def __init__(self, rates):
        self.rates = rates

    def on_train_begin(self, net, **kwargs):
        self.left_ = list(self.rates[::-1])

    def on_batch_begin(self, net, **kwargs):
        if not self.left_:
            raise StopTraining
        net.use_rate(self.left_.pop())


def _losses(fitted):
    batches = [batch for row in fitted.history_ for batch in row["batches"]]
    return np.array([batch["train_loss"] for batch in batches if "train_loss" in batch])


def _result(rates, losses):
    finite = np.isfinite(losses)
    losses = losses[: len(losses) if finite.all() else finite.argmin()]
    start = losses[: max(1, len(rates) // 10)].mean()
    losses = _smoothed(losses)
    good = np.flatnonzero(losses <= max(start, losses.min()))
    return LearningRateRange(
        rates[: len(losses)], losses, float(rates[good[-1]] / SAFETY)
    )


def _smoothed(losses):
    """Return the exponential moving average, corrected for its start."""
    average, smoothed = 0.0, []
    for step, loss in enumerate(losses, start=1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smoothed.append(average / (1 - SMOOTHING**step))
    return np.array(smoothed)
